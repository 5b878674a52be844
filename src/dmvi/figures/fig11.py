"""Figure 11: low-posterior samples with the data nearest to them."""

from dmvi.errors import DmviError
from dmvi.figures.base import cells, span

TITLE = "Low-posterior samples with their nearest neighbours in the data"
SOURCES = {
    "run": (
        "run.json",
        "low_posterior/images.npy",
        "low_posterior/neighbours.npy",
        "low_posterior/neighbours.csv",
    )
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "first"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "In every strip, the upper row holds low-posterior samples and the framed row below holds the "
    "training or validation image nearest to each, with its distance. Neighbours that share the "
    "thick strokes or the white background show that such data exist, and are few. Framed images "
    "are data, not samples."
)

STRIPS = 2  # strips of pairs per panel
LENGTH = 8  # pairs per strip


def sample_sizes(tables) -> str:
    counts = [len(_read(tables, run)[0]) for run in tables.runs]
    return (
        f"The first {span([min(count, STRIPS * LENGTH) for count in counts])} of {span(counts)} "
        "pairs. Numbers: L2 distance in pixels scaled to [0, 1]. Orange frames: data."
    )


def draw(tables):
    import numpy as np

    from dmvi.figures import style

    rows, columns, places = cells(tables, most=2)
    width = style.WIDTH if columns > 1 else 5.0
    frame = tuple(int(style.COLOURS[1][i : i + 2], 16) for i in (1, 3, 5))
    picture_width = width / columns - 0.25
    figure = style.new_figure(rows * (picture_width / LENGTH * 2.35 * STRIPS + 0.4), width)
    grid = figure.add_gridspec(rows, columns)
    for row, column, run in places:
        samples, neighbours, distances = _read(tables, run)
        axes = figure.add_subplot(grid[row, column])
        strips = []
        for start in range(0, min(STRIPS * LENGTH, len(samples)), LENGTH):
            pair = [
                style.mosaic(samples[start : start + LENGTH], 1, LENGTH),
                style.mosaic(neighbours[start : start + LENGTH], 1, LENGTH, colour=frame),
            ]
            gap = np.full((round(0.38 * pair[0].shape[0]), pair[0].shape[1], 3), 255, np.uint8)
            strips += [*pair, gap]
        style.show(axes, np.concatenate(strips))
        height = strips[0].shape[0]
        step = (strips[0].shape[1] - 2) / LENGTH
        for i, distance in enumerate(distances[: STRIPS * LENGTH]):
            top = (i // LENGTH) * (2 * height + strips[2].shape[0]) + 2 * height
            axes.text(
                (i % LENGTH + 0.5) * step,
                top + 1,
                f"{distance:.1f}",
                ha="center",
                va="top",
                size=style.TEXT,
                color=style.GREY,
            )
        style.panel_title(axes, tables.heading(run), columns, width, 0.2)
    return figure


def _read(tables, run):
    seed = run.seeds[0]
    samples = tables.array(run, seed, "low_posterior/images.npy")
    neighbours = tables.array(run, seed, "low_posterior/neighbours.npy")
    distances = tables.csv(run, seed, "low_posterior/neighbours.csv").sort_values("rank")[
        "distance"
    ]
    if not len(samples) == len(neighbours) == len(distances):
        raise DmviError(
            f"run {run.name}, seed {seed} holds {len(samples)} low-posterior images, "
            f"{len(neighbours)} neighbours and {len(distances)} distances, which must be as many: "
            "run its low-posterior step again"
        )
    return samples, neighbours, list(distances)
