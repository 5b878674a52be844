"""C11 and C24: with many latents the VAE's code is sparse, the AAE's dense and of wider range."""

import math

from dmvi.claims.decide import above, below, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import (
    ONE_SEED_FACTOR,
    counted,
    fewest,
    judge,
    over,
    same_budget,
    unequal_budgets,
)
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.latent_sizes import code_network_labels

ACTIVE_NATS = 0.1  # of a latent's mean KL to the prior: with less it tells nothing of an image
SPARSE_SHARE = 0.5  # of active latents: below it a code is sparse, above it dense
COLLAPSED_VARIANCE = 0.1  # mean posterior variance of a latent; the prior's is 1
WIDER_RATIO = 2.0  # of the root mean square of posterior means, AAE to VAE: "much wider"


@decides("C11", figure="fig6")
def claim_c11(tables) -> Decision:
    """The VAE's code is sparse; the AAE's is dense, with collapsed variance."""
    numbers, outcomes = {}, {}
    for run in _autoencoders(tables):
        case = (run.data, run.name)
        held = numbers[case] = {**latent_use(tables, run), "run": run}
        active = (held["active"], _two_errors(held["active"], held["units"]), SPARSE_SHARE)
        if run.model == "vae":
            # With no active latent there is no code that could be sparse.
            outcomes[*case, "sparse"] = below(*active) if held["active"] > 0 else None
        else:
            outcomes[*case, "dense"] = above(*active)
            share = held["collapsed"]
            outcomes[*case, "collapsed"] = above(share, _two_errors(share, held["units"]), 0.5)
    runs = [held["run"] for held in numbers.values()]
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
        list(dict.fromkeys(case[0] for case in numbers)),
        statement="With many latents the VAE's code is sparse; the AAE's is dense and its "
        "posterior variance collapses.",
        statistic="Share of active latents (mean over images of the latent's part of "
        f"KL(q(z|x)‖p(z)) above {ACTIVE_NATS} nats): below {SPARSE_SHARE} for every VAE and above "
        "it for every AAE, whatever its code discriminator; and more than half of an AAE's latents "
        f"(so the median one) have a mean posterior variance below {COLLAPSED_VARIANCE}. Each by "
        "two binomial standard errors of the share. A VAE without any active latent has no code that "
        "could be sparse, and decides nothing. The value is the AAEs' smallest share of "
        "active latents less the VAEs' largest.",
        value=min(dense) - max(sparse) if dense and sparse else None,
        value_text=f"{'; '.join(texts)}{counted(outcomes)}" if texts else "no such runs",
        **judge(tables, outcomes, ("ColorMNIST", "vae", "aae"), {run.model for run in runs}),
        seeds=fewest(runs),
        spread=over_seeds({case: [held["active"]] for case, held in numbers.items()}),
    )


@decides("C24", figure="fig6")
def claim_c24(tables) -> Decision:
    """The AAE's posterior means have a much wider range around the prior mean."""
    runs = _autoencoders(tables)
    ranges = {run.name: _range_of_means(tables, run) for run in runs}
    names = code_network_labels(tables)
    ratios, outcomes, compared = {}, {}, {}
    for aae in (run for run in runs if run.model == "aae"):
        for vae in (run for run in runs if run.model == "vae"):
            if (aae.data, aae.latent_dim) == (vae.data, vae.latent_dim):
                case = (aae.data, aae.name, vae.name)
                compared.setdefault(aae.data, []).extend((vae, aae))
                ratios[case] = ranges[aae.name] / ranges[vae.name]
                pair = (ratios[case], math.inf)  # of one seed each
                outcomes[case] = over(pair, WIDER_RATIO) if same_budget(aae, vae) else None
    texts = [f"{names[run.name]} {ranges[run.name]:.2g}" for run in runs]
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in ratios)),
        statement="With many latents the AAE's posterior means have a much wider range around the "
        "prior mean than the VAE's.",
        statistic="Root mean square of the posterior means, over all images and latents, of every "
        f"AAE over that of the VAE with as many latents: above {WIDER_RATIO:g}. It is one seed, so "
        f"it takes {ONE_SEED_FACTOR * WIDER_RATIO:g} to hold and "
        f"{WIDER_RATIO / ONE_SEED_FACTOR:g} to fail. The value is the smallest ratio.",
        value=min(ratios.values(), default=None),
        value_text=f"{'; '.join(texts)}{counted(outcomes)}{unequal_budgets(tables, compared)}"
        if ratios
        else "no AAE and VAE with as many latents",
        **judge(tables, outcomes, ("ColorMNIST",)),
        seeds=fewest(runs),
        spread=over_seeds({case: [value] for case, value in ratios.items()}),
    )


def _autoencoders(tables) -> list:
    return [
        run
        for run in tables.runs
        if tables.kind(run.data) == "ColorMNIST" and run.model in ("vae", "aae")
    ]


def latent_use(tables, run) -> dict[str, float]:
    """How a run's first seed uses its latents.

    Returns:
        "active" and "collapsed": shares of such latents; "median": of their mean posterior
        variances; "units": their number.
    """
    profile = tables.csv(run, run.seeds[0], "profile.csv")
    return {
        "active": float((profile["kl"] > ACTIVE_NATS).mean()),
        "collapsed": float((profile["mean_variance"] < COLLAPSED_VARIANCE).mean()),
        "median": float(profile["mean_variance"].median()),
        "units": len(profile),
    }


def _range_of_means(tables, run) -> float:
    """Root mean square of the posterior means around 0, the prior mean."""
    profile = tables.csv(run, run.seeds[0], "profile.csv")
    squares = profile["mean_of_means"] ** 2 + profile["variance_of_means"]
    return math.sqrt(max(float(squares.mean()), 1e-12))


def _two_errors(share: float, count: int) -> float:
    """Two standard errors of a share of `count` latents; of 0 or 1, those of one latent."""
    share = min(max(share, 1 / count), 1 - 1 / count)
    return 2 * math.sqrt(max(share * (1 - share), 0.0) / count)
