"""Reconstructions of test images by a trained model that encodes."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.scores.sharpness import sharpness
from dmvi.steps.trained import input_batches, load_model, to_images
from dmvi.training.reproducibility import choose_device, set_up


@torch.no_grad()
def reconstruct(
    model_path: Path, data: Path, settings: dict[str, Any], seed: int, output: Path, device: str
) -> None:
    """Writes originals.npy, reconstructions.npy and quality.json into the folder `output`.

    The first `settings["images"]` test images (all, if there are fewer) are decoded from one z ~ q(z|x)
    each; pictures of the first `settings["grid"]` are kept. The mean squared error is per pixel and
    channel, pixels in [0, 1], before rounding to 8 bits.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    originals = np.array(open_dataset(data).split("test")[: settings["images"]])
    reconstructions, squared = [], 0.0
    for _, x in input_batches(originals, chosen):
        mean = model.decode(model.codes(x))
        squared += (mean - x).double().square().sum().item()
        reconstructions.append(to_images(mean))
    reconstructed = np.concatenate(reconstructions)
    grid = settings["grid"]
    files.write_array(output / "originals.npy", originals[:grid])
    files.write_array(output / "reconstructions.npy", reconstructed[:grid])
    files.write_json(
        output / "quality.json",
        {
            "reconstruction_mse": squared / originals.size,
            "n_reconstructions": len(originals),
            "sharpness_originals": float(sharpness(originals).mean()),
            "sharpness_reconstructions": float(sharpness(reconstructed).mean()),
        },
    )
