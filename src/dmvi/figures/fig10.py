"""Figure 10: low-posterior samples beside ordinary ones."""

import math

from dmvi.figures.base import cells, grid_shape, span

TITLE = "Low-posterior samples (above) and ordinary samples (below)"
SOURCES = {"run": ("run.json", "low_posterior/images.npy", "low_posterior/standard_images.npy")}
SEEDS = "first"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "Above: decoded prior draws of lowest log q(z), lowest first. Below: prior draws "
    "as they come. What only the upper grid shows (thick strokes, white backgrounds) belongs to "
    "the holes of q(z); what both show belongs to the decoder."
)

SIDE = 8  # images per row and column


def sample_sizes(tables) -> str:
    counts = [len(images) for run in tables.runs for images in _pair(tables, run)]
    shown = [math.prod(grid_shape(count, SIDE)) for count in counts]
    return f"{span(shown)} of {span(counts)} samples per panel."


def draw(tables):
    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 3.6
    shapes = [grid_shape(len(_pair(tables, run)[0]), SIDE) for run in tables.runs]
    tallest = max(high / wide for high, wide in shapes)
    figure = style.new_figure(rows * (2 * width / columns * tallest + 0.55), width)
    blocks = figure.add_gridspec(rows, columns)
    for row, column, run in places:
        pair = blocks[row, column].subgridspec(2, 1)
        for i, (images, label) in enumerate(
            zip(_pair(tables, run), ("low posterior", "ordinary"), strict=True)
        ):
            axes = figure.add_subplot(pair[i, 0])
            style.show(axes, style.mosaic(images, *grid_shape(len(images), SIDE)))
            axes.set_xlabel(label)
            if i == 0:
                style.panel_title(axes, tables.heading(run), columns, width, 0.2)
    return figure


def _pair(tables, run):
    names = ("images.npy", "standard_images.npy")
    return [tables.array(run, run.seeds[0], f"low_posterior/{name}") for name in names]
