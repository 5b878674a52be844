"""Figure 18: how well a classifier estimates the KL of two known Gaussians."""

from dmvi.experiments.synthetic.figures.synthetic import (
    classifiers,
    finished,
    looks,
    rates,
    seeds_text,
    stopped_text,
)
from dmvi.experiments.synthetic.tables import (
    dimensions,
    final_errors,
    relative_errors,
)
from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, log_axis, nats, nats_axis

TITLE = "A classifier's estimate of the KL of two Gaussians, against the truth"
TABLE = "synthetic/estimation.csv"
SOURCES = {"study": ("synthetic/estimation.csv",)}
SEEDS = "all"
SELECT = {}
CAPTION = (
    "A column per learning rate of the classifier. Top: its estimate at the end of training against "
    "the KL in closed form; on the dashed line it is right. Middle: its relative error against the "
    "dimension d; along a line the shift between the two Gaussians is the same, so that their true "
    "KL is nearly so. Bottom: the relative error along training at the largest shift: a curve that "
    "is still rising wants more steps, one that is flat does not. An error of −1 is an estimate of 0."
)


def sample_sizes(tables) -> str:
    table = tables.study_csv(TABLE)
    text = (
        f"Lines and points: means over {seeds_text(table)}; bands and whiskers: their range. Every "
        f"estimate from {span(table['n'])} samples, after {table['step'].max():,} steps where not "
        f"along training. Parameters of the classifier: {classifiers(table)}."
    )
    return f"{text} {stopped_text(table)}".strip()


def draw(tables):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    table = tables.study_csv(TABLE)
    final, columns = final_errors(table), rates(table)
    styles = looks(dimensions(table))
    width = style.WIDTH if len(columns) > 1 else 4.5
    figure = style.new_figure(7.0, width)
    grid = figure.add_gridspec(5, len(columns), height_ratios=[0.3, 2.2, 2.1, 0.45, 2.0])
    handles = [Line2D([], [], **look, label=f"d = {d:,}") for d, look in styles.items()]
    handles.append(
        Line2D([], [], color="black", linestyle="--", linewidth=0.8, label="estimate = KL")
    )
    style.legend_panel(figure.add_subplot(grid[0, :]), handles, len(handles) if width > 5 else 3)
    shifts = sorted(final["shift"].unique())
    legend = [
        Line2D([], [], **_shift_look(i, len(shifts)), label=_shift_words(final, shift))
        for i, shift in enumerate(shifts)
    ]
    style.legend_panel(
        figure.add_subplot(grid[3, :]), legend, 2 if width < 5 or len(shifts) == 4 else 3
    )
    rows: dict[int, list] = {1: [], 2: [], 4: []}
    for column, rate in enumerate(columns):
        for row, panels in rows.items():
            shared = panels[0] if panels else None
            panels.append(figure.add_subplot(grid[row, column], sharey=shared))
        mine, along = (t[t["learning_rate"] == rate] for t in (final, table))
        rows[1][-1].set_title(f"learning rate {rate:g}")
        _estimates(rows[1][-1], mine, final, styles)
        _errors(rows[2][-1], mine, shifts)
        _training(rows[4][-1], along, styles)
    rows[1][0].set_ylabel("estimate  [nats]")
    for row in (2, 4):
        rows[row][0].set_ylabel("(estimate − KL) / KL")
    return figure


def _spread(axes, x, values, **look) -> None:
    """Means of grouped values, with whiskers over their range."""
    mean, low, high = values.mean(), values.min(), values.max()
    axes.errorbar(x, mean, [mean - low, high - mean], capsize=2, elinewidth=0.8, **look)


def _estimates(axes, mine, final, styles) -> None:
    ends = [final["true_kl"].min(), final["true_kl"].max()]
    axes.plot(ends, ends, color="black", linestyle="--", linewidth=0.8)
    for d, look in styles.items():
        groups = mine[mine["dim"] == d].groupby("shift")
        if len(groups):
            _spread(axes, groups["true_kl"].mean(), groups["estimate"], **look)
    axes.set_xlabel("KL in closed form  [nats]")
    nats_axis(axes.xaxis, ends)
    nats_axis(axes.yaxis, [*final["estimate"], *ends])


def _shift_look(i: int, count: int) -> dict:
    from dmvi.figures import style

    grey = 0.7 * (1 - i / max(1, count - 1))  # the larger the shift, the darker
    marker = style.MARKERS[i % len(style.MARKERS)]
    return {"color": (grey, grey, grey), "marker": marker, "markersize": 4}


def _shift_words(final, shift: float) -> str:
    values = final.loc[final["shift"] == shift, "true_kl"]
    low, high = nats(values.min()), nats(values.max())
    return f"shift {shift:g}: KL {low}" + ("" if low == high else f" to {high}") + " nats"


def _errors(axes, mine, shifts) -> None:
    for i, shift in enumerate(shifts):
        groups = mine[mine["shift"] == shift].groupby("dim")["error"]
        if len(groups):
            _spread(axes, groups.mean().index, groups, **_shift_look(i, len(shifts)))
    axes.axhline(0, color="black", linestyle="--", linewidth=0.8)
    axes.set_xlabel("dimension d")
    log_axis(axes.xaxis)


def _training(axes, table, styles) -> None:
    rows = relative_errors(finished(table[table["shift"] == table["shift"].max()]))
    for d, look in styles.items():
        groups = rows[rows["dim"] == d].groupby("step")["error"]
        if len(groups):
            mean, low, high = groups.mean(), groups.min(), groups.max()
            every = max(1, len(mean) // 5)
            axes.plot(mean.index, mean, markevery=every, **look)
            axes.fill_between(mean.index, low, high, color=look["color"], alpha=0.2, linewidth=0)
    axes.axhline(0, color="black", linestyle="--", linewidth=0.8)
    axes.set_xlabel("training step")
    linear_axis(axes.xaxis)
