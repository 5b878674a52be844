"""Reconstructions of VAE and VGH++ beside the originals: Figures 25 and 26."""

from dmvi.claims.decide import mean_and_spread
from dmvi.figures.base import span
from dmvi.tables.models import model_title
from dmvi.tables.scores import best_runs, chosen_runs

QUALITY = "quality.json"
COLUMNS, ROWS = 6, 8  # images per panel


def draw_reconstructions(tables):
    from dmvi.figures import style

    width = style.WIDTH
    kept = [len(tables.array(r, r.seeds[0], "originals.npy")) for r in tables.runs]
    rows = min(ROWS, -(-max(kept) // COLUMNS))
    figure = style.new_figure(len(tables.datasets) * (width / 3 * rows / COLUMNS + 0.62), width)
    grid = figure.add_gridspec(len(tables.datasets), 3)
    for row, dataset in enumerate(tables.datasets):
        runs = best_runs(tables, dataset)
        first = next(iter(runs.values()))
        sharpness = tables.per_seed(first, QUALITY, "sharpness_originals")[0]
        title = f"{tables.short_title(dataset)}: {tables.shown_images(dataset)}\nsharpness {sharpness:#.3g}"
        _panel(figure.add_subplot(grid[row, 0]), tables, first, "originals.npy", title)
        for column, (model, run) in enumerate(list(runs.items())[:2], 1):
            sharpness, error = (
                mean_and_spread(tables.per_seed(run, QUALITY, key))
                for key in ("sharpness_reconstructions", "reconstruction_mse")
            )
            title = f"{model_title(model)}\nsharpness {sharpness}\nerror {error}"
            axes = figure.add_subplot(grid[row, column])
            _panel(axes, tables, run, "reconstructions.npy", title)
    return figure


def _panel(axes, tables, run, name: str, title: str) -> None:
    from dmvi.figures import style

    images = tables.array(run, run.seeds[0], name)
    style.show_grid(axes, images, ROWS, COLUMNS)
    axes.set_title(style.wrap(title, style.WIDTH / 3 - 0.1, 8), linespacing=1.1)


def reconstruction_sizes(tables, measures: str = "Sharpness and error") -> str:
    counts = [
        int(n) for run in tables.runs for n in tables.per_seed(run, QUALITY, "n_reconstructions")
    ]
    text = (
        f"{measures} (mean square; pixels in [0, 1]) of {span(counts)} test images, "
        "mean ± sd over seeds; pictures of the first seed."
    )
    return f"{text} {chosen_runs(tables)}".strip()
