"""C9: a classifier underestimates KL(q(z)‖p(z)), which Monte Carlo gives."""

from dmvi.claims.decide import above, agree, by_dataset, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, fewest, judge
from dmvi.claims.ledger import Decision, decision
from dmvi.claims.settled import HOW, asked, estimates, moving


@decides("C9", figure="fig4")
def claim_c9(tables) -> Decision:
    """The classifier underestimates."""
    differences, estimated, exact, outcomes = {}, {}, {}, {}
    used: list[dict] = []
    runs = [run for run in tables.runs if tables.kind(run.data)]
    for run in runs:
        case = (run.data, run.name)
        pairs = [
            (tables.json(run, seed, "kl.json"), estimates(tables, run, seed, "default")[0])
            for seed in run.seeds
        ]
        used += [entry for _, entry in pairs]
        exact[case] = sum(kl["value"] for kl, _ in pairs) / len(pairs)
        estimated[case] = sum(entry["value"] for _, entry in pairs) / len(pairs)
        differences[case] = [kl["value"] - entry["value"] for kl, entry in pairs]
        outcomes[case] = agree(
            asked(above(difference, 3 * kl["standard_error"] + entry["error"], 0.0), entry)
            for difference, (kl, entry) in zip(differences[case], pairs, strict=True)
        )
    datasets = list(dict.fromkeys(run.data for run in runs))
    smallest = {case: min(numbers) for case, numbers in differences.items()}
    return decision(
        tables,
        datasets,
        statement="A classifier underestimates KL(q(z)‖p(z)) on every data set.",
        statistic="The classifier's estimate on fresh codes of q(z) plus its error is below the Monte "
        "Carlo value less three standard errors, for every run and seed on all three data sets; refuted "
        f"where it is above by as much. {HOW} The value is the smallest difference, Monte Carlo less "
        "classifier.",
        value=min(smallest.values(), default=None),
        value_text=f"classifier {by_dataset(tables, estimated)}; Monte Carlo "
        f"{by_dataset(tables, exact)} nats{counted(outcomes)}{moving(used)}"
        if runs
        else "no such runs",
        **judge(tables, outcomes),
        seeds=fewest(runs),
        spread=over_seeds(differences, " nats"),
    )
