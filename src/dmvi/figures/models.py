"""How the compared models look in figures, by their kind."""

from collections.abc import Iterable

from dmvi.study.declarations import declared_models
from dmvi.tables.models import in_order, model_title

# Kind of model -> what to call it, index of its colour in style.COLOURS, marker.
LOOKS = {"vae": ("VAEs", 0, "o"), "hybrid": ("hybrids", 3, "s"), "gan": ("GANs", 2, "^")}
OTHER = ("other models", 7, "D")


def look(model: str) -> tuple[str, int, str]:
    """(kind in words, index of its colour, marker) of a model."""
    return LOOKS.get(declared_models().get(model, {}).get("kind"), OTHER)


def budget(runs: Iterable) -> str:
    """ "1,500 × 64": training steps × width that runs share, or the several that they have."""
    return ", ".join(dict.fromkeys(run.budget_text for run in runs))


def budgets(runs: Iterable) -> str:
    """ "VAE 200 × 16, AAE 120 × 16", or "200 × 16" where all models have the same."""
    runs = list(runs)
    if len({run.budget for run in runs}) == 1:
        return budget(runs)
    models = in_order(run.model for run in runs)
    return ", ".join(
        f"{model_title(model)} {budget(run for run in runs if run.model == model)}"
        for model in models
    )
