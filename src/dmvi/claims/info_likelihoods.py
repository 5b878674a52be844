"""D7 and D9: InfoVAE's likelihood, and what its divergence does to KL(q(z) || p(z))."""

from itertools import pairwise

from dmvi.claims.decide import above, both, by_dataset, difference, over_seeds
from dmvi.claims.declared import decides
from dmvi.claims.judge import Outcome, counted, fewest, judge, same_budget, unequal_budgets
from dmvi.claims.ledger import Decision, decision
from dmvi.claims.published import NLL, NLL_SOURCE
from dmvi.tables.log_likelihoods import flags, trusted, values
from dmvi.tables.models import model_title
from dmvi.tables.results import DrawnRun, Tables

ON_PAR = 0.5  # nats by which InfoVAE's -log p may be the larger one
SPIKES = 0.1  # nats between log N and I(x;z), below which no two posteriors overlap
AGREE = 2.0  # nats between annealed and plain importance sampling, above which they disagree
ELBO, MMD = "vae", "infovae_mmd"
ORDER = (MMD, "infovae_stein", "infovae_adversarial", ELBO)  # from the lowest -log p

Cases = dict[tuple, dict[str, DrawnRun]]


@decides("D7", figure="table30", source="infovae")
def claim_d7(tables) -> Decision:
    """-log p of ELBO and InfoVAE-MMD; the whole order as a second value."""
    cases = _cases(tables)
    outcomes: dict[tuple, Outcome] = {}
    numbers: dict[tuple, float] = {}
    spread: dict[tuple, list[float]] = {}
    text = []
    for case, runs in cases.items():
        elbo, mmd = runs[ELBO], runs[MMD]
        if not (_reliable(tables, elbo) and _reliable(tables, mmd)):
            outcomes[case] = None
            text.append(f"{_name(tables, case)}: no likelihood that can be trusted")
            continue
        found = [[-v for v in values(tables, run, "value")] for run in (elbo, mmd)]
        value = difference(*found)
        outcomes[case] = above(*value, -ON_PAR) if same_budget(elbo, mmd) else None
        numbers[case] = value[0]
        spread |= {(case, run.name): own for run, own in zip((elbo, mmd), found, strict=True)}
        text.append(f"{_name(tables, case)}: {value[0]:.2f}{_order(tables, runs)}")
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in cases)),
        statement="InfoVAE-MMD reaches a likelihood as good as the ELBO's, or better.",
        statistic="-log p(x) of test images, ELBO minus InfoVAE-MMD, at equal data, latent size and "
        f"likelihood, above -{ON_PAR:g} nats, 95 % Welch intervals over seeds; only where forward and "
        "reverse annealed importance sampling agree for every seed of both, where no chains are flagged as "
        f"failed and importance sampling is within {AGREE:g} nats. The value is the smallest difference.",
        value=min(numbers.values(), default=None),
        value_text="; ".join(text) + counted(outcomes) + _unequal(tables, cases),
        paper=", ".join(f"{model_title(m)} {NLL[m]:.2f}" for m in ORDER)
        + f" nats, another decoder ({NLL_SOURCE})",
        **judge(tables, outcomes, required=()),
        spread=over_seeds(spread, " nats"),
        seeds=fewest(runs[m] for runs in cases.values() for m in (ELBO, MMD)),
    )


@decides("D9", figure="table30", source="infovae")
def claim_d9(tables) -> Decision:
    """KL(q(z) || p(z)) by Monte Carlo and its lower bound, of the ELBO and of InfoVAE-MMD."""
    cases = _cases(tables)
    outcomes: dict[tuple, Outcome] = {}
    numbers: dict[tuple, float] = {}
    spread: dict[tuple, list[float]] = {}
    for case, runs in cases.items():
        both_runs = (runs[ELBO], runs[MMD])
        kls = [tables.per_seed(run, "kl.json", "value") for run in both_runs]
        lower = [tables.per_seed(run, "kl.json", "lower") for run in both_runs]
        pair = [above(*difference(*kls), 0.0), above(*difference(*lower), 0.0)]
        outcomes[case] = both(pair) if same_budget(*both_runs) else None
        numbers[case] = difference(*kls)[0]
        spread |= {(case, run.name): own for run, own in zip(both_runs, kls, strict=True)}
    text = by_dataset(tables, numbers) + " nats" if numbers else ""
    text += _spikes(tables, cases)
    return decision(
        tables,
        list(dict.fromkeys(case[0] for case in cases)),
        statement="InfoVAE's divergence closes the gap that Rosca et al. measure (C1): KL(q(z)‖p(z)) "
        "falls.",
        statistic="Monte Carlo KL(q(z)‖p(z)), ELBO minus InfoVAE-MMD, at equal data, latent size and "
        "likelihood, above 0, and the same of its lower bound avgKL − log N; 95 % Welch intervals over "
        "seeds. The value is the smallest difference of the KLs.",
        value=min(numbers.values(), default=None),
        value_text=text + counted(outcomes) + _unequal(tables, cases),
        paper="",
        **judge(tables, outcomes, required=()),
        spread=over_seeds(spread, " nats"),
        seeds=fewest(runs[m] for runs in cases.values() for m in (ELBO, MMD)),
    )


def _spikes(tables: Tables, cases: Cases) -> str:
    """Names runs whose posteriors hardly overlap: avgKL - KL = I(x;z) is log N but for a little, the KL is
    its own lower bound, and a smaller one may come from wider posteriors as well as from a better match."""
    runs = [runs[model] for runs in cases.values() for model in (ELBO, MMD)]
    gaps = {
        run.name: [
            kl - lower
            for kl, lower in zip(
                tables.per_seed(run, "kl.json", "value"),
                tables.per_seed(run, "kl.json", "lower"),
                strict=True,
            )
        ]
        for run in runs
    }
    spikes = [name for name, own in gaps.items() if max(own) < SPIKES]
    if not spikes:
        return ""
    return (
        f"; I(x;z) is within {SPIKES:g} nats of log N in {', '.join(spikes)}: the posteriors are spikes, and "
        "the KL says how wide they are rather than how well q(z) matches p(z)"
    )


def _cases(tables: Tables) -> Cases:
    """Objective -> its run, by data, latent size and likelihood, where ELBO and InfoVAE-MMD are both
    there. Of several runs of an objective (other weights) it is the one with more seeds than any other;
    where there is none none is chosen, and the case is left out."""
    found: dict[tuple, dict[str, list[DrawnRun]]] = {}
    for run in tables.runs:
        if run.model in ORDER:
            case = (run.data, run.latent_dim, run.likelihood)
            found.setdefault(case, {}).setdefault(run.model, []).append(run)
    cases: Cases = {}
    for case, own in found.items():
        chosen = {model: _main(runs) for model, runs in own.items()}
        if {ELBO, MMD} <= chosen.keys() and chosen[ELBO] and chosen[MMD]:
            cases[case] = {model: run for model, run in chosen.items() if run}
    return cases


def _main(runs: list[DrawnRun]) -> DrawnRun | None:
    """The run with more seeds than any other."""
    most = max(len(run.seeds) for run in runs)
    first, *others = (run for run in runs if len(run.seeds) == most)
    return None if others else first


def _reliable(tables: Tables, run: DrawnRun) -> bool:
    """A likelihood in every seed, where it is not exact of chains without a flag, which importance
    sampling confirms."""
    if not trusted(tables, run) or flags(tables, run):
        return False
    for seed in run.seeds:
        found = tables.json(run, seed, "likelihood.json")
        other = found["is"]["value"]
        if found["method"] == "ais" and (other is None or abs(other - found["value"]) > AGREE):
            return False
    return True


def _order(tables: Tables, runs: dict[str, DrawnRun]) -> str:
    """What the seeds say about the published order, MMD < Stein < adversarial < ELBO in -log p."""
    if set(ORDER) - set(runs) or not all(_reliable(tables, runs[m]) for m in ORDER):
        return ""
    means = [[-v for v in values(tables, runs[m], "value")] for m in ORDER]
    steps = [above(*difference(b, a), 0.0) for a, b in pairwise(means)]
    word = {True: "as published", False: "not as published", None: "undecided"}[both(steps)]
    return f" (order of all four {word})"


def _name(tables: Tables, case: tuple) -> str:
    return f"{tables.title(case[0])}, d = {case[1]}"


def _unequal(tables: Tables, cases: Cases) -> str:
    by_data: dict[str, list[DrawnRun]] = {}
    for case, runs in cases.items():
        if not same_budget(runs[ELBO], runs[MMD]):
            by_data.setdefault(case[0], []).extend((runs[ELBO], runs[MMD]))
    return unequal_budgets(tables, by_data)
