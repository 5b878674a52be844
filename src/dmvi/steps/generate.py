"""Samples and reconstructions of a trained model, and two plain numbers about them."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.metrics.sliced_wasserstein import sliced_wasserstein
from dmvi.steps.trained import decode_images, input_batches, load_model, to_images
from dmvi.training.reproducibility import choose_device, set_up


def generate(
    model_path: Path, data: Path, settings: dict[str, Any], seed: int, output: Path, device: str
) -> None:
    """Writes pictures and `quality.json` into the folder `output`.

    Reconstructions are decoded from one z ~ q(z|x) of test images; the mean squared error is per
    pixel and channel, pixels in [0, 1]. The sliced Wasserstein distance of prior samples to test
    images stands beside that of training images to test images, its floor.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    test, train = dataset.split("test"), dataset.split("train")
    count = min(settings["images"], len(test), len(train))
    originals = test[:count]
    reconstructions, squared = [], 0.0
    for _, x in input_batches(originals, chosen):
        mean = model.decode(model.posterior(model.encode(x)).rsample())
        squared += (mean - x).double().square().sum().item()
        reconstructions.append(to_images(mean))
    samples = decode_images(model, torch.randn(count, model.spec["latent_dim"]))
    grid = settings["grid"]
    files.write_array(output / "samples.npy", samples[:grid])
    files.write_array(output / "originals.npy", np.array(originals[:grid]))
    files.write_array(output / "reconstructions.npy", np.concatenate(reconstructions)[:grid])
    files.write_json(
        output / "quality.json",
        {
            "reconstruction_mse": squared / originals.size,
            "n_reconstructions": count,
            "sliced_wasserstein": sliced_wasserstein(samples, originals, seed=seed),
            "sliced_wasserstein_floor": sliced_wasserstein(train[:count], originals, seed=seed),
            "n_samples": count,
        },
    )
