"""Figure 24: samples and reconstructions of AdversarialVB beside those of the VAE."""

from dmvi.claims.decide import mean_and_spread
from dmvi.figures.reconstructions import reconstruction_sizes
from dmvi.tables.models import in_order, model_title
from dmvi.tables.scores import best_runs, setting_of, settings, skipped

TITLE = "AdversarialVB: reconstructions and samples, beside the VAE's"
SOURCES = {
    "run": (
        "run.json",
        "originals.npy",
        "reconstructions.npy",
        "samples.npy",
        "quality.json",
        "scores.json",
    )
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"tags": "compare", "model": ["vae", "avb", "avb_ac"]}
CAPTION = (
    "Upper row of every data set: test images and their reconstructions, with the mean squared "
    "error. Lower row: samples, with the independent critic's Wasserstein distance W. Of every "
    "model the run with the lowest W. AdversarialVB differs from the VAE in its implicit posterior "
    "alone: what is worse here comes from estimating the KL with a classifier."
)

COLUMNS, ROWS = 6, 4  # images per panel


def sample_sizes(tables) -> str:
    return " ".join([reconstruction_sizes(tables, "Error"), *skipped(tables, ("critic",))])


def draw(tables):
    from dmvi.figures import style

    models = in_order(run.model for run in tables.runs)
    columns = 1 + len(models)
    width = style.WIDTH if columns > 2 else 4.5
    height = width / columns * ROWS / COLUMNS + 0.32
    figure = style.new_figure(len(tables.datasets) * (2 * height + 0.1), width)
    blocks = figure.add_gridspec(len(tables.datasets), 1)
    for row, dataset in enumerate(tables.datasets):
        grid = blocks[row, 0].subgridspec(2, columns)
        runs = best_runs(tables, dataset)
        distances = settings(tables, dataset, "critic")

        def panel(place, run, name: str, title: str, skip: int = 0):
            axes = figure.add_subplot(place)
            images = tables.array(run, run.seeds[0], name)[skip:]
            style.show_grid(axes, images, ROWS, COLUMNS)
            axes.set_title(style.wrap(title, width / columns - 0.06, 8), linespacing=1.1)

        first = next(iter(runs.values()))
        title = f"{tables.short_title(dataset)}:\n{tables.shown_images(dataset)}"
        panel(grid[0, 0], first, "originals.npy", title)
        size = ROWS * COLUMNS
        if len(tables.array(first, first.seeds[0], "originals.npy")) >= 2 * size:
            panel(
                grid[1, 0], first, "originals.npy", f"further {tables.shown_images(dataset)}", size
            )
        else:
            figure.add_subplot(grid[1, 0]).axis("off")
        for model, run in runs.items():
            column = 1 + models.index(model)
            error = mean_and_spread(tables.per_seed(run, "quality.json", "reconstruction_mse"))
            title = f"{model_title(model)}\nerror {error}"
            panel(grid[0, column], run, "reconstructions.npy", title)
            chosen = setting_of(distances, model, run)
            title = f"samples, W = {mean_and_spread(chosen.values)}" if chosen else "samples"
            panel(grid[1, column], run, "samples.npy", title)
    return figure
