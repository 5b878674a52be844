"""The flow mixture with the project's own RealNVP posterior."""

import math

import pytest
import torch

from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture

posteriors = pytest.importorskip("dmvi.distributions.posteriors.realnvp")


def family_and_parameters(seed=0):
    torch.manual_seed(seed)
    family = posteriors.RealNVPFamily(3, hidden_features=(8, 8))
    for parameter in family.parameters():  # away from its start, where it is a plain Gaussian
        torch.nn.init.normal_(parameter, std=0.3)
    return family, torch.randn(40, family.num_parameters) - 0.5


def test_realnvp_log_density_equals_a_loop_over_components():
    family, parameters = family_and_parameters()
    mixture = FlowMixture(family, parameters, tile=(3, 11))
    index = torch.arange(0, 40, 4)
    z, own = mixture.sample(index, torch.Generator().manual_seed(0))
    double = family.double()
    with torch.no_grad():
        columns = [double(row.double()).log_prob(z) for row in parameters]
    log_prob = torch.stack(columns, 1)
    torch.testing.assert_close(log_prob[torch.arange(10), index], own, rtol=0, atol=1e-8)
    expected = torch.logsumexp(log_prob, 1) - math.log(40)
    torch.testing.assert_close(mixture.log_density(z, index, own), expected, rtol=0, atol=1e-8)


def test_realnvp_at_its_start_is_the_gaussian_mixture():
    parameters = torch.randn(30, 6, generator=torch.Generator().manual_seed(0))
    flow = FlowMixture(posteriors.RealNVPFamily(3), parameters)
    z = torch.randn(9, 3, generator=torch.Generator().manual_seed(1))
    expected = GaussianMixture.from_parameters(parameters).log_density(z)
    torch.testing.assert_close(flow.log_density(z), expected, rtol=0, atol=1e-9)


def test_realnvp_kl_keeps_its_bounds():
    family, parameters = family_and_parameters(1)
    found = marginal_kl(FlowMixture(family, parameters), samples=1000, seed=0)
    assert found.avg_kl_standard_error > 0
    assert found.components == 40
    assert 0 < found.mutual_information_direct <= math.log(40)
