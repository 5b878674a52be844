"""Importance sampling, quadrature, step sizes, the gate and the shapes between them and a decoder."""

import itertools
import math

import pytest
import torch
from linear_gaussian import LinearGaussian

from dmvi.distributions.likelihoods import LIKELIHOODS
from dmvi.errors import DmviError
from dmvi.estimators import schedules
from dmvi.estimators.annealing import forward
from dmvi.estimators.gate import flags, gate
from dmvi.estimators.importance import importance_bound
from dmvi.estimators.pairing import chunks, over_chains, over_grid
from dmvi.estimators.quadrature import log_marginal
from dmvi.estimators.start import GaussianStart
from dmvi.models import make_model


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def problem(d, images=10):
    model = LinearGaussian(d, 3 * d)
    _, x = model.simulate(images, seeded(1))
    return model, x, GaussianStart(*model.posterior(x))


@pytest.mark.parametrize("d", [1, 3])
def test_importance_sampling_in_closed_form(d):
    model, x, q0 = problem(d)
    truth = model.log_marginal(x)
    bound = importance_bound(
        model.likelihood_of(x), q0, draws=2000, generator=seeded(), widening=1.5, at_once=300
    )
    assert ((bound.log_p - truth).abs() < 4.5 * bound.standard_error).all()
    assert bound.standard_error.max() < 0.1
    if d == 1:  # q0 is the posterior: with its own width every weight is p(x)
        exact = importance_bound(
            model.likelihood_of(x), q0, draws=3, generator=seeded(), widening=1.0
        )
        torch.testing.assert_close(exact.log_p, truth)
        torch.testing.assert_close(exact.ess, torch.full_like(truth, 3.0))
        assert exact.standard_error.max() < 1e-6


def test_importance_sampling_is_a_lower_bound_with_an_honest_error():
    """Over many images: the mean is below the truth, deviations are as large as their errors say."""
    model, x, q0 = problem(2, images=2000)
    truth = model.log_marginal(x)
    start = GaussianStart(q0.mean + 0.5 * q0.std, q0.std)
    few, many = (
        importance_bound(model.likelihood_of(x), start, draws=k, generator=seeded(2))
        for k in (3, 200)
    )
    assert (few.log_p - truth).mean() < 3 * (many.log_p - truth).mean() < 0
    score = (many.log_p - truth) / many.standard_error
    assert score.std().item() == pytest.approx(1.0, abs=0.25)
    assert (few.ess >= 1).all()
    assert (few.ess <= 3.000001).all()


def test_importance_sampling_in_passes_is_one_sum():
    model, x, q0 = problem(2)
    runs = [
        importance_bound(model.likelihood_of(x), q0, draws=60, generator=seeded(3), at_once=k)
        for k in (60, 20)
    ]
    for name in ("log_p", "ess", "standard_error"):
        torch.testing.assert_close(getattr(runs[0], name), getattr(runs[1], name))
    with pytest.raises(DmviError, match="at least 1 each"):
        importance_bound(model.likelihood_of(x), q0, draws=0, generator=seeded())


@pytest.mark.parametrize(("d", "points"), [(1, 400), (2, 200)])
def test_quadrature_in_closed_form(d, points):
    model, x, _ = problem(d)
    seen = []
    found = log_marginal(
        lambda z: model.log_prob(x[None], z[:, None]),
        d,
        like=x,
        points=points,
        at_once=1000,
        progress=lambda done, total: seen.append((done, total)),
    )
    torch.testing.assert_close(found.log_p, model.log_marginal(x), atol=1e-8, rtol=0)
    assert found.points == points + 1
    assert found.edge_mass.max() < 1e-8
    assert seen[-1] == ((points + 1) ** d,) * 2


def test_quadrature_s_error_is_about_what_it_says():
    """A peak as wide as the grid's spacing: the coarse grid is far off, the grid itself hardly."""
    narrow = LinearGaussian(1, 4, sd=0.3)
    _, x = narrow.simulate(6, seeded(1))
    _, std = narrow.posterior(x)
    for spacing in (1.0, 1.3):  # in posterior standard deviations
        points = int(16.0 / (spacing * float(std.min()))) + 1
        found = log_marginal(
            lambda z: narrow.log_prob(x[None], z[:, None]), 1, like=x, points=points
        )
        error = (found.log_p - narrow.log_marginal(x)).abs()
        assert error.max() < 4 * found.error.max() + 1e-12
        assert found.error.max() < 50 * error.max() + 1e-8
        assert found.coarse_difference.abs().max() > 10 * error.max()


def test_quadrature_tells_when_its_grid_is_too_coarse_or_too_small():
    narrow = LinearGaussian(1, 4, sd=0.02)
    _, x = narrow.simulate(6, seeded(1))
    coarse = log_marginal(lambda z: narrow.log_prob(x[None], z[:, None]), 1, like=x, points=100)
    error = (coarse.log_p - narrow.log_marginal(x)).abs().max()
    assert error > 0.1
    assert coarse.coarse_difference.abs().max() > error
    model, x, _ = problem(1)
    far = x + 11 * model.W[:, 0]
    outside = log_marginal(lambda z: model.log_prob(far[None], z[:, None]), 1, like=x)
    assert outside.edge_mass.max() > 0.5
    assert outside.error.max() > 0.5
    with pytest.raises(DmviError, match="3 latents"):
        log_marginal(lambda z: z, 3, like=x)
    with pytest.raises(DmviError, match="2 points"):
        log_marginal(lambda z: z, 1, like=x, points=2)


@pytest.mark.parametrize("schedule", schedules.SCHEDULES.values())
def test_schedules_rise_from_zero_to_one_symmetrically(schedule):
    for temperatures in (1, 2, 7, 1000):
        betas = schedule(temperatures)
        assert len(betas) == temperatures + 1
        assert (betas[0], betas[-1]) == (0.0, 1.0)
        assert all(a < b for a, b in itertools.pairwise(betas))
        for b, mirrored in zip(betas, reversed(betas), strict=True):
            assert b + mirrored == pytest.approx(1.0)


def test_the_sigmoid_schedule_is_slow_at_its_ends():
    linear, sigmoid = schedules.linear(100), schedules.sigmoid(100)
    assert sigmoid[1] < 0.4 * linear[1]
    assert sigmoid[51] - sigmoid[50] > 1.5 / 100


def test_tuned_steps_reach_the_acceptance_and_shrink_where_the_target_does():
    model, x, _ = problem(10)
    betas, g = schedules.sigmoid(60), seeded(4)
    prior = GaussianStart.prior(10, 10, x)
    settings = {"leapfrog": 5, "chains": 20, "generator": g}
    steps = schedules.tune(model.likelihood_of(x), prior, betas, **settings)
    assert steps.shape == (59,)
    assert steps[0] > 2 * steps[-1]
    other = forward(model.likelihood_of(x), prior, betas, steps, **settings)
    by_temperature = other.acceptance_by_temperature
    assert by_temperature.mean().item() == pytest.approx(0.65, abs=0.08)
    assert by_temperature.min() > 0.35
    with pytest.raises(DmviError, match="rise strictly"):
        schedules.tune(model.likelihood_of(x), prior, [0.0, 0.4], **settings)
    assert schedules.tune(model.likelihood_of(x), prior, [0.0, 1.0], **settings).shape == (0,)


def test_moving_average_is_symmetric_and_keeps_straight_lines():
    line = torch.arange(20.0, dtype=torch.float64)
    torch.testing.assert_close(schedules._moving_average(line, 3), line)
    spike = torch.zeros(9, dtype=torch.float64)
    spike[4] = 1.0
    expected = torch.tensor([0, 0, 0, 1, 1, 1, 0, 0, 0], dtype=torch.float64) / 3
    torch.testing.assert_close(schedules._moving_average(spike, 1), expected)


def test_the_gate():
    lower = torch.linspace(-90, -80, 40, dtype=torch.float64)
    noise = torch.randn(40, generator=seeded(), dtype=torch.float64)
    assert gate(lower, lower + 0.3 + 0.1 * noise).open
    wide = gate(lower, lower + 0.8 + 2.0 * noise)  # its mean is below 1 nat, its upper limit is not
    assert wide.gap < 1 < wide.interval[1]
    assert not wide.open
    assert gate(lower, lower + 0.8 + 2.0 * noise, threshold=3.0).open
    closed = gate(lower, lower + 5.0)
    assert not closed.open
    assert "differ by 5 nats" in closed.reason
    negative = gate(lower, lower - 2.0 + 0.1 * noise)
    assert not negative.open
    assert "below the lower one" in negative.reason
    assert gate(lower, lower - 0.01 + 0.1 * noise).open  # no contradiction within its error
    assert gate(lower, lower.clone()).open
    broken = lower.clone()
    broken[3] = math.nan
    assert not gate(lower, broken).open
    few = lower + 0.1
    few[3] += 60.0
    assert "half of them by 0.1 at most" in gate(lower, few).reason
    assert "half of them" not in gate(lower, lower + 1.5).reason
    assert "not finite for 1 of 40" in gate(lower, broken).reason
    with pytest.raises(DmviError, match="n at least 2"):
        gate(lower[:1], lower[:1])
    with pytest.raises(DmviError, match="threshold"):
        gate(lower, lower, threshold=0.0)


def test_flags_name_what_is_suspicious():
    ais = torch.full((50,), -85.0) + torch.randn(50, generator=seeded())
    ess, acceptance = torch.full((50,), 5.0), torch.full((50,), 0.65)
    assert flags(ais, ess, acceptance, ais - 0.1) == []
    assert flags(ais, ess, torch.full((50,), math.nan)) == []
    assert "too short" in flags(ais, ess, acceptance, ais + 0.5)[0]
    one = ais.clone()
    one[7] -= 20.0  # of 50 images, a mean's error hides it
    assert "chains of 1 of 50 images have failed" in flags(one, ess, acceptance, ais)[0]
    one[7] += 13.0  # less than log(100 n): importance sampling may be above by chance
    assert flags(one, ess, acceptance, ais) == []
    assert "1.10" in flags(ais, torch.full((50,), 1.1), acceptance)[0]
    for value in (0.2, 0.99):
        assert "acceptance" in flags(ais, ess, torch.full((50,), value))[0]
    assert "not finite" in flags(ais.clone().fill_(math.inf), ess, acceptance, ais)[0]


SPEC = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli", "latent_dim": 3}


def test_a_models_log_likelihood_in_the_estimators_shapes():
    torch.manual_seed(0)
    model = make_model({**SPEC, "width": 8}, (28, 28, 1)).eval().requires_grad_(False)
    x = (torch.rand(4, 1, 28, 28) > 0.5).float().contiguous(memory_format=torch.channels_last)
    z = torch.randn(5, 4, 3)
    chained = over_chains(model.log_likelihood, x, 5)
    by_hand = torch.stack([model.log_likelihood(x, chain) for chain in z])
    torch.testing.assert_close(chained(z), by_hand)
    torch.testing.assert_close(chained(z[:2]), by_hand[:2])
    grid = over_grid(model.generator, LIKELIHOODS["bernoulli"]().log_prob, x)(z[:, 0])
    expected = [
        [model.log_likelihood(x[i : i + 1], z[m, :1])[0] for i in range(4)] for m in range(5)
    ]
    torch.testing.assert_close(grid, torch.tensor(expected))


def test_chunks_cover_all_images_and_their_numbers_do_not_depend_on_what_came_before():
    parts = list(chunks(10, 4, seed=3))
    assert [rows for rows, _ in parts] == [slice(0, 4), slice(4, 8), slice(8, 10)]
    first = [torch.rand(3, generator=g) for _, g in parts]
    again = {rows.start: g for rows, g in chunks(10, 4, seed=3)}
    assert torch.equal(torch.rand(3, generator=again[8]), first[2])
    assert not torch.equal(first[0], first[1])
    assert not torch.equal(torch.rand(3, generator=next(chunks(10, 4, seed=4))[1]), first[0])
    with pytest.raises(DmviError, match="size is 0"):
        list(chunks(10, 0, seed=0))


def test_starts():
    draws = torch.randn(4000, 2, 3, generator=seeded()) * torch.tensor([2.0, 1.0, 0.0]) + 1.0
    start = GaussianStart.from_draws(draws)
    torch.testing.assert_close(start.mean, torch.ones(2, 3), atol=0.15, rtol=0)
    torch.testing.assert_close(
        start.std, torch.tensor([2.0, 1.0, 0.01]).expand(2, 3), atol=0.1, rtol=0
    )
    assert (start.std[:, 2] == 0.01).all()
    z = start.sample(5, seeded())
    reference = torch.distributions.Normal(start.mean.double(), start.std.double())
    torch.testing.assert_close(
        start.log_prob(z), reference.log_prob(z.double()).sum(-1), rtol=1e-5, atol=1e-4
    )
    q = z.double().requires_grad_(True)
    (gradient,) = torch.autograd.grad(reference.log_prob(q).sum(), q)
    torch.testing.assert_close(start.gradient(z).double(), gradient, rtol=1e-4, atol=1e-4)
    assert torch.equal(start.rows(slice(1, 2)).mean, start.mean[1:])
    assert torch.equal(start.widened(2.0).std, 2.0 * start.std)


def test_a_start_from_curvature_has_the_width_of_the_posterior_along_each_coordinate():
    """Of a linear decoder: 1 / (1 + |W_j|^2 / s^2), whatever mean; never wider than the prior."""
    model, x, q0 = problem(3)
    found = GaussianStart.from_curvature(model.likelihood_of(x), q0.mean)
    precision = torch.linalg.inv(model.covariance).diagonal()
    torch.testing.assert_close(found.std, precision.rsqrt().expand_as(found.std))
    assert torch.equal(found.mean, q0.mean)
    convex = GaussianStart.from_curvature(lambda z: z.square().sum(-1), q0.mean)
    torch.testing.assert_close(convex.std, torch.ones_like(q0.std))
