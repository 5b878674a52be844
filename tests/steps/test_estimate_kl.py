"""The KL of a trained encoder: it encodes by itself what `encode` writes, and leaves nothing behind."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.models import make_model
from dmvi.steps.encode import encode, encoded
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.trained import load_model, posterior_mixture
from dmvi.training import checkpoint

CPU = torch.device("cpu")
SETTINGS = {"samples": 50, "curve_sizes": [20], "curve_samples": 10}
FLOW = {"posterior": "realnvp", "flow_transforms": 2, "flow_hidden": [8]}


@pytest.fixture
def saved(tmp_path, spec):
    """Writes an untrained model, and returns its path."""

    def save(**options):
        torch.manual_seed(0)
        model = make_model(spec | options, (28, 28, 1)).eval()
        content = {"spec": json.dumps(spec | options), "image_shape": [28, 28, 1]}
        checkpoint.save(tmp_path / "model.pt", content | {"model": model.state_dict()})
        return tmp_path / "model.pt"

    return save


def run(model, data, folder):
    """Runs the step; its four files."""
    paths = [folder / name for name in ("kl.json", "curve.csv", "profile.csv", "histograms.csv")]
    estimate_kl(model, data, SETTINGS, 0, *paths, "cpu", log=lambda _: None)
    return paths


@pytest.mark.parametrize("options", [{}, FLOW])
def test_the_kl_is_that_of_the_posteriors_that_encode_writes(saved, dataset, tmp_path, options):
    path = saved(**options)
    encode(path, dataset, 0, tmp_path / "posterior.npy", tmp_path / "codes.npy", "cpu")
    written = np.load(tmp_path / "posterior.npy")
    mixture = posterior_mixture(load_model(path, CPU), written[:112], CPU)
    expected = marginal_kl(mixture, samples=50, seed=0)
    kl, curve, profile, histograms = run(path, dataset, tmp_path / "out")
    assert files.read_json(kl)["value"] == expected.value
    assert list(pd.read_csv(curve)["components"]) == [20, 112]
    if options:  # no Gaussian posterior: no profile
        assert pd.read_csv(profile).empty
        assert pd.read_csv(histograms).empty
    else:
        means = pd.read_csv(profile)["mean_of_means"]
        np.testing.assert_allclose(means, written[:112, :4].mean(0), rtol=1e-5, atol=1e-7)


def test_the_encoded_posteriors_leave_no_file(saved, dataset, tmp_path):
    path = saved()
    images = open_dataset(dataset).images
    with encoded(load_model(path, CPU), images, CPU, path, tmp_path / "scratch") as parameters:
        assert parameters.shape == (128, 8)
        assert list((tmp_path / "scratch").iterdir()) == []


def test_an_encoder_that_diverged_is_reported_in_one_sentence(saved, dataset, tmp_path):
    path = saved()
    content = checkpoint.load(path)
    name = next(key for key in content["model"] if "encoder" in key and key.endswith("bias"))
    content["model"][name] += np.nan
    checkpoint.save(path, content)
    with pytest.raises(
        DmviError, match=r"model\.pt: .* non-finite posteriors for 128 of 128 images"
    ):
        run(path, dataset, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_posterior_without_density_is_refused_before_encoding(saved, dataset, tmp_path):
    path = saved(model="avb", posterior="implicit", noise_dim=4)
    with pytest.raises(DmviError, match="no posterior with a density"):
        run(path, dataset, tmp_path / "out")
