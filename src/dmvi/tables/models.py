"""The compared models: their order and titles, as far as their files declare them."""

from dmvi.study.declarations import declared_models

# The paper's models in a fixed order; others follow in the order of their names.
ORDER = (
    *("vae", "beta_vae", "aae", "avb", "avb_ac"),
    *("veegan", "vgh", "vgh_plus_plus", "dcgan", "wgan_gp"),
)
HYBRIDS = ("aae", "avb", "avb_ac", "veegan", "vgh", "vgh_plus_plus")
GANS = ("dcgan", "wgan_gp")


def model_title(model: str) -> str:
    """What the model's file calls it; its name where this installation has no such model."""
    return declared_models().get(model, {}).get("title", model)


def model_rank(model: str) -> tuple[int, str]:
    """Sorts the paper's models in their own order and others behind them, by name."""
    return (ORDER.index(model), "") if model in ORDER else (len(ORDER), str(model))


def in_order(models) -> list[str]:
    """Distinct models, in the order in which figures show them."""
    return sorted(set(models), key=model_rank)
