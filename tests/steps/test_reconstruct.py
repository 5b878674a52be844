"""Reconstructions, with a stand-in for the model whose answers are known."""

import numpy as np
import pytest
import torch
from dmvi.steps.reconstruct import reconstruct

from dmvi import files
from dmvi.scores.functions.sharpness import sharpness
from dmvi.steps import reconstruct as module


class Darkener:
    """Its codes are the images' pixels plus noise; it gives back half of them."""

    def __init__(self, noise=0.0):
        self.noise = noise

    def codes(self, x):
        return x.flatten(1) + self.noise * torch.randn(len(x), 28 * 28)

    def decode(self, z):
        return (0.5 * z).clamp(0, 1).view(-1, 1, 28, 28)


def run(dataset, output, monkeypatch, seed=0, noise=0.0, images=10):
    monkeypatch.setattr(module, "load_model", lambda path, device: Darkener(noise))
    settings = {"grid": 4, "images": images}
    reconstruct(output / "model.pt", dataset, settings, seed, output, "cpu")
    return files.read_json(output / "quality.json")


def test_files_and_quality(dataset, tmp_path, monkeypatch):
    quality = run(dataset, tmp_path, monkeypatch)
    test = np.load(dataset / "images.npy")[112:122]
    np.testing.assert_array_equal(np.load(tmp_path / "originals.npy"), test[:4])
    half = np.load(tmp_path / "reconstructions.npy")
    assert np.abs(half - test[:4] / 2).max() <= 0.5
    assert quality["n_reconstructions"] == 10
    assert quality["reconstruction_mse"] == pytest.approx(((test / 510) ** 2).mean(), rel=1e-5)
    assert quality["sharpness_originals"] == sharpness(test).mean()
    assert quality["sharpness_reconstructions"] == pytest.approx(
        sharpness(test).mean() / 2, rel=0.01
    )


def test_uses_the_images_there_are(dataset, tmp_path, monkeypatch):
    assert run(dataset, tmp_path, monkeypatch, images=999)["n_reconstructions"] == 16


def test_the_seed_decides_the_codes(dataset, tmp_path, monkeypatch):
    a, b, c = (run(dataset, tmp_path, monkeypatch, seed, noise=0.3) for seed in (0, 0, 1))
    assert a == b
    assert a != c
