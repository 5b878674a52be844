"""KL(q || p) of two fixed Gaussians from a classifier that tells them apart.

Algorithm 3 of Rosca, Lakshminarayanan and Mohamed (2018), in their Appendix D: a classifier trained
by cross-entropy on x ~ q (label 1) against x ~ p (label 0) has the best logit log q(x) - log p(x),
and KL(q || p) = E_q logit.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import vmap

from dmvi.experiments.synthetic.ensemble import Ensemble, Noise, total
from dmvi.experiments.synthetic.gaussians import Gaussians, kl_divergence
from dmvi.objectives.adversarial import bce_fake, bce_real
from dmvi.training.player import Player

PIECE = 1 << 20  # numbers of the widest activation of one member, when an estimate is made


class Estimation(nn.Module):
    """E classifiers, each with its own pair of fixed Gaussians (q, p)."""

    def __init__(self, classifiers: Ensemble, q: Gaussians, p: Gaussians) -> None:
        super().__init__()
        self.classifiers = classifiers
        self.q, self.p = q, p  # redrawn from their seeds, so not part of a checkpoint

    def players(self) -> list[Player]:
        """The classifiers alone."""
        return [Player("classifier", (self.classifiers,), self.loss)]

    def loss(self, w: Tensor) -> dict[str, Tensor]:
        """Sum over the members of E softplus(-l(x_q)) + E softplus(l(x_p)); w is (E, 2, B, d)."""
        return {"cross_entropy": total(cross_entropy(self.classifiers, self.q, self.p, w))}


def cross_entropy(classifiers: Ensemble, q: Gaussians, p: Gaussians, w: Tensor) -> Tensor:
    """Of each member, nats, (E,), on x_q = A_q w_0 + b_q against x_p; w is (E, 2, B, d)."""
    logits = classifiers(torch.cat([q.sample(w[:, 0]), p.sample(w[:, 1])], 1))
    of_q, of_p = logits.chunk(2, 1)
    return vmap(bce_real)(of_q) + vmap(bce_fake)(of_p)


@torch.no_grad()
def estimate_kl(
    classifiers: Ensemble, q: Gaussians, keys: Sequence[Any], samples: int, width: int
) -> tuple[Tensor, Tensor]:
    """E_q logit of each member and its standard error, nats, (E,) each, float64.

    The draws are never used in training and are the same at every call: noise of their own seeds.
    They are streamed in pieces whose size does not depend on the number of members.

    Args:
        keys: plain data that seeds each member's draws.
        samples: draws of x ~ q, >= 2.
        width: of the classifiers' layers.
    """
    noise = Noise("estimate", keys, q.b.device)
    piece = max(1, PIECE // max(q.dim, width))
    sizes = [min(piece, samples - done) for done in range(0, samples, piece)]
    logits = torch.cat([classifiers(q.sample(noise.draw(n, q.dim))) for n in sizes], 1).double()
    return logits.mean(1), logits.std(1) / math.sqrt(samples)


class KLTracker:
    """True and estimated KL(q || p) of every member every `every` steps and at the last.

    A member whose true or estimated value is not finite has diverged: it is logged, once, and gets
    no row from there on; the others go on.

    Args:
        module: has `classifiers`, `q` and `p`; q may change along training, p may not.
        members: (seed, shift) of each.
        settings: dim, learning_rate, width (where there are classifiers), iterations, every, samples.
    """

    def __init__(
        self,
        module: nn.Module,
        members: Sequence[tuple[int, float]],
        settings: dict[str, Any],
        log: Callable[[str], None],
    ) -> None:
        self.module, self.members, self.settings, self.log = module, members, settings, log
        self.rows: list[dict[str, Any]] = []
        self.diverged: list[int] = []

    def due(self, step: int) -> bool:
        """Whether this step gets rows."""
        return step % self.settings["every"] == 0 or step == self.settings["iterations"]

    def add(self, step: int) -> None:
        """Measures every member after `step` iterations."""
        settings, classifiers = self.settings, self.module.classifiers
        estimates, errors = estimate_kl(
            classifiers,
            self.module.q,
            self.members,
            settings["samples"],
            settings.get("width", settings["dim"]),
        )
        columns = zip(
            self.members, self._true_kl(), estimates.tolist(), errors.tolist(), strict=True
        )
        for index, ((seed, shift), true_kl, estimate, error) in enumerate(columns):
            if index in self.diverged:
                continue
            if not all(map(math.isfinite, (true_kl, estimate, error))):
                self.diverged.append(index)
                self.log(
                    f"seed {seed}, shift {shift:g} has diverged by step {step}: true KL {true_kl:.4g}, "
                    f"estimate {estimate:.4g}; it has no rows from here on, the others go on"
                )
                continue
            self.rows.append(
                {
                    **{key: settings[key] for key in ("dim", "learning_rate")},
                    **{"shift": shift, "seed": seed, "step": step},
                    **{"true_kl": true_kl, "estimate": estimate, "standard_error": error},
                    **{"n": settings["samples"], "num_parameters": classifiers.num_parameters},
                }
            )

    def _true_kl(self) -> list[float]:
        """Infinite where q has no density: then KL(q || p) is."""
        q, p = self.module.q, self.module.p
        regular = q.regular()
        true_kl = torch.full(regular.shape, math.inf, dtype=torch.float64, device=regular.device)
        if regular.all():
            true_kl = kl_divergence(q, p)  # no copies, and the factors of fixed Gaussians are kept
        elif regular.any():
            true_kl[regular] = kl_divergence(q.select(regular), p.select(regular))
        return true_kl.tolist()

    def state_dict(self) -> dict[str, Any]:
        return {"rows": self.rows, "diverged": self.diverged}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.rows, self.diverged = list(state["rows"]), list(state["diverged"])
