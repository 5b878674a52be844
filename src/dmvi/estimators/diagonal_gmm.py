"""The mixture of Gaussians with diagonal covariances, fitted by EM, as a density model of q(z)."""

import warnings
from collections.abc import Callable

import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.mixture import GaussianMixture
from threadpoolctl import threadpool_limits
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.density_models import VARIANCE_FLOOR


class DiagonalGMM:
    """r(z) = sum_k w_k N(z; mean_k, diag(variance_k)), fitted by EM in float64 with scikit-learn.

    EM starts from k-means, and works on the codes that it is given, all at once: its memory is that
    of a few arrays (n, d) and (n, components), so n is bounded by whoever draws them.

    Args:
        components: their number.
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
