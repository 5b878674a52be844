"""Estimates of KL(q(z)‖p(z)) as figures read and print them; and tables 1 and 2, their sensitivity."""

import math

from dmvi.claims.decide import plus_minus
from dmvi.claims.published import beside
from dmvi.tables.latent_densities import classifier_estimates

# A classifier's settings: heading of the column, and the words that explain it in the footer.
SETTINGS = {
    "layers": ("layers", "layers"),
    "width": ("width", "units per layer"),
    "iterations": ("steps", "training steps"),
    "batch_size": ("batch", "codes per step"),
    "learning_rate": ("rate", "learning rate"),
    "gradient_penalty": ("penalty", "weight of the gradient penalty"),
    "activation_noise": ("noise", "sd added to hidden activations while training"),
    "dropout": ("dropout", "dropout probability"),
}
COLUMNS = 5  # settings that have a column each; more are printed as text in one
HUGE = 1e7  # nats that are written with an exponent
STRETCH = 20.0  # an axis turns logarithmic if it reaches so many times the Monte Carlo value


def number(value: float) -> str:
    """A number of nats: "2.31", "256.7", "25,813", "7.20e+08"."""
    size = abs(value)
    if size >= HUGE:
        return f"{value:.2e}".replace("-", "−")
    digits = 2 if size < 100 else 1 if size < 1000 else 0
    return f"{value:z,.{digits}f}".replace("-", "−")


def with_error(value: float, error: float) -> str:
    """ "2.31 ± 0.02": a value and its standard error."""
    if abs(value) >= HUGE:
        return f"{number(value)} ± {number(error)}"
    return plus_minus(value, error)


def stretched_axis(axes, values, reference: float) -> bool:
    """Makes the y axis symmetric-logarithmic if values go far beyond a reference; True if so."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    unit = max(1.0, abs(reference))
    largest = max(map(abs, values))
    if largest <= STRETCH * unit:
        return False
    start = 10 ** math.floor(math.log10(unit))  # linear below
    decades = math.ceil(math.log10(largest / start))
    stride = -(-decades // 4)
    ticks = [start * 10**k for k in range(0, decades + 1, stride)]
    down = [-tick for tick in ticks] if min(values) < -start else []
    axes.set_yscale("symlog", linthresh=start)
    axes.set_yticks([*down, 0, *ticks])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}".replace("-", "−")))
    axes.yaxis.set_minor_locator(NullLocator())
    return True


# --- tables 1 and 2 ---


def draw_sensitivity(tables, name: str):
    """A row per setting of the classifier with the paper's value beside it, a block of rows per run."""
    from dmvi.figures.print_table import print_table

    varying, _ = _settings(tables, name)
    heads = [SETTINGS[key][0] for key in varying] if len(varying) <= COLUMNS else ["setting"]
    # The widest column takes the room that is left, which parts settings from results here.
    results = ["classifier's estimate", "paper", "error", "held-out", "calibration", "accuracy"]
    header = [*heads, *results]
    rows: list[list[str] | str] = []
    for run in tables.runs:
        kl = tables.json(run, run.seeds[0], "kl.json")
        value = with_error(kl["value"], kl["standard_error"])
        rows.append(f"{tables.heading(run)}: Monte Carlo {value}\u00a0nats")
        entries = classifier_estimates(tables, run, run.seeds[0], name)
        published = beside(name, [entry["settings"] for entry in entries])
        for entry, row in zip(entries, published, strict=True):
            settings = [_text(entry["settings"].get(key)) for key in varying]
            if len(heads) < len(varying):
                pairs = zip(varying, settings, strict=True)
                settings = [", ".join(f"{SETTINGS[key][0]}\u00a0{value}" for key, value in pairs)]
            held = entry["heldout"]
            rows.append(
                [
                    *settings,
                    with_error(entry["value"], entry["standard_error"]),
                    "–" if row is None else f"{row.value:,.1f}",
                    number(entry["value"] - kl["value"]),
                    with_error(held["value"], held["standard_error"]),
                    f"{entry['calibration_error']:.3f}",
                    f"{entry['accuracy']:.3f}",
                ]
            )
    return print_table(header, rows, right=tuple(range(len(heads), len(header))))


def sensitivity_sizes(tables, name: str) -> str:
    from dmvi.figures.base import span

    entries = [
        e for run in tables.runs for e in classifier_estimates(tables, run, run.seeds[0], name)
    ]
    kls = [tables.json(run, run.seeds[0], "kl.json") for run in tables.runs]
    varying, constant = _settings(tables, name)
    explained = [", ".join(SETTINGS[k]) for k in varying if SETTINGS[k][0] != SETTINGS[k][1]]
    alike = [f"{SETTINGS[key][1]} {text}" for key, text in constant.items()]
    text = (
        f"In nats, ± standard error: E log q(z)/p(z) by the classifier on "
        f"{span([e['n'] for e in entries])} fresh z of q(z); held-out: on "
        f"{span([e['heldout']['n'] for e in entries])} codes of test images; error: estimate less "
        "Monte Carlo, whose value is from "
        f"{span([kl['n'] for kl in kls])} z, N = {span([kl['components'] for kl in kls])}. "
        "Calibration: mean distance of the classifier's probability from the observed share, and "
        "accuracy: both on held-out codes against the prior. One training per setting."
    )
    if explained:
        text += f" Columns: {'; '.join(explained)}."
    if alike:
        text += f" All settings: {', '.join(alike)}."
    return (
        f"{text} Paper: its value in the row with the same rate (table 2), noise, penalty and "
        "dropout switched on, as far as they survive; rows that agree in these differ in their "
        "layers, which are lost, and stand in its order. Strengths and steps are lost too."
    )


def _settings(tables, name: str) -> tuple[list[str], dict[str, str]]:
    """The settings that differ between entries, and what the others are, in words."""
    entries = [
        e for run in tables.runs for e in classifier_estimates(tables, run, run.seeds[0], name)
    ]
    values = {key: {_text(e["settings"].get(key)) for e in entries} for key in SETTINGS}
    varying = [key for key, held in values.items() if len(held) > 1] or ["layers"]
    constant = {
        key: next(iter(held))
        for key, held in values.items()
        if key not in varying and held != {"–"}
    }
    return varying, constant


def _text(value) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
