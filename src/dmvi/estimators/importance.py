"""Importance sampling of log p(x) (Rezende et al., 2014; Burda, Grosse and Salakhutdinov, 2016)."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.annealing import standard_normal_log_prob
from dmvi.estimators.start import GaussianStart

WIDENING = 1.2  # of q0: weights have a finite variance only if q0 has the heavier tails


@dataclass(frozen=True)
class ImportanceBound:
    """log mean_k w_k, w_k = p(x|z_k) p(z_k) / q0(z_k), z_k ~ q0: below log p(x) on average.

    Attributes:
        log_p: float64 (images,), nats.
        standard_error: of each, by the delta method, sqrt(1/ESS - 1/K), (images,). It is blind to what
            no draw has met: where the ESS is small it is too small as well.
        ess: effective sample size (sum w)^2 / sum w^2, (images,), from 1 to K.
        draws: K.
    """

    log_p: Tensor
    standard_error: Tensor
    ess: Tensor
    draws: int


@torch.no_grad()
def importance_bound(
    log_likelihood: Callable[[Tensor], Tensor],
    start: GaussianStart,
    *,
    draws: int,
    generator: torch.Generator,
    widening: float = WIDENING,
    at_once: int = 16,
    progress: Callable[[int, int], None] | None = None,
) -> ImportanceBound:
    """log p(x) of every image by K draws of its own, each weighted by its own densities.

    Each weight has log p(z_k) - log q0(z_k) of its own draw. Putting the closed-form KL(q0 || p) in
    its place estimates log E_q p(x|z) - KL instead, which with the exact posterior is *at least*
    log p(x) (Jensen): an optimistic number.

    Args:
        log_likelihood: (draws, images, d) -> (draws, images), log p(x_i|z[:, i]) in nats.
        start: q0 before its standard deviations are multiplied by `widening`.
        draws: K >= 1 per image.
        at_once: draws per image in one pass.
        progress: called as progress(done, K).

    Raises:
        DmviError: draws or at_once below 1.
    """
    if draws < 1 or at_once < 1:
        raise DmviError(
            f"importance sampling: draws is {draws}, at once {at_once}; at least 1 each"
        )
    proposal = start.widened(widening)
    log_sum = start.mean.new_full((len(start.mean),), -math.inf, dtype=torch.float64)
    log_sum_of_squares = log_sum.clone()
    for done in range(0, draws, at_once):
        z = proposal.sample(min(at_once, draws - done), generator)
        log_w = (
            standard_normal_log_prob(z) + log_likelihood(z).double() - proposal.log_prob(z)
        )  # (k, images)
        log_sum = torch.logaddexp(log_sum, log_w.logsumexp(0))
        log_sum_of_squares = torch.logaddexp(log_sum_of_squares, (2.0 * log_w).logsumexp(0))
        if progress is not None:
            progress(done + len(z), draws)
    ess = (2.0 * log_sum - log_sum_of_squares).exp()
    return ImportanceBound(
        log_p=log_sum - math.log(draws),
        standard_error=(1.0 / ess - 1.0 / draws).clamp(min=0.0).sqrt(),
        ess=ess,
        draws=draws,
    )
