"""Losses of discriminators, critics and the players that oppose them.

A discriminator emits one logit l per example. Trained to tell "real" from "fake" examples by
cross-entropy, its best logit is the log density ratio log p_real - log p_fake (Sugiyama et al.,
2012; Goodfellow et al., 2014), so that -l estimates log p_fake / p_real on fake examples.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def bce_real(logits: Tensor) -> Tensor:
    """-E log sigmoid(l) = E softplus(-l): the cost of calling these examples real, (B,) -> ().

    As a generator's loss on fake examples it is the non-saturating one of Goodfellow et al. (2014).
    """
    return F.softplus(-logits.float()).mean()


def bce_fake(logits: Tensor) -> Tensor:
    """-E log(1 - sigmoid(l)) = E softplus(l): the cost of calling these examples fake, (B,) -> ()."""
    return F.softplus(logits.float()).mean()


def bce_both(
    discriminator: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor
) -> tuple[Tensor, Tensor]:
    """(bce_real, bce_fake) of as many real as fake examples, (B, ...) each, from one pass.

    For a discriminator without batch norm, which would tie the examples of a pass to each other.
    """
    real_logits, fake_logits = discriminator(torch.cat([real, fake])).chunk(2)
    return bce_real(real_logits), bce_fake(fake_logits)


def wasserstein_critic_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """E D(fake) - E D(real), (B,), (B',) -> (): minus the dual of W_1 (Arjovsky et al., 2017, eq. 2)."""
    return fake_logits.float().mean() - real_logits.float().mean()


def wasserstein_generator_loss(fake_logits: Tensor) -> Tensor:
    """-E D(fake), (B,) -> () (Arjovsky et al., 2017)."""
    return -fake_logits.float().mean()


def gradient_penalty(
    critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, weight: float = 10.0
) -> Tensor:
    """weight * E (|grad D(xhat)| - 1)^2 at xhat on the lines between real and fake examples.

    Gulrajani et al. (2017), eq. 3: xhat = u real + (1 - u) fake, one u ~ U(0, 1) per example, and
    the norm is over all of an example's numbers. It needs a critic without batch norm: with it the
    gradient of one example would depend on the others. A small epsilon under the root keeps the
    derivative finite where the gradient vanishes.

    Args:
        critic: (B, ...) -> (B,).
        real, fake: (B, ...) each; neither gets a gradient.
        weight: >= 0.
    """
    u = torch.rand(len(real), *[1] * (real.ndim - 1), dtype=real.dtype, device=real.device)
    mixed = torch.lerp(fake.detach(), real.detach(), u).requires_grad_(True)
    (gradient,) = torch.autograd.grad(critic(mixed).float().sum(), mixed, create_graph=True)
    norm = (gradient.flatten(1).square().sum(1) + 1e-12).sqrt()
    return weight * (norm - 1.0).square().mean()


def contrast_kl(logits: Tensor, z: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """log q(z|x) - log p(z), estimated with adaptive contrast, nats, (B,).

    T + log N(z; mean, std^2) - log N(z; 0, I), where the logits T tell (z - mean) / std from
    N(0, I) (Mescheder et al., 2017, section 3.3). The constants of the two normal densities cancel.

    Args:
        logits: T of the normalised latents, (B,).
        z: (B, d).
        mean, std: moments of q(z|x), (B, d), std > 0; neither should carry a gradient.
    """
    contrast = -0.5 * ((z - mean) / std).square() - std.log() + 0.5 * z.square()
    return logits.float() + contrast.sum(1)
