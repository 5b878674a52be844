"""Algorithm 1 and its tables: who is nearest to whom."""

import numpy as np
import pandas as pd
import pytest

from dmvi.data.dataset import open_dataset
from dmvi.steps.encode import encode
from dmvi.steps.find_low_posterior import find_low_posterior
from dmvi.steps.train import train

SETTINGS = {"draws": 60, "keep": 12, "images": 20, "samples": 2, "points": 20}


def quiet(_):
    pass


@pytest.fixture
def found(tmp_path, spec, dataset):
    paths = [
        tmp_path / n for n in ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
    ]
    train({**spec, "iterations": 3}, "tiny", 0, dataset, *paths, device="cpu", log=quiet)
    encode(paths[0], dataset, 0, tmp_path / "posterior.npy", tmp_path / "codes.npy", "cpu")
    made = [tmp_path / n for n in ("model.pt", "posterior.npy", "codes.npy")]
    find_low_posterior(*made, dataset, SETTINGS, 0, tmp_path / "low", "cpu", log=quiet)
    return tmp_path / "low"


def test_neighbours_are_the_nearest_images_of_training_and_validation(found, dataset):
    """Of low-posterior samples and of ordinary ones, by brute force; each has its own rows of bounds."""
    images = open_dataset(dataset).train_valid[:]
    images = images.reshape(len(images), -1) / 255
    bounds = pd.read_csv(found / "bounds.csv")
    assert dict(bounds["group"].value_counts()) == {
        **{"data": 20, "low_posterior": 12, "standard": 12},
        **{"neighbour": 12, "standard_neighbour": 12},
    }
    for samples, table in (("images", "neighbours"), ("standard_images", "standard_neighbours")):
        x = np.load(found / f"{samples}.npy").reshape(12, -1) / 255
        distances = np.linalg.norm(x[:, None] - images[None], axis=2)
        nearest = pd.read_csv(found / f"{table}.csv")
        assert list(nearest["rank"]) == list(range(12))
        np.testing.assert_allclose(nearest["distance"], distances.min(1), rtol=1e-5)
        own = distances[np.arange(12), nearest["index"]]
        np.testing.assert_allclose(own, distances.min(1), rtol=1e-5)


def test_ordinary_samples_are_no_low_posterior_samples(found):
    low, ordinary = (np.load(found / f"{n}.npy") for n in ("latents", "standard_latents"))
    assert len(ordinary) == 12
    assert not {row.tobytes() for row in low} & {row.tobytes() for row in ordinary}
