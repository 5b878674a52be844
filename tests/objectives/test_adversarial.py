"""The adversarial losses against their definitions and their known optima."""

import math

import pytest
import torch
from torch.distributions import Independent, Normal

from dmvi.objectives.adversarial import (
    bce_fake,
    bce_real,
    contrast_kl,
    gradient_penalty,
    wasserstein_critic_loss,
    wasserstein_generator_loss,
)
from dmvi.objectives.reconstruction import mean_absolute_error, mean_squared_distance


def test_cross_entropies_are_torchs():
    logits = torch.randn(50) * 5
    entropy = torch.nn.BCEWithLogitsLoss()
    torch.testing.assert_close(bce_real(logits), entropy(logits, torch.ones(50)))
    torch.testing.assert_close(bce_fake(logits), entropy(logits, torch.zeros(50)))


def test_cross_entropies_survive_extreme_logits():
    extreme = torch.tensor([1e4, -1e4])
    assert bce_real(extreme).item() == bce_fake(extreme).item() == 5e3


def test_best_logit_of_two_gaussians_is_their_log_density_ratio():
    """N(1, 1) as real against N(-1, 1) as fake: the best affine logit is 2 z, log p - log q."""
    torch.manual_seed(0)
    real, fake = torch.randn(20_000) + 1, torch.randn(20_000) - 1
    weight = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([weight], max_iter=50)

    def loss():
        optimizer.zero_grad()
        total = bce_real(weight[0] * real + weight[1]) + bce_fake(weight[0] * fake + weight[1])
        total.backward()
        return total

    optimizer.step(loss)
    assert weight[0].item() == pytest.approx(2.0, abs=0.06)
    assert weight[1].item() == pytest.approx(0.0, abs=0.06)


def test_wasserstein_losses():
    real, fake = torch.tensor([1.0, 3.0]), torch.tensor([0.0, -2.0])
    assert wasserstein_critic_loss(real, fake).item() == -3.0
    assert wasserstein_generator_loss(fake).item() == 1.0


@pytest.mark.parametrize("norm", [0.0, 1.0, 3.0])
def test_gradient_penalty_of_a_linear_critic(norm):
    torch.manual_seed(0)
    direction = torch.randn(12, dtype=torch.float64)
    direction = direction / direction.norm() * norm
    real, fake = torch.rand(2, 5, 3, 2, 2, dtype=torch.float64)
    penalty = gradient_penalty(lambda x: x.flatten(1) @ direction, real, fake, weight=10.0)
    assert penalty.item() == pytest.approx(10 * (norm - 1) ** 2, abs=1e-4)


def test_gradient_penalty_has_finite_gradients_where_the_norm_is_zero():
    weight = torch.zeros(12, requires_grad=True)
    gradient_penalty(
        lambda x: x.flatten(1) @ weight, torch.rand(5, 12), torch.rand(5, 12)
    ).backward()
    assert weight.grad.isfinite().all()


def test_gradient_penalty_is_taken_between_real_and_fake_and_reaches_neither():
    real, fake = torch.zeros(100, 4), torch.ones(100, 4, requires_grad=True)
    seen = []

    def critic(x):
        seen.append(x.detach())
        return (x * x).sum(1)

    gradient_penalty(critic, real, fake).backward()
    assert fake.grad is None
    assert (seen[0] >= 0).all()
    assert (seen[0] <= 1).all()
    assert torch.equal(seen[0].std(1), torch.zeros(100)), "one u per example"
    assert seen[0].std() > 0.2


def test_contrast_kl_is_the_difference_of_log_densities():
    z, mean = torch.randn(2, 7, 5)
    std = torch.rand(7, 5) + 0.1
    logits = torch.randn(7)
    gaussian = Independent(Normal(mean, std), 1)
    prior = Independent(Normal(torch.zeros(5), torch.ones(5)), 1)
    expected = logits + gaussian.log_prob(z) - prior.log_prob(z)
    torch.testing.assert_close(contrast_kl(logits, z, mean, std), expected)


def test_contrast_kl_without_contrast_is_the_logit():
    z, logits = torch.randn(7, 5), torch.randn(7)
    assert torch.equal(contrast_kl(logits, z, torch.zeros(7, 5), torch.ones(7, 5)), logits)


def test_l1_is_a_mean_over_pixels_and_l2_a_sum_over_latents():
    assert mean_absolute_error(torch.zeros(2, 3, 4, 4), torch.full((2, 3, 4, 4), -2.0)) == 2.0
    assert mean_squared_distance(torch.zeros(3, 5), torch.full((3, 5), 2.0)).tolist() == [4.0] * 3
    assert math.isclose(mean_absolute_error(torch.tensor([0.0, 1.0]), torch.zeros(2)), 0.5)
