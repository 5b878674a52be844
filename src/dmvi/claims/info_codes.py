"""D2 to D6: what InfoVAE's divergence does to codes, beside the ELBO's, over seeds."""

import math
from collections.abc import Callable, Iterable
from typing import Any

from dmvi.claims.code_distances import squared_distance
from dmvi.claims.decide import above, below, both, by_dataset, difference, interval, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import Outcome, counted, fewest, judge, same_budget, unequal_budgets
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.objectives import (
    ADVERSARIAL,
    CODES,
    ELBO,
    FEWEST_SNAPSHOTS,
    MMD,
    by_objective,
    class_mismatch,
    moments,
    probe_errors,
    training_images,
    unsteadiness,
)

WIDE_LOGDET = 0.5  # log det Cov(z) above which codes spread wider than the prior
FEW_IMAGES = 1000  # the smallest training set has at most so many
MANY_IMAGES = 10_000  # up to which the ELBO's codes are compared with InfoVAE's
MISMATCH_MARGIN = 0.01  # nats of class mismatch that InfoVAE may be worse by
LABELS = 1000  # of the probe
LEAST_LATENT_DIM = 5  # from which classes are claimed to be read better
GAUSSIAN_DECODER = "quantized_normal"

Values = Callable[[Any, Any], list[float] | None]  # (tables, run) -> one number per seed


@decides("D2", figure="fig31", source="infovae")
def claim_d2(tables) -> Decision:
    """The ELBO's codes spread beyond the prior, the more the fewer the images; InfoVAE's do not."""
    sizes: dict[tuple, dict[int, dict[str, list[float]]]] = {}
    runs = [r for r in tables.runs if r.model in (ELBO, MMD) and r.likelihood == GAUSSIAN_DECODER]
    budgets: dict[tuple, list] = {}
    twice = set()
    for run in runs:
        own = moments(tables, run, "train", "logdet")
        case = (tables.meta(run.data)["builder"], run.latent_dim)
        n = training_images(tables, run)
        budgets.setdefault(case, []).append(run)
        of_size = sizes.setdefault(case, {}).setdefault(n, {})
        if run.model in of_size:
            twice.add(case)
        if own is not None:
            of_size[run.model] = own
    outcomes: dict[tuple, Outcome] = {}
    values: dict[tuple, list[float]] = {}
    for case, by_size in sizes.items():
        first = min(budgets[case], key=lambda run: training_images(tables, run))
        comparable = same_budget(*budgets[case]) and case not in twice
        outcome = _spreads(by_size) if comparable else None
        outcomes[(first.data, *case)] = outcome
        smallest = by_size[min(by_size)]
        if ELBO in smallest:
            values[(first.data, *case)] = smallest[ELBO]
    numbers = {case: sum(v) / len(v) for case, v in values.items()}
    return decision(
        tables,
        list(dict.fromkeys(run.data for run in runs)),
        statement="With a Gaussian decoder the ELBO's codes spread beyond the prior (log det Cov of "
        "q(z) > 0), the more the fewer the training images; InfoVAE's stay near it.",
        statistic=f"On the codes of training images, decoder {GAUSSIAN_DECODER}: log det of the ELBO's at "
        f"the smallest number of images (at most {FEW_IMAGES:,}) above {WIDE_LOGDET}; its slope "
        "against log n below 0; |log det| of InfoVAE-MMD below half of the ELBO's at every n up to "
        f"{MANY_IMAGES:,}; 95 % intervals over seeds (Student's t, Welch). The value is the ELBO's log "
        "det at the smallest n.",
        value=max(numbers.values(), default=None),
        value_text=f"ELBO at the smallest n: {by_dataset(tables, numbers)}{counted(outcomes)}"
        f"{unequal_budgets(tables, _by_data(budgets.values()))}"
        if numbers
        else "no such runs",
        paper="by eye from the authors' plot: ELBO 9.0 at 500 images, 2.2 at 50,000; InfoVAE 0",
        **judge(tables, outcomes, ()),
        seeds=fewest(runs),
        spread=over_seeds(values, ""),
    )


def _spreads(by_size: dict[int, dict[str, list[float]]]) -> Outcome:
    """Whether log det is as D2 claims: {images: {model: one number per seed}}."""
    import numpy as np

    elbo = {n: of[ELBO] for n, of in sorted(by_size.items()) if ELBO in of}
    compared = [of for n, of in by_size.items() if n <= MANY_IMAGES and {ELBO, MMD} <= set(of)]
    if len(elbo) < 2 or min(elbo) > FEW_IMAGES or not compared:
        return None
    wide = above(*interval(elbo[min(elbo)]), WIDE_LOGDET)
    seeds = min(map(len, elbo.values()))
    slopes = [
        np.polyfit(np.log(list(elbo)), [values[i] for values in elbo.values()], 1)[0]
        for i in range(seeds)
    ]
    grows = below(*interval(slopes), 0.0)
    nearer = [
        above(*difference([abs(v) / 2 for v in of[ELBO]], [abs(v) for v in of[MMD]]), 0.0)
        for of in compared
    ]
    return both([wide, grows, *nearer])


@decides("D3", figure="fig32", source="infovae")
def claim_d3(tables) -> Decision:
    """InfoVAE-MMD's codes are nearer to the prior."""

    def values(tables, run):
        return [squared_distance(tables.json(run, seed, CODES)) for seed in run.seeds]

    return _compared(
        tables,
        ELBO,
        MMD,
        values,
        lambda pair: above(*pair, 0.0),
        statement="InfoVAE with the MMD matches q(z) to the prior better than the ELBO, at every "
        "latent size.",
        statistic="MMD² between codes and prior by the kernel 2d / (2d + r²), which neither was trained "
        "with, less the mean of its null: ELBO − InfoVAE-MMD > 0",
    )


@decides("D4", figure="fig32", source="infovae")
def claim_d4(tables) -> Decision:
    """InfoVAE-MMD's samples have the classes in as good a balance."""
    return _compared(
        tables,
        MMD,
        ELBO,
        class_mismatch,
        lambda pair: below(*pair, MISMATCH_MARGIN),
        statement="The samples of InfoVAE with the MMD have a class balance at least as good as the "
        "ELBO's, at every latent size.",
        statistic="KL between the classes of test images and of samples, by our classifier, less its "
        f"bias: InfoVAE-MMD − ELBO < {MISMATCH_MARGIN} nats",
        nearest=max,
        unit=" nats",
    )


@decides("D5", figure="fig32", source="infovae")
def claim_d5(tables) -> Decision:
    """Few labels tell more of InfoVAE-MMD's codes."""
    return _compared(
        tables,
        MMD,
        ELBO,
        lambda tables, run: probe_errors(tables, run, LABELS),
        lambda pair: below(*pair, 0.0),
        statement="Codes of InfoVAE with the MMD classify better with few labels than the ELBO's, at "
        f"every latent size from {LEAST_LATENT_DIM} on.",
        statistic=f"Test error of an rbf support vector machine on the posterior means of {LABELS:,} "
        "labelled training images: InfoVAE-MMD − ELBO < 0",
        nearest=max,
        least=LEAST_LATENT_DIM,
    )


@decides("D6", figure="fig33", source="infovae")
def claim_d6(tables) -> Decision:
    """The MMD trains more steadily than the adversary."""
    return _compared(
        tables,
        ADVERSARIAL,
        MMD,
        unsteadiness,
        lambda pair: above(*pair, 0.0),
        statement="InfoVAE trains more steadily with the MMD than with an adversary.",
        statistic="sd of log det Cov(z) / d of 1,000 validation codes over the snapshots of the last half "
        f"of training, {FEWEST_SNAPSHOTS} at least: adversarial − MMD > 0",
    )


def _compared(
    tables,
    one: str,
    other: str,
    values: Values,
    judged: Callable[[tuple[float, float]], Outcome],
    *,
    statement: str,
    statistic: str,
    nearest: Callable[[Iterable[float]], float] = min,
    least: int = 1,
    unit: str = "",
) -> Decision:
    """A difference of two objectives' numbers, the one's less the other's, in each case that has both.

    Args:
        values: (tables, run) -> its numbers, one per seed; None leaves its case open.
        judged: (difference, 95 % half-width) -> outcome.
        nearest: min or max: of the differences, the one that is nearest to refuting the claim.
        least: latent size from which cases count.
    """
    outcomes: dict[tuple, Outcome] = {}
    differences: dict[tuple, float] = {}
    spread: dict[tuple, list[float]] = {}
    used: list = []
    for case, runs in by_objective(tables, one, other).items():
        if case[1] < least:
            continue
        both_runs = [*runs[one], *runs[other]]
        used += both_runs
        numbers = {r.name: values(tables, r) for r in both_runs}
        spread |= {(*case, name): v for name, v in numbers.items() if v is not None}
        # Two runs of one objective: which of them is meant, no table says.
        if len(both_runs) > 2 or None in numbers.values() or not same_budget(*both_runs):
            outcomes[case] = None
            continue
        pair = difference(numbers[runs[one][0].name], numbers[runs[other][0].name])
        differences[case], outcomes[case] = pair[0], judged(pair)
    finite = [v for v in differences.values() if math.isfinite(v)]
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in outcomes)),
        statement=statement,
        statistic=f"{statistic}; the 95 % interval over seeds (Welch) must lie on one side, at every "
        f"latent size and data set. The value is the {'smallest' if nearest is min else 'largest'} "
        "difference.",
        value=nearest(finite) if finite else None,
        value_text=f"differences{unit and f' in{unit}'}: {by_dataset(tables, differences)}"
        f"{counted(outcomes)}{unequal_budgets(tables, _by_data([used]))}"
        if differences
        else "no pair of runs to compare",
        paper="",
        **judge(tables, outcomes, ()),
        seeds=fewest(used),
        spread=over_seeds(spread, unit),
    )


def _by_data(groups: Iterable[Iterable]) -> dict[str, list]:
    """Runs by their data set."""
    found: dict[str, list] = {}
    for run in (run for group in groups for run in group):
        found.setdefault(run.data, []).append(run)
    return found
