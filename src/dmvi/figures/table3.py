"""Table 3: learning-rate sweep and training settings."""

TITLE = "Learning rates and training settings"
SOURCES = {"study": ("tables/settings.csv",)}
SEEDS = "first"
SELECT = {}
CAPTION = (
    'Printed from the configuration and the code. "paper" marks what the paper\'s text states, '
    '"ours" what it leaves open and we chose.'
)


def draw(tables):
    from dmvi.figures.print_table import print_table

    rows = tables.study_csv("tables/settings.csv").astype(str)
    return print_table(
        ["setting", "value", "source"],
        rows[["setting", "value", "source"]].values.tolist(),
    )
