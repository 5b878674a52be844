"""Reconstructions, with a stand-in for the model whose answers are known."""

import numpy as np
import pytest
import torch

from dmvi.data.dataset import open_dataset
from dmvi.models.model import EncodingModel
from dmvi.scores.functions.sharpness import sharpness
from dmvi.steps.reconstructing import reconstructed
from dmvi.training.reproducibility import set_up


class Darkener(EncodingModel):
    """Its codes are the images' pixels plus noise; it gives back half of them."""

    def __init__(self, noise=0.0):
        super().__init__({"latent_dim": 28 * 28}, (28, 28, 1))
        self.noise = noise
        self.somewhere = torch.nn.Parameter(torch.zeros(1))

    def players(self):
        return []

    def codes(self, x):
        return x.flatten(1) + self.noise * torch.randn(len(x), 28 * 28)

    def decode(self, z):
        return (0.5 * z).clamp(0, 1).view(-1, 1, 28, 28)


def run(dataset, seed=0, noise=0.0, images=10):
    model = Darkener(noise)
    set_up(seed)
    return reconstructed(model, open_dataset(dataset), {"grid": 4, "images": images})


def test_files_and_quality(dataset):
    found = run(dataset)
    quality = found["quality.json"]
    test = np.load(dataset / "images.npy")[112:122]
    np.testing.assert_array_equal(found["originals.npy"], test[:4])
    half = found["reconstructions.npy"]
    assert np.abs(half - test[:4] / 2).max() <= 0.5
    assert quality["n_reconstructions"] == 10
    assert quality["reconstruction_mse"] == pytest.approx(((test / 510) ** 2).mean(), rel=1e-5)
    assert quality["sharpness_originals"] == sharpness(test).mean()
    assert quality["sharpness_reconstructions"] == pytest.approx(
        sharpness(test).mean() / 2, rel=0.01
    )


def test_uses_the_images_there_are(dataset):
    assert run(dataset, images=999)["quality.json"]["n_reconstructions"] == 16


def test_the_seed_decides_the_codes(dataset):
    a, b, c = (run(dataset, seed, noise=0.3)["quality.json"] for seed in (0, 0, 1))
    assert a == b
    assert a != c
