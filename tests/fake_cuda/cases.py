"""Small trainings of everything that is declared, for the tests of a GPU, pretended or real."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from dmvi.data.registry import BUILDERS
from dmvi.models import make_model
from dmvi.models.model import Model
from dmvi.study.declarations import declared_models
from dmvi.training.engine import make_optimizers
from dmvi.training.iteration import Iteration
from dmvi.training.sampler import Sampler

# One of each size of image that a data set is declared with: networks differ by it.
SHAPES = {shape[0]: shape for shape in sorted({b.image_shape for b in BUILDERS.values()})}
SMALLEST = min(size for size in SHAPES if size > 1)  # with convolutions
SMALL = {"latent_dim": 6, "width": 8, "flow_transforms": 2, "flow_hidden": [8]}
# Where the defaults are the paper's sizes.
SMALLER = {"code_width": 8, "noise_dim": 3, "critic_steps": 2}
FITTED = {
    **{"adam_betas": [0.5, 0.9], "learning_rate": 1e-3, "precision": "float32"},
    **{"iterations": 4, "log_every": 2, "batch_size": 4},
}


def variants() -> Iterator[dict[str, Any]]:
    """A spec of every model under each of its posteriors and likelihoods."""
    for name, declared in declared_models().items():
        options = {key: rules["default"] for key, rules in declared["options"].items()}
        smaller = {key: value for key, value in SMALLER.items() if key in options}
        for posterior in declared.get("posteriors", [None]):
            for likelihood in declared.get("likelihoods", [None]):
                yield {
                    **SMALL,
                    **FITTED,
                    **options,
                    **smaller,
                    **{"model": name, "posterior": posterior, "likelihood": likelihood},
                }


def models() -> dict[str, dict[str, Any]]:
    """Model -> the spec of its first variant."""
    return {spec["model"]: spec for spec in reversed(list(variants()))}


def everything() -> Iterator[tuple[dict[str, Any], int, bool]]:
    """(spec, size of image, whether it is of the quick half) of every variant at every size.

    Quick are all at the smallest size; at the others every model once, and the VAE in all its kinds.
    """
    first = models()
    for size in SHAPES:
        for spec in variants():
            one = spec == first[spec["model"]] or spec["model"] == "vae"
            yield spec, size, size == SMALLEST or one


def identify(spec: dict[str, Any]) -> str:
    return "-".join(str(spec[key]) for key in ("model", "posterior", "likelihood"))


def noise(shape: tuple[int, int, int], count: int = 16) -> np.ndarray:
    """Images without any structure, uint8 (count, H, W, C)."""
    return np.random.default_rng(0).integers(0, 256, (count, *shape), np.uint8)


def started(
    spec: dict[str, Any], shape: tuple[int, int, int], device: torch.device | str, **options: Any
) -> tuple[Model, Iteration]:
    """A model with its first weights on a device, and its iteration."""
    torch.manual_seed(3)
    model = make_model(spec, shape).to(device).train()
    players = model.players()
    sampler = Sampler(noise(shape), spec["batch_size"], 0, torch.device(device), **options)
    return model, Iteration(players, make_optimizers(players, spec), sampler, spec["precision"])
