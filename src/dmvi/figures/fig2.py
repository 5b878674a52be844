"""Figure 2: what the VAE decodes where its aggregate posterior is low."""

import math

from dmvi.figures.base import cells, grid_shape, span

TITLE = "Low-posterior samples: prior draws where q(z) is lowest, decoded"
SOURCES = {"run": ("run.json", "low_posterior/images.npy")}
SEEDS = "first"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "Every image is the decoder's mean at a draw from the prior, chosen because the encoder "
    "almost never visits it; the lowest log q(z) comes first, row by row. Look for thick strokes "
    "on ColorMNIST and for white backgrounds on CelebA and CIFAR-10, and compare with ordinary "
    "samples in Figure 10."
)

SIDE = 10  # images per row and column


def sample_sizes(tables) -> str:
    counts = [len(_images(tables, run)) for run in tables.runs]
    shown = [math.prod(grid_shape(count, SIDE)) for count in counts]
    return (
        f"{span(shown)} of {span(counts)} low-posterior samples per panel, lowest log q(z) first."
    )


def draw(tables):
    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 4.2
    shapes = [grid_shape(len(_images(tables, run)), SIDE) for run in tables.runs]
    tallest = max(high / wide for high, wide in shapes)
    figure = style.new_figure(rows * (width / columns * tallest + 0.35), width)
    grid = figure.add_gridspec(rows, columns)
    for row, column, run in places:
        axes = figure.add_subplot(grid[row, column])
        images = _images(tables, run)
        style.show(axes, style.mosaic(images, *grid_shape(len(images), SIDE)))
        style.panel_title(axes, tables.heading(run), columns, width, 0.2)
    return figure


def _images(tables, run):
    return tables.array(run, run.seeds[0], "low_posterior/images.npy")
