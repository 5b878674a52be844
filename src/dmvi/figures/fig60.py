"""Figure 60: how the paper's numbers grow along training."""

from dmvi.claims.published import PUBLISHED
from dmvi.figures.base import span
from dmvi.study.settings import paper_iterations

TITLE = "How the paper's numbers grow along training"
SOURCES = {"run": ("run.json", "snapshots.csv")}
SEEDS = "all"
SELECT = {"kind": "vae", "posterior": "gaussian"}
EXCEPT = {"tags": "open"}  # settings varied for table 8
CAPTION = (
    "A figure of ours: how long must one train before a verdict means anything? Every point is the "
    "model as it was at that step. KL(q(z)‖p(z)) between its bounds avgKL − log N (dashed) and avgKL, the "
    "mean of KL(q(z|x)‖p(z)) (dotted); areas under the curve P(a > b) of the likelihood bounds of data "
    "against low-posterior samples (C6) and of KL(q(z|x)‖p(z)) of the samples' nearest neighbours against "
    "data (C8, dashed), with two standard errors; the share of latent units in use; and how thick or white "
    "low-posterior samples are beside the data (dashed). Grey: the paper's numbers, where it has some."
)
SHOWN = "snapshots.csv"
WIDE = 5  # KLs of a panel that are further apart than by this factor need a logarithmic axis
DASHED = (
    "dashed: avgKL − log N, dotted: avgKL",
    "solid: C6, dashed: C8",
    "",
    "dashed: the data",
)


def sample_sizes(tables) -> str:
    counts = [len(tables.csv(run, seed, SHOWN)) for run in tables.runs for seed in run.seeds]
    return (
        f"{span(counts)} snapshots of each run. A unit is in use where KL(q(z|x)‖p(z)) of it is above "
        "0.01 nats on average."
    )


def draw(tables):
    from matplotlib.lines import Line2D
    from matplotlib.ticker import LogLocator

    from dmvi.figures import style

    datasets = tables.datasets
    labels = list(dict.fromkeys(tables.labels[run.name] for run in tables.runs))
    colours = {label: style.COLOURS[i % 10] for i, label in enumerate(labels)}
    markers = {label: style.MARKERS[i % len(style.MARKERS)] for i, label in enumerate(labels)}
    width = style.WIDTH if len(datasets) > 1 else 4.5
    figure = style.new_figure(8.6, width)
    grid = figure.add_gridspec(5, len(datasets), height_ratios=[2, 2, 2, 2, 0.5])
    panels = (_kl, _areas, _units, _looks)
    for column, (dataset, runs) in enumerate(datasets.items()):
        for row, panel in enumerate(panels):
            axes = figure.add_subplot(grid[row, column])
            whole = paper_iterations(tables.meta(dataset)["builder"])
            for run in runs:
                label = tables.labels[run.name]
                for seed in run.seeds:
                    table = tables.csv(run, seed, SHOWN)
                    x = 100 * table["step"] / whole if whole else table["step"]
                    look = {"color": colours[label], "marker": markers[label], "markersize": 3}
                    panel(axes, x, table, look, tables, run)
            if panel is _kl:
                _published(axes, dataset, runs, tables)
            if panel is _kl and _wide(runs, tables):
                axes.set_yscale("log", nonpositive="mask")
                style.plain_numbers(axes.yaxis)
                axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            elif panel in (_kl, _looks):
                axes.set_ylim(bottom=0)  # once all runs are drawn: it ends the automatic range
            axes.set_xscale("log")
            style.plain_numbers(axes.xaxis)
            if row == 0:
                style.panel_title(axes, tables.short_title(dataset), len(datasets), width)
            if row == len(panels) - 1:
                axes.set_xlabel("training, % of the paper's iterations" if whole else "iterations")
            if column > 0 and row < len(panels) - 1:
                axes.set_ylabel("")
            if column == 0:
                axes.text(0.02, 0.03, DASHED[row], transform=axes.transAxes)
    handles = [
        Line2D([], [], color=colours[label], marker=markers[label], markersize=4, label=label)
        for label in labels
    ]
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 2)
    return figure


def _kl(axes, x, table, look, tables, run):
    axes.errorbar(x, table["kl"], 2 * table["standard_error"], linewidth=1.1, capsize=1.5, **look)
    # A bound under 0 says nothing.
    axes.plot(x, table["lower"].clip(lower=0), linestyle="--", linewidth=0.8, color=look["color"])
    axes.plot(x, table["avg_kl"], linestyle=":", linewidth=0.9, color=look["color"])
    axes.set_ylabel("KL(q(z)‖p(z))  [nats]")


def _wide(runs, tables) -> bool:
    """Whether the KLs of a data set's runs are further apart than by the factor `WIDE`."""
    kls = [v for run in runs for seed in run.seeds for v in tables.csv(run, seed, SHOWN)["kl"]]
    return min(kls) > 0 and max(kls) > WIDE * min(kls)


def _published(axes, dataset, runs, tables) -> None:
    """A grey line at the paper's KL of each likelihood that has runs."""
    if tables.meta(dataset)["builder"] != "cifar10":
        return
    shown = {f"kl_{run.likelihood}" for run in runs}
    for number in PUBLISHED:
        if number.id in shown:
            axes.axhline(number.value, color="#909090", linewidth=0.8, zorder=0)
            axes.annotate(
                f"paper: {number.value}", (1, number.value), xycoords=("axes fraction", "data"),
                xytext=(0, -1), textcoords="offset points", ha="right", va="top", color="#606060",
            )  # fmt: skip


def _areas(axes, x, table, look, tables, run):
    for name, line in (("bound", "-"), ("cost", "--")):
        axes.errorbar(
            x, table[f"{name}_auc"], table[f"{name}_auc_error"], linestyle=line, linewidth=1.1,
            elinewidth=0.6, capsize=1.5, **look,
        )  # fmt: skip
    axes.axhline(0.5, color="#b0b0b0", linewidth=0.6, zorder=0)
    axes.set_ylabel("area under the curve")
    axes.set_ylim(0, 1)


def _units(axes, x, table, look, tables, run):
    axes.plot(x, 100 * table["active_units"] / run.latent_dim, linewidth=1.1, **look)
    axes.set_ylabel("units in use  [%]")
    axes.set_ylim(0, 104)


def _looks(axes, x, table, look, tables, run):
    what, words = ("near_white", "near-white pixels  [%]")
    if tables.kind(run.data) == "ColorMNIST":
        what, words = ("ink", "ink  [% of full]")
    axes.plot(x, 100 * table[f"{what}_low_posterior"], linewidth=1.1, **look)
    axes.plot(x, 100 * table[f"{what}_data"], linestyle="--", linewidth=0.8, color="#707070")
    axes.set_ylabel(words)
