"""Figure 34: reconstructions and samples of the ELBO and of InfoVAE."""

from dmvi.figures.base import span
from dmvi.tables.objectives import OBJECTIVES

TITLE = "Reconstructions and samples of the ELBO and of InfoVAE"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "originals.npy", "reconstructions.npy", "samples.npy")}
SHOWS_DATA = True
SEEDS = "first"
SELECT = {
    "tags": "info",
    "model": ["vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"],
}
CAPTION = (
    "Of each latent size the test images and, per objective, their reconstructions from one code each (upper "
    "row) and samples from the prior (lower row), means of the decoder. Where q(z) leaves the prior, samples "
    "fall where no code has been, and are worse than the reconstructions."
)
COLUMNS, ROWS = 6, 4  # images per panel
MOST_SIZES = 3  # latent sizes of a data set that are shown: the smallest and the largest ones


def sample_sizes(tables) -> str:
    counts = [len(tables.array(r, r.seeds[0], "samples.npy")) for r in tables.runs]
    return f"{ROWS * COLUMNS} of {span(counts)} samples kept of each run, as they were drawn."


def draw(tables):
    from dmvi.figures import style

    cases = [case for dataset in tables.datasets for case in _shown(tables, dataset)]
    models = [model for model in OBJECTIVES if any(run.model == model for run in tables.runs)]
    columns = 1 + len(models)
    height = style.WIDTH / columns * ROWS / COLUMNS + 0.26
    figure = style.new_figure(len(cases) * (2 * height + 0.1))
    blocks = figure.add_gridspec(len(cases), 1)
    for block, (dataset, d) in enumerate(cases):
        grid = blocks[block, 0].subgridspec(2, columns)
        runs = [run for run in tables.datasets[dataset] if run.latent_dim == d]
        for model in models:
            own = next((run for run in runs if run.model == model), None)
            column = 1 + models.index(model)
            for row, name in enumerate(("reconstructions.npy", "samples.npy")):
                axes = figure.add_subplot(grid[row, column])
                title = OBJECTIVES[model] if row == 0 else "samples"
                _panel(axes, tables, own, name, title, style.WIDTH / columns)
        shown = tables.shown_images(dataset)
        text = f"{tables.short_title(dataset)},\nd\u00a0=\u00a0{d}: {shown}"
        _panel(
            figure.add_subplot(grid[0, 0]), tables, runs[0], "originals.npy", text,
            style.WIDTH / columns,
        )  # fmt: skip
        further = figure.add_subplot(grid[1, 0])
        if len(tables.array(runs[0], runs[0].seeds[0], "originals.npy")) >= 2 * ROWS * COLUMNS:
            title = f"further {shown}"
            _panel(
                further,
                tables,
                runs[0],
                "originals.npy",
                title,
                style.WIDTH / columns,
                ROWS * COLUMNS,
            )
        else:
            further.axis("off")
    return figure


def _shown(tables, dataset: str) -> list[tuple[str, int]]:
    sizes = sorted({run.latent_dim for run in tables.datasets[dataset]})
    if len(sizes) > MOST_SIZES:
        sizes = [sizes[0], *sizes[1 - MOST_SIZES :]]
    return [(dataset, size) for size in sizes]


def _panel(axes, tables, run, name: str, title: str, width: float, skip: int = 0) -> None:
    from dmvi.figures import style

    axes.set_title(style.wrap(title, width - 0.06, 8), linespacing=1.1)
    if run is None:
        axes.axis("off")
        return
    style.show_grid(axes, tables.array(run, run.seeds[0], name)[skip:], ROWS, COLUMNS)
