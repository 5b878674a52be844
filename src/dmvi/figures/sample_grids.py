"""Samples of every model on one data set, as Figures 27, 28 and 29 show them."""

from dmvi.claims.decide import mean_and_spread
from dmvi.figures.base import span
from dmvi.tables.models import model_title
from dmvi.tables.scores import (
    COLLAPSED,
    best_runs,
    chosen_runs,
    entry,
    skipped,
    spread_ratio,
)

COLUMNS, ROWS = 4, 8  # samples per model
MAX_COLUMNS = 5  # models side by side
CAPTION = (
    "Samples as they were drawn, first seed, of every model's best run: the one with the lowest "
    "distance W by the independent critic, mean over seeds (given ± 1 sd over seeds). Look for blur in the "
    "VAEs, for artefacts and repetition in the others, and whether VEEGAN, VGH and VGH++ come "
    "nearer to the GANs than to the VAEs."
)


def draw_samples(tables, data: bool = False):
    """A panel per model; with `data` one of test images before them, where the data may be shown."""
    from dmvi.figures import style

    panels = []
    for dataset in tables.datasets:
        best = best_runs(tables, dataset)
        panels += [(dataset, None, None)] if data else []
        panels += [(dataset, model, run) for model, run in best.items()]
    rows = -(-len(panels) // MAX_COLUMNS)
    columns = -(-len(panels) // rows)
    width = style.WIDTH if columns > 2 else 4.2
    height = width / columns * ROWS / COLUMNS + 0.55
    figure = style.new_figure(rows * height, width)
    grid = figure.add_gridspec(rows, columns)
    for i, (dataset, model, run) in enumerate(panels):
        axes = figure.add_subplot(grid[i // columns, i % columns])
        if model is None:
            images = tables.test_images(dataset, ROWS * COLUMNS)
        else:
            images = tables.array(run, run.seeds[0], "samples.npy")
        style.show_grid(axes, images, ROWS, COLUMNS)
        title = "test images" if model is None else model_title(model)
        if len(tables.datasets) > 1:
            title = f"{tables.short_title(dataset)}: {title}"
        if model is None:
            axes.set_title(style.wrap(title, width / columns - 0.1, 8))
            continue
        axes.set_title(style.wrap(title + _distance(tables, run), width / columns - 0.1, 8))
        note = _collapse(tables, run)
        if note:
            text = style.wrap(note, width / columns - 0.1, style.TEXT)
            axes.set_xlabel(text, color=style.COLOURS[3], linespacing=1.1)
    return figure


def _distance(tables, run) -> str:
    entries = [entry(tables, run, seed, "critic") for seed in run.seeds]
    values = [found["value"] for found in entries if found]
    return f"\nW = {mean_and_spread(values)}" if values else ""


def _collapse(tables, run) -> str:
    """Says so where the samples shown are almost all alike."""
    ratio = spread_ratio(tables, run, run.seeds[0])
    if ratio is None or ratio >= COLLAPSED:
        return ""
    return f"collapsed: mean pairwise distance is {ratio:.2f} of the data's"


def shown_sizes(tables) -> str:
    counts = [
        len(tables.array(run, run.seeds[0], "samples.npy"))
        for dataset in tables.datasets
        for run in best_runs(tables, dataset).values()
    ]
    shown = [min(count, ROWS * COLUMNS) for count in counts]
    parts = [
        f"{span(shown)} of {span(counts)} samples kept per model. Collapsed: mean pairwise pixel "
        f"distance of the samples below {COLLAPSED} of the data's.",
        *skipped(tables, ("critic",)),
        chosen_runs(tables),
    ]
    return " ".join(filter(None, parts))
