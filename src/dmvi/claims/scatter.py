"""C7: the latents of low-posterior samples are scattered over the prior."""

from dmvi.claims.decide import MIN_SAMPLES, above, agree, both, by_dataset, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, judge
from dmvi.claims.latent_holes import OTHER_DATASETS
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.low_posterior import DRAWS, LATENTS, map_spread

ONE_SIDED = 0.25  # as gathered as latents of which three in four lie in one half-space
CLUSTERED = 1.0  # the nearest as near in angle as if all lay in half of the directions


@decides("C7", figure="fig3", kinds=("ColorMNIST",))
@decides("C7", figure="fig15", kinds=OTHER_DATASETS)
def claim_c7(tables, kinds: tuple[str, ...]) -> Decision:
    """Low-posterior latents are scattered over the prior rather than in one region.

    Args:
        kinds: the paper's data sets that this is about.
    """
    sides, clusters, spreads, outcomes = {}, {}, {}, {}
    for run in tables.runs:
        if tables.kind(run.data) not in kinds:
            continue
        case = (run.data, run.latent_dim, run.name)
        for seed in run.seeds:
            found = low_posterior_gathering(tables, run, seed)
            if found is None:
                outcomes.setdefault(case, []).append(None)
                continue
            sides.setdefault(case, []).append(found.side)
            clusters.setdefault(case, []).append(found.clusters)
            spreads.setdefault(case, []).append(map_spread(tables, run, seed))
            outcomes.setdefault(case, []).append(_scattered(found))
    agreed = {case: agree(cases) for case, cases in outcomes.items()}
    means, near, maps = (
        {case: sum(values) / len(values) for case, values in of.items()}
        for of in (sides, clusters, spreads)
    )
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in outcomes)),
        statement="The latents of bad samples are scattered over the prior"
        f" ({' and '.join(kinds)}), not isolated to a region.",
        statistic="Directions of the m low-posterior latents against 400 sets of m other prior "
        "draws of the same norms. One side: their mean pairwise cosine beyond that of the matched "
        f"draws, over that of draws confined to one half-space; {ONE_SIDED} is three of four in "
        "one half-space. Clusters: the mean cosine with the nearest other one likewise, where "
        f"{CLUSTERED:g} is what twice as many draws have, as if all lay in half of the directions. "
        "Scattered: no side is preferred beyond 1.96 standard deviations of the matched draws, or "
        f"it is below {ONE_SIDED} by as much; and the clusters are below {CLUSTERED:g} by as much; "
        "for every latent size and seed. The value is the largest one-sidedness (mean over seeds). "
        "Said beside it, and deciding nothing: how widely they lie in the t-SNE map that the paper "
        "shows, relative to prior draws (root mean squared distance from the centroid); an isolated "
        "region of the map would be far below 1.",
        value=max(means.values(), default=None),
        value_text=f"one side {by_dataset(tables, means, 2)}; clusters "
        f"{by_dataset(tables, near, 2)}{counted(agreed)}; "
        f"in the t-SNE map {by_dataset(tables, maps, 2)} times as wide as prior draws"
        if means
        else "no such data set",
        paper="no number survives",
        **judge(tables, agreed, kinds),
        seeds=min(map(len, outcomes.values()), default=None),
        spread=over_seeds(sides),
    )


def low_posterior_gathering(tables, run, seed: int):
    """`dmvi.estimators.directions.Gathering` of a run's low-posterior latents; None if too few."""
    import numpy as np

    from dmvi.estimators.directions import FEWEST_DRAWS, gathering

    latents, draws = tables.array(run, seed, LATENTS), tables.array(run, seed, DRAWS)
    # Equal rows are the same draw: float32 draws of more than one dimension do not repeat.
    chosen = {row.tobytes() for row in np.ascontiguousarray(latents)}
    others = draws[[row.tobytes() not in chosen for row in np.ascontiguousarray(draws)]]
    if len(latents) < MIN_SAMPLES or len(others) < FEWEST_DRAWS * len(latents):
        return None
    return gathering(latents, others)


def _scattered(found) -> bool | None:
    side, error = found.side, 1.96 * found.side_error
    one_sided = False if side <= error else above(side, error, ONE_SIDED)
    clustered = above(found.clusters, 1.96 * found.clusters_error, CLUSTERED)
    return both(None if gathered is None else not gathered for gathered in (one_sided, clustered))
