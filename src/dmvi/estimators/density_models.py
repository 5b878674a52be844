"""Density models r(z) of the marginal posterior q(z), and the KL that they bound from below.

Algorithm 4 of Rosca, Lakshminarayanan and Mohamed (2018): fit r to codes z ~ q(z), then
KL = E_q[log r(z) - log p(z)] = KL(q || p) - KL(q || r), a lower bound in expectation. The mixture of
all posteriors gives log q(z) itself, so the gap KL(q || r) = E_q[log q(z) - log r(z)] is known too.

Here is the mixture of Gaussians, fitted by EM; `dmvi.estimators.autoregressive` has the models that
are fitted by gradient.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from torch import Tensor

from dmvi.errors import DmviError
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


class DiagonalGMM:
    """r(z) = sum_k w_k N(z; mean_k, diag(variance_k)), fitted by EM in float64 with scikit-learn.

    EM starts from k-means, and works on the codes that it is given, all at once: its memory is that
    of a few arrays (n, d) and (n, components), so n is bounded by whoever draws them.

    Args:
        components: their number, [paper: 50].
        seed: of k-means. The fit is determined by it and the codes (on a CPU with the same number
            of BLAS threads).
    """

    def __init__(self, components: int, seed: int) -> None:
        # Each call of its `fit` is then one EM iteration more, and `log_prob` is that of the present one.
        self.mixture = GaussianMixture(
            components,
            covariance_type="diag",
            reg_covar=VARIANCE_FLOOR,
            max_iter=1,
            warm_start=True,
            random_state=seed,
        )

    def fit(
        self, codes: Tensor, iterations: int, after: Callable[[int], None] = lambda _: None
    ) -> None:
        """EM iterations on codes (n, d); `after(i)` is called after iteration i = 1, ..., iterations.

        All of them are made: the library's stopping rule is about its own bound, on these codes.

        Raises:
            DmviError: there are fewer codes than components.
        """
        if len(codes) < max(2, self.mixture.n_components):
            raise DmviError(
                f"gmm: fit_samples is {len(codes)}, which is too few for components: "
                f"{self.mixture.n_components}; give at least as many codes as components, and 2"
            )
        values = codes.double().cpu().numpy()
        # k-means adds up the sums of its threads in the order in which they finish: one thread only.
        with warnings.catch_warnings(), threadpool_limits(1, user_api="openmp"):
            warnings.simplefilter("ignore", ConvergenceWarning)  # after every single iteration
            for iteration in range(1, iterations + 1):
                self.mixture.fit(values)
                after(iteration)

    def log_prob(self, z: Tensor) -> Tensor:
        """log r(z), float64, on the device of z: (n, d) -> (n,)."""
        values = self.mixture.score_samples(z.double().cpu().numpy())
        return torch.from_numpy(values).to(z.device)

    @property
    def num_parameters(self) -> int:
        """Free ones: the weights sum to 1."""
        components, d = self.mixture.means_.shape
        return components * (1 + 2 * d) - 1


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
