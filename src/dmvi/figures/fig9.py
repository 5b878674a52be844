"""Figure 9: an independent Wasserstein critic of every model, with its best samples beside it."""

from dmvi.figures.score_panels import legend, score_sizes, strip
from dmvi.tables.models import in_order
from dmvi.tables.scores import METRICS, best_runs

TITLE = "Independent Wasserstein critic, and the best samples of every model"
SOURCES = {"run": ("run.json", "samples.npy", "scores.json"), "data": ("meta.json", "scores.json")}
SEEDS = "all"
SELECT = {"tags": "compare"}
CAPTION = (
    "Left: a critic trained afresh for every model tells its samples from validation images, and "
    "its estimate of their Wasserstein distance is read off held-out halves (L2 in pixels in "
    "[−1, 1]). The dashed line is the same for training images: no model can be expected below it. "
    "Right: samples of the starred setting, which has the lowest distance (mean over seeds), in "
    "the order they were drawn, from the first seed."
)

ROW = 0.25  # inches per model
SIZE = 0.235  # inches, the side of a sample
LENGTH = 12  # samples per model


def sample_sizes(tables) -> str:
    return score_sizes(tables, ("critic",))


def draw(tables):
    from dmvi.figures import style

    counts = [len({run.model for run in runs}) for runs in tables.datasets.values()]
    heights = [ROW * count + 0.75 for count in counts]
    figure = style.new_figure(sum(heights) + 0.35)
    grid = figure.add_gridspec(
        len(heights) + 1, 2, height_ratios=[*heights, 0.35], width_ratios=[1, 1.05]
    )
    for row, (dataset, runs) in enumerate(tables.datasets.items()):
        models = in_order(run.model for run in runs)
        axes = figure.add_subplot(grid[row, 0])
        strip(axes, tables, dataset, METRICS["critic"], models, names=True)
        style.panel_title(axes, tables.short_title(dataset), 2.2)
        _samples(figure.add_subplot(grid[row, 1]), tables, dataset, models)
    legend(figure.add_subplot(grid[-1, :]), tables, 3)
    return figure


def _samples(axes, tables, dataset: str, models: list[str]) -> None:
    """A row of samples beside each row of the panel to the left."""
    from matplotlib.offsetbox import AnnotationBbox, OffsetImage

    from dmvi.figures import style

    axes.axis("off")
    axes.set_ylim(len(models) - 0.5, -0.5)
    axes.set_title("samples of the best setting")
    runs = best_runs(tables, dataset)
    for row, model in enumerate(models):
        images = tables.array(runs[model], runs[model].seeds[0], "samples.npy")
        picture = style.mosaic(images[:LENGTH], 1, LENGTH)
        box = AnnotationBbox(
            # one pixel of an OffsetImage is one point at zoom 1
            OffsetImage(picture, zoom=SIZE * 72 / picture.shape[0], interpolation="none"),
            (0, row),
            xycoords=("axes fraction", "data"),
            box_alignment=(0, 0.5),
            frameon=False,
            pad=0,
        )
        box.set_in_layout(False)
        axes.add_artist(box)
