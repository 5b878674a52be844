"""What many tests share: tiny data sets and specs, and studies with tables but no training."""

import numpy as np
import pytest
import torch
from example_study import drawn as drawn
from example_study import full_study as full_study
from example_study import own_study as own_study
from example_study import results as results
from example_study import study as study
from example_study import three_vaes as three_vaes
from example_study import vaes as vaes

from dmvi import files

torch.set_num_threads(1)


@pytest.fixture
def dataset(tmp_path):
    """A folder like results/data/{dataset}: 96 + 16 + 16 random 28 x 28 x 1 images."""
    folder = tmp_path / "data"
    rng = np.random.default_rng(0)
    files.write_array(folder / "images.npy", rng.integers(0, 256, (128, 28, 28, 1), dtype=np.uint8))
    files.write_array(folder / "labels.npy", np.full(128, -1, np.int64))
    files.write_json(
        folder / "meta.json",
        {
            "builder": "mnist",
            "title": "noise",
            "image_shape": [28, 28, 1],
            "splits": {"train": [0, 96], "valid": [96, 112], "test": [112, 128]},
            "sha256": {name: files.sha256(folder / name) for name in ("images.npy", "labels.npy")},
        },
    )
    return folder


@pytest.fixture
def spec():
    """A resolved run that trains in well under a second."""
    return {
        "model": "vae",
        "data": "noise",
        "posterior": "gaussian",
        "likelihood": "bernoulli",
        "latent_dim": 4,
        "width": 4,
        "iterations": 30,
        "batch_size": 16,
        "learning_rate": 1e-3,
        "adam_betas": [0.5, 0.9],
        "precision": "float32",
        "log_every": 4,
    }
