"""Distances between codes and prior: closed forms, their null, and what they find."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.stats import norm

from dmvi.errors import DmviError
from dmvi.estimators.two_sample import (
    against_prior,
    default_statistics,
    mmd2_to_prior,
    null_distribution,
    random_directions,
    sliced_wasserstein_to_prior,
)
from dmvi.objectives.divergences import mmd2_to_normal
from dmvi.objectives.kernels import author_kernel, inverse_multiquadric


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("tile_bytes", [None, 8 * 7**2, 8])
def test_tiled_mmd_equals_the_whole(tile_bytes):
    z = normal(30, 5) * 1.2 + 0.1
    kernels = {"gaussian": author_kernel(5), "imq": inverse_multiquadric(5)}
    found = mmd2_to_prior(z, kernels, tile_bytes=tile_bytes)
    for name, kernel in kernels.items():
        expected = mmd2_to_normal(z, kernel, diagonal=False).item()
        assert found[name] == pytest.approx(expected, abs=1e-13)


def test_sliced_wasserstein_equals_an_integral_over_quantiles():
    z = normal(7, 1) * 1.5 + 0.3
    found = sliced_wasserstein_to_prior(z, torch.ones(1, 1, dtype=torch.float64))
    ordered, total = np.sort(z.numpy()[:, 0]), 0.0
    for i, y in enumerate(ordered):
        low, high = norm.ppf(i / 7), norm.ppf((i + 1) / 7)
        total += quad(lambda t, y=y: (y - t) ** 2 * norm.pdf(t), low, high, epsabs=1e-12)[0]
    assert found == pytest.approx(math.sqrt(total), rel=1e-7)


def test_sliced_wasserstein_of_a_shift_and_of_a_scale():
    n, d = 20_000, 6
    directions = random_directions(d, 64, seed=1)
    torch.testing.assert_close(directions.norm(dim=0), torch.ones(64, dtype=torch.float64))
    shift = torch.zeros(d, dtype=torch.float64)
    shift[0] = 2.0
    z = normal(n, d)
    expected = 2.0 * directions[0].square().mean().sqrt().item()
    assert sliced_wasserstein_to_prior(z + shift, directions) == pytest.approx(expected, rel=0.03)
    assert sliced_wasserstein_to_prior(1.7 * z, directions) == pytest.approx(0.7, rel=0.03)
    assert sliced_wasserstein_to_prior(z, directions) < 0.03
    one_by_one = sliced_wasserstein_to_prior(z, directions, at_once=1)
    assert one_by_one == pytest.approx(sliced_wasserstein_to_prior(z, directions), rel=1e-12)


def test_p_values_of_prior_draws_are_uniform():
    """Each statistic on fresh prior draws, against one null: about 5 % below .05."""
    null = null_distribution(200, 4, replicates=199)
    p_values = {name: [] for name in null}
    for s in range(150):
        for name, found in against_prior(normal(200, 4, seed=1000 + s), null=null).items():
            p_values[name].append(found.p_value)
    assert set(p_values) == {"mmd2_gaussian", "mmd2_imq", "sliced_wasserstein"}
    for values in p_values.values():
        assert np.mean(np.array(values) <= 0.05) < 0.13
        assert np.mean(values) == pytest.approx(0.5, abs=0.12)
        assert min(values) >= 1 / 200


def mixture(n, d):
    """Unit covariance, mean 0, but two modes: moments cannot tell it from the prior."""
    z = normal(n, d)
    sign = torch.where(normal(n, seed=1) > 0, 1.0, -1.0).double()
    z[:, 0] = 0.9 * sign + math.sqrt(1 - 0.81) * z[:, 0]
    return z


@pytest.mark.parametrize(
    "codes",
    [1.3 * normal(400, 5), normal(400, 5) + 0.25, mixture(400, 1)],
    ids=["wide", "off", "modes"],
)
def test_other_distributions_are_found(codes):
    found = against_prior(codes)
    for name in ("mmd2_imq", "sliced_wasserstein"):
        assert found[name].p_value == 0.01
        assert found[name].excess > 5
        assert found[name].value > found[name].null_quantiles[-1]
        assert found[name].n == found[name].available == 400


def test_a_random_subset_is_used_and_stated():
    codes = torch.cat([normal(300, 3), normal(300, 3) + 5.0]).numpy()
    found = against_prior(codes, limit=100, replicates=19)["mmd2_imq"]
    assert (found.n, found.available, found.replicates) == (100, 600, 19)
    # Not the first ones, which are prior draws.
    assert found.p_value == 0.05
    assert found == against_prior(codes, limit=100, replicates=19)["mmd2_imq"]
    assert found != against_prior(codes, limit=100, replicates=19, seed=1)["mmd2_imq"]
    assert set(found.to_json()) >= {"value", "p_value", "null_mean", "n", "available"}


def test_memory_maps_and_single_precision(tmp_path):
    codes = normal(50, 3).float().numpy()
    np.save(tmp_path / "codes.npy", codes)
    mapped = np.load(tmp_path / "codes.npy", mmap_mode="r")
    assert against_prior(mapped, replicates=19) == against_prior(codes, replicates=19)


def test_bad_input_is_refused():
    with pytest.raises(DmviError, match="N at least 2"):
        against_prior(normal(1, 3))
    with pytest.raises(DmviError, match="limit is 1"):
        against_prior(normal(5, 3), limit=1)
    with pytest.raises(DmviError, match="not finite"):
        against_prior(normal(5, 3) * math.inf)
    with pytest.raises(DmviError, match="at least 19"):
        against_prior(normal(5, 3), replicates=9)
    with pytest.raises(DmviError, match="n >= 2"):
        default_statistics(3)(normal(1, 3))
