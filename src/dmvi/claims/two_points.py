"""D1: of two points, the ELBO pushes the posteriors apart and off the prior; InfoVAE does not."""

from math import log

from dmvi.claims.decide import above, both, by_dataset, difference, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import Outcome, counted, fewest, judge, same_budget, unequal_budgets
from dmvi.claims.ledger import Decision, decision

WIDER_KL = 0.1  # nats by which the ELBO's q(z) must be further from the prior
LEARNT = 0.5 * log(2.0)  # nats of I(x;z), half of what tells two points apart: less has collapsed
ELBO, MMD = "vae", "infovae_mmd"


@decides("D1", figure="fig30", source="infovae")
def claim_d1(tables) -> Decision:
    """KL(q(z) || p(z)) and the mass of p(x) between the points, ELBO against InfoVAE-MMD."""
    pairs: dict[str, dict[str, list]] = {}
    for run in tables.runs:
        if run.model in (ELBO, MMD):
            pairs.setdefault(run.data, {}).setdefault(run.model, []).append(run)
    cases = {
        data: (runs[ELBO][0], runs[MMD][0])
        for data, runs in pairs.items()
        if {ELBO, MMD} == set(runs) and all(len(own) == 1 for own in runs.values())
    }
    outcomes: dict[tuple, Outcome] = {}
    values: dict[tuple, float] = {}
    spread: dict[tuple, list[float]] = {}
    text = []
    for data, runs in cases.items():
        kls = [tables.per_seed(run, "points.json", "kl") for run in runs]
        far = [tables.per_seed(run, "points.json", "far_mass") for run in runs]
        kl, mass = difference(*kls), difference(*far)
        told = [_information(tables, run, own) for run, own in zip(runs, kls, strict=True)]
        asked = same_budget(*runs) and min(map(min, told)) >= LEARNT
        outcomes[(data,)] = both([above(*kl, WIDER_KL), above(*mass, 0.0)]) if asked else None
        values[(data,)] = kl[0]
        spread |= {(data, run.name): own for run, own in zip(runs, kls, strict=True)}
        text.append(
            f"mass far from both points {sum(far[0]) / len(far[0]):.2g} against "
            f"{sum(far[1]) / len(far[1]):.2g}; I(x;z) at least {min(told[0]):.2g} against "
            f"{min(told[1]):.2g} nats"
        )
    return decision(
        tables,
        list(cases),
        statement="With a flexible decoder the ELBO pushes the two posteriors of two points apart and "
        "off the prior, so that prior samples decode to neither point; InfoVAE does not.",
        statistic=f"KL(q(z)‖p(z)) by quadrature, ELBO minus InfoVAE-MMD, above {WIDER_KL:g} nats; and "
        "mass of p(x) more than 10 grey levels from both points, ELBO minus InfoVAE-MMD, above 0; 95 % "
        "Welch intervals over seeds. The value is the difference of the KLs. Not asked where avgKL - KL = "
        f"I(x;z) of any run is below {LEARNT:.2f} nats: its codes do not tell the points apart.",
        value=next(iter(values.values()), None),
        value_text="; ".join([by_dataset(tables, values) + " nats", *text] if values else [])
        + counted(outcomes)
        + unequal_budgets(tables, cases),
        paper="",
        **judge(tables, outcomes, required=()),
        spread=over_seeds(spread, " nats"),
        seeds=fewest(run for runs in cases.values() for run in runs),
    )


def _information(tables, run, kls: list[float]) -> list[float]:
    """I(x;z) = avgKL - KL(q(z) || p(z)) of each seed, nats."""
    averages = tables.per_seed(run, "points.json", "avg_kl")
    return [average - kl for average, kl in zip(averages, kls, strict=True)]
