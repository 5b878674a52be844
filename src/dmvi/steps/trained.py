"""Trained models and their posteriors, as the steps after training need them."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmvi import files
from dmvi.data.images import to_unit
from dmvi.distributions.posteriors import GaussianFamily, TractablePosterior
from dmvi.errors import DmviError
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture, TractableMixture
from dmvi.files import remake
from dmvi.models import Model, make_model
from dmvi.models.model import EncodingModel
from dmvi.training import checkpoint

# Small enough for the 256-way likelihood: 100 MB of logits at 32 x 32.
EVALUATION_BATCH = 128


def load_model(path: Path, device: torch.device) -> Model:
    """The model of a `model.pt` in evaluation mode (running batch-norm averages), without gradients."""
    saved = checkpoint.load(path)
    try:
        spec, shape = json.loads(saved["spec"]), tuple(saved["image_shape"])
        weights = saved["model"]
        spec["model"], spec["latent_dim"]
    except (KeyError, TypeError, ValueError) as error:
        raise DmviError(
            f"{path} holds no trained model ({type(error).__name__}: {error}); {remake(path)}"
        ) from None
    model = make_model(spec, shape)
    try:
        model.load_state_dict(weights)
    except (RuntimeError, TypeError, AttributeError):
        raise DmviError(
            f"{path} holds other networks than this version of the code builds; {remake(path)}"
        ) from None
    return model.to(device).eval().requires_grad_(False)


def load_encoder(path: Path, device: torch.device) -> EncodingModel:
    """The same of a model with an encoder.

    Raises:
        DmviError: it has none.
    """
    model = load_model(path, device)
    if not isinstance(model, EncodingModel):
        raise DmviError(
            f"{path} holds a {model.spec['model']!r} model, which has no encoder and so no codes; "
            "choose a run whose model has one"
        )
    return model


# What `encode` writes beside its arrays: their SHA-256, by name.
DIGESTS = "encoded.json"


def open_posterior(path: Path, rows: int | None = None) -> np.ndarray:
    """The parameters of a `posterior.npy` (N, P) as a private memory map: on a CPU, mixtures read it
    tile by tile, so that those of 10,000 latents need not fit in memory.

    Raises:
        DmviError: as `open_encoded`.
    """
    return open_encoded(path, rows, "c")


def open_encoded(path: Path, rows: int | None = None, mode: str = "r") -> np.ndarray:
    """An array that `encode` wrote, as a memory map.

    Args:
        path: of `posterior.npy` or `codes.npy`.
        rows: N that it must have, if it is known.

    Raises:
        DmviError: it is missing, cut, of another shape, or not the bytes that were written; by their
            SHA-256 in `encoded.json`, where there is one. That reads 0.5 to 2 GB/s.
    """
    try:
        array = np.load(path, mmap_mode=mode, allow_pickle=False)
    except FileNotFoundError:
        raise DmviError(f"{path} does not exist; encode the data set first") from None
    except (OSError, ValueError, EOFError) as error:
        raise DmviError(f"{path} is truncated or damaged ({error}); {remake(path)}") from None
    good = isinstance(array, np.ndarray) and array.ndim == 2 and array.dtype == np.float32
    if not good or rows not in (None, len(array)):
        found = f"{getattr(array, 'dtype', '?')} {getattr(array, 'shape', '?')}"
        raise DmviError(
            f"{path} holds {found}, not a row of float32 for each of {rows or 'the'} images; "
            f"{remake(path)}"
        )
    written = path.with_name(DIGESTS)
    if written.exists():
        digests = files.read_json(written)
        if digests.get(path.name) != files.sha256(path):
            raise DmviError(
                f"{path} is not what was written (its SHA-256 is not that in {written.name}); "
                f"{remake(path)}"
            )
    return array


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


def model_batches(
    model: Model, images: np.ndarray, device: torch.device
) -> Iterator[tuple[slice, Tensor]]:
    """`input_batches` as the model has learnt them: of a run with `binarize: true` every grey pixel is
    one frozen draw of 0 or 1, the same whenever the same images come; binary pixels stay as they are."""
    for rows, x in input_batches(images, device):
        if model.spec.get("binarize", False):
            generator = torch.Generator().manual_seed(rows.start)
            x = (torch.rand(x.shape, generator=generator).to(device) < x).float()
        yield rows, x


def decode_images(
    model: Model, latents: np.ndarray | Tensor, size: int = EVALUATION_BATCH
) -> np.ndarray:
    """Mean images uint8 (m, H, W, C) of latents (m, d), batch by batch."""
    device = next(model.parameters()).device
    z = torch.as_tensor(latents, dtype=torch.float32, device=device)
    return np.concatenate([to_images(model.decode(part)) for part in z.split(size)])
