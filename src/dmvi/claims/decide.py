"""How verdicts are reached: intervals of the statistics, and rules from intervals to a verdict.

An outcome is True, False or None, for a statistic that is clearly on one side, clearly on the
other, or neither. A half-width of infinity (too few samples or seeds) makes any outcome None.
"""

import math
from collections.abc import Iterable

from dmvi.estimators.ranking import auc as auc

PAPER_DATASETS = ("ColorMNIST", "CelebA", "CIFAR-10")
MIN_SAMPLES = 10  # images, or points of a curve; fewer decide nothing
EQUAL_STANDARD_ERRORS = 2.0  # of a difference, within which two scores count as equal


def above(value: float, half_width: float, threshold: float) -> bool | None:
    """Whether the interval value ± half_width lies above (True) or below (False) the threshold."""
    if value - half_width > threshold:
        return True
    return False if value + half_width < threshold else None


def below(value: float, half_width: float, threshold: float) -> bool | None:
    """The opposite of `above`."""
    return above(-value, half_width, -threshold)


def clear(one: tuple[float, float], other: tuple[float, float]) -> bool | None:
    """Whether the first (value, standard error) is larger by more than `EQUAL_STANDARD_ERRORS`.

    These are standard errors of the difference of two independent values,
    sqrt(error_1² + error_2²).
    """
    error = math.hypot(one[1], other[1])
    return above(one[0] - other[0], EQUAL_STANDARD_ERRORS * error, 0.0)


def agree(outcomes: Iterable[bool | None]) -> bool | None:
    """The outcome that all share (all seeds of a run), else None."""
    different = set(outcomes)
    return different.pop() if len(different) == 1 else None


def both(outcomes: Iterable[bool | None]) -> bool | None:
    """The conjunction: one False refutes, one None leaves it open."""
    outcomes = list(outcomes)
    if False in outcomes:
        return False
    return None if None in outcomes or not outcomes else True


def most(outcomes: Iterable[bool | None], share: float = 0.75) -> bool | None:
    """The outcome of at least this share of the cases, else None; up to three cases must agree."""
    outcomes = list(outcomes)
    for side in (True, False):
        if outcomes and outcomes.count(side) >= share * len(outcomes):
            return side
    return None


def verdict(outcomes: Iterable[bool | None], present=(), required=()) -> str:
    """The verdict on a claim about all cases; to hold, the `required` kinds must be `present`."""
    outcome = both(outcomes)
    if outcome and set(required) <= set(present):
        return "holds"
    return "fails" if outcome is False else "undecided"


def tally(outcomes: Iterable[bool | None]) -> str:
    """ "; as claimed in 3 of 4 cases, clearly against in 1", to follow our numbers."""
    outcomes = list(outcomes)
    if not outcomes:
        return ""
    against = outcomes.count(False)
    text = f"; as claimed in {outcomes.count(True)} of {len(outcomes)} cases"
    return text + (f", clearly against in {against}" if against else "")


def interval(values) -> tuple[float, float]:
    """Mean over seeds and half-width of its 95 % interval by Student's t; infinite for one seed."""
    import numpy as np
    from scipy.stats import t

    values = np.asarray(values, float)
    if len(values) < 2:
        return float(values.mean()) if len(values) else math.nan, math.inf
    error = values.std(ddof=1) / math.sqrt(len(values))
    return float(values.mean()), float(error * t.ppf(0.975, len(values) - 1))


def difference(one, other) -> tuple[float, float]:
    """Difference of two means over seeds and half-width of its 95 % interval (Welch)."""
    import numpy as np

    a, b = np.asarray(one, float), np.asarray(other, float)
    value = float(a.mean() - b.mean())
    if min(len(a), len(b)) < 2:
        return value, math.inf
    return value, float(_welch([v.var(ddof=1) / len(v) for v in (a, b)], (a, b)))


def ratio(above_line, below_line) -> tuple[float, float]:
    """Ratio of two means over seeds and the half-width of its 95 % interval.

    Welch's t with the delta method; each argument is a list of values, one per seed. Fewer than two
    seeds, or a mean that is not positive, gives an infinite half-width.
    """
    import numpy as np

    a, b = np.asarray(above_line, float), np.asarray(below_line, float)
    if not len(a) or not len(b) or b.mean() <= 0 or a.mean() <= 0:
        return math.nan, math.inf
    value = float(a.mean() / b.mean())
    if min(len(a), len(b)) < 2:
        return value, math.inf
    parts = [values.var(ddof=1) / len(values) / values.mean() ** 2 for values in (a, b)]
    return value, float(value * _welch(parts, (a, b)))


def share_of_way(values, start, end: float) -> tuple[float, float]:
    """How far values lie on the way from other values to a number, and its 95 % half-width.

    (mean(values) − mean(start)) / (end − mean(start)), one number per seed in each; Welch's t with the
    delta method. NaN where the start is not below the end; infinite half-width for one seed.
    """
    import numpy as np

    a, b = np.asarray(values, float), np.asarray(start, float)
    way = end - b.mean()
    if way <= 0:
        return math.nan, math.inf
    value = float((a.mean() - b.mean()) / way)
    if min(len(a), len(b)) < 2:
        return value, math.inf
    slopes = (1 / way, (a.mean() - end) / way**2)
    parts = [(s**2) * v.var(ddof=1) / len(v) for s, v in zip(slopes, (a, b), strict=True)]
    return value, float(_welch(parts, (a, b)))


def _welch(parts: list[float], groups) -> float:
    """97.5 % point of Welch's t times the root of `parts`, the squared errors of two groups of seeds."""
    from scipy.stats import t

    total = sum(parts)
    if total == 0:
        return 0.0
    freedom = total**2 / sum(p**2 / (len(v) - 1) for p, v in zip(parts, groups, strict=True))
    return math.sqrt(total) * t.ppf(0.975, freedom)


def correlates(x, y, threshold: float) -> tuple[float, bool | None]:
    """Spearman's rank correlation, and whether it is above (True) or below (False) a threshold.

    The 95 % interval is Fisher's, with variance 1.06 / (n - 3) (Fieller, Hartley and Pearson 1957);
    fewer than ten points decide nothing, and a constant has no correlation (NaN).
    """
    import numpy as np
    from scipy.stats import rankdata

    ranks = [rankdata(np.asarray(values, float)) for values in (x, y)]
    if len(ranks[0]) < 2 or any(r.std() == 0 for r in ranks):
        return math.nan, None
    value = float(np.clip(np.corrcoef(*ranks)[0, 1], -1, 1))
    if len(ranks[0]) < MIN_SAMPLES:
        return value, None
    z = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, value))) - math.atanh(threshold)
    return value, above(z, 1.96 * math.sqrt(1.06 / (len(ranks[0]) - 3)), 0.0)


def bootstrap(values, statistic, size: int | None = None, resamples: int = 1000):
    """The statistic of `resamples` seeded resamples of `size` values, drawn with replacement."""
    import numpy as np

    values = np.asarray(values, float)
    draws = np.random.default_rng(0).integers(len(values), size=(resamples, size or len(values)))
    return statistic(values[draws], axis=1)


def by_dataset(tables, values: dict, digits: int = 3) -> str:
    """The range of {(data set, ...): number} per data set: ColorMNIST 3.2 to 12.1; CIFAR-10 45."""
    groups: dict[str, list[float]] = {}
    for key, value in values.items():
        groups.setdefault(key[0], []).append(value)
    texts = []
    for dataset, numbers in groups.items():
        low, high = (f"{number:.{digits}g}" for number in (min(numbers), max(numbers)))
        texts.append(f"{tables.title(dataset)} {low}" + ("" if low == high else f" to {high}"))
    return "; ".join(texts)


def over_seeds(values: dict, unit: str = "") -> str:
    """The spread of {case: [one number per seed]}."""
    import numpy as np

    counts = [len(numbers) for numbers in values.values()]
    if not counts or max(counts) < 2:
        return "one seed, no spread" if counts else ""
    largest = max(float(np.std(numbers, ddof=1)) for numbers in values.values() if len(numbers) > 1)
    seeds = f"{min(counts)} to {max(counts)}" if min(counts) < max(counts) else f"{max(counts)}"
    return f"largest sd {largest:.2g}{unit} ({seeds} seeds)"


def plus_minus(value: float, error: float | None = None) -> str:
    """ "0.01470 ± 0.00008", "25,813 ± 12": a value and its error, to the same decimals.

    As many as show three digits of the larger one and the error's first, without an exponent. A value alone,
    if there is no error.
    """
    first, of_error = _first_digit(value), _first_digit(error)
    decimals = max(0, 2 - (max(first, of_error) if error else first), -of_error)
    texts = [f"{number:,.{decimals}f}" for number in (value, error) if number is not None]
    if error == 0:
        texts[1] = "0"
    return " ± ".join(texts).replace("-", "−")


def _first_digit(number: float | None) -> int:
    """The power of ten of a number's first digit; 0 of 0, of nothing, and of what is not finite."""
    if not number or not math.isfinite(number):
        return 0
    return math.floor(math.log10(abs(number)))


def mean_and_spread(values) -> str:
    """ "0.01470 ± 0.00008": mean ± sd over seeds; the mean alone of one seed."""
    import numpy as np

    sd = float(np.std(values, ddof=1)) if len(values) > 1 else None
    return plus_minus(float(np.mean(values)), sd)
