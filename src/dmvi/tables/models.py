"""The compared models: their order and titles, as far as their files declare them."""

from collections.abc import Iterable

from dmvi.study.declarations import declared_models, lineage

PAPER = "dmvi"
KINDS = ("vae", "hybrid", "gan")  # in the order in which figures show them


def model_title(model: str) -> str:
    """What the model's file calls it; its name where this installation has no such model."""
    return declared_models().get(model, {}).get("title", model)


def model_rank(model: str) -> tuple[int, int, tuple[str, ...]]:
    """Sorts the paper's models first, then others, then those that this installation has not.

    Within each: VAEs, hybrids, GANs, by name, but a model behind the one that it extends.
    """
    declared = declared_models().get(model)
    if declared is None:
        return 2, 0, (str(model),)
    kind = KINDS.index(declared["kind"]) if declared["kind"] in KINDS else len(KINDS)
    return int(declared["paper"] != PAPER), kind, lineage(model)


def in_order(models: Iterable[str]) -> list[str]:
    """Distinct models, in the order in which figures show them."""
    return sorted(set(models), key=model_rank)


def shown_models(study: Iterable[str]) -> list[str]:
    """The paper's models and those that a study runs, in order."""
    own = [model for model in study if model in declared_models()]
    return in_order([*ORDER, *own])


# The models that the paper compares, and those of them that its claims call hybrids and GANs.
ORDER = tuple(in_order(name for name, own in declared_models().items() if own["paper"] == PAPER))
HYBRIDS = tuple(name for name in ORDER if declared_models()[name]["kind"] == "hybrid")
GANS = tuple(name for name in ORDER if declared_models()[name]["kind"] == "gan")
