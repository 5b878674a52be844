"""C14, C15, C23: classifiers between two Gaussians misjudge their KL; learning by them fails."""

import math

from dmvi.claims.decide import above, below, difference, interval, over_seeds, tally, verdict
from dmvi.claims.declared import decides
from dmvi.claims.judge import MISSING
from dmvi.claims.ledger import Decision, decision
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS
from dmvi.experiments.synthetic.tables import ESTIMATION, final_errors, last_step, learning_rows

DATA = ("pairs of Gaussians",)  # what these claims are decided on

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
    final = final_errors(tables.study_csv(ESTIMATION))
    errors, level = {}, {}
    for case, rows in final.groupby(["dim", "learning_rate", "shift"]):
        errors[case], level[case] = list(rows["error"]), rows["true_kl"].mean()
    small, large = (f((case[0] for case in errors), default=0) for f in (min, max))
    at_large = [case for case in errors if case[0] == large]
    outcomes = [below(*interval(errors[case]), -RELATIVE_ERROR_TOLERANCE) for case in at_large]
    far = large >= DIMENSION_FACTOR * small
    pairs = {case: _comparable(case, small, level) for case in at_large if far}
    pairs = {case: other for case, other in pairs.items() if other is not None}
    growths = [
        above(*difference(_sizes(errors[case]), _sizes(errors[other])), RELATIVE_ERROR_TOLERANCE)
        for case, other in pairs.items()
    ]
    outcomes += growths or [None]
    texts = [
        f"relative error at d = {d:,}: {_range([interval(errors[case])[0] for case in cases])}"
        for d, cases in ((large, at_large), (small, dict.fromkeys(pairs.values())))
        if cases
    ]
    return decision(
        tables,
        (),
        data=DATA,
        statement="A classifier underestimates the KL of two Gaussians, and its error grows "
        "with the dimension.",
        statistic="Relative error (estimate − KL) / KL at the end of training. At the largest d "
        f"it is below −{RELATIVE_ERROR_TOLERANCE} for every shift and learning rate; and its mean "
        f"absolute value there exceeds that at the smallest d (at least {DIMENSION_FACTOR} times "
        f"smaller), at the nearest true KL within a factor of {COMPARABLE_KL_FACTOR:g} and the "
        f"same learning rate, by more than {RELATIVE_ERROR_TOLERANCE}. 95 % intervals over seeds "
        "(Student, Welch) must lie on one side, so two seeds are the least. The value is the mean "
        "relative error at the largest d.",
        value=sum(interval(errors[case])[0] for case in at_large) / len(at_large)
        if at_large
        else None,
        value_text=f"{'; '.join(texts)}{tally(outcomes)}" if texts else "no KL above 0",
        paper="shown in pictures only",
        verdict=verdict(outcomes),
        seeds=min(map(len, errors.values()), default=None),
        spread=over_seeds({case: errors[case] for case in at_large}),
    )


@decides("C23", figure="fig18")
def claim_c23(tables) -> Decision:
    """Regardless of the dimension the estimate is not accurate."""
    final = final_errors(tables.study_csv(ESTIMATION))
    sizes = {
        int(d): list(rows.groupby("seed")["error"].apply(lambda errors: errors.abs().mean()))
        for d, rows in final.groupby("dim")
    }
    outcomes = {
        d: above(*interval(values), RELATIVE_ERROR_TOLERANCE) for d, values in sizes.items()
    }
    means = {d: interval(values)[0] for d, values in sizes.items()}
    texts = [f"d = {d:,}: {value:.2g}" for d, value in means.items()]
    return decision(
        tables,
        (),
        data=DATA,
        statement="Whatever the dimension, a classifier's estimate of the KL of two Gaussians is not "
        "accurate.",
        statistic="Mean absolute relative error of the final estimate, over learning rates and true "
        f"KLs, above {RELATIVE_ERROR_TOLERANCE} at every dimension; the 95 % interval over seeds "
        f"(Student) must lie on one side, so two seeds are the least. Dimensions at least "
        f"{DIMENSION_FACTOR} times apart are needed. The value is the smallest.",
        value=min(means.values(), default=None),
        value_text=f"mean absolute relative error at {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no KL above 0",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), _spans(sizes), ("dimensions",)),
        verdicts={f"d = {d:,}": verdict([outcome]) for d, outcome in outcomes.items()},
        seeds=min(map(len, sizes.values()), default=None),
        spread=over_seeds(sizes),
    )


def _spans(dimensions) -> set[str]:
    """{"dimensions"} if the largest is `DIMENSION_FACTOR` times the smallest or more."""
    far = dimensions and max(dimensions) >= DIMENSION_FACTOR * min(dimensions)
    return {"dimensions"} if far else set()


def _comparable(case: tuple, small: int, level: dict) -> tuple | None:
    """The case at the smallest d with the same learning rate and the nearest true KL, if near."""
    candidates = [
        (max(level[other] / level[case], level[case] / level[other]), other)
        for other in level
        if other[:2] == (small, case[1])
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
    end = last_step(tables)
    ratios: dict[tuple, list[float]] = {}  # log10 of final / initial KL, one per seed
    keys = ["dim", "learning_rate", "seed"]
    for (d, rate, _), rows in learning_rows(tables, small).groupby(keys):
        values = ratios.setdefault((int(d), float(rate)), [])
        values += [value for value in [_progress(rows, end)] if value is not None]
    outcomes = {}
    for case, values in ratios.items():
        mean, half = interval(values)
        if small:
            outcomes[case] = below(mean, half, math.log10(WORKING_RATIO))
        else:
            outcomes[case] = above(mean, half, math.log10(DIVERGING_RATIO))
    means = {case: 10 ** interval(values)[0] for case, values in ratios.items() if values}
    texts = [
        f"d = {d:,}, learning rate {rate:g}: {value:.3g}" for (d, rate), value in means.items()
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
        "ratio's logarithm) must lie on one side, so two seeds are the least. A seed whose numbers "
        f"were no longer finite counts by the largest KL before, and as {STOPPED_RATIO:g} at "
        f"least. Dimensions {' and '.join(f'{d:,}' for d in needed)} are needed. The value is the "
        + ("largest" if small else "smallest")
        + " ratio (geometric mean over seeds).",
        value=worst(means.values(), default=None),
        value_text=f"final / initial KL: {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no training has moved from a KL above 0",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), {d for d, _ in ratios}, needed),
        verdicts=_per_dimension(outcomes, needed),
        seeds=min(map(len, ratios.values()), default=None),
        spread=over_seeds(ratios, " decades"),
    )


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
