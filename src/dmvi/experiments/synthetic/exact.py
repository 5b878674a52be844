"""Learning a Gaussian q from the exact density ratio: the control of `learning`.

Where the classifier of Appendix D (Rosca, Lakshminarayanan and Mohamed, 2018) stands, here stands what
it would be at its best, log q(x) - log p(x). Start, noise, optimiser and steps are those of `learning`:
what goes wrong there and not here is the classifier's fault, what goes wrong in both the optimiser's.
"""

import torch
from torch import Tensor, nn

from dmvi.experiments.synthetic.ensemble import total
from dmvi.experiments.synthetic.gaussians import Gaussians
from dmvi.experiments.synthetic.learning import Generator
from dmvi.training.player import Player


class LogDensity:
    """log N(x; b, A A^T) + d/2 log(2 pi) of E Gaussians, differentiable in x alone.

    By the LU factors of A, which cost half of the QR of `Gaussians.log_prob`: they are made anew at
    every step of a training. A singular A gives infinite or NaN values, no error.
    """

    def __init__(self, gaussians: Gaussians) -> None:
        self.b = gaussians.b.detach()
        self.factors, self.pivots, _ = torch.linalg.lu_factor_ex(gaussians.A.detach())
        self.log_det = self.factors.diagonal(dim1=1, dim2=2).abs().log().sum(1)

    def __call__(self, x: Tensor) -> Tensor:
        """(E, n, d) -> (E, n), nats, in the precision of x."""
        w = torch.linalg.lu_solve(self.factors, self.pivots, (x - self.b[:, None]).mT)
        return -0.5 * w.square().sum(1) - self.log_det[:, None]


class ExactRatio:
    """log q(x) - log p(x), called as a classifier is: (E, n, d) -> (E, n)."""

    num_parameters = 0  # that are trained

    def __init__(self, q: LogDensity, p: LogDensity) -> None:
        self.q, self.p = q, p

    def __call__(self, x: Tensor) -> Tensor:
        return self.q(x) - self.p(x)


class ExactLearning(nn.Module):
    """E learned Gaussians q, each with its own fixed p, and no classifier.

    Args:
        start: the Gaussians that q begins as.
        p: the Gaussians that q should become.
    """

    def __init__(self, start: Gaussians, p: Gaussians) -> None:
        super().__init__()
        self.generator = Generator(start)
        self.p = p  # redrawn from its seeds, so not part of a checkpoint
        self._p = LogDensity(p)

    @property
    def q(self) -> Gaussians:
        """What q is now."""
        return Gaussians(self.generator.A, self.generator.b)

    @property
    def classifiers(self) -> ExactRatio:
        """What stands where `Learning` has its classifiers: the ratio for q as it is now."""
        return ExactRatio(LogDensity(self.q), self._p)

    def players(self) -> list[Player]:
        """q alone."""
        return [Player("generator", (self.generator,), self.generator_loss)]

    def generator_loss(self, w: Tensor) -> dict[str, Tensor]:
        """Sum over the members of E_q log q(x)/p(x), nats; w (E, 2, B, d), of which p's half is not used.

        As by a classifier, the gradient goes through x = A w + b and not through the ratio, whose own
        part is 0 in expectation: what is left has the expectation grad KL(q || p).
        """
        with torch.autocast(w.device.type, enabled=False):
            ratio = self.classifiers(self.q.sample(w[:, 0]))
        return {"reverse_kl": total(ratio.mean(1))}
