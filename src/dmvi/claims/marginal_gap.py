"""C1 and C2: the aggregate posterior q(z) differs from the prior, and a flow does not help.

In many dimensions the Monte Carlo KL of a mixture of N posteriors is avgKL - log N to four digits,
whatever the marginal does. The paper's number therefore stands beside a two-sample distance between codes
and prior, and a claim holds where both say so.
"""

from dmvi.claims.code_distances import HOW, HOW_NOT, SURE_EXCESS, distance, is_sure, told_apart
from dmvi.claims.decide import (
    PAPER_DATASETS,
    agree,
    both,
    by_dataset,
    over_seeds,
    ratio,
)
from dmvi.claims.declared import decides
from dmvi.claims.judge import ONE_SEED_FACTOR, counted, fewest, judge, saving, under
from dmvi.claims.ledger import Decision, decision

CLOSED_GAP_NATS = 0.1  # an interval that ends below this shows that there is no gap
REDUCED_KL = 0.1  # share of KL(Gaussian) that a flow takes off, from which it reduces the KL
REDUCED_DISTANCE = 0.1  # the same of the MMD between codes and prior


@decides("C1", figure="fig1")
def claim_c1(tables) -> Decision:
    """There is a gap everywhere."""
    kl = _monte_carlo_kl(tables)
    runs = _plain_runs(tables)
    values = _values(runs, kl)
    datasets = list(dict.fromkeys(run.data for run in runs))
    smallest = {case: min(numbers) for case, numbers in values.items()}
    codes = _codes(tables)
    by_kl = {(run.data, run.name): agree(map(_has_gap, kl[run.name])) for run in runs}
    by_codes = {(run.data, run.name): agree(map(told_apart, codes[run.name])) for run in runs}
    gaps = {case: both([by_kl[case], by_codes[case]]) for case in by_kl}
    apart = [outcome for outcome in by_codes.values() if outcome]
    return decision(
        tables,
        datasets,
        statement="q(z) differs from the prior (KL(q(z)‖p(z)) > 0) on every data set, at every "
        "latent size, with both posteriors.",
        statistic="For every run and seed, avgKL − log N > 0 or the Monte Carlo KL less three "
        f"standard errors > 0, and {HOW}; refuted where the KL plus three standard errors is under "
        f"{CLOSED_GAP_NATS} nats, or where {HOW_NOT}; all three data sets and both posteriors "
        "are needed. The value is the smallest KL.",
        value=min(smallest.values(), default=None),
        value_text=f"smallest KL in nats: {by_dataset(tables, smallest)}; codes told from the prior in "
        f"{len(apart)} of {len(by_codes)} runs{counted(gaps)}",
        paper="no number survives",
        **judge(
            tables,
            gaps,
            (*PAPER_DATASETS, "gaussian", "realnvp"),
            {run.posterior for run in runs},
        ),
        seeds=fewest(runs),
        spread=over_seeds(values, " nats"),
    )


@decides("C2", figure="fig1")
def claim_c2(tables) -> Decision:
    """The flow posterior does not reduce the gap."""
    kl = _monte_carlo_kl(tables)
    runs = _plain_runs(tables)
    codes = _codes(tables)
    pairs: dict[tuple, dict[str, list[float]]] = {}
    codes_of: dict[tuple, dict[str, list[dict]]] = {}
    for run in runs:
        key = (run.data, run.setting, run.likelihood)
        pairs.setdefault(key, {}).setdefault(run.posterior, []).extend(
            k["value"] for k in kl[run.name]
        )
        codes_of.setdefault(key, {}).setdefault(run.posterior, []).extend(codes[run.name])
    ratios = {
        case: ratio(sides["realnvp"], sides["gaussian"])
        for case, sides in pairs.items()
        if {"realnvp", "gaussian"} <= set(sides)
    }
    datasets = list(dict.fromkeys(case[0] for case in ratios))
    numbers = {case: value for case, (value, _) in ratios.items()}
    of_distances = {case: _distances(codes_of[case])[0] for case in ratios}
    distances = {case: value for case, value in of_distances.items() if value == value}
    outcomes = {
        case: both([under(saving(pair), REDUCED_KL), _not_nearer(codes_of[case])])
        for case, pair in ratios.items()
    }
    compared_seeds = [list(pairs[case].values()) for case in ratios]
    compared = {case: v for case, v in _values(runs, kl).items() if case[0] in datasets}
    return decision(
        tables,
        datasets,
        statement="A RealNVP posterior does not reduce the gap of the Gaussian posterior.",
        statistic="The flow reduces KL(Gaussian) by less than a share of "
        f"{REDUCED_KL} (1 − KL(RNVP) / KL(Gaussian), means over seeds), and the distance between codes "
        f"and prior (MMD with the kernel 2d / (2d + r²), null removed) by less than {REDUCED_DISTANCE}, "
        "at every latent size of all three data sets; the 95 % intervals over seeds (Welch) must lie on "
        f"one side. With one seed a reduction must be below {REDUCED_KL / ONE_SEED_FACTOR:g} to hold, "
        f"or above {REDUCED_KL * ONE_SEED_FACTOR:g} to fail. Distances decide nothing where the "
        f"Gaussian posterior's is under {SURE_EXCESS:g} sds of its null. The value is the smallest ratio "
        "of KLs.",
        value=min(numbers.values(), default=None),
        value_text=f"ratio of KLs: {by_dataset(tables, numbers)}; of distances: "
        f"{by_dataset(tables, distances) or 'none above 0'}{counted(outcomes)}"
        if numbers
        else "no pair of runs to compare",
        paper="no number survives",
        **judge(tables, outcomes),
        seeds=min((len(side) for p in compared_seeds for side in p), default=None),
        spread=over_seeds(compared, " nats"),
    )


def _plain_runs(tables) -> list:
    """VAEs without a weight on their KL term, on the paper's data sets."""
    return [run for run in tables.runs if run.plain and tables.kind(run.data)]


def _monte_carlo_kl(tables) -> dict[str, list[dict]]:
    """DrawnRun -> its kl.json of every seed."""
    return {
        run.name: [tables.json(run, seed, "kl.json") for seed in run.seeds]
        for run in _plain_runs(tables)
    }


def _codes(tables) -> dict[str, list[dict]]:
    """DrawnRun -> its codes.json of every seed."""
    return {
        run.name: [tables.json(run, seed, "codes.json") for seed in run.seeds]
        for run in _plain_runs(tables)
    }


def _distances(sides: dict[str, list[dict]]) -> tuple[float, float]:
    """Distance of the flow's codes from the prior over that of the Gaussian posterior's, and its 95 %
    half-width; NaN where the latter is 0."""
    flow, gaussian = ([distance(c) for c in sides[key]] for key in ("realnvp", "gaussian"))
    if any(gaussian) and not any(flow):
        return 0.0, 0.0
    return ratio(flow, gaussian)


def _not_nearer(sides: dict[str, list[dict]]) -> bool | None:
    """Whether the flow's codes are no nearer to the prior, by `REDUCED_DISTANCE`."""
    if not all(map(is_sure, sides["gaussian"])):
        return None
    return under(saving(_distances(sides)), REDUCED_DISTANCE)


def _values(runs, kl: dict[str, list[dict]]) -> dict[tuple, list[float]]:
    return {
        (run.data, run.latent_dim, run.name): [k["value"] for k in kl[run.name]] for run in runs
    }


def _has_gap(kl: dict) -> bool | None:
    if kl["lower"] > 0 or kl["value"] - 3 * kl["standard_error"] > 0:
        return True
    return False if kl["value"] + 3 * kl["standard_error"] < CLOSED_GAP_NATS else None
