"""Likelihoods against torch.distributions, closed forms, and the identities of Appendix G."""

import math
import sys

import pytest
import torch
from torch import distributions

from dmvi.distributions.likelihoods import LIKELIHOODS
from dmvi.distributions.likelihoods.bernoulli import Bernoulli
from dmvi.distributions.likelihoods.categorical import Categorical
from dmvi.distributions.likelihoods.narrow_quantized_normal import NarrowQuantizedNormal
from dmvi.distributions.likelihoods.quantized_normal import QuantizedNormal
from dmvi.distributions.registry import declared_likelihoods


def pixels(*shape: int) -> torch.Tensor:
    return torch.randint(0, 256, shape) / 255.0


def test_bernoulli_equals_torch_on_binary_pixels():
    x, logits = pixels(3, 2, 4, 4).round(), torch.randn(3, 2, 4, 4)
    expected = distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().log_prob(x, logits), expected)


def test_bernoulli_on_grey_pixels_is_x_l_minus_softplus_l():
    x, logits = pixels(3, 2, 4, 4), torch.randn(3, 2, 4, 4) * 5
    expected = (x * logits - torch.nn.functional.softplus(logits)).flatten(1).sum(1)
    torch.testing.assert_close(Bernoulli().log_prob(x, logits), expected)


def test_gradients_have_the_form_of_appendix_g():
    """-d log p / d logit = sigmoid(l) - x for Bernoulli, -d log p / d mu = mu - x for N(mu, 1)."""
    x, output = pixels(1, 1, 5, 5), torch.randn(1, 1, 5, 5, requires_grad=True)
    (gradient,) = torch.autograd.grad(-Bernoulli().log_prob(x, output).sum(), output)
    torch.testing.assert_close(gradient, output.sigmoid() - x)
    normal = QuantizedNormal()
    mu = torch.randn(1, 1, 5, 5, requires_grad=True)
    output = torch.cat([mu, torch.zeros_like(mu)], 1)  # sigma = 1
    (gradient,) = torch.autograd.grad(-normal.log_prob(x, output).sum(), mu)
    centre = (x * 255 + 0.5) / 256
    torch.testing.assert_close(gradient, mu - centre)


def quantized_probabilities(mu: float, log_sigma: float) -> torch.Tensor:
    """p(k) of all 256 values, float32 as in training."""
    x = (torch.arange(256) / 255.0).view(256, 1, 1, 1)
    output = torch.tensor([mu, log_sigma]).view(1, 2, 1, 1).expand(256, 2, 1, 1)
    return QuantizedNormal().log_prob(x, output).double().exp()


@pytest.mark.parametrize("log_sigma", [-9.0, -6.0, -5.5, -5.0, -3.0, -1.0, 2.0])
@pytest.mark.parametrize("mu", [-0.5, 0.0, 0.3, 0.5 / 256, 1.0])
def test_quantized_normal_sums_to_at_most_one(mu, log_sigma):
    assert quantized_probabilities(mu, log_sigma).sum().item() <= 1.0 + 1e-5


def test_quantized_normal_loses_no_more_than_jensens_gap():
    """To second order in the bin width w, the sum is 1 - w^2 / (24 sigma^2)."""
    gap = (1 / 256) ** 2 / (24 * math.exp(-6.0))
    assert quantized_probabilities(0.5, -3.0).sum().item() == pytest.approx(1 - gap, abs=1e-5)


def test_quantized_normal_is_the_average_log_density_over_the_bin():
    """Against the definition: E_u log N((k + u) / 256; mu, sigma) - log 256 by fine quadrature."""
    mu, log_sigma, k = 0.31, -4.0, 100
    u = (torch.arange(10_000, dtype=torch.float64) + 0.5) / 10_000
    density = distributions.Normal(
        torch.tensor(mu, dtype=torch.float64), torch.tensor(log_sigma, dtype=torch.float64).exp()
    )
    expected = density.log_prob((k + u) / 256).mean().item() - math.log(256)
    x = torch.full((1, 1, 1, 1), k / 255.0)
    output = torch.tensor([mu, log_sigma]).view(1, 2, 1, 1)
    assert QuantizedNormal().log_prob(x, output).item() == pytest.approx(expected, rel=1e-5)


def test_the_narrow_start_is_the_same_density_at_an_eighth_of_the_scale():
    x, mu, log_sigma = pixels(2, 3, 4, 4), torch.rand(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    narrow = NarrowQuantizedNormal()
    torch.testing.assert_close(
        narrow.log_prob(x, torch.cat([mu, log_sigma + math.log(8.0)], 1)),
        QuantizedNormal().log_prob(x, torch.cat([mu, log_sigma], 1)),
    )
    _, start = narrow.parameters(torch.zeros(1, 2, 1, 1))
    assert start.exp().item() == pytest.approx(0.125)
    _, least = narrow.parameters(torch.full((1, 2, 1, 1), -50.0))
    assert least.item() == QuantizedNormal.min_log_sigma


def test_the_smallest_sigma_can_be_set():
    """Below it the density is that of a normal with just this sigma; above, nothing changes."""
    x, mu = pixels(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    wide = QuantizedNormal(smallest_sigma=0.05)

    def of(log_sigma):
        return torch.cat([mu, torch.full_like(mu, log_sigma)], 1)

    assert torch.equal(
        wide.log_prob(x, of(-5.0)), QuantizedNormal().log_prob(x, of(math.log(0.05)))
    )
    assert torch.equal(wide.log_mass(of(-5.0)), QuantizedNormal().log_mass(of(math.log(0.05))))
    assert torch.equal(wide.log_prob(x, of(-2.0)), QuantizedNormal().log_prob(x, of(-2.0)))
    assert QuantizedNormal().min_log_sigma == QuantizedNormal.min_log_sigma == -6.0


def test_quantized_normal_channels_are_two_halves():
    x, mu, log_sigma = pixels(2, 3, 4, 4), torch.rand(2, 3, 4, 4), torch.randn(2, 3, 4, 4)
    whole = QuantizedNormal().log_prob(x, torch.cat([mu, log_sigma], 1))
    parts = [
        QuantizedNormal().log_prob(x[:, [c]], torch.stack([mu[:, c], log_sigma[:, c]], 1))
        for c in range(3)
    ]
    torch.testing.assert_close(whole, sum(parts))


def test_categorical_equals_torch():
    x, output = pixels(2, 3, 4, 4), torch.randn(2, 768, 4, 4)
    logits = output.unflatten(1, (3, 256)).movedim(2, -1)
    expected = distributions.Categorical(logits=logits).log_prob((x * 255).round().long())
    torch.testing.assert_close(Categorical().log_prob(x, output), expected.flatten(1).sum(1))
    mean = (logits.softmax(-1) * torch.arange(256) / 255).sum(-1)
    torch.testing.assert_close(Categorical().mean(output), mean)


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_every_likelihood_learns_the_image_it_is_shown(name):
    """Maximising log p(x | output) over the output moves the mean image to x."""
    torch.manual_seed(0)
    likelihood = LIKELIHOODS[name]()
    x = pixels(1, 2, 3, 3)
    output = torch.zeros(1, 2 * likelihood.outputs_per_channel, 3, 3, requires_grad=True)
    optimizer = torch.optim.Adam([output], lr=0.1)
    for _ in range(300):
        optimizer.zero_grad()
        (-likelihood.log_prob(x, output).sum()).backward()
        optimizer.step()
    mean = likelihood.mean(output)
    assert mean.shape == x.shape
    assert (mean - x).abs().max().item() < 0.1
    assert mean.min() >= 0
    assert mean.max() <= 1


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_declarations_are_true(name):
    """The 256 values of a pixel have probabilities that sum to 1 or less, where it says so."""
    declared, likelihood = declared_likelihoods()[name], LIKELIHOODS[name]()
    assert likelihood.outputs_per_channel == declared["outputs_per_channel"]
    assert sys.modules[type(likelihood).__module__].DECLARES["title"] == declared["title"]
    torch.manual_seed(0)
    x = (torch.arange(256) / 255.0).view(256, 1, 1, 1)
    sums = []
    for scale in (0.0, 0.5, 3.0):
        output = torch.randn(1, likelihood.outputs_per_channel, 1, 1) * scale
        probabilities = likelihood.log_prob(x, output.expand(256, -1, 1, 1)).double().exp()
        sums.append(probabilities.sum().item())
    assert (max(sums) <= 1 + 1e-4) == declared["normalised"]


def test_all_likelihoods_come_in_order():
    assert list(LIKELIHOODS)[:3] == ["bernoulli", "quantized_normal", "categorical"]


@pytest.mark.parametrize(
    ("log_sigma", "within"), [(-6.0, 0.05), (-5.0, 2e-4), (-3.0, 1e-5), (1.0, 1e-5)]
)
@pytest.mark.parametrize("mu", [-0.002, 0.0, 0.3, 0.9, 1.003])
def test_the_sum_of_a_quantized_normal_in_closed_form(mu, log_sigma, within):
    output = torch.tensor([[mu, mu, log_sigma, log_sigma]]).view(1, 4, 1, 1)  # two channels
    expected = 2 * quantized_probabilities(mu, log_sigma).sum().log().item()
    assert QuantizedNormal().log_mass(output).item() == pytest.approx(expected, abs=2 * within)


def test_the_sum_of_a_normal_far_outside_has_a_finite_gradient():
    output = torch.tensor([[30.0, -20.0, -6.0, -6.0]]).view(1, 4, 1, 1).requires_grad_()
    QuantizedNormal().log_mass(output).sum().backward()
    assert output.grad.isfinite().all()


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_samples_have_the_likelihoods_probabilities(name):
    """Chi-squared over values of one pixel, two channels with other outputs; conditional on the sum."""
    likelihood, generator = LIKELIHOODS[name](), torch.Generator().manual_seed(0)
    n, per_channel = 3000, likelihood.outputs_per_channel
    torch.manual_seed(1)
    one = torch.randn(1, 2 * per_channel, 1, 1)
    x = likelihood.sample(one.expand(n, -1, -1, -1), generator)
    assert x.shape == (n, 2, 1, 1)
    values = (torch.arange(2) if name == "bernoulli" else torch.arange(256) / 255.0).float()
    for channel in range(2):
        images = torch.zeros(len(values), 2, 1, 1)
        images[:, channel, 0, 0] = values
        p = likelihood.log_prob(images, one.expand(len(values), -1, -1, -1)).double().softmax(0)
        mean, variance = p @ values.double(), p @ values.double().square()
        error = ((variance - mean**2) / n).sqrt()
        assert abs(x[:, channel].double().mean() - mean) < 4 * error
    assert torch.isin((x * 255).round() / 255, values).all()


def test_only_the_quantized_normal_sums_to_less_than_one():
    for name in ("bernoulli", "categorical"):
        likelihood = LIKELIHOODS[name]()
        output = torch.randn(3, likelihood.outputs_per_channel, 2, 2)
        assert torch.equal(likelihood.log_mass(output), torch.zeros(3))
