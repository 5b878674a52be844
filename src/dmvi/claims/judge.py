"""From the outcomes of a claim's cases to its verdicts, and what one seed or unequal budgets allow.

A *case* is what one outcome is about: a key of which the first part is the data set.
"""

import math
from collections.abc import Iterable, Mapping
from typing import Any

from dmvi.claims.decide import PAPER_DATASETS, above, tally, verdict

ONE_SEED_FACTOR = 2.0  # with one seed, how far a number must be from its threshold
MISSING = "not in this study"

Outcome = bool | None


def over(pair: tuple[float, float], threshold: float) -> Outcome:
    """Whether a mean over seeds lies above a threshold > 0; `pair` as `dmvi.claims.decide.ratio` gives.

    With two seeds or more the interval value ± half-width decides. One seed has no interval: it then
    takes `ONE_SEED_FACTOR` times the threshold for True, and the threshold over it for False.
    """
    value, half_width = pair
    if math.isfinite(half_width):
        return above(value, half_width, threshold)
    if value >= ONE_SEED_FACTOR * threshold:
        return True
    return False if value <= threshold / ONE_SEED_FACTOR else None


def under(pair: tuple[float, float], threshold: float) -> Outcome:
    """The opposite of `over`."""
    outcome = over(pair, threshold)
    return None if outcome is None else not outcome


def excess(pair: tuple[float, float]) -> tuple[float, float]:
    """By how much a ratio is above 1: 0.25 where the one number is a quarter larger."""
    return pair[0] - 1, pair[1]


def saving(pair: tuple[float, float]) -> tuple[float, float]:
    """By how much a ratio is below 1."""
    return 1 - pair[0], pair[1]


def same_budget(*runs) -> bool:
    """Whether runs are comparable: as many training steps, and networks of one width."""
    return len({run.budget for run in runs}) == 1


def unequal_budgets(tables, cases: Mapping[str, Iterable]) -> str:
    """ "; unequal budgets, which decide nothing: ColorMNIST VAE 2,000 × 64, AAE 1,500 × 32".

    Args:
        cases: data set -> the runs that were compared there. Models come in the order given.
    """
    from dmvi.tables.models import model_title

    texts = []
    for dataset, runs in cases.items():
        runs = list(runs)
        if runs and not same_budget(*runs):
            budgets = dict.fromkeys((model_title(run.model), run.budget_text) for run in runs)
            words = ", ".join(f"{title} {budget}" for title, budget in budgets)
            texts.append(f"{tables.title(dataset)} {words}")
    if not texts:
        return ""
    return f"; unequal budgets (steps × width), which decide nothing: {'; '.join(texts)}"


def judge(
    tables,
    outcomes: Mapping[tuple, Outcome],
    required: Iterable[str] = PAPER_DATASETS,
    present: Iterable[str] = (),
) -> dict[str, Any]:
    """The words of a `Decision` that follow from its cases: `verdict` and `verdicts`.

    Every data set has a verdict of its own, which another one that is missing or undecided does not
    touch. The claim as a whole holds where all cases do and nothing required is missing.

    Args:
        outcomes: case -> its outcome.
        required: the paper's data sets, and other kinds (models, posteriors), that the claim is about.
        present: kinds that are there besides data sets.
    """
    kinds: dict[str, set] = {}
    groups: dict[str, list[Outcome]] = {}
    for case, outcome in outcomes.items():
        groups.setdefault(case[0], []).append(outcome)
        kinds.setdefault(tables.kind(case[0]), set()).add(case[0])
    verdicts = {tables.title(dataset): verdict(held) for dataset, held in groups.items()}
    absent = [kind for kind in required if kind in PAPER_DATASETS and kind not in kinds]
    verdicts |= dict.fromkeys(absent, MISSING)
    whole = verdict(outcomes.values(), {*kinds, *present}, required)
    return {"verdict": whole, "verdicts": verdicts}


def counted(outcomes: Mapping[tuple, Outcome]) -> str:
    """How many cases came out as claimed, to follow our numbers."""
    return tally(outcomes.values())


def fewest(runs: Iterable) -> int | None:
    """The seeds of the run that has fewest; None without runs."""
    return min((len(run.seeds) for run in runs), default=None)
