"""Trained models and their posteriors, as the steps after training need them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmvi.data.images import to_unit
from dmvi.distributions.posteriors import GaussianFamily, TractablePosterior
from dmvi.errors import DmviError
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture, TractableMixture
from dmvi.models import Model, make_model
from dmvi.training import checkpoint

# Small enough for the 256-way likelihood: 100 MB of logits at 32 x 32.
EVALUATION_BATCH = 128


def load_model(path: Path, device: torch.device) -> Model:
    """The model of a `model.pt` in evaluation mode (running batch-norm averages), without gradients."""
    saved = checkpoint.load(path)
    model = make_model(json.loads(saved["spec"]), tuple(saved["image_shape"]))
    try:
        model.load_state_dict(saved["model"])
    except RuntimeError:
        raise DmviError(
            f"{path} holds other networks than this version of the code builds; delete it to train anew"
        ) from None
    return model.to(device).eval().requires_grad_(False)


def open_posterior(path: Path) -> np.ndarray:
    """The parameters of a `posterior.npy` (N, P) as a private memory map: on a CPU, mixtures read it
    tile by tile, so that those of 10,000 latents need not fit in memory."""
    return np.load(path, mmap_mode="c")


def tractable_posterior(model: Model) -> TractablePosterior:
    """The model's posterior, if it has a density.

    Raises:
        DmviError: it has none (its codes can be classified, but their q(z) not be evaluated).
    """
    posterior = getattr(model, "posterior", None)
    if not isinstance(posterior, TractablePosterior):
        raise DmviError(
            f"the model {model.spec['model']!r} has no posterior with a density, so its q(z) has no "
            "Monte Carlo estimate"
        )
    return posterior


def posterior_mixture(
    model: Model, parameters: np.ndarray, device: torch.device
) -> TractableMixture:
    """q(z) = 1/N sum_n q(z|x_n) of posterior parameters (N, P), such as `open_posterior` gives.

    Raises:
        DmviError: the model's posterior has no density.
    """
    posterior = tractable_posterior(model)
    values = torch.from_numpy(parameters).to(device)
    if isinstance(posterior, GaussianFamily):
        return GaussianMixture.from_parameters(values)
    return FlowMixture(posterior, values)


def to_input(images: np.ndarray, device: torch.device) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) in [0, 1]."""
    return to_unit(torch.from_numpy(np.array(images)).to(device))


def to_images(x: Tensor) -> np.ndarray:
    """float (B, C, H, W) in [0, 1] to uint8 (B, H, W, C), rounded."""
    return (x * 255.0).round().clamp(0, 255).byte().permute(0, 2, 3, 1).cpu().numpy()


def input_batches(
    images: np.ndarray, device: torch.device, size: int = EVALUATION_BATCH
) -> Iterator[tuple[slice, Tensor]]:
    """(rows, x) over all images; only one batch is read from the memory map at a time."""
    for start in range(0, len(images), size):
        rows = slice(start, min(start + size, len(images)))
        yield rows, to_input(images[rows], device)


def decode_images(
    model: Model, latents: np.ndarray | Tensor, size: int = EVALUATION_BATCH
) -> np.ndarray:
    """Mean images uint8 (m, H, W, C) of latents (m, d), batch by batch."""
    device = next(model.parameters()).device
    z = torch.as_tensor(latents, dtype=torch.float32, device=device)
    return np.concatenate([to_images(model.decode(part)) for part in z.split(size)])
