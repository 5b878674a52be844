"""Figure 21: density models of q(z) along their fitting, against the bound E log q(z)."""

from dmvi.figures.base import cells, span
from dmvi.figures.density_tables import number
from dmvi.tables.latent_densities import DENSITY_MODELS

# Name -> index of the colour, marker, what a step of its fitting is.
MODELS = {
    "gmm": (0, "o", "EM iterations"),
    "maf": (1, "s", "gradient steps"),
    "lstm": (2, "^", "gradient steps"),
}
TITLE = "Density models of the aggregate posterior q(z), along fitting"
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
    "E log r(z) over codes of q(z), for three models r of q(z); dashed: over codes of test images. "
    "No model can exceed the bound E log q(z) in expectation: what is missing is KL(q(z)‖r(z)), "
    "and the KL to the prior that is read off the model is too small by as much. The bound is the "
    "mixture of the training images' posteriors, which held-out codes need not come near."
)

EARLY = 0.1  # share of the fitting that the y axes need not show
HELDOUT_GAPS = 3.0  # below the bound, from which on a held-out line is named, not shown


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
        f"{', '.join(totals)}. Gap: final E log q(z) − log r(z), standard error at most "
        f"{error:.1g} nats. The y axes leave out the first {EARLY:.0%} of the fitting where they "
        "would flatten the rest."
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
            axes.set_ylabel("E log r(z)  [nats]")
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
        Line2D([], [], color="black", linewidth=1.6, label="bound E log q(z)"),
    ]
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 5 if columns > 1 else 3)
    return figure


def _panel(axes, tables, run):
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    from dmvi.figures import style

    found = {name: _read(tables, run, name) for name in MODELS}
    bound = sum(values["log_q"] for values, _ in found.values()) / len(found)
    axes.axhline(bound, color="black", linewidth=1.6)
    shown, outside, gaps = [bound], [], []
    depth = max(bound - values["log_r"] for values, _ in found.values())
    for name, (colour, marker, _) in MODELS.items():
        title = DENSITY_MODELS[name]
        values, curve = found[name]
        share = curve["step"] / max(1, curve["step"].max())
        look = {
            **{"color": style.COLOURS[colour], "marker": marker, "markersize": 3.5},
            "markevery": max(1, len(curve) // 5),
        }
        axes.plot(share, curve["log_r"], **look)
        axes.plot(
            share, curve["heldout_log_r"], linestyle="--", linewidth=0.8, markerfacecolor="white",
            markeredgewidth=0.7, **look,
        )  # fmt: skip
        late = share >= EARLY
        shown += [*curve["log_r"][late], values["log_r"]]
        if values["heldout"] >= bound - HELDOUT_GAPS * max(depth, 1.0):
            shown.append(values["heldout"])
        else:
            outside.append(f"{title}\u00a0{number(values['heldout'])}")
        gaps.append(f"{title}\u00a0{number(values['gap'])}")
    text = f"gap: {', '.join(gaps)}"
    if outside:
        text += "\nheld-out far below: " + ", ".join(outside)
    # Nothing exceeds the bound but for noise, so that is where the text goes.
    text = style.wrap(text, 1.85, style.TEXT)
    room = (max(shown) - min(shown)) or 1.0
    lines = text.count("\n") + 1
    axes.set_ylim(min(shown) - 0.06 * room, max(shown) + (0.06 + 0.09 * lines) * room)
    axes.text(0.98, 0.99, text, ha="right", va="top", transform=axes.transAxes, linespacing=1.15)
    axes.set_xlim(0, 1.02)
    axes.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    axes.set_xlabel("share of the fitting")
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.6g}".replace("-", "−")))
