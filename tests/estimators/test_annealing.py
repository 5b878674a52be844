"""Annealed importance sampling against closed forms, quadrature and a plain implementation."""

import math

import numpy as np
import pytest
import torch
from linear_gaussian import LinearGaussian

from dmvi.errors import DmviError
from dmvi.estimators import annealing, schedules
from dmvi.estimators.gate import gate
from dmvi.estimators.importance import importance_bound
from dmvi.estimators.pairing import chunks
from dmvi.estimators.quadrature import log_marginal
from dmvi.estimators.start import GaussianStart

IMAGES = 24


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def problem(d, *, images=IMAGES, start="posterior", sd=0.5, seed=1):
    """A model, posterior draws, images, and a start that is off in mean and scale."""
    model = LinearGaussian(d, 2 * d, sd=sd)
    z, x = model.simulate(images, seeded(seed))
    mean, std = model.posterior(x)
    if start == "posterior":
        q0 = GaussianStart(mean + 0.4 * std, 0.8 * std)
    else:
        q0 = GaussianStart.prior(images, d, x)
    return model, z, x, q0


def both(model, z, x, q0, *, temperatures, chains=6, leapfrog=6, schedule=schedules.linear, g=None):
    """(forward, reverse) with step sizes tuned on the same images."""
    g = g or seeded(2)
    likelihood, betas = model.likelihood_of(x), schedule(temperatures)
    steps = schedules.tune(likelihood, q0, betas, leapfrog=leapfrog, chains=2, generator=g)
    shared = {"leapfrog": leapfrog, "chains": chains, "generator": g}
    forward = annealing.forward(likelihood, q0, betas, steps, **shared)
    backward = annealing.reverse(likelihood, q0, betas, steps, posterior_draws=z, **shared)
    return forward, backward


@pytest.mark.parametrize(
    ("d", "temperatures", "start"), [(1, 40, "prior"), (8, 100, "prior"), (50, 160, "posterior")]
)
def test_linear_gaussian_model_in_closed_form(d, temperatures, start):
    # Little noise in 50 dimensions from the prior takes thousands of temperatures: see the gate's test.
    model, z, x, q0 = problem(d, start=start, sd=1.0)
    truth = model.log_marginal(x)
    forward, backward = both(model, z, x, q0, temperatures=temperatures)
    for annealed, sign in ((forward, 1), (backward, -1)):
        error = (annealed.log_p - truth).std() / math.sqrt(IMAGES)
        bias = (annealed.log_p - truth).mean()
        assert sign * bias < 3 * error  # lower on average forwards, upper backwards
        assert abs(bias) < 0.5
        assert 0.5 < annealed.acceptance.mean() < 0.9
        assert annealed.ess.min() >= 1
        assert annealed.log_p.dtype == torch.float64
    assert gate(forward.log_p, backward.log_p).open
    # The start alone is far off: the annealing does the work.
    alone = importance_bound(model.likelihood_of(x), q0, draws=6, generator=seeded())
    assert (truth - alone.log_p).mean() > 3 * abs((forward.log_p - truth).mean())


def test_pooled_starts_give_bounds_where_one_of_them_fails():
    """A start far from the posterior of every image beside one at the prior: log 2 is what it costs."""
    model, z, x, q0 = problem(2, start="prior", sd=1.0)
    truth = model.log_marginal(x)
    mean, std = model.posterior(x)
    astray = GaussianStart(mean + 12.0 * std, 0.2 * std)
    results = [both(model, z, x, start, temperatures=60) for start in (astray, q0)]
    forward, backward = (
        annealing.pooled(parts, backwards=backwards)
        for parts, backwards in zip(zip(*results, strict=True), (False, True), strict=True)
    )
    alone = [backward.log_p - forward.log_p for forward, backward in results]
    gap = backward.log_p - forward.log_p
    assert alone[0].mean() > 5.0
    assert gap.mean() < alone[1].mean() + 2.0 * math.log(2.0) + 1e-9
    assert (forward.log_p >= results[1][0].log_p - math.log(2.0) - 1e-9).all()
    assert (backward.log_p <= results[1][1].log_p + math.log(2.0) + 1e-9).all()
    error = 3.0 / math.sqrt(IMAGES)
    assert (forward.log_p - truth).mean() < error * (forward.log_p - truth).std()
    assert (backward.log_p - truth).mean() > -error * (backward.log_p - truth).std()
    assert forward.log_weights.shape == (12, IMAGES)
    assert (forward.ess <= 12).all()


def test_pooled_chains_of_one_start_are_as_many_chains():
    """Pooling is the mean of weights, by the plain formula; one part is itself."""
    model, z, x, q0 = problem(2, start="prior", sd=1.0)
    parts = [both(model, z, x, q0, temperatures=5, chains=n, g=seeded(n)) for n in (2, 3)]
    for direction, backwards, sign in ((0, False, 1.0), (1, True, -1.0)):
        found = annealing.pooled([part[direction] for part in parts], backwards=backwards)
        weights = np.concatenate([part[direction].log_weights.exp().numpy() for part in parts])
        np.testing.assert_allclose(found.log_p, sign * np.log(weights.mean(0)))
        np.testing.assert_allclose(found.ess, weights.sum(0) ** 2 / (weights**2).sum(0))
        accepted = [part[direction].acceptance.numpy() for part in parts]
        np.testing.assert_allclose(found.acceptance, (2 * accepted[0] + 3 * accepted[1]) / 5)
        one = parts[0][direction]
        assert annealing.pooled([one], backwards=backwards) is one


def test_weights_are_unbiased_for_p_and_its_inverse():
    """E w = p(x) and E 1/w = 1/p(x), with few temperatures, where both are far from sharp."""
    model, _, x, q0 = problem(2, images=1, sd=1.0)
    truth = model.log_marginal(x)
    n = 4000
    betas, g = schedules.linear(3), seeded(3)
    # One image n times, each with its own exact posterior draw.
    mean, _ = model.posterior(x)
    factor = torch.linalg.cholesky(model.covariance)
    draws = mean + torch.randn(n, 2, generator=g, dtype=torch.float64) @ factor.T
    q0 = GaussianStart(q0.mean.expand(n, 2), 1.5 * q0.std.expand(n, 2))
    likelihood, steps = model.likelihood_of(x.expand(n, -1)), torch.tensor([0.7, 0.6])
    shared = {"leapfrog": 3, "chains": 1, "generator": g}
    forward = annealing.forward(likelihood, q0, betas, steps, **shared)
    backward = annealing.reverse(likelihood, q0, betas, steps, posterior_draws=draws, **shared)
    for log_ratio in (forward.log_p - truth, truth - backward.log_p):
        ratio = log_ratio.exp()
        error = ratio.std().item() / math.sqrt(n)
        assert 0.001 < error < 0.03
        assert ratio.mean().item() == pytest.approx(1.0, abs=4 * error)
    assert (forward.log_p - truth).mean() < -0.01  # and their logarithms are bounds
    assert (backward.log_p - truth).mean() > 0.01


def test_one_temperature_is_importance_sampling():
    model, _, x, q0 = problem(3)
    annealed = annealing.forward(
        model.likelihood_of(x),
        q0,
        [0.0, 1.0],
        torch.zeros(0),
        leapfrog=5,
        chains=7,
        generator=seeded(),
    )
    sampled = importance_bound(
        model.likelihood_of(x), q0, draws=7, generator=seeded(), widening=1.0, at_once=7
    )
    torch.testing.assert_close(annealed.log_p, sampled.log_p)
    torch.testing.assert_close(annealed.ess, sampled.ess)
    assert annealed.acceptance.isnan().all()
    assert annealed.acceptance_by_temperature.shape == (0,)


def test_an_exact_start_gives_log_p_from_every_weight():
    """Where q0 is the posterior, every weight is p(x), at any temperature and step."""
    model, z, x, _ = problem(1)
    mean, std = model.posterior(x)
    forward, backward = both(model, z, x, GaussianStart(mean, std), temperatures=5)
    expected = model.log_marginal(x).expand(6, IMAGES)
    torch.testing.assert_close(forward.log_weights, expected)
    torch.testing.assert_close(backward.log_weights, -expected)


def nonlinear(z):
    """A 'decoder' of two latents with a curved, two-sided posterior: (..., 2) -> (..., 3) logits."""
    a, b = z[..., 0], z[..., 1]
    return torch.stack([3 * torch.sin(2 * a) + b, a * b * 2, a.square() - 1 + b], -1)


def bernoulli(x, logits):
    return -torch.nn.functional.softplus((1 - 2 * x) * logits).sum(-1)


def test_nonlinear_two_dimensional_decoder_against_quadrature():
    x = torch.tensor([[i >> k & 1 for k in range(3)] for i in range(8)], dtype=torch.float64)
    exact = log_marginal(lambda z: bernoulli(x[None], nonlinear(z)[:, None]), 2, like=x, points=201)
    # All eight images of three pixels together have probability 1.
    assert exact.log_p.logsumexp(0).item() == pytest.approx(0.0, abs=1e-6)
    q0, betas = GaussianStart.prior(8, 2, x), schedules.sigmoid(50)
    arguments = {"leapfrog": 4, "generator": seeded(4)}

    def likelihood(z):
        return bernoulli(x, nonlinear(z))

    steps = schedules.tune(likelihood, q0, betas, chains=20, **arguments)
    forward = annealing.forward(likelihood, q0, betas, steps, chains=100, **arguments)
    errors = (1.0 / forward.ess - 1.0 / 100).sqrt()
    assert errors.max() < 0.1
    assert ((forward.log_p - exact.log_p).abs() < 4 * errors + 0.005).all()


def plain_annealing(log_joint, grad_joint, mean, std, betas, steps, leapfrog, rng):
    """log w of one chain, after Neal (2001) and (2011), with scalar loops over numpy arrays."""

    def log_q0(z):
        return -0.5 * np.sum(((z - mean) / std) ** 2 + np.log(2 * np.pi) + 2 * np.log(std))

    def log_f(z, b):
        return (1 - b) * log_q0(z) + b * log_joint(z)

    def grad_f(z, b):
        return (1 - b) * (mean - z) / std**2 + b * grad_joint(z)

    z, log_w = mean + std * rng.standard_normal(len(mean)), 0.0
    for t in range(1, len(betas)):
        log_w += log_f(z, betas[t]) - log_f(z, betas[t - 1])
        if t == len(betas) - 1:
            return log_w
        # Momentum with mass 1 / std^2, as a velocity-Verlet integrator.
        p = rng.standard_normal(len(mean)) / std
        new, q = z.copy(), p.copy()
        for _ in range(leapfrog):
            q = q + 0.5 * steps[t - 1] * grad_f(new, betas[t])
            new = new + steps[t - 1] * std**2 * q
            q = q + 0.5 * steps[t - 1] * grad_f(new, betas[t])
        old_h = -log_f(z, betas[t]) + 0.5 * np.sum((p * std) ** 2)
        new_h = -log_f(new, betas[t]) + 0.5 * np.sum((q * std) ** 2)
        if rng.random() < np.exp(min(0.0, old_h - new_h)):
            z = new
    return log_w


def test_log_weights_have_the_distribution_of_a_plain_implementation():
    """The same law, chain by chain: means and spreads of log w, where they are far from exact."""
    model, _, x, q0 = problem(3, images=1)
    W, c, pixel = model.W.numpy(), model.c.numpy(), x[0].numpy()
    constant = len(pixel) * (math.log(model.sd) + 0.5 * math.log(2 * math.pi))

    def log_joint(z):
        fit = -0.5 * np.sum(((pixel - W @ z - c) / model.sd) ** 2) - constant
        return fit - 0.5 * np.sum(z**2 + np.log(2 * np.pi))

    def grad_joint(z):
        return W.T @ (pixel - W @ z - c) / model.sd**2 - z

    betas, steps, rng = [0.0, 0.1, 0.35, 0.7, 1.0], [0.9, 0.7, 0.5], np.random.default_rng(0)
    mean, std = q0.mean[0].numpy(), 2.5 * q0.std[0].numpy()
    plain = np.array(
        [
            plain_annealing(log_joint, grad_joint, mean, std, betas, steps, 3, rng)
            for _ in range(3000)
        ]
    )
    ours = (
        annealing.forward(
            model.likelihood_of(x),
            q0.widened(2.5),
            betas,
            torch.tensor(steps),
            leapfrog=3,
            chains=3000,
            generator=seeded(5),
        )
        .log_weights[:, 0]
        .numpy()
    )
    error = math.hypot(plain.std(), ours.std()) / math.sqrt(3000)
    assert plain.std() > 0.3
    assert ours.mean() == pytest.approx(plain.mean(), abs=4 * error)
    assert ours.std() == pytest.approx(plain.std(), rel=0.08)
    for level in (0.1, 0.5, 0.9):
        assert np.mean(ours < np.quantile(plain, level)) == pytest.approx(level, abs=0.05)


def test_too_few_temperatures_close_the_gate_and_more_open_it():
    model, z, x, q0 = problem(20, start="prior", images=16)
    verdicts = []
    for temperatures in (5, 300):
        forward, backward = both(model, z, x, q0, temperatures=temperatures, chains=4)
        verdicts.append(gate(forward.log_p, backward.log_p))
    assert not verdicts[0].open
    assert verdicts[0].gap > 10
    assert "differ by" in verdicts[0].reason
    assert verdicts[1].gap < 0.1 * verdicts[0].gap


def test_a_wrong_sign_of_log_q0_closes_the_gate(monkeypatch):
    model, z, x, q0 = problem(6, start="prior")
    right, backward = both(model, z, x, q0, temperatures=100)
    assert gate(right.log_p, backward.log_p).open
    log_prob, gradient = GaussianStart.log_prob, GaussianStart.gradient
    monkeypatch.setattr(GaussianStart, "log_prob", lambda self, z: -log_prob(self, z))
    monkeypatch.setattr(GaussianStart, "gradient", lambda self, z: -gradient(self, z))
    wrong, backward = both(model, z, x, q0, temperatures=100)
    assert not gate(wrong.log_p, backward.log_p).open


def test_single_precision_chains_on_the_device_of_the_start():
    model, z, x, q0 = problem(8, sd=1.0)
    single = GaussianStart(q0.mean.float(), q0.std.float())
    forward, backward = both(model, z, x.float(), single, temperatures=60)
    assert forward.z.dtype == torch.float32
    assert forward.z.shape == (6, IMAGES, 8)
    assert forward.log_weights.dtype == torch.float64
    assert (forward.log_p - model.log_marginal(x)).mean().abs() < 0.2
    assert (backward.log_p - model.log_marginal(x)).mean().abs() < 0.2


def test_the_seed_decides_and_progress_reaches_its_end():
    model, _, x, q0 = problem(3)
    seen = []
    arguments = {
        "leapfrog": 2,
        "chains": 2,
        "progress": lambda done, total: seen.append((done, total)),
    }
    steps = torch.full((4,), 0.5)
    runs = [
        annealing.forward(
            model.likelihood_of(x), q0, schedules.linear(5), steps, generator=seeded(s), **arguments
        )
        for s in (1, 1, 2)
    ]
    assert seen[:5] == [(i, 5) for i in range(1, 6)]
    assert torch.equal(runs[0].log_weights, runs[1].log_weights)
    assert not torch.equal(runs[0].log_weights, runs[2].log_weights)


def test_chunks_of_images_join_to_one_result():
    model, _, x, q0 = problem(3, images=10)
    betas, steps = schedules.linear(6), torch.full((5,), 0.6)
    parts = []
    for rows, generator in chunks(10, 4, seed=0):
        shared = {"leapfrog": 2, "chains": 3, "generator": generator}
        likelihood = model.likelihood_of(x[rows])
        parts.append(annealing.forward(likelihood, q0.rows(rows), betas, steps, **shared))
    whole = annealing.joined(parts)
    assert whole.log_weights.shape == (3, 10)
    assert whole.z.shape == (3, 10, 3)
    torch.testing.assert_close(whole.log_p, annealing.log_mean_exp(whole.log_weights))
    mean = whole.acceptance_by_temperature.mean()
    torch.testing.assert_close(mean, whole.acceptance.mean())


def test_bad_input_is_refused():
    model, _, x, q0 = problem(2)
    arguments = {"leapfrog": 2, "chains": 2, "generator": seeded()}
    likelihood = model.likelihood_of(x)
    for betas in ([0.0], [0.0, 0.5], [0.1, 1.0], [0.0, 0.5, 0.5, 1.0]):
        with pytest.raises(DmviError, match="rise strictly from 0 to 1"):
            annealing.forward(likelihood, q0, betas, torch.zeros(2), **arguments)
    with pytest.raises(DmviError, match="there must be 4"):
        annealing.forward(likelihood, q0, schedules.linear(5), torch.ones(5), **arguments)
    with pytest.raises(DmviError, match="chains is 0"):
        annealing.forward(
            likelihood, q0, schedules.linear(1), torch.ones(0), **{**arguments, "chains": 0}
        )
    with pytest.raises(DmviError, match="leapfrog is 0"):
        annealing.forward(
            likelihood, q0, schedules.linear(1), torch.ones(0), **{**arguments, "leapfrog": 0}
        )
    with pytest.raises(DmviError, match="temperatures is 0"):
        schedules.linear(0)
    with pytest.raises(DmviError, match="above 0"):
        GaussianStart(q0.mean, 0.0 * q0.std)
    with pytest.raises(DmviError, match=r"\(images, latents\)"):
        GaussianStart(q0.mean[0], q0.std[0])
