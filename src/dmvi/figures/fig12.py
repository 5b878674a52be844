"""Figure 12: pixel values of data, low-posterior samples and their neighbours."""

from dmvi.claims.latent_holes import resampled_means
from dmvi.figures.base import cells, span
from dmvi.tables.low_posterior import IMAGES, pixel_statistic
from dmvi.tables.reading import group

TITLE = "Pixel values of data, low-posterior samples and neighbours"
SOURCES = {"run": ("run.json", "low_posterior/pixels.csv", "low_posterior/images.csv")}
SEEDS = "all"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "Top: how often a pixel value occurs (mean over channels, log scale). Bottom: the one number "
    "that decides, ink on digits and the share of near-white pixels elsewhere: grey bars show how "
    "it varies over resamples of as many data images, the dotted line their 90th percentile. "
    "Low-posterior samples beyond it have thicker strokes or whiter backgrounds than data; "
    "ordinary samples are the control."
)

PIXELS = "low_posterior/pixels.csv"
GROUPS_SHOWN = ("data", "neighbour", "low_posterior", "standard")


def sample_sizes(tables) -> str:
    tables_ = [tables.csv(run, seed, IMAGES) for run in tables.runs for seed in run.seeds]
    data, low = (
        [len(group(t, name, IMAGES)) for t in tables_] for name in ("data", "low_posterior")
    )
    return (
        f"{span(data)} data images, {span(low)} low-posterior samples and their neighbours; 1,000 "
        "resamples of the data. Histograms show the first seed, thin lines further seeds."
    )


def draw(tables):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 4.5
    legend = 0.45 if columns > 1 else 0.9
    figure = style.new_figure(3.6 * rows + legend, width)
    grid = figure.add_gridspec(2 * rows + 1, columns, height_ratios=[2.1, 1.5] * rows + [legend])
    for row, column, run in places:
        axes = figure.add_subplot(grid[2 * row, column])
        _pixels(axes, tables, run)
        style.panel_title(axes, tables.heading(run), columns, width)
        _statistic(figure.add_subplot(grid[2 * row + 1, column]), tables, run)
    handles = [
        *style.group_handles(GROUPS_SHOWN),
        Patch(color="#c9c9c9", label="resampled data"),
        Line2D([], [], color="black", linestyle=(0, (1, 1)), label="their 90th percentile"),
    ]
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 3 if columns > 1 else 2)
    return figure


def _pixels(axes, tables, run):
    import numpy as np

    from dmvi.figures import style

    smallest = 1.0
    for i, seed in enumerate(run.seeds):
        table = tables.csv(run, seed, PIXELS)
        for name in GROUPS_SHOWN:
            if name == "standard" and name not in set(table["group"]):
                continue
            density = group(table, name, PIXELS).groupby("bin")["density"].mean()
            edges = [*density.index, 1.0]
            _, colour, line = style.GROUPS[name]
            shown = np.where(density > 0, density, np.nan)
            if (density > 0).any():
                smallest = min(smallest, density[density > 0].min())
            looks = (
                {"linestyle": line, "linewidth": 1.2}
                if i == 0
                else {"linewidth": 0.5, "alpha": 0.5}
            )
            axes.step(edges, [*shown, shown[-1]], where="post", color=colour, **looks)
    axes.set_yscale("log")
    style.plain_numbers(axes.yaxis)
    axes.set_ylim(max(smallest, 1e-5) / 1.5, 1.3)
    axes.set(xlabel="pixel value", ylabel="share of pixels", xlim=(0, 1))


def _statistic(axes, tables, run):
    from dmvi.figures import style

    column, words = pixel_statistic(tables, run)
    axes.spines["left"].set_visible(False)
    axes.set(yticks=[], xlabel=words)
    for i, seed in enumerate(run.seeds):
        table = tables.csv(run, seed, IMAGES)
        if i == 0:
            resampled, limit = resampled_means(table, column)
            axes.hist(resampled, bins=30, color="#c9c9c9")
            axes.axvline(limit, color="black", linestyle=(0, (1, 1)), linewidth=1)
        for name in GROUPS_SHOWN[1:]:
            if name in set(table["group"]):
                _, colour, line = style.GROUPS[name]
                axes.axvline(
                    table.loc[table["group"] == name, column].mean(),
                    color=colour,
                    linestyle=line,
                    linewidth=1.6 if i == 0 else 0.6,
                )
    axes.margins(x=0.1)
