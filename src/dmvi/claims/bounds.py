"""C10 and C19: the VAE's ELBO tracks convergence, the bounds of hybrids do not."""

import statistics

from dmvi.claims.decide import PAPER_DATASETS, correlates, most, over_seeds, tally, verdict
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.models import in_order, model_title

BOUND = "bound.csv"
TRACKING_CORRELATION = 0.8  # with the training step; above it a bound tracks convergence


@decides("C10", figure="fig5")
def claim_c10(tables) -> Decision:
    """AAE and AdversarialVB have no quantity that tracks convergence."""
    return _tracking(
        tables,
        statement="The VAE's ELBO tracks convergence; the bounds of AAE and AdversarialVB, which a "
        "classifier estimates, do not.",
        hybrids=("aae", "avb", "avb_ac"),
        needed=("aae", "avb"),
    )


@decides("C19", figure="fig23")
def claim_c19(tables) -> Decision:
    """VEEGAN's bound does not track convergence either."""
    return _tracking(
        tables,
        statement="The VAE's ELBO tracks convergence; VEEGAN's bound does not.",
        hybrids=("veegan",),
        needed=("veegan",),
    )


def bound_curves(tables, dataset: str, model: str) -> list:
    """bound.csv of every run and seed of a model on a data set."""
    return [
        tables.csv(run, seed, BOUND)
        for run in tables.datasets[dataset]
        if run.model == model
        for seed in run.seeds
    ]


def tracking(curve) -> tuple[float, bool | None]:
    """Spearman's correlation of a bound with the training step, and whether it tracks convergence."""
    return correlates(curve["step"], curve["bound"], TRACKING_CORRELATION)


def _tracking(
    tables, statement: str, hybrids: tuple[str, ...], needed: tuple[str, ...]
) -> Decision:
    """Whether the VAE's bound tracks convergence and those of some hybrids do not.

    Args:
        hybrids: models whose bound is claimed not to.
        needed: those of them without which the claim cannot hold.
    """
    correlations, outcomes, spread = {}, {}, {}
    for dataset in tables.datasets:
        if tables.kind(dataset):
            for model in in_order(("vae", *hybrids)):
                curves = [tracking(curve) for curve in bound_curves(tables, dataset, model)]
                if curves:
                    case = (dataset, model)
                    correlations[case] = [value for value, _ in curves if value == value]
                    for run in tables.datasets[dataset]:
                        if run.model == model:
                            values = [tracking(tables.csv(run, s, BOUND))[0] for s in run.seeds]
                            spread[dataset, run.name] = values
                    outcome = most(outcome for _, outcome in curves)
                    if model != "vae" and outcome is not None:
                        outcome = not outcome
                    outcomes[case] = outcome
                elif model == "vae" or model in needed:
                    outcomes[dataset, model] = None
    datasets = list(dict.fromkeys(case[0] for case in correlations))
    medians = {case: statistics.median(v) for case, v in correlations.items() if v}
    highest = [value for (_, model), value in medians.items() if model != "vae"]
    texts = [
        f"{model_title(model)} "
        + ", ".join(
            f"{tables.title(d)} {value:z.2f}" for (d, other), value in medians.items()
            if other == model
        )
        for model in in_order(model for _, model in medians)
    ]  # fmt: skip
    return decision(
        tables,
        datasets,
        statement=statement,
        statistic="Spearman's rank correlation of the bound on held-out images with the training "
        f"step, over a whole training: above {TRACKING_CORRELATION} the bound tracks convergence. "
        "The 95 % interval (as if the points were independent, which is too narrow) must lie on "
        "one side for at least three quarters of a model's runs and seeds, above for the VAE and "
        "below for the others, on all three data sets. The value is the largest median among the "
        "others.",
        value=max(highest, default=None),
        value_text=f"median correlation: {'; '.join(texts)}{tally(outcomes.values())}"
        if medians
        else "no such runs",
        paper="shown in pictures only",
        verdict=verdict(
            outcomes.values(), {tables.kind(dataset) for dataset in datasets}, PAPER_DATASETS
        ),
        spread=over_seeds(spread),
    )
