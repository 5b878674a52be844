"""Encodes every image of a data set: posterior parameters, and one code each."""

from pathlib import Path

import numpy as np

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.steps.trained import input_batches, load_model
from dmvi.training.reproducibility import choose_device, set_up


def encode(
    model_path: Path, data: Path, seed: int, posterior_path: Path, codes_path: Path, device: str
) -> None:
    """Writes float32 posterior parameters (N, P) and codes z_i ~ q(z|x_i) (N, d), in image order."""
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    posteriors, codes = [], []
    for _, x in input_batches(dataset.images, chosen):
        parameters = model.encode(x)
        posteriors.append(parameters.cpu().numpy())
        codes.append(model.sample_posterior(parameters).cpu().numpy())
    parameters = np.concatenate(posteriors)
    if not np.isfinite(parameters).all():
        bad = int((~np.isfinite(parameters).all(1)).sum())
        raise DmviError(
            f"{model_path}: the encoder gives non-finite posteriors for {bad} of {len(parameters)} "
            "images; the training has diverged, lower its learning_rate"
        )
    files.write_array(posterior_path, parameters)
    files.write_array(codes_path, np.concatenate(codes))
