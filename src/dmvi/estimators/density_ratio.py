"""KL(q(z) || p(z)) by a classifier of codes, for every encoder that can be sampled.

Algorithm 3 of Rosca, Lakshminarayanan and Mohamed (2018). A classifier is trained by cross-entropy
to tell z ~ q(z) (label 1) from z ~ p(z) = N(0, I) (label 0). Its best logit is log q(z) - log p(z)
(Sugiyama, Suzuki and Kanamori, 2012), hence KL = E_q logit. With any other classifier E_q logit is
neither a lower nor an upper bound. Two checks look at the logits themselves: the estimate on codes of
images that nothing was trained on, and the calibration of sigmoid(logit) as a probability.
"""

from collections.abc import Iterable
from typing import Any

import pandas as pd
import torch
from torch import Tensor, nn

from dmvi.errors import DmviError
from dmvi.estimators.estimate import Estimate, mean_and_error
from dmvi.objectives.adversarial import bce_fake, bce_real, gradient_penalty
from dmvi.training.player import Player
from dmvi.training.reproducibility import restore_rng_state, rng_state

BINS = 10


class RatioClassifier(nn.Module):
    """A network whose logit learns log q(z) - log p(z), p = N(0, I): something for `engine.fit`.

    Loss of a batch z ~ q(z): E softplus(-l(z)) + E softplus(l(z')), z' ~ p(z), as many, drawn anew;
    plus `penalty_weight` * E (|grad l| - 1)^2 on the lines between z and z' (Gulrajani et al., 2017).

    Args:
        network: (B, d) -> (B,).
        penalty_weight: >= 0; 0 leaves the term out.
    """

    def __init__(self, network: nn.Module, penalty_weight: float = 0.0) -> None:
        super().__init__()
        self.network = network
        self.penalty_weight = penalty_weight

    def forward(self, z: Tensor) -> Tensor:
        """Logits, nats: (B, d) -> (B,)."""
        return self.network(z)

    def players(self) -> list[Player]:
        return [Player("classifier", (self.network,), self.loss)]

    def loss(self, z: Tensor) -> dict[str, Tensor]:
        prior = torch.randn_like(z)
        terms = {"posterior": bce_real(self(z)), "prior": bce_fake(self(prior))}
        if self.penalty_weight:
            terms["penalty"] = gradient_penalty(self, z, prior, self.penalty_weight)
        return terms

    @torch.no_grad()
    def logits(self, codes: Iterable[Tensor]) -> Tensor:
        """Logits of all batches of codes, without noise or dropout: float64 (n,) on the CPU."""
        training = self.training
        self.eval()
        logits = torch.cat([self(z).double().cpu() for z in codes])
        self.train(training)
        return logits


def mean_logit(logits: Tensor) -> Estimate:
    """E_q logit, the estimate of KL(q || p), of logits (n,) at independent z ~ q; nats.

    The standard error is that of the mean over z; it knows nothing of the classifier's own error.

    Raises:
        DmviError: n < 2.
    """
    if len(logits) < 2:
        raise DmviError(
            f"codes: {len(logits)} are too few for a classifier KL; a standard error needs at least 2."
        )
    value, standard_error = mean_and_error(logits.double())
    return Estimate(value=value, standard_error=standard_error, n=len(logits))


def accuracy(posterior_logits: Tensor, prior_logits: Tensor) -> float:
    """Share that the sign of the logit gets right, both classes weighing the same; in [0, 1]."""
    right = (posterior_logits > 0).double().mean() + (prior_logits <= 0).double().mean()
    return right.item() / 2


def calibration_curve(
    posterior_logits: Tensor, prior_logits: Tensor, bins: int = BINS
) -> pd.DataFrame:
    """Reliability curve of sigmoid(logit) as the probability of label 1, z ~ q.

    Of a well calibrated classifier predicted = observed in every bin. Both classes should be equally
    many, as in training (Guo et al., 2017, On calibration of modern neural networks).

    Args:
        posterior_logits, prior_logits: (n,) at z ~ q and (m,) at z ~ p.
        bins: of equal width on [0, 1].

    Returns:
        One row per bin that holds a code: predicted (mean probability), observed (share of label 1),
        count.
    """
    predicted = torch.cat([posterior_logits, prior_logits]).double().sigmoid()
    label = torch.cat([torch.ones(len(posterior_logits)), torch.zeros(len(prior_logits))]).double()
    index = (predicted * bins).long().clamp(max=bins - 1)  # a probability of 1 is in the last bin
    count, probability, ones = (
        torch.zeros(bins, dtype=torch.float64).index_add(0, index, values)
        for values in (torch.ones_like(predicted), predicted, label)
    )
    some = count > 0
    return pd.DataFrame(
        {
            "predicted": (probability / count)[some].numpy(),
            "observed": (ones / count)[some].numpy(),
            "count": count[some].long().numpy(),
        }
    )


def calibration_error(curve: pd.DataFrame) -> float:
    """sum_b n_b / n |observed_b - predicted_b| of a `calibration_curve`; in [0, 1], 0 is perfect.

    The expected calibration error of Naeini, Cooper and Hauskrecht (2015).
    """
    gap = (curve["observed"] - curve["predicted"]).abs()
    return float((gap * curve["count"]).sum() / curve["count"].sum())


class RatioTracker:
    """Every so many steps, the estimate on fixed codes of q(z) and on fixed held-out codes.

    It changes nothing in training: not the random numbers, not the mode of the classifier.

    Args:
        codes, heldout: batches (B, d) on the classifier's device, the same at every pass.
        every: steps between rows.

    Attributes:
        rows: step, estimate, standard_error, heldout (nats).
    """

    def __init__(
        self,
        classifier: RatioClassifier,
        codes: Iterable[Tensor],
        heldout: Iterable[Tensor],
        every: int,
        device: torch.device,
    ) -> None:
        self.classifier, self.codes, self.heldout = classifier, codes, heldout
        self.every, self.device = every, device
        self.rows: list[dict[str, Any]] = []

    def due(self, step: int) -> bool:
        return step % self.every == 0

    def add(self, step: int) -> None:
        state = rng_state(self.device)
        estimate = mean_logit(self.classifier.logits(self.codes))
        heldout = mean_logit(self.classifier.logits(self.heldout))
        restore_rng_state(state, self.device)
        self.rows.append(
            {
                "step": step,
                "estimate": estimate.value,
                "standard_error": estimate.standard_error,
                "heldout": heldout.value,
            }
        )

    def state_dict(self) -> dict:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.rows = list(state["rows"])
