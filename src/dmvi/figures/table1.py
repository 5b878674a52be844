"""Table 1: sensitivity of the classifier's KL on ColorMNIST. Table 2 is printed in the same way."""

from dmvi.figures.density_tables import draw_sensitivity, sensitivity_sizes

TITLE = (
    "KL(q(z)‖p(z)) by classifiers of different depth, gradient penalty and activation noise "
    "(ColorMNIST)"
)
SOURCES = {"run": ("run.json", "kl.json", "density_ratio/table1.json", "density_ratio/table1.csv")}
SEEDS = "first"
SELECT = {"tags": "main", "kind": "vae", "builder": "color_mnist"}
CAPTION = (
    "One classifier per row, all trained on the codes of the same encoder. The estimate ought to "
    "be one number, the Monte Carlo value in the block's head; how far the rows differ is how far "
    "a classifier's KL depends on choices that have nothing to do with q(z)."
)


def sample_sizes(tables) -> str:
    return sensitivity_sizes(tables, "table1")


def draw(tables):
    return draw_sensitivity(tables, "table1")
