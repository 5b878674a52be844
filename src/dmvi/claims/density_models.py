"""C16: no density model of q(z) reaches the bound E log q(z)."""

from dmvi.claims.decide import by_dataset, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, judge
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.latent_densities import DENSITY_MODELS

CLOSED_GAP_NATS = 0.1  # an interval that ends below this shows that the bound is reached


@decides("C16", figure="fig21")
def claim_c16(tables) -> Decision:
    """No density model reaches the bound."""
    gaps, outcomes = {}, {}
    runs = [run for run in tables.runs if tables.kind(run.data)]
    for run in runs:
        for name in DENSITY_MODELS:
            values = tables.json(run, run.seeds[0], f"density_models/{name}.json")
            gaps[run.data, name, run.name] = values["gap"]
            outcomes[run.data, name, run.name] = _misses(values)
    datasets = list(dict.fromkeys(run.data for run in runs))
    texts = [
        f"{title} {by_dataset(tables, {case: gap for case, gap in gaps.items() if case[1] == name})}"
        for name, title in DENSITY_MODELS.items()
    ]
    return decision(
        tables,
        datasets,
        statement="No density model of q(z) (GMM, MAF, LSTM) reaches the bound E log q(z).",
        statistic="E log q(z) − log r(z) at the same z, after fitting: less three standard "
        "errors above 0 for every model and data set (all three are needed); refuted where it "
        f"is not and the gap plus three standard errors is under {CLOSED_GAP_NATS} nats. The value "
        "is the smallest gap.",
        value=min(gaps.values(), default=None),
        value_text=f"gap in nats: {'. '.join(texts)}{counted(outcomes)}"
        if gaps
        else "no such runs",
        **judge(tables, outcomes),
        seeds=1 if gaps else None,
        spread=over_seeds({case: [gap] for case, gap in gaps.items()}),
    )


def _misses(values: dict) -> bool | None:
    """Whether the gap is clearly there (True) or clearly closed (False)."""
    if values["gap"] - 3 * values["gap_standard_error"] > 0:
        return True
    return False if values["gap"] + 3 * values["gap_standard_error"] < CLOSED_GAP_NATS else None
