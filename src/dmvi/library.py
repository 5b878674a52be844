"""The estimators for an encoder of your own: arrays or tensors in, numbers out.

No study, no config, no model of ours. Each function puts together what `dmvi.estimators` holds as the
workflow's steps do, with their defaults; but chains of `log_likelihood` start with the encoder's own width.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators import annealing, gate, schedules
from dmvi.estimators.low_posterior import LowPosterior, find
from dmvi.estimators.marginal_kl import MarginalKL, marginal_kl
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.estimators.pairing import over_chains
from dmvi.estimators.start import GaussianStart
from dmvi.estimators.two_sample import TwoSample, against_prior

Array = np.ndarray | Tensor
PILOT = 32  # images on which step sizes are tuned, from the end of those given
LEAST_STD = 1e-4  # of a chain's start


def kl_to_prior(
    mean: Array, variance: Array, *, samples: int | None = None, seed: int = 0
) -> MarginalKL:
    """KL(q(z) || N(0, I)) in nats, q(z) = 1/N sum_n N(mean_n, diag variance_n), with its bounds.

    Args:
        mean, variance: of q(z|x_n), (N, d), one row per image; variance > 0.
        samples: S draws of z ~ q(z); None means N.
        seed: of the draws.

    Returns:
        value, standard_error, and the bounds lower = avgKL - log N and upper = avgKL
        (Hoffman and Johnson, 2016); see `dmvi.estimators.marginal_kl.MarginalKL`.

    Raises:
        DmviError: shapes that differ, a variance that is not above 0, values that are not finite.
    """
    return marginal_kl(_mixture(mean, variance), samples=samples, seed=seed)


def low_posterior(
    mean: Array, variance: Array, *, draws: int = 10_000, keep: int = 100, seed: int = 0
) -> LowPosterior:
    """The `keep` of `draws` latents z ~ N(0, I) at which q(z) is lowest (Algorithm 1 of the paper).

    Args:
        mean, variance: of q(z|x_n), as for `kl_to_prior`.

    Raises:
        DmviError: as for `kl_to_prior`, or not 1 <= keep <= draws.
    """
    generator = torch.Generator().manual_seed(seed)
    return find(_mixture(mean, variance), draws=draws, keep=keep, generator=generator)


def distances_to_prior(codes: Array, *, seed: int = 0) -> dict[str, TwoSample]:
    """How far codes are from N(0, I), each distance with its null distribution and p-value.

    Args:
        codes: one z ~ q(z|x_n) per image, (N, d); of any encoder, also one without a density.

    Returns:
        mmd2_gaussian, mmd2_imq (squared MMD by two kernels), sliced_wasserstein.
    """
    return against_prior(codes.detach() if isinstance(codes, Tensor) else codes, seed=seed)


@dataclass(frozen=True)
class Likelihood:
    """log p(x) of images under a decoder, in nats, by annealed importance sampling.

    Attributes:
        log_p: of each image, (n,), float64: on average a lower bound.
        value, standard_error: mean over images; NaN where the gate is closed.
        ess: effective sample size of each image's chains, (n,).
        gate: whether forward and reverse chains agree on images that the model has drawn; None where
            no `simulate` was given, so that nobody knows how far below log p(x) the numbers are.
    """

    log_p: Tensor
    value: float
    standard_error: float
    ess: Tensor
    gate: gate.Gate | None


def log_likelihood(
    log_prob: Callable[[Tensor, Tensor], Tensor],
    x: Tensor,
    mean: Tensor,
    variance: Tensor,
    *,
    simulate: Callable[[Tensor], Tensor] | None = None,
    encode: Callable[[Tensor], tuple[Tensor, Tensor]] | None = None,
    simulated: int = 64,
    temperatures: int = 300,
    leapfrog: int = 5,
    chains: int = 4,
    seed: int = 0,
) -> Likelihood:
    """log p(x) = log of the integral of p(x|z) N(z; 0, I) over z, for images and any decoder.

    Args:
        log_prob: (x, z) -> log p(x|z) in nats, (B, ...), (B, d) -> (B,); differentiable in z. It must be
            a probability of x: of binary pixels for a Bernoulli decoder, of their values for others.
        x: images, (n, ...).
        mean, variance: of q(z|x), (n, d): where the chains start.
        simulate: z -> x ~ p(x|z), (B, d) -> (B, ...): drawn images, on which an upper bound can be had
            beside the lower one (bidirectional Monte Carlo; Grosse et al., 2016).
        encode: x -> (mean, variance): for the images drawn; needed with `simulate`.
        simulated: how many are drawn.
        temperatures, leapfrog, chains: of annealed importance sampling with Hamiltonian transitions
            (Neal, 2001); time grows with their product.

    Raises:
        DmviError: `simulate` without `encode`, or a start that is not finite.
    """
    if simulate is not None and encode is None:
        raise DmviError(
            "log_likelihood: simulate needs encode, for where the chains of its images start"
        )
    device, generator = x.device, torch.Generator(x.device).manual_seed(seed)
    betas = schedules.sigmoid(temperatures)

    def likelihood_of(images: Tensor) -> Callable[[Tensor], Tensor]:
        return over_chains(log_prob, images, chains)

    shared = {"leapfrog": leapfrog, "chains": chains, "generator": generator}
    start = _start(mean, variance)
    pilot = GaussianStart(start.mean[-PILOT:], start.std[-PILOT:])
    steps = schedules.tune(likelihood_of(x[-PILOT:]), pilot, betas, **shared)
    opening = None
    if simulate is not None and encode is not None:
        z = torch.randn(simulated, mean.shape[1], generator=generator, device=device)
        with torch.no_grad():
            drawn = simulate(z)
            own = _start(*encode(drawn))
        arguments = (likelihood_of(drawn), own, betas, steps)
        lower = annealing.forward(*arguments, **shared)
        upper = annealing.reverse(*arguments, **shared, posterior_draws=z)
        opening = gate.gate(lower.log_p, upper.log_p)
    annealed = annealing.forward(likelihood_of(x), start, betas, steps, **shared)
    log_p = annealed.log_p.double()
    closed = opening is not None and not opening.open
    error = log_p.std().item() / math.sqrt(len(log_p)) if len(log_p) > 1 else math.nan
    value = math.nan if closed else log_p.mean().item()
    return Likelihood(log_p, value, math.nan if closed else error, annealed.ess, opening)


def _start(mean: Tensor, variance: Tensor) -> GaussianStart:
    return GaussianStart(mean.detach(), variance.detach().sqrt().clamp(min=LEAST_STD))


def _mixture(mean: Array, variance: Array) -> GaussianMixture:
    mean, variance = (torch.as_tensor(values).detach() for values in (mean, variance))
    if not bool((variance > 0).all()):
        raise DmviError("variance must be above 0 everywhere; give variances, not their logarithms")
    return GaussianMixture(mean, variance.log())
