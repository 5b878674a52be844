"""The estimators that no step holds yet, and the loops of those that do, on a pretended GPU."""

import numpy as np
import pytest
import torch
from cases import SMALL
from pretended import CPU, CUDA, OnGPU, pretended_gpu

from dmvi.distributions.posteriors.realnvp import RealNVPFamily
from dmvi.estimators import annealing, hmc
from dmvi.estimators.gate import flags, gate
from dmvi.estimators.importance import importance_bound
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture
from dmvi.estimators.pairing import over_chains, over_grid
from dmvi.estimators.schedules import tune
from dmvi.estimators.start import GaussianStart
from dmvi.estimators.two_sample import against_prior
from dmvi.models import make_model

SPEC = {**SMALL, "model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
IMAGES = 3


def host(value):
    return value.host if isinstance(value, OnGPU) else value


def decoder(device):
    """A VAE's likelihood of a few images at chains of latents, and a start for each image."""
    torch.manual_seed(0)
    model = make_model(SPEC, (28, 28, 1)).to(device).eval().requires_grad_(False)
    x = torch.rand(IMAGES, 1, 28, 28).round().to(device)
    mean = 0.1 * torch.randn(IMAGES, 6)
    start = GaussianStart(mean.to(device), torch.full_like(mean, 0.8).to(device))
    return model, x, start


def bounds(device):
    """Annealing in both directions after its pilot, and importance sampling."""
    model, x, start = decoder(device)
    likelihood = over_chains(model.log_likelihood, x, 4)
    generator = torch.Generator(device).manual_seed(0)
    betas, options = [0.0, 0.2, 0.6, 1.0], {"leapfrog": 2, "chains": 4, "generator": generator}
    steps = tune(likelihood, start, betas, **options)
    draws = torch.zeros(IMAGES, 6, device=device)
    lower = annealing.forward(likelihood, start, betas, steps, **options)
    upper = annealing.reverse(likelihood, start, betas, steps, **options, posterior_draws=draws)
    weighted = importance_bound(likelihood, start, draws=6, generator=generator, at_once=4)
    return lower, upper, weighted


def test_annealing_and_importance_sampling_wait_for_nothing():
    with pretended_gpu() as machine:
        # A start looks once whether it is finite, when it is made.
        start = GaussianStart.__post_init__
        GaussianStart.__post_init__ = lambda self: None
        try:
            with machine.no_reads():
                found = bounds(CUDA)
        finally:
            GaussianStart.__post_init__ = start
        assert machine.calls > 1000
        lower, upper, weighted = found
        assert gate(lower.log_p, upper.log_p, 100.0).n == IMAGES
        flags(lower.log_p, lower.ess, lower.acceptance, weighted.log_p)
    for value, expected in zip(found, bounds(CPU), strict=True):
        for name in ("log_p", "ess"):
            torch.testing.assert_close(
                host(getattr(value, name)), getattr(expected, name), rtol=1e-3, atol=1e-3
            )


def chains(device):
    generator = torch.Generator(device).manual_seed(0)
    start = torch.zeros(5, 3, device=device)
    return hmc.sample(
        lambda z: -0.5 * z.square().sum(-1),
        start,
        size=torch.full((3,), 0.4, device=device),
        steps=3,
        transitions=4,
        generator=generator,
    )


def test_hamiltonian_chains_wait_for_nothing():
    with pretended_gpu() as machine, machine.no_reads():
        path, accepted = chains(CUDA)
    expected = chains(CPU)
    torch.testing.assert_close(path.host, expected[0])
    torch.testing.assert_close(accepted.host, expected[1])


def test_a_grid_of_points_and_images_waits_for_nothing():
    with pretended_gpu() as machine, torch.no_grad():
        model, x, _ = decoder(CUDA)
        with machine.no_reads():
            pairs = over_grid(model.generator, model.likelihood.log_prob, x)
            assert pairs(torch.zeros(4, 6, device=CUDA)).shape == (4, IMAGES)


def test_two_sample_distances_are_a_cpus():
    codes = np.random.default_rng(0).standard_normal((40, 4))
    expected = against_prior(codes, replicates=19)
    with pretended_gpu() as machine:
        found = against_prior(codes, replicates=19, device="cuda")
        assert machine.calls > 100
    for name, value in expected.items():
        assert found[name].value == pytest.approx(value.value, rel=1e-6)
        assert found[name].null_mean == pytest.approx(value.null_mean, rel=1e-6)


def mixture(kind, device, tile):
    generator = torch.Generator().manual_seed(1)
    parameters = 0.5 * torch.randn(24, 8, generator=generator)
    if kind == "gaussian":
        return GaussianMixture.from_parameters(parameters.to(device), tile=tile)
    torch.manual_seed(0)
    return FlowMixture(RealNVPFamily(4, 2, (8,)).to(device), parameters.to(device), tile=tile)


@pytest.mark.parametrize("kind", ["gaussian", "flow"])
def test_the_kl_waits_a_few_times_in_a_tile(kind):
    """At every tile: is an entry to be computed again, which rows count, where is the own term."""
    expected = marginal_kl(mixture(kind, CPU, (8, 8)), samples=16)
    counts = []
    for tile in ((8, 8), (8, 4)):  # 6 and 12 tiles
        with pretended_gpu() as machine:
            found = marginal_kl(mixture(kind, CUDA, tile), samples=16)
        assert found.value == pytest.approx(expected.value, rel=1e-9)
        counts.append(sum(machine.reads.values()))
    assert 0 < counts[1] - counts[0] <= 6 * 6
