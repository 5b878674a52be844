"""Whether a likelihood may be printed: forward and reverse must agree on simulated data.

Nothing that was estimated on real data alone can show that chains were long enough. On data that the
model itself made, annealing forwards gives a lower and backwards an upper bound of log p(x)
(`dmvi.estimators.annealing`); where they meet, the same settings are long enough there.
"""

import math
from dataclasses import dataclass

from torch import Tensor

from dmvi.errors import DmviError

LARGEST_GAP = 1.0  # nats
LOWEST_ESS = 1.5
ACCEPTANCE = (0.4, 0.95)
ERRORS_APART = 3.0
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Gate:
    """The bidirectional gap on simulated images, and whether it lets numbers through.

    Attributes:
        gap: mean of upper - lower, nats; its expectation is >= 0.
        standard_error: of `gap`, over images.
        interval: its 95 % interval (Student's t).
        threshold: open only if the interval's upper end does not exceed it, nats.
        n: simulated images.
        open: whether the estimate may be printed as a likelihood.
        reason: why not, a sentence; "" if open.
    """

    gap: float
    standard_error: float
    interval: tuple[float, float]
    threshold: float
    n: int
    open: bool
    reason: str


def gate(lower: Tensor, upper: Tensor, threshold: float = LARGEST_GAP) -> Gate:
    """Judges the bounds of simulated images, (n,) each, n >= 2, nats.

    Closed where a bound is not finite, where the gap may exceed the threshold, and where it is
    negative beyond its error: upper below lower contradicts the mathematics, so a density is wrong.
    It cannot see an error that both directions share, such as a density used wrongly in the weights
    alone: for that, compare with importance sampling (`flags`) and with closed forms.

    Raises:
        DmviError: fewer than 2 images, other shapes, or a threshold not above 0.
    """
    from scipy.stats import t as student  # a second to load, which only a gate needs

    if lower.shape != upper.shape or lower.ndim != 1 or len(lower) < 2 or not threshold > 0:
        raise DmviError(
            f"gate: bounds have shapes {tuple(lower.shape)} and {tuple(upper.shape)}, the threshold is "
            f"{threshold}; both shapes must be (n,) with n at least 2, and the threshold above 0"
        )
    difference = (upper.double() - lower.double()).cpu()
    n = len(difference)
    if not difference.isfinite().all():
        bad = int((~difference.isfinite()).sum())
        reason = f"a bound is not finite for {bad} of {n} simulated images"
        return Gate(math.nan, math.nan, (math.nan, math.nan), threshold, n, False, reason)
    gap, error = difference.mean().item(), difference.std().item() / math.sqrt(n)
    reach = float(student.ppf(0.5 + CONFIDENCE / 2.0, n - 1)) * error
    low, high = gap - reach, gap + reach
    reason = ""
    if high > threshold:
        reason = (
            f"forward and reverse differ by {gap:.3g} nats on simulated images (up to {high:.3g}), "
            f"more than {threshold:g}"
        )
        if (median := difference.median().item()) <= threshold / 2.0:
            reason += (
                f"; half of them by {median:.2g} at most: it is a few images, whose posterior may be "
                "elsewhere than where chains start"
            )
    elif high < -1e-6 * (1.0 + lower.abs().max().item()):
        reason = (
            f"the upper bound lies {-gap:.3g} nats below the lower one on simulated images, which no "
            "correct pair of densities allows"
        )
    return Gate(gap, error, (low, high), threshold, n, not reason, reason)


def flags(
    annealed: Tensor,
    annealed_ess: Tensor,
    acceptance: Tensor,
    importance: Tensor | None = None,
) -> list[str]:
    """What is suspicious in estimates of real images, a sentence each; none where all is well.

    Args:
        annealed: log p(x) by annealing, (n,), nats.
        annealed_ess: of the chains' weights, (n,).
        acceptance: mean acceptance per image (NaN where there was no transition), (n,).
        importance: log p(x) of the same images by importance sampling, (n,): both are lower bounds on
            average, so that the annealed one should not be the lower of the two. Of one image a mean
            over all says little, but an unbiased estimate of p(x) is above 100 n p(x) with a probability
            of 1 / (100 n) at most (Markov): where importance sampling exceeds annealing by more than
            log(100 n) nats, that image's chains have failed.
    """
    found = []
    values = [annealed] if importance is None else [annealed, importance]
    bad = sum(int((~value.isfinite()).sum()) for value in values)
    if bad:
        found.append(f"{bad} estimates are not finite")
    elif importance is not None and len(annealed) > 1:
        difference = importance.double() - annealed.double()
        mean, error = difference.mean().item(), difference.std().item() / math.sqrt(len(difference))
        if mean > ERRORS_APART * error and mean > 0:
            found.append(
                f"importance sampling is {mean:.3g} nats above annealing ({error:.2g} standard error): "
                "the chains are too short"
            )
        if importance is not None:
            excess = importance.double() - annealed.double() - math.log(100.0 * len(annealed))
            if failed := int((excess > 0).sum()):
                found.append(
                    f"the chains of {failed} of {len(annealed)} images have failed: annealing is at least "
                    f"{excess.max().item():.3g} nats below log p(x) of one"
                )
    ess = annealed_ess.double().mean().item()
    if not ess >= LOWEST_ESS:
        found.append(f"one chain has most of the weight: mean effective sample size {ess:.2f}")
    accepted = acceptance.double()
    if not accepted.isnan().all():
        mean = accepted.nanmean().item()
        if not ACCEPTANCE[0] <= mean <= ACCEPTANCE[1]:
            found.append(f"acceptance is {mean:.2f}, outside {ACCEPTANCE[0]} to {ACCEPTANCE[1]}")
    return found
