"""How the ELBO and InfoVAE's objectives look, and panels of a number against the latent size."""

from collections.abc import Callable, Sequence

from dmvi.tables.objectives import ADVERSARIAL, ELBO, MMD, OBJECTIVES, STEIN

# Index of the colour in style.COLOURS, marker.
LOOKS = {ELBO: (0, "o"), MMD: (1, "s"), STEIN: (2, "^"), ADVERSARIAL: (3, "D")}


def colour(model: str) -> str:
    from dmvi.figures import style

    return style.COLOURS[LOOKS[model][0]]


def objective_handles(models: Sequence[str]) -> list:
    """Legend entries of the objectives, in their order."""
    from matplotlib.lines import Line2D

    return [
        Line2D(
            [], [], color=colour(model), marker=LOOKS[model][1], linestyle="", markersize=4.5,
            label=OBJECTIVES[model],
        )
        for model in OBJECTIVES
        if model in models
    ]  # fmt: skip


def against_latent_size(
    axes, runs: Sequence, values: Callable, hollow: bool = False, label_below: bool = True
) -> list[float]:
    """Draws every seed of every run over its latent size, objectives side by side; the numbers drawn.

    Args:
        values: run -> one number per seed, or None where there is none.
        hollow: markers without filling.
    """
    sizes = sorted({run.latent_dim for run in runs})
    models = [model for model in OBJECTIVES if any(run.model == model for run in runs)]
    width = 0.8 / len(models)
    drawn: list[float] = []
    for run in runs:
        found = values(run)
        if found is None:
            continue
        x = sizes.index(run.latent_dim) + (models.index(run.model) - (len(models) - 1) / 2) * width
        count = len(found)
        spots = [x + (i - (count - 1) / 2) * 0.7 * width / max(count, 2) for i in range(count)]
        own = colour(run.model)
        axes.hlines(
            sum(found) / count, x - 0.42 * width, x + 0.42 * width, color=own, linewidth=1.4
        )
        axes.plot(
            spots, found, LOOKS[run.model][1], markersize=3.4, linestyle="",
            color="white" if hollow else own, markeredgecolor=own if hollow else "black",
            markeredgewidth=0.8 if hollow else 0.3, zorder=3,
        )  # fmt: skip
        drawn += found
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.set_xticks(range(len(sizes)), [f"{size}" for size in sizes])
    if label_below:
        axes.set_xlabel("latent size d")
    return drawn


def signed_log(axes, threshold: float, values: Sequence[float]) -> None:
    """A y axis for these values: linear around 0 up to a threshold > 0, logarithmic beyond it."""
    import math

    axes.set_yscale("symlog", linthresh=threshold)
    high, low = max([threshold, *values]), min([-threshold, *values])
    axes.set_ylim(1.5 * low, 2.0 * high)
    first, last = math.ceil(math.log10(threshold)), math.floor(math.log10(2.0 * high))
    ticks = [0.0, *(10.0**k for k in range(first, last + 1))]
    axes.set_yticks(ticks, ["0", *(f"1e{k}" for k in range(first, last + 1))], minor=False)
    axes.minorticks_off()
