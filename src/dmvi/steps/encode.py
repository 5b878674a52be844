"""Encodes every image of a data set: posterior parameters, and one code each."""

from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.files import atomic_path
from dmvi.models.model import EncodingModel
from dmvi.steps.trained import input_batches, load_model
from dmvi.training.reproducibility import choose_device, set_up


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
    bad = 0
    with atomic_path(posterior_path) as parameters_file, atomic_path(codes_path) as codes_file:
        posteriors = codes = None
        for rows, x in input_batches(images, chosen):
            parameters = model.encode(x)
            z = model.sample_posterior(parameters).cpu().numpy()
            parameters = parameters.cpu().numpy()
            if posteriors is None:
                shape = (len(images), parameters.shape[1])
                posteriors = open_memmap(parameters_file, "w+", np.float32, shape)
                codes = open_memmap(codes_file, "w+", np.float32, (len(images), z.shape[1]))
            posteriors[rows], codes[rows] = parameters, z
            bad += int((~np.isfinite(parameters).all(1)).sum())
        if bad:
            raise DmviError(
                f"{model_path}: the encoder gives non-finite posteriors for {bad} of {len(images)} "
                "images; the training has diverged, lower its learning_rate"
            )
        posteriors.flush()
        codes.flush()
