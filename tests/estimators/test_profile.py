"""The per-unit profile of posteriors against numpy on the whole array."""

import numpy as np
import pytest

from dmvi.estimators import profile

N, D = 112, 7


@pytest.fixture
def parameters():
    rng = np.random.default_rng(0)
    mean = rng.normal(3, [0.01, 0.05, 0.2, 1, 1, 2, 9], (N, D))
    log_var = rng.normal(-2, 2, (N, D))
    log_var[:, 0] = -30  # a collapsed unit
    return np.concatenate([mean, log_var], 1).astype(np.float32)


@pytest.mark.parametrize("at_once", [2**24, 100])
def test_profile_equals_numpy_whatever_the_block(monkeypatch, parameters, at_once):
    monkeypatch.setattr(profile, "VALUES_AT_ONCE", at_once)
    table, histograms = profile.posterior_profile(parameters)
    used = parameters.astype(float)
    np.testing.assert_allclose(table["mean_of_means"], used[:, :D].mean(0))
    np.testing.assert_allclose(table["variance_of_means"], used[:, :D].var(0), rtol=1e-9)
    np.testing.assert_allclose(table["mean_variance"], np.exp(used[:, D:]).mean(0))
    terms = used[:, :D] ** 2 + np.exp(used[:, D:]) - 1 - used[:, D:]
    np.testing.assert_allclose(table["kl"], terms.mean(0) / 2)
    mean, variance = (histograms[histograms["quantity"] == q] for q in ("mean", "variance"))
    assert ((mean["right"] - mean["left"]) * mean["density"]).sum() == pytest.approx(1)
    decades = np.log10(variance["right"] / variance["left"])
    assert (decades * variance["density"]).sum() == pytest.approx(1)
    # The collapsed unit lies below the first edge, and is counted there.
    assert variance["density"].iloc[0] * 0.1 >= 1 / D


def test_equal_means_have_no_variance():
    units, _ = profile.posterior_profile(np.full((N, 4), 1e4, np.float32) * [1, 1, 0, 0])
    assert (units["variance_of_means"] == 0).all()
