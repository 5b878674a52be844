"""D8: with an autoregressive decoder the ELBO ignores the latent, InfoVAE uses it."""

from dmvi.claims.bounds import BOUND, FLAT_SHARE, flattened
from dmvi.claims.decide import above, below, both, by_dataset, difference, interval, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.info_codes import LABELS
from dmvi.claims.judge import Outcome, counted, fewest, judge, same_budget
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.objectives import ELBO, MMD, pixel_objectives, probe_errors

IGNORED = 1.0  # nats of I(x; z) below which a latent is ignored
USED = 1.0  # nats by which InfoVAE's is larger
KL = "kl.json"


@decides("D8", figure="fig35", source="infovae")
def claim_d8(tables) -> Decision:
    """The ELBO's latent says nothing of the image, InfoVAE's does."""
    outcomes: dict[tuple, Outcome] = {}
    information: dict[tuple, list[float]] = {}
    used, moving = [], []
    for case, runs in pixel_objectives(tables).items():
        elbo, info = runs.get(ELBO, []), runs.get(MMD, [])
        used += [*elbo, *info]
        values = {
            run.name: tables.per_seed(run, KL, "mutual_information") for run in [*elbo, *info]
        }
        information |= {(*case, name): numbers for name, numbers in values.items()}
        if len(elbo) != 1 or len(info) != 1 or not same_budget(*elbo, *info):
            outcomes[case] = None
            continue
        if not all(flattened(tables.csv(elbo[0], seed, BOUND)) for seed in elbo[0].seeds):
            outcomes[case] = None
            moving.append(tables.title(case[0]))
            continue
        one, other = values[elbo[0].name], values[info[0].name]
        errors = [probe_errors(tables, run, LABELS) for run in (*info, *elbo)]
        outcomes[case] = both(
            [
                below(*interval(one), IGNORED),
                above(*difference(other, one), USED),
                None if None in errors else below(*difference(*errors), 0.0),
            ]
        )
    means = {
        (case[0], objective): sum(numbers) / len(numbers)
        for case, runs in pixel_objectives(tables).items()
        for objective, own in runs.items()
        for run in own
        for numbers in [information[(*case, run.name)]]
    }
    sides = {
        objective: by_dataset(tables, {k: v for k, v in means.items() if k[1] == objective})
        for objective in (ELBO, MMD)
    }
    gaps = [
        means[data, MMD] - means[data, ELBO]
        for data, objective in means
        if objective == ELBO and (data, MMD) in means
    ]
    still = f"; the ELBO still moves on {', '.join(dict.fromkeys(moving))}" if moving else ""
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in outcomes)),
        statement="With an autoregressive decoder the ELBO ignores z; InfoVAE uses it, and its codes "
        "tell the classes.",
        statistic=f"I(x; z) of the Monte Carlo KL: the ELBO's below {IGNORED:g} nat, InfoVAE's larger by "
        f"more than {USED:g}; test error of an rbf support vector machine on {LABELS:,} labelled codes: "
        "InfoVAE − ELBO < 0; 95 % intervals over seeds (Student's t, Welch). Asked only where the ELBO has "
        "flattened in every seed: from the tenth of training that ends at four fifths to the last one it "
        f"moves by at most {FLAT_SHARE:.0%} of all that it has moved. The value is the smallest difference "
        "of I(x; z).",
        value=min(gaps, default=None),
        value_text=f"I(x; z) in nats: ELBO {sides[ELBO] or '–'}, InfoVAE {sides[MMD] or '–'}"
        f"{counted(outcomes)}{still}"
        if outcomes
        else "no such runs",
        paper="no number survives",
        **judge(tables, outcomes, ()),
        seeds=fewest(used),
        spread=over_seeds(information, " nats"),
    )
