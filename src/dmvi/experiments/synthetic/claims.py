"""C14, C15, C23: classifiers between two Gaussians misjudge their KL; learning by them fails."""

import math
import statistics
from typing import Any

from dmvi.claims.decide import above, below, difference, interval, over_seeds, tally, verdict
from dmvi.claims.declared import decides
from dmvi.claims.judge import MISSING
from dmvi.claims.ledger import Decision, decision
from dmvi.experiments.synthetic.settings import DIVERGENCES, FEW_DIMENSIONS
from dmvi.experiments.synthetic.tables import (
    ESTIMATION,
    EXACT,
    LEARNING,
    SEPARATED,
    final_errors,
    last_step,
    learning_rows,
)

DATA = ("pairs of Gaussians",)  # what these claims are decided on
BOTH = "both"
KINDS = {  # of pairs of Gaussians, in the words of a verdict
    BOTH: "means and covariances differ",
    **{divergence: f"{divergence} alone differ" for divergence in DIVERGENCES},
}

RELATIVE_ERROR_TOLERANCE = 0.05  # an error, or a growth of one, within this counts as none
COMPARABLE_KL_FACTOR = 2.0  # true KLs within this factor of each other are compared
DIMENSION_FACTOR = 10  # the largest dimension is at least this many times the smallest

# Final / initial KL of the learned Gaussian:
WORKING_RATIO = 0.1  # below it learning works
DIVERGING_RATIO = 1.0  # above it learning has made things worse
STOPPED_RATIO = 10.0  # at least that of a training whose numbers were not finite
FINAL_SHARE = 0.1  # of the recorded steps, whose median is the final KL


@decides("C14", figure="fig18")
def claim_c14(tables) -> Decision:
    """The error grows with d, and the classifier underestimates."""
    errors, level = _errors_by_case(tables)
    dims = {case[1] for case in errors}
    small, large = min(dims, default=0), max(dims, default=0)
    far = large >= DIMENSION_FACTOR * small
    under: dict[str, list] = {}  # kind of pair -> outcomes
    grows: dict[str, list] = {}
    values: dict[str, dict[int, list[float]]] = {}  # kind -> d -> mean errors
    for case in (case for case in errors if case[1] == large):
        kind, (mean, half) = case[0], interval(errors[case])
        values.setdefault(kind, {}).setdefault(large, []).append(mean)
        under.setdefault(kind, []).append(below(mean, half, -RELATIVE_ERROR_TOLERANCE))
        other = _comparable(case, small, level) if far else None
        if other is not None:
            values[kind].setdefault(small, []).append(interval(errors[other])[0])
            growth = difference(_sizes(errors[case]), _sizes(errors[other]))
            grows.setdefault(kind, []).append(above(*growth, RELATIVE_ERROR_TOLERANCE))
    by_kind = {kind: [*under[kind], *grows.get(kind, [None])] for kind in under}
    outcomes = [outcome for held in by_kind.values() for outcome in held]
    texts = [
        f"{KINDS[kind]}: "
        + ", ".join(f"{_range(found)} at d = {d:,}" for d, found in sorted(own.items()))
        + f" (underestimates: {verdict(under[kind])}, grows: {verdict(grows.get(kind, [None]))})"
        for kind, own in values.items()
    ]
    at_large = {case: held for case, held in errors.items() if case[1] == large}
    return decision(
        tables,
        (),
        data=DATA,
        statement="A classifier underestimates the KL of two Gaussians, and its error grows "
        "with the dimension.",
        statistic="Relative error (estimate − KL) / KL at the end of training. At the largest d "
        f"it is below −{RELATIVE_ERROR_TOLERANCE}, and its mean absolute value there exceeds that "
        f"at the smallest d (at least {DIMENSION_FACTOR} times smaller) by more than "
        f"{RELATIVE_ERROR_TOLERANCE}: where the Gaussians differ in mean and covariance, for every "
        "shift and learning rate, at the nearest true KL within a factor of "
        f"{COMPARABLE_KL_FACTOR:g}; where they differ in their means alone and where in their "
        "covariances alone, at the same true KL, for every KL and classifier, so that it is the "
        "dimension that differs and not the kind of divergence. 95 % intervals over seeds "
        "(Student, Welch) must lie on one side, so two seeds are the least. The value is the mean "
        "relative error at the largest d.",
        value=sum(interval(held)[0] for held in at_large.values()) / len(at_large)
        if at_large
        else None,
        value_text=f"relative error, {'; '.join(texts)}{tally(outcomes)}"
        if texts
        else "no KL above 0",
        verdict=verdict(outcomes, by_kind, KINDS),
        verdicts={KINDS[kind]: verdict(held) for kind, held in by_kind.items()},
        seeds=min(map(len, errors.values()), default=None),
        spread=over_seeds(at_large),
    )


@decides("C23", figure="fig18")
def claim_c23(tables) -> Decision:
    """Regardless of the dimension the estimate is not accurate."""
    errors, _ = _errors_by_case(tables, by_seed=True)
    sizes: dict[tuple, list[float]] = {}  # (d, kind of pair) -> mean absolute errors, one per seed
    for (kind, d), seeds in errors.items():
        sizes[d, kind] = [statistics.fmean(_sizes(held)) for held in seeds.values()]
    outcomes = {
        case: above(*interval(values), RELATIVE_ERROR_TOLERANCE) for case, values in sizes.items()
    }
    means = {case: interval(values)[0] for case, values in sizes.items()}
    dims = sorted({d for d, _ in sizes})
    texts = [
        f"{words}: "
        + ", ".join(f"{means[d, kind]:.2g} at d = {d:,}" for d in dims if (d, kind) in means)
        for kind, words in KINDS.items()
        if any(case[1] == kind for case in means)
    ]
    per_dimension = {
        f"d = {d:,}": verdict([o for case, o in outcomes.items() if case[0] == d]) for d in dims
    }
    return decision(
        tables,
        (),
        data=DATA,
        statement="Whatever the dimension, a classifier's estimate of the KL of two Gaussians is not "
        "accurate.",
        statistic="Mean absolute relative error of the final estimate, over learning rates, "
        f"classifiers and true KLs, above {RELATIVE_ERROR_TOLERANCE} at every dimension: where the "
        "Gaussians differ in mean and covariance, where in their means alone, and where in their "
        "covariances alone, by the same true KLs at every dimension. The 95 % interval over seeds "
        f"(Student) must lie on one side, so two seeds are the least. Dimensions at least "
        f"{DIMENSION_FACTOR} times apart are needed. The value is the smallest.",
        value=min(means.values(), default=None),
        value_text=f"mean absolute relative error, {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no KL above 0",
        verdict=verdict(
            outcomes.values(),
            _spans(dims) | {kind for _, kind in sizes},
            ("dimensions", *KINDS),
        ),
        verdicts=per_dimension,
        seeds=min(map(len, sizes.values()), default=None),
        spread=over_seeds(sizes),
    )


def _errors_by_case(tables, by_seed: bool = False) -> tuple[dict, dict]:
    """Final relative errors of all kinds of pairs, and the mean true KL of each case.

    A case is (kind of pair, d, what else is alike, how far apart): of pairs that differ in mean and
    covariance the learning rate and the shift; of those that differ in one alone the classifier and
    the KL. Its errors are a list, one per seed. With `by_seed` it is (kind, d), and its errors are
    {seed: a list over all else}.
    """
    tables_of_kinds = [(BOTH, final_errors(tables.study_csv(ESTIMATION)), "learning_rate", "shift")]
    apart = final_errors(tables.study_csv(SEPARATED))
    for divergence in DIVERGENCES:
        rows = apart[apart["divergence"] == divergence]
        tables_of_kinds.append((divergence, rows, "classifier", "kl"))
    errors: dict[tuple, Any] = {}
    level: dict[tuple, float] = {}
    for kind, table, alike, distance in tables_of_kinds:
        keys = ["dim", "seed"] if by_seed else ["dim", alike, distance]
        for found, rows in table.groupby(keys):
            if by_seed:
                d, seed = found
                errors.setdefault((kind, int(d)), {})[seed] = list(rows["error"])
            else:
                case = (kind, int(found[0]), *found[1:])
                errors[case], level[case] = list(rows["error"]), rows["true_kl"].mean()
    return errors, level


def _spans(dimensions) -> set[str]:
    """{"dimensions"} if the largest is `DIMENSION_FACTOR` times the smallest or more."""
    far = dimensions and max(dimensions) >= DIMENSION_FACTOR * min(dimensions)
    return {"dimensions"} if far else set()


def _comparable(case: tuple, small: int, level: dict) -> tuple | None:
    """The case at the smallest d that is alike in all but the KL, with the nearest KL, if near."""
    candidates = [
        (max(level[other] / level[case], level[case] / level[other]), other)
        for other in level
        if other[:3] == (case[0], small, case[2])
    ]
    factor, other = min(candidates, default=(float("inf"), None))
    return other if factor <= COMPARABLE_KL_FACTOR else None


def _sizes(errors: list[float]) -> list[float]:
    return [abs(error) for error in errors]


def _range(values: list[float]) -> str:
    low, high = f"{min(values):.2f}", f"{max(values):.2f}"
    return low if low == high else f"{low} to {high}"


@decides("C15", figure="fig19", small=True, needed=(1, 10))
@decides("C15", figure="fig20", small=False, needed=(100, 1000))
def claim_c15(tables, small: bool, needed: tuple[int, ...]) -> Decision:
    """Learning works in few dimensions and diverges in many.

    Args:
        small: whether this is about few dimensions.
        needed: dimensions without which the claim cannot hold.
    """
    ratios, control = (_progress_of_all(tables, small, name) for name in (LEARNING, EXACT))
    outcomes = {}
    for case, values in ratios.items():
        mean, half = interval(values)
        exact = interval(control.get(case, []))
        if small:
            works = below(mean, half, math.log10(WORKING_RATIO))
            # What fails by the exact ratio too is no failure of the classifier.
            fair = works or below(*exact, math.log10(WORKING_RATIO))
            outcomes[case] = works if fair else None
        else:
            diverges = above(mean, half, math.log10(DIVERGING_RATIO))
            fair = not diverges or below(*exact, math.log10(DIVERGING_RATIO))
            outcomes[case] = diverges if fair else None
    means, exact_means = (
        {case: 10 ** interval(values)[0] for case, values in found.items() if values}
        for found in (ratios, control)
    )
    texts = [
        f"d = {d:,}, learning rate {rate:g}: {value:.3g}"
        + (f" (exact {exact_means[d, rate]:.3g})" if (d, rate) in exact_means else "")
        for (d, rate), value in means.items()
    ]
    worst = max if small else min
    words = (
        f"works in up to {FEW_DIMENSIONS} dimensions"
        if small
        else f"diverges in many dimensions (more than {FEW_DIMENSIONS})"
    )
    return decision(
        tables,
        (),
        data=DATA,
        statement=f"Learning a Gaussian from the ratio that a classifier estimates {words}.",
        statistic=f"Final (median of the last {FINAL_SHARE:.0%} of the recorded steps) over "
        "initial KL in closed form, "
        + (f"below {WORKING_RATIO}" if small else f"above {DIVERGING_RATIO:g}")
        + " for every dimension and learning rate; the 95 % interval over seeds (Student, of the "
        "ratio's logarithm) must lie on one side, so two seeds are the least. The control has the "
        "exact log ratio in the classifier's place and all else alike: a learning that "
        + ("does not work" if small else "diverges")
        + " counts where the control's "
        + (f"works, below {WORKING_RATIO}, " if small else f"does not, below {DIVERGING_RATIO:g}, ")
        + "by its own interval; else the optimiser may be at fault, and nothing is decided. A seed "
        f"whose numbers were no longer finite counts by the largest KL before, and as "
        f"{STOPPED_RATIO:g} at least. Dimensions {' and '.join(f'{d:,}' for d in needed)} are "
        "needed. The value is the "
        + ("largest" if small else "smallest")
        + " ratio (geometric mean over seeds).",
        value=worst(means.values(), default=None),
        value_text=f"final / initial KL: {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no training has moved from a KL above 0",
        verdict=verdict(outcomes.values(), {d for d, _ in ratios}, needed),
        verdicts=_per_dimension(outcomes, needed),
        seeds=min(map(len, ratios.values()), default=None),
        spread=over_seeds(ratios, " decades"),
    )


def _progress_of_all(tables, small: bool, name: str) -> dict[tuple, list[float]]:
    """(d, learning rate) -> log10 of final / initial KL, one per seed."""
    end = last_step(tables)
    ratios: dict[tuple, list[float]] = {}
    rows = learning_rows(tables, small, name)
    for (d, rate, _), own in rows.groupby(["dim", "learning_rate", "seed"]):
        values = ratios.setdefault((int(d), float(rate)), [])
        values += [value for value in [_progress(own, end)] if value is not None]
    return ratios


def _per_dimension(outcomes: dict[tuple, bool | None], needed) -> dict[str, str]:
    """The verdict on each dimension, over learning rates."""
    found: dict[int, list[bool | None]] = {d: [] for d in needed}
    for (d, _), outcome in outcomes.items():
        found.setdefault(d, []).append(outcome)
    return {f"d = {d:,}": verdict(found[d]) if found[d] else MISSING for d in sorted(found)}


def _progress(rows, end: int) -> float | None:
    """log10 of the final over the initial KL of one training; None if there is nothing to compare."""
    rows = rows.sort_values("step")
    kl = rows["true_kl"].clip(lower=1e-12)
    if rows["true_kl"].iloc[0] <= 0:
        return None
    if rows["step"].iloc[-1] < end:
        return max(math.log10(kl.max() / kl.iloc[0]), math.log10(STOPPED_RATIO))
    if len(rows) < 2:
        return None
    last = kl.tail(max(1, round(FINAL_SHARE * len(rows))))
    return math.log10(last.median() / kl.iloc[0])
