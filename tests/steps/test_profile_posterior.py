"""The per-unit profile of posteriors against numpy on the whole array."""

import numpy as np
import pandas as pd
import pytest

from dmvi import files
from dmvi.steps import profile_posterior as step

N, D = 112, 7  # the training and validation images of the `dataset` fixture


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    mean = rng.normal(3, [0.01, 0.05, 0.2, 1, 1, 2, 9], (128, D))
    log_var = rng.normal(-2, 2, (128, D))
    log_var[:, 0] = -30  # a collapsed unit
    return np.concatenate([mean, log_var], 1).astype(np.float32)


@pytest.mark.parametrize("at_once", [2**24, 100])
def test_profile_equals_numpy_whatever_the_block(
    dataset, tmp_path, monkeypatch, parameters, at_once
):
    monkeypatch.setattr(step, "VALUES_AT_ONCE", at_once)
    files.write_array(tmp_path / "posterior.npy", parameters)
    paths = tmp_path / "profile.csv", tmp_path / "histograms.csv"
    step.profile_posterior(tmp_path / "posterior.npy", dataset, *paths)
    table = pd.read_csv(paths[0])
    used = parameters[:N].astype(float)
    np.testing.assert_allclose(table["mean_of_means"], used[:, :D].mean(0))
    np.testing.assert_allclose(table["variance_of_means"], used[:, :D].var(0), rtol=1e-9)
    np.testing.assert_allclose(table["mean_variance"], np.exp(used[:, D:]).mean(0))
    histograms = pd.read_csv(paths[1])
    mean, variance = (histograms[histograms["quantity"] == q] for q in ("mean", "variance"))
    assert ((mean["right"] - mean["left"]) * mean["density"]).sum() == pytest.approx(1)
    decades = np.log10(variance["right"] / variance["left"])
    assert (decades * variance["density"]).sum() == pytest.approx(1)
    # The collapsed unit lies below the first edge, and is counted there.
    assert variance["density"].iloc[0] * 0.1 >= 1 / D


def test_equal_means_have_no_variance(dataset, tmp_path):
    files.write_array(tmp_path / "posterior.npy", np.full((128, 4), 1e4, np.float32) * [1, 1, 0, 0])
    paths = tmp_path / "profile.csv", tmp_path / "histograms.csv"
    step.profile_posterior(tmp_path / "posterior.npy", dataset, *paths)
    assert (pd.read_csv(paths[0])["variance_of_means"] == 0).all()
