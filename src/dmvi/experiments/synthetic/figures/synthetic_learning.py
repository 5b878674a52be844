"""Learning one Gaussian from another by a classifier's ratio: Figures 19 and 20."""

from dmvi.experiments.synthetic.figures.synthetic import (
    classifiers,
    rates,
    seeds_text,
    stopped_text,
)
from dmvi.experiments.synthetic.tables import EXACT, dimensions, last_step, learning_rows
from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, nats_axis

TABLE = "synthetic/learning.csv"


def draw_learning(tables, small: bool):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    table, control = learning_rows(tables, small), learning_rows(tables, small, EXACT)
    dims, columns, end = dimensions(table), rates(table), last_step(tables)
    width = style.WIDTH if len(columns) > 1 else 4.5
    figure = style.new_figure(2.3 * len(dims) + 0.3, width)
    grid = figure.add_gridspec(len(dims) + 1, len(columns), height_ratios=[0.3, *[2.3] * len(dims)])
    blue, orange, green = style.COLOURS[0], style.COLOURS[3], style.COLOURS[2]
    handles = [
        Line2D([], [], color=blue, label="KL in closed form"),
        Line2D([], [], color=orange, linestyle="--", label="classifier's estimate"),
        Line2D([], [], color=green, linestyle="-.", label="KL, learned by the exact ratio"),
        Line2D([], [], color="black", linestyle=":", linewidth=1, label="KL at the start"),
    ]
    if stopped_text(table, end):
        handles.append(Line2D([], [], color=blue, marker="x", linestyle="", label="diverged"))
    style.legend_panel(figure.add_subplot(grid[0, :]), handles, 5 if width > 5 else 2)
    for i, d in enumerate(dims, 1):
        shared = None
        for column, rate in enumerate(columns):
            axes = shared = figure.add_subplot(grid[i, column], sharey=shared)
            mine, exact = (
                t[(t["dim"] == d) & (t["learning_rate"] == rate)] for t in (table, control)
            )
            axes.set_title(f"d = {d:,}, learning rate {rate:g}")
            if mine.empty:
                axes.text(0.5, 0.5, "not trained", ha="center", transform=axes.transAxes)
            else:
                _line(axes, mine.groupby("step")["estimate"], color=orange, linestyle="--")
                _line(axes, mine.groupby("step")["true_kl"], color=blue, linestyle="-")
                _crosses(axes, mine, end, blue)
                _line(axes, exact.groupby("step")["true_kl"], color=green, linestyle="-.")
                _crosses(axes, exact, end, green)
                start = mine.loc[mine["step"] == mine["step"].min(), "true_kl"].mean()
                axes.axhline(start, color="black", linestyle=":", linewidth=1)
            axes.set_xlim(-0.04 * end, 1.04 * max(1, end))
            linear_axis(axes.xaxis)
            if i == len(dims):
                axes.set_xlabel("training step")
            if column == 0:
                axes.set_ylabel("KL(q‖p)  [nats]")
        values = table.loc[table["dim"] == d, ["true_kl", "estimate"]]
        exact = control.loc[control["dim"] == d, "true_kl"]
        nats_axis(shared.yaxis, [*values.to_numpy().ravel(), *exact])
    return figure


def _line(axes, groups, **look) -> None:
    """Mean over seeds, and their range as a band."""
    mean, low, high = groups.mean(), groups.min(), groups.max()
    axes.plot(mean.index, mean, **look)
    axes.fill_between(mean.index, low, high, color=look["color"], alpha=0.2, linewidth=0)


def _crosses(axes, mine, end: int, colour: str) -> None:
    """Marks the last values of the seeds that have none at the end."""
    last = mine.loc[mine.groupby("seed")["step"].idxmax()]
    last = last[last["step"] < end]
    axes.plot(last["step"], last["true_kl"], "x", color=colour, markersize=5)


def learning_sizes(tables, small: bool) -> str:
    table = learning_rows(tables, small)
    text = (
        f"Lines: means over {seeds_text(table)}; bands: their range. Estimates from "
        f"{span(table['n'])} samples of q. The learning rate is that of both players, classifier and "
        f"Gaussian. Parameters of the classifier: {classifiers(table)}. Where "
        "an axis shows 0, it is linear between the two ticks beside it."
    )
    stopped = stopped_text(table, last_step(tables))
    exact = stopped_text(learning_rows(tables, small, EXACT), last_step(tables))
    exact = exact and f"By the exact ratio, {exact}"
    return " ".join(filter(None, [text, stopped, exact]))
