"""MMD, the Stein direction and KSD against closed forms, brute force and autograd."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import quad

from dmvi.errors import DmviError
from dmvi.objectives.divergences import (
    ksd2,
    median_bandwidth,
    mmd2,
    mmd2_to_normal,
    squared_distances,
    stein_direction,
)
from dmvi.objectives.kernels import (
    GaussianKernel,
    InverseMultiquadric,
    author_kernel,
    inverse_multiquadric,
    make_kernel,
)

KERNELS = [GaussianKernel(3.0), author_kernel(4), InverseMultiquadric(1.5), inverse_multiquadric(4)]


def normal(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_mmd_is_the_double_sum_over_all_pairs(kernel):
    a, b = normal(7, 4), normal(5, 4, seed=1) + 0.5
    value = 0.0
    for p, q, sign in ((a, a, 1), (b, b, 1), (a, b, -2)):
        total = sum(kernel(((u - v) ** 2).sum()) for u in p for v in q)
        value += sign * total / (len(p) * len(q))
    torch.testing.assert_close(mmd2(a, b, kernel), value)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_mmd_of_equal_samples_is_zero_and_never_negative(kernel):
    for seed in range(20):
        a = normal(30, 4, seed=seed)
        assert mmd2(a, a, kernel) == 0
        assert 0 <= mmd2(a, a[torch.randperm(30)], kernel) < 1e-14
        assert mmd2(a, normal(3, 4, seed=seed + 50), kernel) > 0
        assert mmd2_to_normal(a, kernel) > 0


@pytest.mark.parametrize("kernel", [author_kernel(3), inverse_multiquadric(3)], ids=str)
def test_v_statistic_is_the_closed_form_in_expectation(kernel):
    """Over prior draws, the sampled MMD exceeds the closed one by its known diagonal alone."""
    z = 0.5 * normal(12, 3) + 1.0
    m, repeats = 40, 1500
    sampled = [mmd2(z, normal(m, 3, seed=s + 10), kernel).item() for s in range(repeats)]
    pair = kernel.mean_of_normal_pairs(3)
    expected = mmd2_to_normal(z, kernel).item() + (1.0 - pair) / m
    error = np.std(sampled) / math.sqrt(repeats)
    assert np.mean(sampled) == pytest.approx(expected, abs=4 * error)
    assert error < 0.02 * expected


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_u_statistic_is_unbiased(kernel):
    """0 on average for draws of the prior, of either sign; the V-statistic is above it."""
    values = [mmd2_to_normal(normal(20, 4, seed=s), kernel, diagonal=False) for s in range(800)]
    values = np.array([value.item() for value in values])
    assert abs(values.mean()) < 4 * values.std() / math.sqrt(len(values))
    assert values.min() < 0 < values.max()
    z = normal(20, 4)
    pair = (kernel(squared_distances(z, z)).sum() - 20) / (20 * 19)
    difference = mmd2_to_normal(z, kernel) - mmd2_to_normal(z, kernel, diagonal=False)
    torch.testing.assert_close(difference, (1 - pair) / 20, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("d", [1, 10, 128, 10_000])
@pytest.mark.parametrize(
    "make", [author_kernel, inverse_multiquadric, lambda d: GaussianKernel(1.0)]
)
def test_expectations_under_the_prior_equal_integrals_over_the_distance(make, d):
    """|z - z'|^2 given z is noncentral chi-square: its law has a known Laplace transform only, so the
    reference for the inverse multiquadric is an adaptive integral over its mixture of Gaussians."""
    kernel = make(d)
    for squared_norm in (0.0, 0.3 * d, d, 4.0 * d, 1000.0 * d):
        if isinstance(kernel, GaussianKernel):
            h = kernel.bandwidth
            expected = math.exp(-d / 2 * math.log(1 + 2 / h) - squared_norm / (h + 2))
        else:

            def integrand(t, squared_norm=squared_norm, c=kernel.scale):
                u = t / c
                exponent = -t - u * squared_norm / (1 + 2 * u) - d / 2 * math.log1p(2 * u)
                return math.exp(exponent)

            scale = 1 / (1 + squared_norm / kernel.scale)
            expected = sum(
                quad(integrand, lo * scale, hi * scale, epsabs=0, epsrel=1e-12, limit=200)[0]
                for lo, hi in ((0, 3), (3, 10), (10, 60), (60, 700))
            )
        value = kernel.mean_under_normal(torch.tensor([squared_norm]).double(), d)
        assert value.item() == pytest.approx(expected, rel=2e-8)


@pytest.mark.parametrize("kernel", KERNELS, ids=str)
def test_expectations_under_the_prior_equal_averages_over_draws(kernel):
    z, draws = normal(3, 4), normal(100_000, 4, seed=1)
    values = kernel(squared_distances(z, draws))
    errors = values.std(1) / math.sqrt(len(draws))
    exact = kernel.mean_under_normal(z.square().sum(1), 4)
    assert ((values.mean(1) - exact).abs() < 4 * errors).all()
    pairs = kernel((draws[::2] - draws[1::2]).square().sum(1))
    error = pairs.std().item() / math.sqrt(len(pairs))
    assert pairs.mean().item() == pytest.approx(kernel.mean_of_normal_pairs(4), abs=4 * error)


def test_the_author_kernel_is_as_wide_as_stated():
    for d, expected in ((10, 0.82), (64, 0.97)):
        assert author_kernel(d)(torch.tensor(2.0 * d)).item() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("function", ["mmd2", "mmd2_to_normal", "unbiased", "ksd2"])
def test_gradients_equal_finite_differences(function):
    other = normal(6, 3, seed=1)
    functions = {
        "mmd2": lambda z: mmd2(z, other, author_kernel(3)),
        "mmd2_to_normal": lambda z: mmd2_to_normal(z, inverse_multiquadric(3)),
        "unbiased": lambda z: mmd2_to_normal(z, author_kernel(3), diagonal=False),
        "ksd2": lambda z: ksd2(z, bandwidth=2.0),
    }
    z = (normal(5, 3) + 1.0).requires_grad_(True)
    assert torch.autograd.gradcheck(functions[function], z)


def test_stein_direction_is_svgd_by_autograd():
    """phi_i = mean_j [k(z_j, z_i) grad log p(z_j) + grad_{z_j} k(z_j, z_i)], pair by pair."""
    z = normal(6, 3) + 0.7
    h = median_bandwidth(z).item()
    expected = torch.zeros_like(z)
    for i in range(6):
        for j in range(6):
            source = z[j].clone().requires_grad_(True)
            k = torch.exp(-(source - z[i]).square().sum() / h)
            (gradient,) = torch.autograd.grad(k, source)
            expected[i] += (k.detach() * -z[j] + gradient) / 6
    torch.testing.assert_close(stein_direction(z), expected)
    torch.testing.assert_close(stein_direction(z, bandwidth=h), expected)


def test_median_bandwidth_is_the_median_of_distances():
    z = normal(8, 3)  # 28 pairs: torch's median is the lower of the two middle ones
    distances = sorted(math.dist(z[i], z[j]) for i in range(8) for j in range(i))
    assert median_bandwidth(z).item() == pytest.approx(distances[13] ** 2 / math.log(8))
    coincident = torch.ones(4, 2)
    assert median_bandwidth(coincident) > 0
    torch.testing.assert_close(stein_direction(coincident), -coincident)


def test_particles_that_follow_the_stein_direction_become_normal():
    """200 particles from N(3, 1) reach mean 0 and variance 1 within 5 %."""
    z = normal(200, 1) + 3.0
    for _ in range(1500):
        z = z + 0.5 * stein_direction(z)
    assert z.mean().abs() < 0.05
    assert z.var().item() == pytest.approx(1.0, rel=0.05)
    assert ksd2(z) < 0.05 * ksd2(normal(200, 1) + 3.0)


@pytest.mark.parametrize("h", [0.8, 5.0])
def test_ksd_is_the_stein_operator_applied_twice_by_autograd(h):
    """u(a, b) = (s(a) + grad_a).(s(b) + grad_b) k(a, b), derivatives by autograd, trace included."""
    z = normal(4, 3) + 0.3
    total = 0.0
    for i in range(4):
        for j in range(4):
            a, b = (z[n].clone().requires_grad_(True) for n in (i, j))
            k = torch.exp(-(a - b).square().sum() / h)
            (by_b,) = torch.autograd.grad(k, b, create_graph=True)
            (by_a,) = torch.autograd.grad(k, a, create_graph=True)
            rows = [torch.autograd.grad(by_b[c], a, retain_graph=True)[0][c] for c in range(3)]
            total += (a @ b) * k - a @ by_b - b @ by_a + sum(rows)
    torch.testing.assert_close(ksd2(z, bandwidth=h), total.detach() / 16)


def test_ksd_of_prior_draws_falls_as_one_over_n():
    """With a fixed bandwidth its expectation is d (1 + 2/h) / n; forgetting the trace halves it."""
    d, h = 3, 4.0
    for n in (50, 200):
        values = [ksd2(normal(n, d, seed=s), bandwidth=h).item() for s in range(300)]
        error = np.std(values) / math.sqrt(len(values))
        assert np.mean(values) == pytest.approx(d * (1 + 2 / h) / n, abs=4 * error)
        assert error < 0.05 * d / n
    assert ksd2(normal(200, d) + 1.0, bandwidth=h) > 10 * d * (1 + 2 / h) / 200


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_results_have_the_dtype_of_the_codes_and_single_precision_at_least(dtype):
    z = normal(5, 3).to(dtype)
    expected = torch.promote_types(dtype, torch.float32)
    assert mmd2(z, z, author_kernel(3)).dtype == expected
    assert mmd2_to_normal(z, author_kernel(3)).dtype == expected
    assert stein_direction(z).dtype == expected
    assert ksd2(z).dtype == expected


def test_bad_input_is_refused():
    z = normal(1, 3)
    with pytest.raises(DmviError, match="n at least 2"):
        stein_direction(z)
    with pytest.raises(DmviError, match="n at least 2"):
        mmd2_to_normal(z, author_kernel(3), diagonal=False)
    with pytest.raises(DmviError, match=r"shape \(3,\)"):
        mmd2(z[0], z, author_kernel(3))
    for width in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(DmviError, match="bandwidth is"):
            GaussianKernel(width)
        with pytest.raises(DmviError, match="scale is"):
            InverseMultiquadric(width)
    with pytest.raises(DmviError, match="one of gaussian, imq"):
        make_kernel("rbf", 3)
