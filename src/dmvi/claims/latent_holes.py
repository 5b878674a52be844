"""C5 to C8: samples from where q(z) is low look bad, and the likelihood bound does not tell."""

import math

from dmvi.claims.decide import (
    MIN_SAMPLES,
    PAPER_DATASETS,
    above,
    agree,
    auc,
    below,
    bootstrap,
    by_dataset,
    over_seeds,
    tally,
    verdict,
)
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.low_posterior import (
    BOUNDS,
    IMAGES,
    LOG_Q,
    RANKS,
    neighbour_costs,
    pixel_statistic,
)
from dmvi.tables.reading import group

DATA_PERCENTILE = 90  # of means over resampled data, beyond which samples differ from data
ORDERED_AUC = 0.9  # above it the bound tells data from low-posterior samples
REVERSED_AUC = 0.5  # below it low-posterior samples have the higher bound
SCATTERED_RANK_RATIO = 0.5  # median neighbour rank, relative to that of randomly chosen draws
OTHER_DATASETS = ("CelebA", "CIFAR-10")


@decides("C5", figure="fig12")
def claim_c5(tables) -> Decision:
    """Thick strokes on ColorMNIST, white backgrounds on CelebA and CIFAR-10."""
    excess, outcomes = {}, {}
    for run in tables.runs:
        if tables.kind(run.data) not in PAPER_DATASETS:
            continue
        case = (run.data, run.latent_dim, run.name)
        column, _ = pixel_statistic(tables, run)
        for seed in run.seeds:
            table = tables.csv(run, seed, IMAGES)
            low = group(table, "low_posterior", IMAGES)[column]
            data = group(table, "data", IMAGES)[column]
            _, limit = resampled_means(table, column)
            decided = bool(low.mean() > limit) if min(len(low), len(data)) >= MIN_SAMPLES else None
            excess.setdefault(case, []).append(float(low.mean() - data.mean()))
            outcomes.setdefault(case, []).append(decided)
    agreed = [agree(cases) for cases in outcomes.values()]
    datasets, means = _datasets(excess), _means(excess)
    return decision(
        tables,
        datasets,
        statement="Low-posterior samples have thick strokes on ColorMNIST and white "
        "backgrounds on CelebA and CIFAR-10.",
        statistic="Mean ink (digits) or mean share of near-white pixels (the others) of the "
        f"low-posterior samples above the {DATA_PERCENTILE}th percentile of the same mean over "
        "1,000 resamples of as many data images, for every latent size and seed. The value is "
        "the smallest excess over the data's mean.",
        value=min(means.values(), default=None),
        value_text=f"excess over the data: {by_dataset(tables, means, 2)}{tally(agreed)}",
        paper="shown in pictures only",
        verdict=verdict(agreed, {tables.kind(dataset) for dataset in datasets}, PAPER_DATASETS),
        spread=over_seeds(excess),
    )


def resampled_means(table, column: str):
    """Means of resamples of the data, as large as the low-posterior group, and their percentile.

    Args:
        table: low_posterior/images.csv.
        column: what is averaged.

    Returns:
        The 1,000 means, and the `DATA_PERCENTILE`th percentile of them.
    """
    import numpy as np

    size = len(group(table, "low_posterior", IMAGES))
    means = bootstrap(group(table, "data", IMAGES)[column], np.mean, size)
    return means, float(np.percentile(means, DATA_PERCENTILE))


@decides("C6", figure="fig3", kinds=("ColorMNIST",))
@decides("C6", figure="fig14", kinds=OTHER_DATASETS, reverse=True)
def claim_c6(tables, kinds: tuple[str, ...], reverse: bool = False) -> Decision:
    """The bound orders data above low-posterior samples; or, reversed, below them."""
    aucs = {}
    for run in tables.runs:
        if tables.kind(run.data) in kinds:
            for seed in run.seeds:
                bounds = tables.csv(run, seed, BOUNDS)
                data, low = (
                    group(bounds, name, BOUNDS)["bound"] for name in ("data", "low_posterior")
                )
                aucs.setdefault((run.data, run.latent_dim, run.name), []).append(auc(data, low))
    outcomes = [
        agree(
            below(*pair, REVERSED_AUC) if reverse else above(*pair, ORDERED_AUC) for pair in pairs
        )
        for pairs in aucs.values()
    ]
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    datasets, means = _datasets(values), _means(values)
    if reverse:
        statement = (
            f"On {' and '.join(kinds)}, low-posterior samples look more likely than the data."
        )
        threshold = f"below {REVERSED_AUC}"
    else:
        statement = f"On {' and '.join(kinds)}, the likelihood bound ranks data above bad samples."
        threshold = f"above {ORDERED_AUC}"
    worst = (max if reverse else min)(means.values(), default=None)
    return decision(
        tables,
        datasets,
        statement=statement,
        statistic="AUC, the share of pairs in which the data image has a higher bound than the "
        f"low-posterior sample, {threshold} by two standard errors for every latent size and seed. "
        "The value is the AUC furthest from what is claimed (mean over seeds).",
        value=worst,
        value_text=f"AUC: {by_dataset(tables, means)}{tally(outcomes)}"
        if means
        else "no such data set",
        paper="no number survives",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, kinds),
        spread=over_seeds(values),
    )


@decides("C7", figure="fig3", kinds=("ColorMNIST",))
@decides("C7", figure="fig15", kinds=OTHER_DATASETS)
def claim_c7(tables, kinds: tuple[str, ...]) -> Decision:
    """Low-posterior latents are scattered over the prior rather than in a few clusters."""
    import numpy as np

    ratios = {}
    for run in tables.runs:
        for seed in run.seeds:
            ranks = tables.csv(run, seed, RANKS)["rank"]
            draws = len(group(tables.csv(run, seed, LOG_Q), "prior", LOG_Q))
            expected = math.log(2) * draws / len(ranks)
            medians = bootstrap(ranks, np.median) / expected
            low, high = np.percentile(medians, [2.5, 97.5])
            scattered = SCATTERED_RANK_RATIO
            outcome = True if low >= scattered else False if high < scattered else None
            if len(ranks) < MIN_SAMPLES:
                outcome = None
            ratios.setdefault((run.data, run.latent_dim, run.name), []).append(
                (float(np.median(ranks)) / expected, outcome)
            )
    outcomes = [agree(outcome for _, outcome in pairs) for pairs in ratios.values()]
    values = {case: [value for value, _ in pairs] for case, pairs in ratios.items()}
    datasets, means = _datasets(values), _means(values)
    return decision(
        tables,
        datasets,
        statement="The latents of bad samples are scattered over the prior"
        f" ({' and '.join(kinds)}), not gathered in one place.",
        statistic="For each of the m low-posterior latents: the rank of the nearest other one "
        "among all K prior draws, sorted by distance. If the m were picked at random its median "
        f"would be about ln 2 · K / m; scattered means at least {SCATTERED_RANK_RATIO} of that "
        "(95 % bootstrap interval) for every latent size and seed. The value is the smallest such "
        "ratio (mean over seeds).",
        value=min(means.values(), default=None),
        value_text=f"relative median rank: {by_dataset(tables, means)}{tally(outcomes)}",
        paper="no number survives",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, kinds),
        spread=over_seeds(values),
    )


@decides("C8", figure="fig13")
def claim_c8(tables) -> Decision:
    """The data nearest to low-posterior samples cost more than other data."""
    aucs = {}
    for run in tables.runs:
        if tables.kind(run.data):
            for seed in run.seeds:
                data = group(tables.csv(run, seed, BOUNDS), "data", BOUNDS)["kl"]
                pair = auc(neighbour_costs(tables, run, seed), data)
                aucs.setdefault((run.data, run.latent_dim, run.name), []).append(pair)
    outcomes = [agree(above(*pair, 0.5) for pair in pairs) for pairs in aucs.values()]
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    datasets, means = _datasets(values), _means(values)
    return decision(
        tables,
        datasets,
        statement="The data nearest to low-posterior samples cost more to encode than other data.",
        statistic="AUC, the share of pairs in which the neighbour's KL(q(z|x)‖p(z)) exceeds "
        "that of a random training image, above 0.5 by two standard errors for every data "
        "set, latent size and seed; each neighbour counts once. The value is the smallest AUC "
        "(mean over seeds).",
        value=min(means.values(), default=None),
        value_text=f"AUC: {by_dataset(tables, means)}{tally(outcomes)}",
        paper="no number survives",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, PAPER_DATASETS),
        spread=over_seeds(values),
    )


def _datasets(values: dict[tuple, list]) -> list[str]:
    return list(dict.fromkeys(case[0] for case in values))


def _means(values: dict[tuple, list[float]]) -> dict[tuple, float]:
    """Means over seeds."""
    return {case: sum(numbers) / len(numbers) for case, numbers in values.items()}
