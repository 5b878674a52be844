"""C10 and C19: the VAE's ELBO tracks convergence, the bounds of hybrids do not."""

import statistics

from dmvi.claims.decide import MIN_SAMPLES, correlates, most, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, fewest, judge, same_budget, unequal_budgets
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.models import in_order, model_title

BOUND = "bound.csv"
TRACKING_CORRELATION = 0.8  # with the training step; above it a bound tracks convergence
FLAT_SHARE = 0.05  # of a bound's whole movement: it has flattened where its last fifth moves less


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


def flattened(curve) -> bool | None:
    """Whether a bound has stopped moving: the rule that C10 and C19 ask of the VAE's ELBO.

    Between the tenth of training that ends at four fifths and the last tenth it moves by at most
    `FLAT_SHARE` of what it has moved since the first measurement (medians of each tenth). None with
    fewer than `MIN_SAMPLES` measurements.
    """
    step, bound = curve["step"], curve["bound"]
    if len(step) < MIN_SAMPLES:
        return None
    last = step.max()
    end = bound[step > 0.9 * last].median()
    before = bound[(step > 0.7 * last) & (step <= 0.8 * last)].median()
    return bool(abs(end - before) <= FLAT_SHARE * abs(end - bound.iloc[0]))


def _tracking(
    tables, statement: str, hybrids: tuple[str, ...], needed: tuple[str, ...]
) -> Decision:
    """Whether the VAE's bound tracks convergence and those of some hybrids do not.

    Args:
        hybrids: models whose bound is claimed not to.
        needed: those of them without which the claim cannot hold.
    """
    correlations, outcomes, spread, moving, compared = {}, {}, {}, [], {}
    for dataset, runs in tables.datasets.items():
        if not tables.kind(dataset):
            continue
        vaes = [run for run in runs if run.model == "vae"]
        settled = most(flattened(curve) for curve in bound_curves(tables, dataset, "vae"))
        if vaes and not settled:
            moving.append(tables.title(dataset))
        for model in in_order(("vae", *hybrids)):
            own = [run for run in runs if run.model == model]
            case = (dataset, model)
            if not own:
                if model == "vae" or model in needed:
                    outcomes[case] = None
                continue
            compared.setdefault(dataset, []).extend(own)
            found = {r: [tracking(tables.csv(r, s, BOUND)) for s in r.seeds] for r in own}
            curves = [pair for pairs in found.values() for pair in pairs]
            correlations[case] = [value for value, _ in curves if value == value]
            spread |= {(dataset, r.name): [v for v, _ in pairs] for r, pairs in found.items()}
            outcome = most(outcome for _, outcome in curves)
            if model != "vae" and outcome is not None:
                outcome = not outcome
            comparable = bool(vaes) and same_budget(*vaes, *own)
            outcomes[case] = outcome if settled and comparable else None
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
    still = f"; the VAE's ELBO still moves on {', '.join(moving)}" if moving else ""
    return decision(
        tables,
        datasets,
        statement=statement,
        statistic="Asked only where the VAE's ELBO has flattened: from the tenth of training that "
        f"ends at four fifths to the last one it moves by at most {FLAT_SHARE:.0%} of all that it "
        "has moved since the first measurement. Then Spearman's rank correlation of the bound on "
        f"held-out images with the training step: above {TRACKING_CORRELATION} the bound tracks "
        "convergence. The 95 % interval (as if the points were independent, which is too narrow) "
        "must lie on one side for at least three quarters of a model's runs and seeds, above for "
        "the VAE and below for the others, trained for as long at the same width, on all three data "
        "sets. The value is the largest median among the others.",
        value=max(highest, default=None),
        value_text=f"median correlation: {'; '.join(texts)}{counted(outcomes)}{still}"
        f"{unequal_budgets(tables, compared)}"
        if medians
        else "no such runs",
        **judge(tables, outcomes),
        seeds=fewest(run for runs in compared.values() for run in runs),
        spread=over_seeds(spread),
    )
