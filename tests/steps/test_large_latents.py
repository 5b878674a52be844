"""What 10,000 latents need: posteriors that stay on the disk."""

import json

import numpy as np
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.estimators import mixtures
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.models import make_model
from dmvi.steps.encode import encode
from dmvi.steps.trained import open_posterior, posterior_mixture
from dmvi.training import checkpoint

CPU = torch.device("cpu")


@pytest.fixture
def model(spec):
    torch.manual_seed(0)
    return make_model(spec | {"latent_dim": 3}, (28, 28, 1)).eval()


def test_a_mixture_reads_the_file_without_copying_it(tmp_path, model):
    values = np.random.default_rng(0).normal(size=(50, 6)).astype(np.float32)
    files.write_array(tmp_path / "posterior.npy", values)
    parameters = open_posterior(tmp_path / "posterior.npy")
    mixture = posterior_mixture(model, parameters[:40], CPU)
    assert np.shares_memory(mixture.mean.numpy(), parameters)
    assert np.shares_memory(mixture.log_var.numpy(), parameters)
    there = marginal_kl(mixture, samples=40, seed=0)
    here = marginal_kl(GaussianMixture.from_parameters(values[:40]), samples=40, seed=0)
    assert there == here


def test_encoding_batch_by_batch_gives_the_bytes_of_the_whole(dataset, tmp_path, spec):
    spec = spec | {"latent_dim": 3}
    torch.manual_seed(0)
    model = make_model(spec, (28, 28, 1)).eval()
    checkpoint.save(
        tmp_path / "model.pt",
        {"spec": json.dumps(spec), "image_shape": [28, 28, 1], "model": model.state_dict()},
    )
    encode(tmp_path / "model.pt", dataset, 0, tmp_path / "p.npy", tmp_path / "c.npy", "cpu")
    parameters, codes = np.load(tmp_path / "p.npy"), np.load(tmp_path / "c.npy")
    images = np.load(dataset / "images.npy")
    x = torch.from_numpy(images).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        expected = model.encode(x).numpy()
    np.testing.assert_allclose(parameters, expected, rtol=1e-5, atol=1e-6)
    assert codes.shape == (128, 3)
    files.write_array(tmp_path / "again.npy", parameters)
    assert (tmp_path / "again.npy").read_bytes() == (tmp_path / "p.npy").read_bytes()


@pytest.mark.slow
def test_the_kl_of_ten_thousand_dimensions():
    """Posteriors so far apart that each code tells its image: KL = avgKL - log N exactly."""
    rng = np.random.default_rng(0)
    n, d = 60, 10_000
    mean = rng.normal(size=(n, d)).astype(np.float32)
    mixture = GaussianMixture(mean, np.full((n, d), -2.0, np.float32))
    kl = marginal_kl(mixture, samples=1020, seed=0)
    assert kl.value == pytest.approx(kl.avg_kl - np.log(n), abs=1e-6)
    assert kl.mutual_information_direct == pytest.approx(np.log(n), abs=1e-9)


@pytest.mark.parametrize("values", [1, 7, 64])
def test_small_pieces_give_the_numbers_of_large_ones(monkeypatch, values):
    rng = np.random.default_rng(0)
    mean, log_var = rng.normal(size=(30, 3)), rng.normal(-6, 2, size=(30, 3))
    whole = marginal_kl(GaussianMixture(mean, log_var), samples=60, seed=0)
    monkeypatch.setattr(mixtures, "VALUES_IN_A_PASS", values)
    monkeypatch.setattr(mixtures, "VALUES_AT_ONCE", values)
    pieces = marginal_kl(GaussianMixture(mean, log_var), samples=60, seed=0)
    for key, value in whole.to_json().items():
        assert getattr(pieces, key) == pytest.approx(value, rel=1e-12, abs=1e-12)
    mean[29, 1] = np.nan
    with pytest.raises(DmviError, match="NaN or infinity"):
        GaussianMixture(mean, log_var)
