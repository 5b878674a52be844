"""Figure 4: a classifier's estimate of KL(q(z) || p(z)) beside the Monte Carlo value."""

from dmvi.errors import DmviError
from dmvi.figures.base import cells, span
from dmvi.figures.density_tables import number, stretched_axis
from dmvi.figures.numerals import linear_axis
from dmvi.tables.latent_densities import monte_carlo_and_classifier

TITLE = "KL(q(z)‖p(z)) estimated by a classifier, beside the Monte Carlo value"
SOURCES = {
    "run": (
        "run.json",
        "kl.json",
        "density_ratio/default.json",
        "density_ratio/default.csv",
        "density_ratio/default_calibration.csv",
    )
}
SEEDS = "all"
SELECT = {"tags": "main", "kind": "vae"}
CAPTION = (
    "Top: the classifier's mean logit over fresh codes of q(z), and over codes of test images, "
    "beside the Monte Carlo value, which the first would equal if the classifier knew q(z)/p(z); "
    "black tick: avgKL − log N, which no estimate of this KL should fall below. Middle: the "
    "estimates while the classifier trains. Bottom: how often a code that the classifier takes for "
    "one of q(z) with a given probability is one, for held-out codes against the prior; on the "
    "diagonal the classifier is calibrated. A calibrated classifier can still be far off on the "
    "KL, which is made of the logits of codes that it is sure about."
)

LATE = 0.1  # share of the classifier's training, over which an estimate may still move
STILL = 0.02  # of an estimate, within which it stands
CURVE, CALIBRATION = "density_ratio/default.csv", "density_ratio/default_calibration.csv"
LOG = ", log scale"


def sample_sizes(tables) -> str:
    pairs = [pair for run in tables.runs for pair in monte_carlo_and_classifier(tables, run)]
    entries = [entry for _, entry in pairs]
    settings = entries[0]["settings"]
    return (
        "Bars: mean over seeds, dots single seeds; below: a line per seed. Green arrows: by how much the "
        f"estimate has moved over the last {LATE:.0%} of the classifier's training, where that is more "
        f"than {STILL:.0%} of it: it is not at its end. Monte Carlo: {span([kl['n'] for kl, _ in pairs])} "
        "z, the mixture over "
        f"N = {span([kl['components'] for kl, _ in pairs])} images. Classifier of "
        f"{settings.get('layers')} layers: {span([entry['n'] for entry in entries])} fresh z, "
        f"{span([entry['heldout']['n'] for entry in entries])} test images. Circles: their area is "
        "the share of codes in the bin."
    )


def _rows(tables, run, seed: int, file: str):
    """The rows of the first setting of a table under density_ratio/."""
    table = tables.csv(run, seed, file)
    rows = table[table["setting"] == 0]
    if rows.empty:
        raise DmviError(
            f"runs/{run.name}/seed{seed}/{file} holds no rows of setting 0: remove it and "
            "run its step again"
        )
    return rows


def draw(tables):
    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(4.9 * rows + 0.3, width)
    grid = figure.add_gridspec(3 * rows + 1, columns, height_ratios=[*[2, 1.7, 1.7] * rows, 0.25])
    for row, column, run in places:
        panels = [figure.add_subplot(grid[3 * row + i, column]) for i in range(3)]
        style.panel_title(panels[0], tables.heading(run), columns, width)
        _bars(panels[0], tables, run)
        _training(panels[1], tables, run)
        _calibration(panels[2], tables, run)
        if column == 0:
            panels[2].set_ylabel("share of q(z)")
    figure.align_ylabels()
    style.legend_panel(figure.add_subplot(grid[-1, :]), _handles(), 3 if columns > 1 else 2)
    return figure


def _looks() -> list[dict]:
    """Of Monte Carlo, classifier, and classifier on held-out codes: colour, fill, hatch."""
    from dmvi.figures import style

    blue, orange = style.COLOURS[0], style.COLOURS[1]
    return [
        {"label": "Monte Carlo", "facecolor": blue, "edgecolor": "black"},
        {"label": "classifier", "facecolor": orange, "edgecolor": "black"},
        {
            **{"label": "classifier, held-out codes", "facecolor": "white"},
            **{"edgecolor": orange, "hatch": "////"},
        },
    ]


def _handles():
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from dmvi.figures import style

    tick = Line2D([], [], color="black", linewidth=1.6, label="avgKL − log N")
    before = Line2D(
        [],
        [],
        color=style.COLOURS[2],
        linewidth=1.6,
        label=f"estimate at {1 - LATE:.0%} of training",
    )
    return [*(Patch(linewidth=0.5, **look) for look in _looks()), tick, before]


def _bars(axes, tables, run):
    import numpy as np

    from dmvi.figures import style

    pairs = monte_carlo_and_classifier(tables, run)
    columns = [
        [kl["value"] for kl, _ in pairs],
        [entry["value"] for _, entry in pairs],
        [entry["heldout"]["value"] for _, entry in pairs],
    ]
    everything = [0.0, *(value for column in columns for value in column)]
    log = stretched_axis(axes, everything, float(np.mean(columns[0])))
    for x, (values, look) in enumerate(zip(columns, _looks(), strict=True)):
        values = np.array(values)
        mean = values.mean()
        axes.bar(x, mean, 0.7, linewidth=0.5, **look)
        before = mean - _moved(tables, run, MOVING[x]) if x else mean
        if abs(mean - before) > STILL * abs(mean):
            axes.annotate(
                "", (x, mean), (x, before), zorder=6,
                arrowprops={
                    **{"arrowstyle": "->", "linewidth": 1.1, "color": style.COLOURS[2]},
                    **{"shrinkA": 0, "shrinkB": 0},
                },
            )  # fmt: skip
            axes.plot(
                [x - 0.2, x + 0.2],
                [before, before],
                color=style.COLOURS[2],
                linewidth=1.6,
                zorder=6,
            )
        spots = x + np.linspace(-0.15, 0.15, len(values)) if len(values) > 1 else [x]
        axes.plot(
            spots, values, "o", color="white", markeredgecolor="black", markersize=2.8,
            markeredgewidth=0.5, zorder=5,
        )  # fmt: skip
        end = max(mean, before, *values, 0.0)
        axes.annotate(
            number(mean),
            (x, end),
            (0, 8 if before > mean else 3),
            textcoords="offset points",
            ha="center",
            va="bottom",
        )
    level = max(0.0, float(np.mean([kl["lower"] for kl, _ in pairs])))  # a KL is never under 0
    axes.hlines(level, -0.35, 0.35, color="black", linewidth=1.6, zorder=3)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_xlim(-0.6, 2.6)
    axes.set_xticks([])
    axes.set_ylabel(f"KL  [nats{LOG if log else ''}]")
    low, high = axes.get_ylim()
    if log:
        axes.set_ylim(low if min(everything) < 0 else 0, 10 * high)
    else:
        axes.set_ylim(low, high + 0.14 * (high - low))  # room for the numbers


MOVING = (None, "estimate", "heldout")  # columns of the curve behind the three bars


def _moved(tables, run, column: str) -> float:
    """How much an estimate rose over the last `LATE` of its training, mean over seeds; nats."""
    changes = []
    for seed in run.seeds:
        curve = _rows(tables, run, seed, CURVE).sort_values("step")
        before = curve.loc[curve["step"] <= (1 - LATE) * curve["step"].max(), column]
        changes.append(curve[column].iloc[-1] - before.iloc[-1] if len(before) else 0.0)
    return float(sum(changes) / len(changes))


def _training(axes, tables, run):
    monte_carlo, fresh, held = _looks()
    shown = []
    for seed in run.seeds:
        curve = _rows(tables, run, seed, CURVE)
        value = tables.json(run, seed, "kl.json")["value"]
        axes.axhline(value, color=monte_carlo["facecolor"], linewidth=1.0)
        marker = "." if len(curve) < 3 else ""
        lines = (
            ("heldout", held["edgecolor"], (0, (3, 1.5)), 0.8),
            ("estimate", fresh["facecolor"], "-", 1.2),
        )
        for column, colour, line, thickness in lines:
            axes.plot(
                curve["step"], curve[column], color=colour, linestyle=line, linewidth=thickness,
                marker=marker,
            )  # fmt: skip
        shown += [0.0, value, *curve["estimate"], *curve["heldout"]]
    log = stretched_axis(axes, shown, value)
    axes.set_ylabel(f"KL  [nats{LOG if log else ''}]")
    axes.set_xlabel("training step of the classifier")
    axes.margins(x=0.02)
    linear_axis(axes.xaxis, 3)


def _calibration(axes, tables, run):
    import numpy as np

    from dmvi.figures import style

    colour = _looks()[1]["facecolor"]
    axes.plot([0, 1], [0, 1], color=style.GREY, linestyle="--", linewidth=0.8)
    for seed in run.seeds:
        bins = _rows(tables, run, seed, CALIBRATION).sort_values("predicted")
        axes.plot(bins["predicted"], bins["observed"], color=colour, linewidth=0.9, zorder=2)
        axes.scatter(
            bins["predicted"], bins["observed"], s=3 + 60 * bins["count"] / bins["count"].sum(),
            color=colour, edgecolor="black", linewidth=0.4, alpha=0.8, clip_on=False, zorder=3,
        )  # fmt: skip
    entries = [entry for _, entry in monte_carlo_and_classifier(tables, run)]
    error, accuracy = (
        float(np.mean([entry[key] for entry in entries]))
        for key in ("calibration_error", "accuracy")
    )
    axes.text(
        0.97, 0.06, f"calibration\nerror {error:.3f}\naccuracy {accuracy:.3f}", ha="right",
        va="bottom", transform=axes.transAxes, linespacing=1.15,
        bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8, "alpha": 0.8},
    )  # fmt: skip
    ticks = ([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xticks(*ticks)
    axes.set_yticks(*ticks)
    axes.set(xlim=(-0.03, 1.03), ylim=(-0.05, 1.05))
    axes.set_xlabel("classifier's probability of q(z)")
