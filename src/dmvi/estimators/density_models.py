"""Density models r(z) of the marginal posterior q(z), and the KL that they bound from below.

Algorithm 4 of Rosca, Lakshminarayanan and Mohamed (2018): fit r to codes z ~ q(z), then
KL = E_q[log r(z) - log p(z)] = KL(q || p) - KL(q || r), a lower bound in expectation. The mixture of
all posteriors gives log q(z) itself, so the gap KL(q || r) = E_q[log q(z) - log r(z)] is known too.

`dmvi.estimators.diagonal_gmm` has the model that is fitted by EM, `dmvi.estimators.autoregressive`
those that are fitted by gradient.
"""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from dmvi.estimators.estimate import Estimate, mean_and_error

# Added to every variance, in the units of z (the prior's is 1). It only keeps a component that has
# shrunk to a single code, or a latent that never varies, from dividing by zero: standard deviations
# of posteriors are above 1e-3, so it changes no fit. scikit-learn's own default.
VARIANCE_FLOOR = 1e-6
# log q - log r may average below 0 by chance only: E_q exp(log r - log q) = 1, hence
# P(sum_i [log q(z_i) - log r(z_i)] < -t) <= exp(-t) (Markov), whatever their number is.
LOG_IMPROBABLE = 30.0


class DensityModel(Protocol):
    """A normalised density r over R^d."""

    def log_prob(self, z: Tensor) -> Tensor:
        """log r(z) in nats: (n, d) -> (n,)."""


@dataclass(frozen=True, kw_only=True)
class DensityKL(Estimate):
    """E_q[log r(z) - log p(z)] in nats, a lower bound on KL(q || p) in expectation.

    Attributes:
        log_r: E_q log r(z).
        log_q: E_q log q(z), over the same z: what log_r would be if r were q.
        gap, gap_standard_error: E_q[log q(z) - log r(z)] = KL(q || r), >= 0 in expectation. The
            difference is taken code by code, so its error is smaller than those of its terms.
    """

    log_r: float
    log_q: float
    gap: float
    gap_standard_error: float


def density_kl(log_r: Tensor, log_q: Tensor, log_p: Tensor) -> DensityKL:
    """The estimate from log densities (n,), n >= 2, in nats, of the same codes z ~ q(z).

    The codes must not be among those that r was fitted to.

    Raises:
        RuntimeError: the gap is negative beyond what chance allows, so one density is not normalised.
    """
    log_r, log_q, log_p = (part.double().cpu() for part in (log_r, log_q, log_p))
    gaps = log_q - log_r
    if not gaps.sum().item() >= -LOG_IMPROBABLE - 1e-6 * gaps.abs().sum().item():
        raise RuntimeError(
            f"log q(z) - log r(z) averages {gaps.mean().item():.6g} nats over {len(gaps)} fresh codes; "
            "KL(q, r) is not negative, so one of these densities is wrong."
        )
    value, standard_error = mean_and_error(log_r - log_p)
    gap, gap_standard_error = mean_and_error(gaps)
    return DensityKL(
        value=value,
        standard_error=standard_error,
        n=len(gaps),
        log_r=log_r.mean().item(),
        log_q=log_q.mean().item(),
        gap=gap,
        gap_standard_error=gap_standard_error,
    )
