"""Learning a Gaussian q = N(b, A A^T) from a density ratio alone.

Appendix D of Rosca, Lakshminarayanan and Mohamed (2018): a classifier of q against a fixed p and the
parameters A, b of q take turns. q minimises E_q logit, the raw estimate of the reverse KL(q || p),
which an exact ratio would turn into the gradient of the true one.
"""

import torch
from torch import Tensor, nn

from dmvi.experiments.synthetic.ensemble import Ensemble, total
from dmvi.experiments.synthetic.estimation import cross_entropy
from dmvi.experiments.synthetic.gaussians import Gaussians
from dmvi.training.player import Player


class Generator(nn.Module):
    """The trained parameters: A (E, d, d) and b (E, d) of x = A w + b."""

    def __init__(self, start: Gaussians) -> None:
        super().__init__()
        self.A, self.b = nn.Parameter(start.A.clone()), nn.Parameter(start.b.clone())


class Learning(nn.Module):
    """E classifiers and E learned Gaussians q, each with its own fixed p.

    Args:
        classifiers: on the device of `start` and `p`.
        start: the Gaussians that q begins as.
        p: the Gaussians that q should become.
    """

    def __init__(self, classifiers: Ensemble, start: Gaussians, p: Gaussians) -> None:
        super().__init__()
        self.classifiers = classifiers
        self.generator = Generator(start)
        self.p = p  # redrawn from its seeds, so not part of a checkpoint

    @property
    def q(self) -> Gaussians:
        """What q is now."""
        return Gaussians(self.generator.A, self.generator.b)

    def players(self) -> list[Player]:
        """One update of the classifiers, then one of q, on the same w."""
        return [
            Player("classifier", (self.classifiers,), self.classifier_loss),
            Player("generator", (self.generator,), self.generator_loss),
        ]

    def classifier_loss(self, w: Tensor) -> dict[str, Tensor]:
        """Sum over the members of the cross-entropy of x ~ q (label 1) against x ~ p; w (E, 2, B, d)."""
        return {"cross_entropy": total(cross_entropy(self.classifiers, self.q, self.p, w))}

    def generator_loss(self, w: Tensor) -> dict[str, Tensor]:
        """Sum over the members of E_q logit, nats; w (E, 2, B, d), of which p's half is not used."""
        logits = self.classifiers(self.q.sample(w[:, 0])).float()
        return {"reverse_kl": total(torch.mean(logits, 1))}
