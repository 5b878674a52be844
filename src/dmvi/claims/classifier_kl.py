"""C9: a classifier underestimates KL(q(z)‖p(z)), which Monte Carlo gives."""

from dmvi.claims.decide import above, agree, by_dataset, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, fewest, judge
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.latent_densities import monte_carlo_and_classifier


@decides("C9", figure="fig4")
def claim_c9(tables) -> Decision:
    """The classifier underestimates."""
    differences, estimated, exact, outcomes = {}, {}, {}, {}
    runs = [run for run in tables.runs if tables.kind(run.data)]
    for run in runs:
        case = (run.data, run.name)
        pairs = monte_carlo_and_classifier(tables, run)
        exact[case] = sum(kl["value"] for kl, _ in pairs) / len(pairs)
        estimated[case] = sum(entry["value"] for _, entry in pairs) / len(pairs)
        differences[case] = [kl["value"] - entry["value"] for kl, entry in pairs]
        errors = [3 * (kl["standard_error"] + entry["standard_error"]) for kl, entry in pairs]
        sides = zip(differences[case], errors, strict=True)
        outcomes[case] = agree(above(*side, 0.0) for side in sides)
    datasets = list(dict.fromkeys(run.data for run in runs))
    smallest = {case: min(numbers) for case, numbers in differences.items()}
    return decision(
        tables,
        datasets,
        statement="A classifier underestimates KL(q(z)‖p(z)) on every data set.",
        statistic="The classifier's estimate on fresh codes of q(z) plus three standard errors "
        "is below the Monte Carlo value less three of its own, for every run and seed on all "
        "three data sets; refuted where it is above by as much. The value is the smallest "
        "difference, Monte Carlo less classifier.",
        value=min(smallest.values(), default=None),
        value_text=f"classifier {by_dataset(tables, estimated)}; Monte Carlo "
        f"{by_dataset(tables, exact)} nats{counted(outcomes)}"
        if runs
        else "no such runs",
        **judge(tables, outcomes),
        seeds=fewest(runs),
        spread=over_seeds(differences, " nats"),
    )
