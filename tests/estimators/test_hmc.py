"""HMC leaves its target invariant, is reversible, and refuses what is not finite."""

import itertools
import math

import pytest
import torch

from dmvi.estimators import hmc


def correlated(d, seed=0):
    g = torch.Generator().manual_seed(seed)
    a = torch.randn(d, d, generator=g, dtype=torch.float64)
    return a @ a.T / d + 0.3 * torch.eye(d, dtype=torch.float64)


def normal(covariance):
    precision = torch.linalg.inv(covariance)
    return lambda z: -0.5 * ((z @ precision) * z).sum(-1)


def test_leaves_a_correlated_normal_invariant():
    covariance, g = correlated(4), torch.Generator().manual_seed(1)
    factor = torch.linalg.cholesky(covariance)
    z = torch.randn(20_000, 4, generator=g, dtype=torch.float64) @ factor.T
    path, acceptance = hmc.sample(
        normal(covariance), z, size=0.4, steps=3, transitions=5, generator=g
    )
    assert 0.5 < acceptance.mean() < 0.99  # a step so small that all is accepted would show nothing
    end = path[-1]
    assert (end.mean(0).abs() < 4 * covariance.diagonal().sqrt() / math.sqrt(20_000)).all()
    torch.testing.assert_close(end.T.cov(), covariance, atol=0.05, rtol=0.05)
    assert (end - z).norm(dim=1).median() > 0.5


def test_reaches_its_target_from_elsewhere():
    covariance, g = correlated(3), torch.Generator().manual_seed(2)
    z = torch.full((4000, 3), 6.0, dtype=torch.float64)
    scale = covariance.diagonal().sqrt()
    path, _ = hmc.sample(
        normal(covariance), z, size=0.5 * scale, steps=5, transitions=60, generator=g
    )
    torch.testing.assert_close(path[-1].T.cov(), covariance, atol=0.06, rtol=0.08)
    assert path[-1].mean(0).abs().max() < 0.1


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
def test_leapfrog_leads_back_when_the_momentum_is_turned(dtype, tolerance):
    covariance, g = correlated(5), torch.Generator().manual_seed(3)
    precision = torch.linalg.inv(covariance).to(dtype)
    # Not quadratic, so that the trajectory bends.
    evaluate = hmc.with_gradient(
        lambda z: -0.5 * ((z @ precision) * z).sum(-1) + torch.sin(2 * z).sum(-1)
    )
    z, momentum = torch.randn(2, 7, 5, generator=g, dtype=torch.float64).to(dtype)
    size = torch.tensor([0.05, 0.1, 0.15, 0.1, 0.2], dtype=dtype)
    start = hmc.start_state(z, evaluate)
    there, p = hmc.leapfrog(start, momentum, evaluate, size=size, steps=10)
    back, q = hmc.leapfrog(there, -p, evaluate, size=size, steps=10)
    assert (there.z - z).abs().max() > 0.3
    torch.testing.assert_close(back.z, z, atol=10 * tolerance, rtol=tolerance)
    torch.testing.assert_close(-q, momentum, atol=10 * tolerance, rtol=tolerance)


def test_the_energys_error_is_of_second_order_in_the_step():
    covariance, g = correlated(5), torch.Generator().manual_seed(4)
    evaluate = hmc.with_gradient(normal(covariance))
    z, p = torch.randn(2, 500, 5, generator=g, dtype=torch.float64)
    errors = []
    for steps in (8, 16, 32):  # the same length of time
        start = hmc.start_state(z, evaluate)
        end, q = hmc.leapfrog(start, p, evaluate, size=torch.tensor(1.6 / steps), steps=steps)
        energy = (start.value - end.value) + 0.5 * (q.square() - p.square()).sum(1)
        errors.append(energy.abs().mean().item())
    for coarse, fine in itertools.pairwise(errors):
        assert coarse / fine == pytest.approx(4.0, rel=0.15)


def test_state_keeps_value_and_gradient_of_its_points_and_costs_l_passes():
    covariance, g = correlated(3), torch.Generator().manual_seed(5)
    calls = 0

    def log_density(z):
        nonlocal calls
        calls += 1
        return normal(covariance)(z)

    evaluate = hmc.with_gradient(log_density)
    state = hmc.start_state(torch.randn(50, 3, generator=g, dtype=torch.float64), evaluate)
    before = state.z
    state, probability = hmc.transition(
        state, evaluate, size=torch.tensor(1.2), steps=4, generator=g
    )
    assert calls == 5
    moved = (state.z != before).any(1)
    assert 0 < moved.sum() < 50  # accepted and rejected chains are both among them
    assert abs(moved.double().mean() - probability.mean()) < 0.3
    value, gradient = evaluate(state.z)
    torch.testing.assert_close(state.value, value)
    torch.testing.assert_close(state.gradient, gradient)


def test_trajectories_that_are_not_finite_are_rejected():
    g = torch.Generator().manual_seed(6)
    # NaN beyond 1, and an infinite density at infinity.
    nowhere = hmc.with_gradient(lambda z: z.square().sum(-1) + torch.log(1 - z[..., 0]))
    z = torch.zeros(200, 2, dtype=torch.float64)
    state, probability = hmc.transition(
        hmc.start_state(z, nowhere), nowhere, size=torch.tensor(0.9), steps=3, generator=g
    )
    assert state.z.isfinite().all()
    assert state.value.isfinite().all()
    assert (probability == 0).any()
    assert probability.isfinite().all()
