"""Figure 21: what density models of q(z) miss along their fitting: E log q(z) − log r(z)."""

from dmvi.figures.base import cells, span
from dmvi.figures.density_tables import number
from dmvi.figures.numerals import nats_axis, rough
from dmvi.tables.latent_densities import DENSITY_MODELS

# Name -> index of the colour, marker, what a step of its fitting is.
MODELS = {
    "gmm": (0, "o", "EM iterations"),
    "maf": (1, "s", "gradient steps"),
    "lstm": (2, "^", "gradient steps"),
}
TITLE = "What density models of the aggregate posterior q(z) miss, along fitting"
SOURCES = {
    "run": (
        "run.json",
        "kl.json",
        "density_models/gmm.json",
        "density_models/maf.json",
        "density_models/lstm.json",
        "density_models/gmm.csv",
        "density_models/maf.csv",
        "density_models/lstm.csv",
    )
}
SEEDS = "first"
SELECT = {"tags": "main", "kind": "vae"}
CAPTION = (
    "The gap E log q(z) − E log r(z) = KL(q(z)‖r(z)) over codes of q(z), for three models r of q(z); "
    "dashed: over codes of test images, for which the bound need not hold. A model is right where "
    "its gap is 0, and the KL to the prior that is read off it is too small by the gap. E log q(z) is "
    "that of the mixture of the training images' posteriors, which held-out codes need not come near."
)

FLOOR = 0.01  # nats; what is nearer to the bound is drawn there


def sample_sizes(tables) -> str:
    found = {name: [_read(tables, run, name) for run in tables.runs] for name in MODELS}
    kls = [tables.json(run, run.seeds[0], "kl.json") for run in tables.runs]
    totals = [
        f"{DENSITY_MODELS[name]} {span([int(curve['step'].max()) for _, curve in found[name]])} {unit}"
        for name, (_, _, unit) in MODELS.items()
    ]
    sizes = [values["n"] for pairs in found.values() for values, _ in pairs]
    error = max(values["gap_standard_error"] for pairs in found.values() for values, _ in pairs)
    return (
        f"Each point: {span(sizes)} z of q(z), the mixture over "
        f"N = {span([kl['components'] for kl in kls])} images. A whole fitting: "
        f"{', '.join(totals)}. Below the titles: the gaps of the three on codes of q(z) in the end, "
        f"nats, standard error at most {rough(error)}. Log axes; a gap below {FLOOR:g} nats is drawn there."
    )


def _read(tables, run, name: str):
    """Final values (dict) and curve (DataFrame) of one model."""
    path = f"density_models/{name}"
    seed = run.seeds[0]
    return tables.json(run, seed, f"{path}.json"), tables.csv(run, seed, f"{path}.csv")


def draw(tables):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(2.7 * rows + 0.3, width)
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[*[2.7] * rows, 0.25])
    for row, column, run in places:
        axes = figure.add_subplot(grid[row, column])
        style.panel_title(axes, tables.heading(run), columns, width)
        _panel(axes, tables, run)
        if column == 0:
            axes.set_ylabel("E log q(z) − E log r(z)  [nats]")
    handles = [
        Line2D(
            [],
            [],
            color=style.COLOURS[colour],
            marker=marker,
            markersize=3.5,
            label=DENSITY_MODELS[name],
        )
        for name, (colour, marker, _) in MODELS.items()
    ]
    handles += [
        Line2D([], [], color=style.GREY, linestyle="--", linewidth=0.8, label="held-out codes"),
    ]
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 4 if columns > 1 else 3)
    return figure


def _panel(axes, tables, run):
    from dmvi.figures import style

    shown, gaps = [], []
    for name, (colour, marker, _) in MODELS.items():
        values, curve = _read(tables, run, name)
        share = curve["step"] / max(1, curve["step"].max())
        look = {
            **{"color": style.COLOURS[colour], "marker": marker, "markersize": 3.5},
            "markevery": max(1, len(curve) // 5),
        }
        missing = {key: values["log_q"] - curve[key] for key in ("log_r", "heldout_log_r")}
        axes.plot(share, missing["log_r"], **look)
        axes.plot(
            share, missing["heldout_log_r"], linestyle="--", linewidth=0.8, markerfacecolor="white",
            markeredgewidth=0.7, **look,
        )  # fmt: skip
        shown += [value for held in missing.values() for value in held]
        gaps.append(number(values["gap"]))
    nats_axis(axes.yaxis, [max(value, FLOOR) for value in shown], FLOOR / 2)
    axes.set_title(f"{axes.get_title()}\nin the end {', '.join(gaps)}", linespacing=1.2)
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlabel("share of the fitting")
