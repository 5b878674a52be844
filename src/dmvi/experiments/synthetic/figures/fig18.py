"""Figure 18: how well a classifier estimates the KL of two known Gaussians."""

from dmvi.experiments.synthetic.figures.synthetic import (
    LINES,
    classifiers,
    finished,
    looks,
    rates,
    seeds_text,
    stopped_text,
)
from dmvi.experiments.synthetic.settings import MAIN
from dmvi.experiments.synthetic.tables import (
    SEPARATED,
    dimensions,
    final_errors,
    relative_errors,
)
from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, log_axis, nats_axis

TITLE = "A classifier's estimate of the KL of two Gaussians, against the truth"
TABLE = "synthetic/estimation.csv"
SOURCES = {"study": ("synthetic/estimation.csv", "synthetic/separated.csv")}
SEEDS = "all"
STRETCH = 1.5  # times the range of the means, beyond which whiskers are cut
SELECT = {}
CAPTION = (
    "Top, a column per learning rate of the classifier: its estimate at the end of training against the "
    "KL in closed form; on the dashed line it is right. Here the Gaussians differ in mean and covariance, "
    "and the share of the covariance grows with the dimension d. Middle: the relative error against d "
    "where the two differ in their means alone, or in their covariances alone, and by the same true KL "
    "at every d; a line per classifier and KL. Bottom: the relative error of the first along training "
    "at the largest shift: a curve that is still rising wants more steps. An error of −1 is an "
    "estimate of 0."
)


def sample_sizes(tables) -> str:
    table = tables.study_csv(TABLE)
    apart = tables.study_csv(SEPARATED)
    text = (
        f"Lines and points: means over {seeds_text(table)}; bands and whiskers: their range "
        "(cut where it would stretch the middle row). Every "
        f"estimate from {span(table['n'])} samples, after {table['step'].max():,} steps "
        f"({apart['step'].max():,} in the middle row, at a learning rate of "
        f"{span(apart['learning_rate'])}) where not along training. The learning rates are the "
        f"classifier's: it alone is trained. Parameters of the classifier: "
        f"{classifiers(table)}."
    )
    return f"{text} {stopped_text(table)}".strip()


def draw(tables):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    table = tables.study_csv(TABLE)
    final, columns = final_errors(table), rates(table)
    apart = final_errors(tables.study_csv(SEPARATED))
    styles = looks(dimensions(table))
    width = style.WIDTH if len(columns) > 1 else 4.5
    lines = _classifiers_and_kls(apart)
    legend_rows = -(-len(lines) // (3 if width > 5 else 1))
    figure = style.new_figure(6.6 + 0.2 * legend_rows, width)
    grid = figure.add_gridspec(
        5, len(columns), height_ratios=[0.3, 2.2, 2.1, 0.1 + 0.2 * legend_rows, 2.0]
    )
    handles = [Line2D([], [], **look, label=f"d = {d:,}") for d, look in styles.items()]
    handles.append(
        Line2D([], [], color="black", linestyle="--", linewidth=0.8, label="estimate = KL")
    )
    style.legend_panel(figure.add_subplot(grid[0, :]), handles, len(handles) if width > 5 else 3)
    legend = [Line2D([], [], **look, label=label) for _, _, look, label in lines]
    style.legend_panel(figure.add_subplot(grid[3, :]), legend, 3 if width > 5 else 1)
    _separated(figure, grid[2, :], apart, lines)
    rows: dict[int, list] = {1: [], 4: []}
    for column, rate in enumerate(columns):
        for row, panels in rows.items():
            shared = panels[0] if panels else None
            panels.append(figure.add_subplot(grid[row, column], sharey=shared))
        mine, along = (t[t["learning_rate"] == rate] for t in (final, table))
        rows[1][-1].set_title(f"learning rate {rate:g}")
        _estimates(rows[1][-1], mine, final, styles)
        _training(rows[4][-1], along, styles)
    rows[1][0].set_ylabel("estimate  [nats]")
    rows[4][0].set_ylabel("(estimate − KL) / KL")
    return figure


def _spread(axes, x, values, **look) -> None:
    """Means of grouped values, with whiskers over their range."""
    mean, low, high = values.mean(), values.min(), values.max()
    axes.errorbar(x, mean, [mean - low, high - mean], capsize=2, elinewidth=0.8, **look)


def _cut(axes, means) -> bool:
    """Ends the y axis where no mean is, if whiskers stretch it to `STRETCH` times the means' range."""
    low, high = min(0.0, *means), max(0.0, *means)
    room = 0.25 * ((high - low) or 1.0)
    bottom, top = axes.get_ylim()
    if top - bottom <= STRETCH * (high - low + 2 * room):
        return False
    axes.set_ylim(max(bottom, low - room), min(top, high + room))
    return True


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


def _classifiers_and_kls(apart) -> list[tuple[str, float, dict, str]]:
    """(classifier, KL, look, words) of every line of the middle row."""
    from dmvi.figures import style

    kls = sorted(apart["kl"].unique())
    lines = []
    for i, classifier in enumerate(dict.fromkeys(apart["classifier"])):
        for j, kl in enumerate(kls):
            grey = 0.6 * (1 - j / max(1, len(kls) - 1))  # the larger the KL, the darker
            look = {"color": (grey, grey, grey), "marker": style.MARKERS[i], "markersize": 4}
            look["linestyle"] = LINES[i % len(LINES)]
            lines.append((classifier, kl, look, f"{_words(classifier)}, KL {kl:g}"))
    return lines


def _words(classifier: str) -> str:
    """ "2 layers of 1,000" of "layers2-width1000"."""
    if classifier == MAIN:
        return "classifier as above"
    layers, width = classifier.removeprefix("layers").split("-width")
    return f"{layers} layers of {int(width):,}"


def _separated(figure, place, apart, lines) -> None:
    """Relative error over d, a panel for means and one for covariances."""
    divergences = list(dict.fromkeys(apart["divergence"]))
    grid = place.subgridspec(1, len(divergences))
    first = None
    for i, divergence in enumerate(divergences):
        axes = figure.add_subplot(grid[0, i], sharey=first)
        mine = apart[apart["divergence"] == divergence]
        for classifier, kl, look, _ in lines:
            rows = mine[(mine["classifier"] == classifier) & (mine["kl"] == kl)]
            groups = rows.groupby("dim")["error"]
            if len(groups):
                _spread(axes, groups.mean().index, groups, **look)
        axes.axhline(0, color="black", linestyle="--", linewidth=0.8)
        axes.set_title(f"{divergence} differ")
        axes.set_xlabel("dimension d")
        log_axis(axes.xaxis)
        if first is None:
            axes.set_ylabel("(estimate − KL) / KL")
            first = axes
    _cut(first, apart.groupby(["divergence", "classifier", "kl", "dim"])["error"].mean())


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
