"""What the files of likelihoods and posteriors declare, read without importing them (or torch)."""

from functools import cache
from pathlib import Path
from typing import Any

from dmvi.declared import check_keys, declarations, short
from dmvi.errors import DmviError

_LIKELIHOODS = Path(__file__).parent / "likelihoods"
_POSTERIORS = Path(__file__).parent / "posteriors"


@cache
def declared_likelihoods() -> dict[str, dict[str, Any]]:
    """Name -> declaration of every likelihood, by `order` and name.

    class, title: of its class; in figures.
    outputs_per_channel: maps that the decoder emits for each channel of the image.
    normalised: whether the probabilities of a pixel's 256 values sum to 1, or to less.
    operations: element-wise ones on each output in a training, for the cost model.
    mean_operations: the same in the mean image; 0, as for most, where they are few.
    options: keys of a run that belong to it, each with its JSON schema; its class takes them by these
        names. They have no defaults: a run that does not set one has no such key, so that an option can be
        added without making other runs of the finished ones.

    Raises:
        DmviError: a file lacks one of these, or has another.
    """
    found = declarations(_LIKELIHOODS)
    for name, declared in found.items():
        required = ("class", "title", "outputs_per_channel", "normalised", "operations")
        check_keys(_LIKELIHOODS, name, declared, required, ("mean_operations", "options"))
        if any("default" in rules for rules in declared.get("options", {}).values()):
            raise DmviError(
                f"{short(_LIKELIHOODS / name)}.py: a likelihood's option has no default"
            )
    absent = {"mean_operations": 0, "options": {}}
    return {name: {**absent, **declared} for name, declared in found.items()}


@cache
def declared_posteriors() -> dict[str, dict[str, Any]]:
    """Name -> declaration of every posterior, by `order` and name.

    class, title: of its class; in figures.
    tractable: whether it has a density, so that q(z) has a Monte Carlo estimate.
    gaussian: whether it is a diagonal Gaussian, whose mixture is one matrix product; the density of
        any other mixture takes a pass per pair of point and component.
    outputs_per_latent, or outputs: numbers that the encoder emits per latent, or in all.
    least_latent_dim: fewer latents are refused; 1 if not given.
    options: keys of a run that belong to it, each with its JSON schema and default.
    arguments: argument of its class -> key of the run that gives it.
    network: the formula of its own network's size (`dmvi.costs.sizes`), if it has one.

    Raises:
        DmviError: a file lacks one of these, or has another.
    """
    found = declarations(_POSTERIORS)
    for name, declared in found.items():
        outputs = "outputs" if "outputs" in declared else "outputs_per_latent"
        required = ("class", "title", "tractable", "gaussian", outputs)
        optional = ("least_latent_dim", "options", "arguments", "network")
        check_keys(_POSTERIORS, name, declared, required, optional)
    absent = {"least_latent_dim": 1, "options": {}, "arguments": {}, "network": None}
    return {name: {**absent, **declared} for name, declared in found.items()}


def tractable(posterior: str | None) -> bool:
    """Whether a posterior has a density; no posterior has none."""
    return declared_posteriors().get(posterior, {}).get("tractable", False)


def pairwise(posterior: str | None) -> bool:
    """Whether log q(z) takes a pass through the posterior's network per pair of point and component."""
    return tractable(posterior) and not declared_posteriors()[posterior]["gaussian"]
