"""X2: a large KL of many codes does not show that their marginal is not the prior."""

from dmvi.claims.decide import above, interval, over_seeds, verdict
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision

LARGE_KL_NATS = 1.0


@decides("X2", figure="fig103", source="ours")
def claim_x2(tables) -> Decision:
    """The KL is large although the marginal is the prior."""
    table = tables.study_csv("finite_mixtures/kl.csv")
    dim, size = table["dim"].max(), table["size"].max()
    values = table.loc[(table["dim"] == dim) & (table["size"] == size), "kl"]
    value, half_width = interval(values)
    return decision(
        tables,
        (),
        data=("finite mixtures",),
        statement="Codes whose marginal is the prior have a large KL(q(z)‖p(z)).",
        statistic=f"KL at the most dimensions and codes, above {LARGE_KL_NATS:g} nat; 95 % interval "
        "over seeds (Student).",
        value=value,
        value_text=f"{value:.3g} nats with d = {dim} and N = {size:,}",
        paper="",
        verdict=verdict([above(value, half_width, LARGE_KL_NATS)]),
        spread=over_seeds({dim: list(values)}, " nats"),
    )
