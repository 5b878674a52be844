"""Whether a classifier's estimate of a KL has come to rest by the end of the classifier's training."""

from typing import Any

from dmvi.claims.decide import MIN_SAMPLES
from dmvi.tables.latent_densities import classifier_estimates

MOVED = 0.1  # of an estimate, by which it may still move from one quarter of training to the next
DEVIATIONS = (
    2.0  # of what is measured along training: the noise of an estimate, and of its movement
)
ERRORS = 3.0  # standard errors of an estimate over codes

HOW = (
    f"Asked where an estimate has settled: from the third to the last quarter of its classifier's "
    f"training its mean moves by at most {MOVED:.0%} of it, or by {DEVIATIONS:g} standard errors of that "
    f"movement. Its error is {ERRORS:g} standard errors over codes, or {DEVIATIONS:g} standard deviations "
    "over the last quarter of training where these are larger."
)


def settled(curve) -> bool | None:
    """Whether an estimate has stopped moving: the rule in `HOW`.

    Args:
        curve: columns step and estimate (nats) along the training of one classifier.

    Returns:
        None with fewer than `MIN_SAMPLES` measurements, or fewer than two in either quarter.
    """
    before, end = _quarters(curve)
    if len(curve) < MIN_SAMPLES or min(len(before), len(end)) < 2:
        return None
    movement = abs(end.mean() - before.mean())
    error = (end.var() / len(end) + before.var() / len(before)) ** 0.5
    return bool(movement <= max(MOVED * abs(end.mean()), DEVIATIONS * error))


def estimates(tables, run, seed: int, name: str) -> list[dict[str, Any]]:
    """The entries of density_ratio/{name}.json, each with two keys more.

    `settled`: as the function, of its curve in density_ratio/{name}.csv; `error`: the half-width of its
    value as `HOW` says it, nats, infinite where nothing is known of the curve.
    """
    entries = classifier_estimates(tables, run, seed, name)
    curves = tables.csv(run, seed, f"density_ratio/{name}.csv")
    found = []
    for setting, entry in enumerate(entries):
        curve = curves[curves["setting"] == setting]
        at_rest = settled(curve)
        error = float("inf")
        if at_rest is not None:
            noise = DEVIATIONS * _quarters(curve)[1].std()
            error = max(ERRORS * entry["standard_error"], float(noise))
        found.append({**entry, "settled": bool(at_rest), "error": error})
    return found


def asked(outcome: bool | None, *entries: dict[str, Any]) -> bool | None:
    """The outcome of a comparison of estimates; open where one has not settled."""
    return outcome if all(entry["settled"] for entry in entries) else None


def moving(entries) -> str:
    """Words for a claim's text: how many of its estimates have not settled, "" where all have."""
    entries = list(entries)
    count = sum(not entry["settled"] for entry in entries)
    return (
        f"; {count} of {len(entries)} estimates have not settled, as far as is known"
        if count
        else ""
    )


def _quarters(curve):
    """The estimates of the third and of the last quarter of a training."""
    last = curve["step"].max()
    half, late = curve["step"] > 0.5 * last, curve["step"] > 0.75 * last
    return curve.loc[half & ~late, "estimate"], curve.loc[late, "estimate"]
