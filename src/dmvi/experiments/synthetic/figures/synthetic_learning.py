"""Learning one Gaussian from another by a classifier's ratio, and C15: Figures 19 and 20."""

import math

from dmvi.claims.decide import above, below, interval, over_seeds, tally, verdict
from dmvi.claims.ledger import claim
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.figures.synthetic import (
    DATA,
    classifiers,
    dimensions,
    rates,
    seeds_text,
    stopped_text,
)
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS
from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, nats_axis

TABLE = "synthetic/learning.csv"

WORKS = 0.1  # final / initial KL below which learning works
DIVERGES = 1.0  # and above which it has made things worse
STOPPED = 10.0  # final / initial KL, at least, of a training whose numbers were not finite
LAST = 0.1  # share of the recorded steps whose median is the final KL


def _rows(tables, small: bool):
    """The rows of the table about small, or about large, dimensions. Never empty."""
    table = tables.study_csv(TABLE)
    rows = table[(table["dim"] <= FEW_DIMENSIONS) == small]
    if rows.empty:
        held = ", ".join(map(str, dimensions(table)))
        side = "of at most" if small else "above"
        raise DmviError(
            f"{tables.root / TABLE} holds no dimension {side} {FEW_DIMENSIONS}, "
            f"only {held}: add one to the synthetic study, or take the figure out"
        )
    return rows


def draw_learning(tables, small: bool):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    table = _rows(tables, small)
    dims, columns, end = dimensions(table), rates(table), _end(tables)
    width = style.WIDTH if len(columns) > 1 else 4.5
    figure = style.new_figure(2.3 * len(dims) + 0.3, width)
    grid = figure.add_gridspec(len(dims) + 1, len(columns), height_ratios=[0.3, *[2.3] * len(dims)])
    blue, orange = style.COLOURS[0], style.COLOURS[3]
    handles = [
        Line2D([], [], color=blue, label="KL in closed form"),
        Line2D([], [], color=orange, linestyle="--", label="classifier's estimate"),
        Line2D([], [], color="black", linestyle=":", linewidth=1, label="KL at the start"),
    ]
    if stopped_text(table, end):
        handles.append(Line2D([], [], color=blue, marker="x", linestyle="", label="diverged"))
    style.legend_panel(figure.add_subplot(grid[0, :]), handles, 4 if width > 5 else 2)
    for i, d in enumerate(dims, 1):
        shared = None
        for column, rate in enumerate(columns):
            axes = shared = figure.add_subplot(grid[i, column], sharey=shared)
            mine = table[(table["dim"] == d) & (table["learning_rate"] == rate)]
            axes.set_title(f"d = {d:,}, learning rate {rate:g}")
            if mine.empty:
                axes.text(0.5, 0.5, "not trained", ha="center", transform=axes.transAxes)
            else:
                _line(axes, mine.groupby("step")["estimate"], color=orange, linestyle="--")
                _line(axes, mine.groupby("step")["true_kl"], color=blue, linestyle="-")
                _crosses(axes, mine, end, blue)
                start = mine.loc[mine["step"] == mine["step"].min(), "true_kl"].mean()
                axes.axhline(start, color="black", linestyle=":", linewidth=1)
            axes.set_xlim(-0.04 * end, 1.04 * max(1, end))
            linear_axis(axes.xaxis)
            if i == len(dims):
                axes.set_xlabel("training step")
            if column == 0:
                axes.set_ylabel("KL(q‖p)  [nats]")
        values = table.loc[table["dim"] == d, ["true_kl", "estimate"]]
        nats_axis(shared.yaxis, values.to_numpy().ravel())
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


def _end(tables) -> int:
    """The last step of the whole study: all settings are trained for as long."""
    return int(tables.study_csv(TABLE)["step"].max())


def learning_sizes(tables, small: bool) -> str:
    table = _rows(tables, small)
    text = (
        f"Lines: means over {seeds_text(table)}; bands: their range. Estimates from "
        f"{span(table['n'])} samples of q. Parameters of the classifier: {classifiers(table)}. Where "
        "an axis shows 0, it is linear between the two ticks beside it."
    )
    return f"{text} {stopped_text(table, _end(tables))}".strip()


def learning_claim(tables, figure: str, small: bool, needed: tuple[int, ...]):
    """C15: learning works in few dimensions and diverges in many.

    Args:
        needed: dimensions without which the claim cannot hold.
    """
    ratios: dict[tuple, list[float]] = {}  # log10 of final / initial KL, one per seed
    keys = ["dim", "learning_rate", "seed"]
    for (d, rate, _), rows in _rows(tables, small).groupby(keys):
        values = ratios.setdefault((int(d), float(rate)), [])
        values += [value for value in [_progress(rows, _end(tables))] if value is not None]
    outcomes = {}
    for case, values in ratios.items():
        mean, half = interval(values)
        if small:
            outcomes[case] = below(mean, half, math.log10(WORKS))
        else:
            outcomes[case] = above(mean, half, math.log10(DIVERGES))
    means = {case: 10 ** interval(values)[0] for case, values in ratios.items() if values}
    texts = [
        f"d = {d:,}, learning rate {rate:g}: {value:.3g}" for (d, rate), value in means.items()
    ]
    worst = max if small else min
    words = (
        f"works in up to {FEW_DIMENSIONS} dimensions"
        if small
        else f"diverges in many dimensions (more than {FEW_DIMENSIONS})"
    )
    return claim(
        tables,
        (),
        data=DATA,
        id="C15",
        figure=figure,
        statement=f"Learning a Gaussian from the ratio that a classifier estimates {words}.",
        statistic=f"Final (median of the last {LAST:.0%} of the recorded steps) over initial KL in "
        "closed form, "
        + (f"below {WORKS}" if small else f"above {DIVERGES:g}")
        + " for every dimension and learning rate; the 95 % interval over seeds (Student, of the "
        "ratio's logarithm) must lie on one side, so two seeds are the least. A seed whose numbers "
        f"were no longer finite counts by the largest KL before, and as {STOPPED:g} at least. "
        "Dimensions "
        f"{' and '.join(f'{d:,}' for d in needed)} are needed. The value is the "
        + ("largest" if small else "smallest")
        + " ratio (geometric mean over seeds).",
        value=worst(means.values(), default=None),
        value_text=f"final / initial KL: {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no training has moved from a KL above 0",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), {d for d, _ in ratios}, needed),
        spread=over_seeds(ratios, " decades"),
    )


def _progress(rows, end: int) -> float | None:
    """log10 of the final over the initial KL of one training; None if there is nothing to compare."""
    rows = rows.sort_values("step")
    kl = rows["true_kl"].clip(lower=1e-12)
    if rows["true_kl"].iloc[0] <= 0:
        return None
    if rows["step"].iloc[-1] < end:
        return max(math.log10(kl.max() / kl.iloc[0]), math.log10(STOPPED))
    if len(rows) < 2:
        return None
    last = kl.tail(max(1, round(LAST * len(rows))))
    return math.log10(last.median() / kl.iloc[0])
