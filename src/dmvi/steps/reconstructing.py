"""Reconstructions of test images by a trained model that encodes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from dmvi.data.dataset import Dataset
from dmvi.models import Model
from dmvi.models.model import EncodingModel
from dmvi.scores.functions.sharpness import sharpness
from dmvi.steps.trained import input_batches, to_images


@torch.no_grad()
def reconstructed(model: Model, dataset: Dataset, settings: dict[str, Any]) -> dict[str, Any]:
    """originals.npy, reconstructions.npy and quality.json by name.

    The first `settings["images"]` test images (all, if there are fewer) are decoded from one z ~ q(z|x)
    each; pictures of the first `settings["grid"]` are kept. The mean squared error is per pixel and
    channel, pixels in [0, 1], before rounding to 8 bits. Takes torch's global random numbers. A model
    without an encoder has no
    reconstructions: the arrays have no rows then, and the numbers are null.
    """
    originals = np.array(dataset.split("test")[: settings["images"]])
    grid = settings["grid"]
    if not isinstance(model, EncodingModel):
        nothing = originals[:0]
        quality = dict.fromkeys(("reconstruction_mse", "sharpness_reconstructions"))
        quality |= {"n_reconstructions": 0, "sharpness_originals": None}
        return {"originals.npy": nothing, "reconstructions.npy": nothing, "quality.json": quality}
    parts, squared = [], 0.0
    for x, mean in decoded(model, originals):
        squared += (mean - x).double().square().sum().item()
        parts.append(to_images(mean))
    images = np.concatenate(parts)
    return {
        "originals.npy": originals[:grid],
        "reconstructions.npy": images[:grid],
        "quality.json": {
            "reconstruction_mse": squared / originals.size,
            "n_reconstructions": len(originals),
            "sharpness_originals": float(sharpness(originals).mean()),
            "sharpness_reconstructions": float(sharpness(images).mean()),
        },
    }


@torch.no_grad()
def decoded(model: EncodingModel, originals: np.ndarray) -> Iterator[tuple[Tensor, Tensor]]:
    """Images, uint8 (N, H, W, C), in batches as the model takes them, with what it decodes from one
    z ~ q(z|x) each. Takes torch's global random numbers."""
    for _, x in input_batches(originals, next(model.parameters()).device):
        yield x, model.decode(model.codes(x))
