"""Figure 18: how well a classifier estimates the KL of two known Gaussians."""

from dmvi.claims.decide import (
    above,
    below,
    difference,
    interval,
    over_seeds,
    tally,
    verdict,
)
from dmvi.claims.ledger import claim
from dmvi.experiments.synthetic.figures.synthetic import (
    DATA,
    classifiers,
    dimensions,
    finished,
    looks,
    rates,
    seeds_text,
    stopped_text,
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

TOLERANCE = 0.05  # a relative error, or a growth of one, within this counts as none
COMPARABLE = 2.0  # true KLs within this factor of each other are compared
FARTHER = 10  # the largest dimension is at least this many times the smallest


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
    final, columns = _final(table), rates(table)
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


def _final(table):
    """The last step of every training that got there, with its relative error."""
    return _relative(table[table["step"] == table["step"].max()])


def _relative(table):
    rows = table[table["true_kl"] > 0]  # equal Gaussians have no relative error
    return rows.assign(error=rows["estimate"] / rows["true_kl"] - 1)


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
    rows = _relative(finished(table[table["shift"] == table["shift"].max()]))
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


def claims(tables):
    """C14: the error grows with d, and the classifier underestimates."""
    final = _final(tables.study_csv(TABLE))
    errors, level = {}, {}
    for case, rows in final.groupby(["dim", "learning_rate", "shift"]):
        errors[case], level[case] = list(rows["error"]), rows["true_kl"].mean()
    small, large = (f((case[0] for case in errors), default=0) for f in (min, max))
    at_large = [case for case in errors if case[0] == large]
    outcomes = [below(*interval(errors[case]), -TOLERANCE) for case in at_large]
    far = large >= FARTHER * small
    pairs = {case: _comparable(case, small, level) for case in at_large if far}
    pairs = {case: other for case, other in pairs.items() if other is not None}
    growths = [
        above(*difference(_sizes(errors[case]), _sizes(errors[other])), TOLERANCE)
        for case, other in pairs.items()
    ]
    outcomes += growths or [None]
    texts = [
        f"relative error at d = {d:,}: {_range([interval(errors[case])[0] for case in cases])}"
        for d, cases in ((large, at_large), (small, dict.fromkeys(pairs.values())))
        if cases
    ]
    return [
        claim(
            tables,
            (),
            data=DATA,
            id="C14",
            figure="fig18",
            statement="A classifier underestimates the KL of two Gaussians, and its error grows "
            "with the dimension.",
            statistic="Relative error (estimate − KL) / KL at the end of training. At the largest d "
            f"it is below −{TOLERANCE} for every shift and learning rate; and its mean absolute "
            f"value there exceeds that at the smallest d (at least {FARTHER} times smaller), at the "
            f"nearest true KL within a factor of {COMPARABLE:g} and the same learning rate, by "
            f"more than {TOLERANCE}. 95 % intervals over seeds (Student, Welch) must lie on one "
            "side, so two seeds are the least. The value is the mean relative error at the largest "
            "d.",
            value=sum(interval(errors[case])[0] for case in at_large) / len(at_large)
            if at_large
            else None,
            value_text=f"{'; '.join(texts)}{tally(outcomes)}" if texts else "no KL above 0",
            paper="shown in pictures only",
            verdict=verdict(outcomes),
            spread=over_seeds({case: errors[case] for case in at_large}),
        )
    ]


def _comparable(case: tuple, small: int, level: dict) -> tuple | None:
    """The case at the smallest d with the same learning rate and the nearest true KL, if near."""
    candidates = [
        (max(level[other] / level[case], level[case] / level[other]), other)
        for other in level
        if other[:2] == (small, case[1])
    ]
    factor, other = min(candidates, default=(float("inf"), None))
    return other if factor <= COMPARABLE else None


def _sizes(errors: list[float]) -> list[float]:
    return [abs(error) for error in errors]


def _range(values: list[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"
