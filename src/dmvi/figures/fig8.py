"""Figure 8: quality and diversity of every model's samples, over the settings of the sweeps."""

from dmvi.figures.score_panels import legend, score_sizes, strip
from dmvi.tables.models import in_order
from dmvi.tables.scores import METRICS, asked, settings

TITLE = "Quality and diversity of samples, over the settings of every model"
SOURCES = {"run": ("run.json", "scores.json"), "data": ("meta.json", "scores.json")}
SEEDS = "all"
SELECT = {"tags": "compare", "builder": ["celeba", "cifar10"]}
CAPTION = (
    "Every point is a trained model, every box the settings of a sweep; a long box is a model that "
    "is sensitive to its settings. The star is the best setting, chosen for each score by itself, "
    "as the mean over seeds: the more settings, the luckier the star. An Inception score rewards "
    "what its network knows; the best diversity is the one nearest to the data's, the dashed line."
)

ROW = 0.3  # inches per model
PANEL_SCORES = ("inception_cifar10", "inception_imagenet", "diversity")


def sample_sizes(tables) -> str:
    return score_sizes(tables, PANEL_SCORES)


def draw(tables):
    from dmvi.figures import style

    panels = [
        (d, METRICS[key]) for key in PANEL_SCORES for d in tables.datasets if asked(tables, d, key)
    ]
    # A score that no run has is no panel: the footer says why.
    panels = [(d, metric) for d, metric in panels if settings(tables, d, metric.key)]
    panels = panels or [(dataset, METRICS["diversity"]) for dataset in tables.datasets]
    models = in_order(run.model for run in tables.runs)
    columns = min(3, len(panels))
    rows = -(-len(panels) // columns)
    height = ROW * len(models) + 0.75
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(rows * height + 0.4, width)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[height] * rows + [0.4])
    for i, (dataset, metric) in enumerate(panels):
        row, column = divmod(i, columns)
        axes = figure.add_subplot(grid[row, column])
        strip(axes, tables, dataset, metric, models, names=column == 0)
        title = f"{metric.title},\n{tables.short_title(dataset)}"
        style.panel_title(axes, title, columns, width, 0.9 if columns > 1 else 1.2)
    legend(figure.add_subplot(grid[-1, :]), tables, 3 if columns > 1 else 2)
    return figure
