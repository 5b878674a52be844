"""Encodes every image of a data set: posterior parameters, and one code each."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch
from numpy.lib.format import open_memmap
from torch import Tensor

from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.files import atomic_path
from dmvi.models.model import EncodingModel
from dmvi.steps.trained import input_batches, load_model
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {},
    "gpu": True,
    "resumes": False,
}


def cost(costs, run):
    """One pass over all images; their posteriors and codes on the disk."""
    gpus = costs.gpus_of(run)
    work, parameters, codes = costs.encoded(run)
    disk = parameters + codes
    memory = disk + costs.model_mb(run) + costs.all_images_mb(run)
    return costs.cost(costs.seconds(work, gpus), memory, disk, gpus)


def encode(
    model_path: Path, data: Path, seed: int, posterior_path: Path, codes_path: Path, device: str
) -> None:
    """Writes float32 posterior parameters (N, P) and codes z_i ~ q(z|x_i) (N, d), in image order.

    Batch by batch to the disk: with 10,000 latents the arrays of a large data set do not fit in
    memory.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    if not isinstance(model, EncodingModel):
        raise DmviError(f"{model_path} is a {model.spec['model']}, which has no encoder")
    images = open_dataset(data).images
    with atomic_path(posterior_path) as parameters_file, atomic_path(codes_path) as codes_file:
        posteriors = codes = None
        for rows, parameters in posterior_batches(model, images, chosen, model_path):
            z = model.sample_posterior(parameters).cpu().numpy()
            parameters = parameters.cpu().numpy()
            if posteriors is None:
                shape = (len(images), parameters.shape[1])
                posteriors = open_memmap(parameters_file, "w+", np.float32, shape)
                codes = open_memmap(codes_file, "w+", np.float32, (len(images), z.shape[1]))
            posteriors[rows], codes[rows] = parameters, z
        posteriors.flush()
        codes.flush()


@contextmanager
def encoded(
    model: EncodingModel, images: np.ndarray, device: torch.device, model_path: Path, folder: Path
) -> Iterator[np.ndarray]:
    """The posterior parameters float32 (N, P) of all images, for the duration of the block.

    They lie in a nameless file in `folder`, because those of 10,000 latents do not fit in memory; it
    is gone when the process ends, however it dies.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as file:
        posteriors = None
        for rows, parameters in posterior_batches(model, images, device, model_path):
            if posteriors is None:
                shape = (len(images), parameters.shape[1])
                posteriors = np.memmap(file, np.float32, "w+", shape=shape)
            posteriors[rows] = parameters.cpu().numpy()
        yield posteriors


def posterior_batches(
    model: EncodingModel, images: np.ndarray, device: torch.device, model_path: Path
) -> Iterator[tuple[slice, Tensor]]:
    """(rows, posterior parameters) of all images, batch by batch.

    Raises:
        DmviError: naming the model's file, after the last batch, if any parameter is NaN or infinite.
    """
    bad = 0
    for rows, x in input_batches(images, device):
        parameters = model.encode(x)
        bad += int((~parameters.isfinite().all(1)).sum())
        yield rows, parameters
    if bad:
        raise DmviError(
            f"{model_path}: the encoder gives non-finite posteriors for {bad} of {len(images)} images; "
            "the training has diverged, lower its learning_rate"
        )
