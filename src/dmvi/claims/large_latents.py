"""C11 and C12: with many latents the VAE's code is sparse and works, the AAE's is neither."""

import math

from dmvi.claims.decide import above, below, over_seeds, tally, verdict
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.latent_sizes import code_network, code_network_labels

ACTIVE_VARIANCE = 0.01  # of the posterior mean over images [Burda, Grosse, Salakhutdinov 2016]
SPARSE_SHARE = 0.5  # of active latents: below it a code is sparse, above it dense
COLLAPSED_VARIANCE = 0.1  # mean posterior variance of a latent; the prior's is 1

LATENT_SIZE_FACTOR = 10  # the latent sizes compared differ by at least this
# Reconstruction error with the most latents / with the fewest:
KEPT_ERROR_RATIO = 1.2  # below it a model does not break
BROKEN_ERROR_RATIO = 1.5  # above it, it does


@decides("C11", figure="fig6")
def claim_c11(tables) -> Decision:
    """The VAE's code is sparse; the AAE's is dense, with collapsed variance."""
    numbers, outcomes = {}, {}
    for run in tables.runs:
        if tables.kind(run.data) == "ColorMNIST" and run.model in ("vae", "aae"):
            case = (run.data, run.name)
            held = numbers[case] = {**latent_use(tables, run), "run": run}
            active = (held["active"], _two_errors(held["active"], held["units"]), SPARSE_SHARE)
            if run.model == "vae":
                outcomes[case, "sparse"] = below(*active)
            else:
                outcomes[case, "dense"] = above(*active)
                share = held["collapsed"]
                outcomes[case, "collapsed"] = above(share, _two_errors(share, held["units"]), 0.5)
    datasets = list(dict.fromkeys(case[0] for case in numbers))
    models = {held["run"].model for held in numbers.values()}
    names = code_network_labels(tables)
    texts = [
        f"{names[held['run'].name]}, d = {held['units']:,}: {held['active']:.1%} active, median "
        f"variance {held['median']:.2g}"
        for held in numbers.values()
    ]
    dense = [held["active"] for held in numbers.values() if held["run"].model == "aae"]
    sparse = [held["active"] for held in numbers.values() if held["run"].model == "vae"]
    return decision(
        tables,
        datasets,
        statement="With many latents the VAE's code is sparse; the AAE's is dense and its "
        "posterior variance collapses.",
        statistic="Share of active latents (variance of the posterior mean over images above "
        f"{ACTIVE_VARIANCE}): below {SPARSE_SHARE} for every VAE and above it for every AAE, "
        "whatever its code discriminator; and more than half of an AAE's latents (so the median "
        f"one) have a mean posterior variance below {COLLAPSED_VARIANCE}. Each by two binomial "
        "standard errors of the share. The value is the AAEs' smallest share of active latents "
        "less the VAEs' largest.",
        value=min(dense) - max(sparse) if dense and sparse else None,
        value_text=f"{'; '.join(texts)}{tally(outcomes.values())}" if texts else "no such runs",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), models, ("vae", "aae")),
        spread=over_seeds({case: [held["active"]] for case, held in numbers.items()}),
    )


def latent_use(tables, run) -> dict[str, float]:
    """How a run's first seed uses its latents.

    Returns:
        "active" and "collapsed": shares of such latents; "median": of their mean posterior
        variances; "units": their number.
    """
    profile = tables.csv(run, run.seeds[0], "profile.csv")
    return {
        "active": float((profile["variance_of_means"] > ACTIVE_VARIANCE).mean()),
        "collapsed": float((profile["mean_variance"] < COLLAPSED_VARIANCE).mean()),
        "median": float(profile["mean_variance"].median()),
        "units": len(profile),
    }


def _two_errors(share: float, count: int) -> float:
    """Two standard errors of a share of `count` latents; of 0 or 1, those of one latent."""
    share = min(max(share, 1 / count), 1 - 1 / count)
    return 2 * math.sqrt(max(share * (1 - share), 0.0) / count)


@decides("C12", figure="fig16", kind="ColorMNIST")
@decides("C12", figure="fig17", kind="CelebA")
def claim_c12(tables, kind: str) -> Decision:
    """With many more latents the AAE's reconstructions break and the VAE's do not."""
    groups: dict[tuple, dict] = {}  # the runs that differ in their latent size alone
    for run in tables.runs:
        if tables.kind(run.data) == kind and run.model in ("vae", "aae"):
            others = tuple(pair for pair in run.setting if pair[0] != "latent_dim")
            case = (run.data, run.model, code_network(run), others, run.likelihood)
            groups.setdefault(case, {})[run.latent_dim] = run
    ratios, outcomes, texts, spread = {}, {}, [], {}
    for case, runs in groups.items():
        few, many = min(runs), max(runs)
        if many < LATENT_SIZE_FACTOR * few:
            continue
        fewest, most = (
            tables.per_seed(runs[d], "quality.json", "reconstruction_mse") for d in (few, many)
        )
        model, means = case[1], [sum(values) / len(values) for values in (fewest, most)]
        ratios[case] = means[1] / means[0] if means[0] > 0 else float("inf")
        outcomes[case] = _breaks(ratios[case]) if model == "aae" else _keeps(ratios[case])
        spread |= {(*case, few): fewest, (*case, many): most}
        name = code_network_labels(tables)[runs[many].name]
        texts.append(f"{name}: {ratios[case]:.3g} ({few:,} to {many:,} latents)")
    datasets = list(dict.fromkeys(case[0] for case in ratios))
    models = {case[1] for case in ratios}
    broken = [ratio for case, ratio in ratios.items() if case[1] == "aae"]
    return decision(
        tables,
        datasets,
        statement=f"On {kind}, {LATENT_SIZE_FACTOR} times more latents break the AAE and not the "
        "VAE.",
        statistic="Reconstruction error with the most latents over that with the fewest, all else "
        f"alike and at least {LATENT_SIZE_FACTOR} times apart: above {BROKEN_ERROR_RATIO} a model "
        f"breaks, below {KEPT_ERROR_RATIO} it does not, and in between nothing is decided (one "
        "seed gives no interval). Every AAE, whatever its code discriminator, must break and every "
        "VAE must not. The value is the smallest ratio of an AAE.",
        value=min(broken, default=None),
        value_text=f"error ratio: {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no two latent sizes to compare",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), models, ("vae", "aae")),
        spread=over_seeds(spread),
    )


def _breaks(ratio: float) -> bool | None:
    return None if KEPT_ERROR_RATIO <= ratio <= BROKEN_ERROR_RATIO else ratio > BROKEN_ERROR_RATIO


def _keeps(ratio: float) -> bool | None:
    return None if KEPT_ERROR_RATIO <= ratio <= BROKEN_ERROR_RATIO else ratio < KEPT_ERROR_RATIO
