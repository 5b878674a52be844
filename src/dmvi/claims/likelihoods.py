"""C3 and C18: what a QuantizedNormal likelihood changes against a Bernoulli one, on CIFAR-10."""

from dmvi.claims.decide import above, below, both, by_dataset, over_seeds, ratio, tally, verdict
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.scores import entry

LARGER_KL_RATIO = 2.0  # KL(QuantizedNormal) / KL(Bernoulli) above which the KL is much larger
BETTER_DISTANCE_RATIO = (
    0.9  # critic's distance to that of Bernoulli, below which samples are better
)
LIKELIHOODS = ("quantized_normal", "bernoulli")  # the first is compared with the second
NOTHING = "no pair of runs to compare"


@decides("C3", figure="fig22")
def claim_c3(tables) -> Decision:
    """The KL grows."""
    pairs = _pairs(tables)
    datasets = list(dict.fromkeys(case[0] for case in pairs))
    ratios = _ratios(pairs, "value")
    outcomes = [above(*pair, LARGER_KL_RATIO) for pair in ratios.values()]

    def means(likelihood: str) -> str:
        values = {case: [seed["value"] for seed in p[likelihood]] for case, p in pairs.items()}
        return by_dataset(tables, {case: sum(v) / len(v) for case, v in values.items()})

    return decision(
        tables,
        datasets,
        statement="On CIFAR-10, a QuantizedNormal likelihood makes KL(q(z)‖p(z)) much larger than "
        "a Bernoulli likelihood does.",
        statistic=f"KL(QuantizedNormal) / KL(Bernoulli), means over seeds, above "
        f"{LARGER_KL_RATIO:g} at every latent size; the 95 % interval over seeds (Welch) must lie "
        "on one side, so two seeds are the least. The value is the smallest ratio.",
        value=min((value for value, _ in ratios.values()), default=None),
        value_text=f"ratio {_by_dataset(tables, ratios)}; Bernoulli {means('bernoulli')} nats, "
        f"QuantizedNormal {means('quantized_normal')} nats{tally(outcomes)}"
        if pairs
        else NOTHING,
        paper="44.7 against 256.7 nats, ratio 5.7",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, ("CIFAR-10",)),
        spread=over_seeds(_listed(pairs, "value"), " nats"),
    )


@decides("C18", figure="fig22")
def claim_c18(tables) -> Decision:
    """Reconstructions gain, samples do not."""
    pairs = _pairs(tables)
    datasets = list(dict.fromkeys(case[0] for case in pairs))
    errors, distances = (_ratios(pairs, key) for key in ("reconstruction_mse", "critic"))
    outcomes = [
        both((below(*errors[case], 1.0), above(*distances[case], BETTER_DISTANCE_RATIO)))
        for case in pairs
    ]
    return decision(
        tables,
        datasets,
        statement="On CIFAR-10, a QuantizedNormal likelihood reconstructs better than a Bernoulli "
        "likelihood, but does not sample better.",
        statistic="Ratio QuantizedNormal / Bernoulli, means over seeds: reconstruction error "
        "below 1, and the independent critic's Wasserstein distance of samples to validation "
        f"images above {BETTER_DISTANCE_RATIO}; the 95 % intervals over seeds (Welch) must lie on "
        "one side, so two seeds are the least. The value is the largest error ratio.",
        value=max((value for value, _ in errors.values()), default=None),
        value_text=f"error ratio {_by_dataset(tables, errors)}; distance ratio "
        f"{_by_dataset(tables, distances)}{tally(outcomes)}"
        if pairs
        else NOTHING,
        paper="shown in pictures only",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, ("CIFAR-10",)),
        spread=f"error: {over_seeds(_listed(pairs, 'reconstruction_mse'))}; distance: "
        f"{over_seeds(_listed(pairs, 'critic'))}"
        if pairs
        else "",
    )


def _pairs(tables) -> dict[tuple, dict[str, list[dict]]]:
    """(data set, setting) -> likelihood -> numbers per seed, where both likelihoods are there."""
    found: dict[tuple, dict[str, list[dict]]] = {}
    for run in tables.runs:
        if tables.kind(run.data) == "CIFAR-10" and run.plain:
            sides = found.setdefault((run.data, run.setting), {})
            for seed in run.seeds:
                score = entry(tables, run, seed, "critic")
                numbers = {
                    **tables.json(run, seed, "quality.json"),
                    **tables.json(run, seed, "kl.json"),
                    "critic": None if score is None else score["value"],
                }
                sides.setdefault(run.likelihood, []).append(numbers)
    return {case: sides for case, sides in found.items() if set(LIKELIHOODS) <= set(sides)}


def _ratios(pairs: dict, key: str) -> dict[tuple, tuple[float, float]]:
    """Case -> ratio of a number's means over seeds, and the half-width of its 95 % interval."""
    return {
        case: ratio(*(_known(sides[name], key) for name in LIKELIHOODS))
        for case, sides in pairs.items()
    }


def _listed(pairs: dict, key: str) -> dict[tuple, list[float]]:
    """A number per seed of every run that has it."""
    found = {(case, name): _known(v, key) for case, s in pairs.items() for name, v in s.items()}
    return {case: values for case, values in found.items() if values}


def _known(numbers: list[dict], key: str) -> list[float]:
    return [n[key] for n in numbers if n[key] is not None]


def _by_dataset(tables, ratios: dict) -> str:
    known = {case: value for case, (value, _) in ratios.items() if value == value}  # not NaN
    return by_dataset(tables, known) if known else "unknown"
