"""C5, C6 and C8: samples from where q(z) is low look bad, and the likelihood bound does not tell."""

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
)
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, judge
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.low_posterior import BOUNDS, IMAGES, neighbour_costs, neighbours, pixel_statistic
from dmvi.tables.reading import group

DATA_PERCENTILE = 90  # of resampled means, beyond which samples differ from those resampled
CHANCE = 0.5  # AUC of a bound that does not tell two groups apart
OTHER_DATASETS = ("CelebA", "CIFAR-10")
BESIDE = {"data": "the data", "standard": "ordinary samples"}  # what C5 compares with


@decides("C5", figure="fig12")
def claim_c5(tables) -> Decision:
    """Thick strokes on ColorMNIST, white backgrounds on CelebA and CIFAR-10."""
    excess, outcomes = {}, {}
    for run in tables.runs:
        if tables.kind(run.data) not in PAPER_DATASETS:
            continue
        column, _ = pixel_statistic(tables, run)
        for seed in run.seeds:
            table = tables.csv(run, seed, IMAGES)
            low = group(table, "low_posterior", IMAGES)[column]
            for other in BESIDE:
                case = (run.data, run.latent_dim, run.name, other)
                rows = group(table, other, IMAGES)[column]
                excess.setdefault(case, []).append(float(low.mean() - rows.mean()))
                outcomes.setdefault(case, []).append(_larger(table, column, other))
    agreed = {case: agree(cases) for case, cases in outcomes.items()}
    means = _means(excess)
    texts = [
        f"over {words}: {by_dataset(tables, {c: v for c, v in means.items() if c[3] == other}, 2)}"
        for other, words in BESIDE.items()
    ]
    return decision(
        tables,
        _datasets(excess),
        statement="Low-posterior samples have thick strokes on ColorMNIST and white "
        "backgrounds on CelebA and CIFAR-10, beside the data and beside ordinary samples.",
        statistic="Mean ink (digits) or mean share of near-white pixels (the others) of the "
        f"low-posterior samples above the {DATA_PERCENTILE}th percentile of the same mean over "
        "1,000 resamples of as many data images, and of as many ordinary samples, for every latent "
        "size and seed; refuted where it is below the median of either. The value is the smallest "
        "excess over either mean.",
        value=min(means.values(), default=None),
        value_text=f"excess {'; '.join(texts)}{counted(agreed)}",
        **judge(tables, agreed),
        seeds=_fewest(excess),
        spread=over_seeds(excess),
    )


def _larger(table, column: str, other: str) -> bool | None:
    """Whether low-posterior samples have more of `column` than resamples of another group."""
    import numpy as np

    low = group(table, "low_posterior", IMAGES)[column]
    if min(len(low), len(group(table, other, IMAGES))) < MIN_SAMPLES:
        return None
    means, limit = resampled_means(table, column, other)
    if low.mean() > limit:
        return True
    return False if low.mean() < np.median(means) else None


def resampled_means(table, column: str, name: str = "data"):
    """Means of resamples of a group, as large as the low-posterior one, and their percentile.

    Args:
        table: low_posterior/images.csv.
        column: what is averaged.
        name: of the group that is resampled.

    Returns:
        The 1,000 means, and the `DATA_PERCENTILE`th percentile of them.
    """
    import numpy as np

    size = len(group(table, "low_posterior", IMAGES))
    means = bootstrap(group(table, name, IMAGES)[column], np.mean, size)
    return means, float(np.percentile(means, DATA_PERCENTILE))


@decides("C6", figure="fig3", kinds=("ColorMNIST",), groups=("low_posterior", "neighbour"))
@decides("C6", figure="fig14", kinds=OTHER_DATASETS, groups=("low_posterior",), reverse=True)
def claim_c6(
    tables, kinds: tuple[str, ...], groups: tuple[str, ...], reverse: bool = False
) -> Decision:
    """The bound orders data above low-posterior samples; or, reversed, below them.

    Args:
        kinds: the paper's data sets that this is about.
        groups: of bounds.csv, that the data are compared with.
    """
    aucs = {}
    for run in tables.runs:
        if tables.kind(run.data) in kinds:
            for seed in run.seeds:
                bounds = tables.csv(run, seed, BOUNDS)
                data = group(bounds, "data", BOUNDS)["bound"]
                for name in groups:
                    once = name == "neighbour"
                    rows = neighbours(tables, run, seed) if once else group(bounds, name, BOUNDS)
                    case = (run.data, run.latent_dim, run.name, name)
                    aucs.setdefault(case, []).append(auc(data, rows["bound"]))
    side = below if reverse else above
    outcomes = {case: agree(side(*pair, CHANCE) for pair in pairs) for case, pairs in aucs.items()}
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    means, where = _means(values), " and ".join(kinds)
    names = {"low_posterior": "low-posterior samples", "neighbour": "their neighbours"}
    texts = [
        f"{names[name]} {by_dataset(tables, {c: v for c, v in means.items() if c[3] == name})}"
        for name in groups
    ]
    compared = " or ".join(names[name] for name in groups)
    return decision(
        tables,
        _datasets(values),
        statement=f"On {where}, low-posterior samples look more likely than the data."
        if reverse
        else f"On {where}, the likelihood bound ranks data above low-posterior samples and above "
        "their nearest neighbours.",
        statistic="AUC, the share of pairs in which the data image has a higher bound than the "
        f"{compared}, {'below' if reverse else 'above'} {CHANCE} by two standard errors for every "
        "latent size and seed; each neighbour counts once. The value is the AUC furthest from what "
        "is claimed (mean over seeds).",
        value=(max if reverse else min)(means.values(), default=None),
        value_text=f"AUC of data over {'; '.join(texts)}{counted(outcomes)}"
        if means
        else "no such data set",
        paper="no number survives",
        **judge(tables, outcomes, kinds),
        seeds=_fewest(values),
        spread=over_seeds(values),
    )


@decides("C8", figure="fig13")
def claim_c8(tables) -> Decision:
    """The data nearest to low-posterior samples cost more than other data."""
    aucs, beside = {}, {}
    for run in tables.runs:
        if tables.kind(run.data):
            for seed in run.seeds:
                data = group(tables.csv(run, seed, BOUNDS), "data", BOUNDS)["kl"]
                near = neighbour_costs(tables, run, seed)
                control = neighbour_costs(tables, run, seed, "standard_neighbour")
                case = (run.data, run.latent_dim, run.name)
                aucs.setdefault(case, []).append(auc(near, data))
                beside.setdefault(case, []).append(auc(near, control)[0])
    outcomes = {case: agree(above(*pair, CHANCE) for pair in p) for case, p in aucs.items()}
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    means = _means(values)
    return decision(
        tables,
        _datasets(values),
        statement="The data nearest to low-posterior samples cost more to encode than other data.",
        statistic="AUC, the share of pairs in which the neighbour's KL(q(z|x)‖p(z)) exceeds "
        f"that of a random training image, above {CHANCE} by two standard errors for every data "
        "set, latent size and seed; each neighbour counts once. The value is the smallest AUC "
        "(mean over seeds). Said beside it, and deciding nothing: the same over the data nearest to "
        "ordinary samples, for the nearest image to any sample may be one that is cheap to encode.",
        value=min(means.values(), default=None),
        value_text=f"AUC: {by_dataset(tables, means)}{counted(outcomes)}; over the data nearest to ordinary "
        f"samples: {by_dataset(tables, _means(beside))}"
        if means
        else "no such data set",
        paper="no number survives",
        **judge(tables, outcomes),
        seeds=_fewest(values),
        spread=over_seeds(values),
    )


def _datasets(values: dict[tuple, list]) -> list[str]:
    return list(dict.fromkeys(case[0] for case in values))


def _means(values: dict[tuple, list[float]]) -> dict[tuple, float]:
    """Means over seeds."""
    return {case: sum(numbers) / len(numbers) for case, numbers in values.items()}


def _fewest(values: dict[tuple, list]) -> int | None:
    return min(map(len, values.values()), default=None)
