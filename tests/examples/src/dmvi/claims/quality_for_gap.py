"""X1: runs with a larger KL(q(z) || p(z)) reconstruct better."""

from dmvi.claims.decide import correlates, verdict
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision

GAP_CORRELATION = 0.3  # of ranks, above which the claim holds


@decides("X1", figure="fig101", source="ours")
def claim_x1(tables) -> Decision:
    """Quality grows with the gap."""
    gaps, qualities = [], []
    for run in tables.runs:
        gaps += tables.per_seed(run, "kl.json", "value")
        errors = tables.per_seed(run, "quality.json", "reconstruction_mse")
        qualities += [-error for error in errors]
    value, outcome = correlates(gaps, qualities, GAP_CORRELATION)
    return decision(
        tables,
        tables.datasets,
        statement="Runs with a larger KL(q(z)‖p(z)) reconstruct better.",
        statistic="Spearman's correlation of KL and negative reconstruction error over runs and "
        f"seeds, above {GAP_CORRELATION}, by the Fisher 95 % interval; at least 10 points.",
        value=value,
        value_text=f"{value:.2f} over {len(gaps)} points",
        paper="",
        verdict=verdict([outcome]),
        spread="",
    )
