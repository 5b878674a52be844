"""Encodes every image of a data set: posterior parameters, and one code each."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.files import atomic_path, sha256, write_json, writing
from dmvi.models.model import EncodingModel
from dmvi.steps.trained import DIGESTS, load_encoder, model_batches
from dmvi.training.reproducibility import choose_device, set_up

STEP = {"version": 1, "wildcards": ["run", "seed"], "gives": {}, "gpu": True, "resumes": False}


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
    model = load_encoder(model_path, chosen)
    images = open_dataset(data).images
    digests = posterior_path.with_name(DIGESTS)
    with writing(digests):
        digests.unlink(missing_ok=True)  # it would vouch for other arrays
    with atomic_path(posterior_path) as parameters_file, atomic_path(codes_path) as codes_file:
        # Written, not mapped: on a full disk a map ends the process without a word.
        with open(parameters_file, "wb") as posteriors, open(codes_file, "wb") as codes:
            for rows, parameters in posterior_batches(model, images, chosen, model_path):
                z = model.sample_posterior(parameters).cpu().numpy()
                parameters = parameters.cpu().numpy()
                if rows.start == 0:
                    _write_header(posteriors, (len(images), parameters.shape[1]))
                    _write_header(codes, (len(images), z.shape[1]))
                posteriors.write(np.ascontiguousarray(parameters, np.float32).data)
                codes.write(np.ascontiguousarray(z, np.float32).data)
        sums = {posterior_path.name: sha256(parameters_file), codes_path.name: sha256(codes_file)}
    write_json(digests, sums)


def _write_header(file: BinaryIO, shape: tuple[int, int]) -> None:
    """The header of a float32 array of this shape, as `numpy.lib.format.open_memmap` writes it."""
    description = {"descr": "<f4", "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, description)


@contextmanager
def encoded(
    model: EncodingModel, images: np.ndarray, device: torch.device, model_path: Path, folder: Path
) -> Iterator[np.ndarray]:
    """The posterior parameters float32 (N, P) of all images, for the duration of the block.

    They lie in a nameless file in `folder`, because those of 10,000 latents do not fit in memory; it
    is gone when the process ends, however it dies.
    """
    name = folder / "(a nameless file of all posteriors)"
    with writing(name):
        folder.mkdir(parents=True, exist_ok=True)
        nameless = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed below
    with nameless as file:
        width = 0
        for _, parameters in posterior_batches(model, images, device, model_path):
            width = parameters.shape[1]
            with writing(name):  # not mapped: on a full disk a map ends the process without a word
                file.write(np.ascontiguousarray(parameters.cpu().numpy(), np.float32).data)
        with writing(name):
            file.flush()
        yield np.memmap(file, np.float32, "r+", shape=(len(images), width))


def posterior_batches(
    model: EncodingModel, images: np.ndarray, device: torch.device, model_path: Path
) -> Iterator[tuple[slice, Tensor]]:
    """(rows, posterior parameters) of all images, batch by batch.

    Raises:
        DmviError: naming the model's file, after the last batch, if any parameter is NaN or infinite.
    """
    bad = 0
    for rows, x in model_batches(model, images, device):
        parameters = model.encode(x)
        bad += int((~parameters.isfinite().all(1)).sum())
        yield rows, parameters
    if bad:
        raise DmviError(
            f"{model_path}: the encoder gives non-finite posteriors for {bad} of {len(images)} images; "
            "the training has diverged, lower its learning_rate"
        )
