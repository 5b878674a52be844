"""Posteriors against torch.distributions, and the flow's exactness."""

import pytest
import torch
from torch import distributions

from dmvi.costs import sizes
from dmvi.distributions.posteriors import (
    POSTERIORS,
    GaussianFamily,
    TractablePosterior,
    gaussian_kl,
    standard_normal_log_prob,
)
from dmvi.distributions.posteriors.realnvp import RealNVPFamily
from dmvi.distributions.registry import declared_posteriors, pairwise, tractable


def scrambled_flow(latent_dim: int) -> RealNVPFamily:
    """A flow whose couplings do something (they start as the identity)."""
    torch.manual_seed(0)
    family = RealNVPFamily(latent_dim, hidden_features=(16, 16)).double()
    for parameter in family.parameters():
        torch.nn.init.normal_(parameter, 0, 0.3)
    return family


@pytest.mark.parametrize("d", [1, 10, 1000])
def test_gaussian_kl_equals_torch(d):
    mean, log_var = torch.randn(5, d).double(), torch.randn(5, d).double()
    q = distributions.Normal(mean, (0.5 * log_var).exp())
    p = distributions.Normal(torch.zeros_like(mean), torch.ones_like(mean))
    expected = distributions.kl_divergence(q, p).sum(-1)
    torch.testing.assert_close(gaussian_kl(mean, log_var), expected)


def test_standard_normal_log_prob_equals_torch():
    z = torch.randn(4, 6).double()
    expected = distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    torch.testing.assert_close(standard_normal_log_prob(z), expected)


def test_gaussian_family_density_and_samples():
    family = GaussianFamily(3)
    parameters = torch.tensor([[1.0, -2.0, 0.0, 0.0, 1.0, -1.0]])
    z = family(parameters.expand(50_000, -1)).rsample()
    torch.testing.assert_close(z.mean(0), parameters[0, :3], atol=0.02, rtol=0)
    torch.testing.assert_close(z.var(0).log(), parameters[0, 3:], atol=0.02, rtol=0)
    expected = distributions.Normal(parameters[:, :3], (0.5 * parameters[:, 3:]).exp())
    torch.testing.assert_close(family(parameters).log_prob(z[:5]), expected.log_prob(z[:5]).sum(-1))


def test_flow_starts_as_the_gaussian_it_contains():
    parameters, z = torch.randn(4, 10), torch.randn(4, 5)
    flow, gaussian = RealNVPFamily(5), GaussianFamily(5)
    torch.testing.assert_close(flow(parameters).log_prob(z), gaussian(parameters).log_prob(z))


@pytest.mark.parametrize("d", [2, 5, 8])
def test_flow_log_prob_of_its_own_samples(d):
    family = scrambled_flow(d)
    q = family(torch.randn(7, 2 * d).double())
    z, log_prob = q.rsample_and_log_prob()
    torch.testing.assert_close(q.log_prob(z), log_prob, rtol=1e-8, atol=1e-8)


def test_flow_density_integrates_to_one():
    family = scrambled_flow(2)
    q = family(torch.randn(1, 4).double())
    z = q.rsample((4000,)).squeeze(1)
    centre, spread = z.mean(0), 10 * z.std(0)
    grid = [
        torch.linspace(-1, 1, 301).double() * s + c for c, s in zip(centre, spread, strict=True)
    ]
    points = torch.cartesian_prod(*grid)
    area = (grid[0][1] - grid[0][0]) * (grid[1][1] - grid[1][0])
    total = q.log_prob(points).exp().sum() * area
    assert total.item() == pytest.approx(1.0, abs=0.01)


def test_flow_broadcasts_points_against_contexts():
    family = scrambled_flow(4)
    parameters, z = torch.randn(5, 8).double(), torch.randn(3, 4).double()
    table = family(parameters[None]).log_prob(z[:, None])
    assert table.shape == (3, 5)
    for n in range(5):
        torch.testing.assert_close(table[:, n], family(parameters[[n]]).log_prob(z))


@pytest.mark.parametrize("name", [name for name in POSTERIORS if tractable(name)])
def test_sample_and_kl_is_differentiable_and_averages_to_the_kl(name):
    torch.manual_seed(0)
    family = POSTERIORS[name](4)
    mean_log_var = torch.tensor([0.5, -0.5, 0.2, 0.0, -1.0, 0.3, 0.0, -0.2])
    parameters = mean_log_var.expand(20_000, -1).clone().requires_grad_()
    z, kl = family.sample_and_kl(parameters)
    # Both families start at the Gaussian with these parameters.
    expected = gaussian_kl(mean_log_var[:4], mean_log_var[4:])
    assert kl.mean().item() == pytest.approx(expected.item(), abs=0.05)
    (gradient,) = torch.autograd.grad(z.sum() + kl.sum(), parameters)
    assert gradient.isfinite().all()
    assert (gradient != 0).any(0).all()


@pytest.mark.parametrize("name", POSTERIORS)
def test_declarations_are_true(name):
    declared = declared_posteriors()[name]
    options = {key: rules["default"] for key, rules in declared["options"].items()}
    given = {"noise_dim": 3, **options}
    family = POSTERIORS[name](
        6, **{argument: given[key] for argument, key in declared["arguments"].items()}
    )
    assert isinstance(family, TractablePosterior) == declared["tractable"] == tractable(name)
    assert isinstance(family, GaussianFamily) == declared["gaussian"]
    spec = {**given, "posterior": name, "latent_dim": 6}
    assert sizes.posterior_outputs(spec) == family.num_parameters
    assert set(options) <= set(declared["arguments"].values())


def test_all_posteriors_come_in_order_and_none_has_no_density():
    assert list(POSTERIORS)[:4] == ["gaussian", "realnvp", "deterministic", "implicit"]
    assert not tractable(None)
    assert not pairwise(None)
    assert [name for name in POSTERIORS if pairwise(name)][:1] == ["realnvp"]
