"""C3, C4 and C18: what a richer likelihood changes against a Bernoulli one, on CIFAR-10."""

from dmvi.claims.decide import both, by_dataset, over_seeds, ratio
from dmvi.claims.declared import decides
from dmvi.claims.judge import ONE_SEED_FACTOR, counted, judge, over, saving, under
from dmvi.claims.ledger import Decision, decision
from dmvi.tables.scores import entry

LARGER_KL_RATIO = 2.0  # of KL(q(z)‖p(z)) to Bernoulli's, above which it is much larger
LOWER_ERROR = (
    0.1  # share of Bernoulli's reconstruction error, from which reconstructions are better
)
NEARER_SAMPLES = 0.1  # share of its samples' distance by the critic, from which samples are better
PLAIN = "bernoulli"  # what the others are compared with
NOTHING = "no pair of runs to compare"
ONE_SEED = (
    "The 95 % interval over seeds (Welch) must lie on one side; with one seed the number must be "
    f"{ONE_SEED_FACTOR:g} times its threshold, or as far below it."
)


@decides("C3", figure="fig22")
def claim_c3(tables) -> Decision:
    """The KL grows."""
    return _larger_kl(
        tables,
        "quantized_normal",
        statement="On CIFAR-10, a QuantizedNormal likelihood makes KL(q(z)‖p(z)) much larger than "
        "a Bernoulli likelihood does.",
        paper="44.7 against 256.7 nats, ratio 5.7",
    )


@decides("C4", figure="fig22")
def claim_c4(tables) -> Decision:
    """A Categorical likelihood does what a QuantizedNormal one does."""
    return _larger_kl(
        tables,
        "categorical",
        statement="On CIFAR-10, a Categorical likelihood differs from a Bernoulli one as a "
        "QuantizedNormal one does: KL(q(z)‖p(z)) is much larger.",
        paper='"similar results", no number',
    )


def _larger_kl(tables, likelihood: str, *, statement: str, paper: str) -> Decision:
    """Whether a likelihood's KL is much larger than Bernoulli's."""
    pairs = _pairs(tables, likelihood)
    ratios = _ratios(pairs, "value")
    outcomes = {case: over(pair, LARGER_KL_RATIO) for case, pair in ratios.items()}

    def mean(side: int) -> str:
        values = {case: _known(sides[side], "value") for case, sides in pairs.items()}
        return by_dataset(tables, {case: sum(v) / len(v) for case, v in values.items()})

    return decision(
        tables,
        _datasets(pairs),
        statement=statement,
        statistic="KL(q(z)‖p(z)) over that of Bernoulli, means over seeds, above "
        f"{LARGER_KL_RATIO:g} at every latent size, in runs that are alike in all else. {ONE_SEED} "
        "The value is the smallest ratio.",
        value=min((value for value, _ in ratios.values()), default=None),
        value_text=f"ratio {_by_dataset(tables, ratios)}: {mean(0)} against {mean(1)} nats"
        f"{counted(outcomes)}"
        if pairs
        else NOTHING,
        paper=paper,
        **judge(tables, outcomes, ("CIFAR-10",)),
        seeds=_fewest(pairs),
        spread=over_seeds(_listed(pairs, "value"), " nats"),
    )


@decides("C18", figure="fig22")
def claim_c18(tables) -> Decision:
    """Reconstructions gain, samples do not."""
    pairs = _pairs(tables, "quantized_normal")
    errors, distances = (_ratios(pairs, key) for key in ("reconstruction_mse", "critic"))
    outcomes = {
        case: both(
            (
                over(saving(errors[case]), LOWER_ERROR),
                under(saving(distances[case]), NEARER_SAMPLES),
            )
        )
        for case in pairs
    }
    return decision(
        tables,
        _datasets(pairs),
        statement="On CIFAR-10, a QuantizedNormal likelihood reconstructs better than a Bernoulli "
        "likelihood, but does not sample better.",
        statistic="Reconstruction error lower than Bernoulli's by more than a share of "
        f"{LOWER_ERROR}, and the independent critic's distance of samples to validation images "
        f"lower by less than a share of {NEARER_SAMPLES} (means over seeds). {ONE_SEED} The value "
        "is the largest ratio of errors.",
        value=max((value for value, _ in errors.values()), default=None),
        value_text=f"error ratio {_by_dataset(tables, errors)}; distance ratio "
        f"{_by_dataset(tables, distances)}{counted(outcomes)}"
        if pairs
        else NOTHING,
        **judge(tables, outcomes, ("CIFAR-10",)),
        seeds=_fewest(pairs),
        spread=f"error: {over_seeds(_listed(pairs, 'reconstruction_mse'))}; distance: "
        f"{over_seeds(_listed(pairs, 'critic'))}"
        if pairs
        else "",
    )


Pairs = dict[tuple, tuple[list[dict], list[dict]]]


def _pairs(tables, likelihood: str) -> Pairs:
    """(data set, setting) -> numbers per seed of a likelihood and of Bernoulli, where both are there."""
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
    return {
        case: (sides[likelihood], sides[PLAIN])
        for case, sides in found.items()
        if {likelihood, PLAIN} <= set(sides)
    }


def _ratios(pairs: Pairs, key: str) -> dict[tuple, tuple[float, float]]:
    """Case -> ratio of a number's means over seeds, and the half-width of its 95 % interval."""
    return {case: ratio(*(_known(side, key) for side in sides)) for case, sides in pairs.items()}


def _listed(pairs: Pairs, key: str) -> dict[tuple, list[float]]:
    """A number per seed of every run that has it."""
    found = {(case, i): _known(v, key) for case, s in pairs.items() for i, v in enumerate(s)}
    return {case: values for case, values in found.items() if values}


def _known(numbers: list[dict], key: str) -> list[float]:
    return [n[key] for n in numbers if n[key] is not None]


def _fewest(pairs: Pairs) -> int | None:
    return min((len(side) for sides in pairs.values() for side in sides), default=None)


def _datasets(pairs: Pairs) -> list[str]:
    return list(dict.fromkeys(case[0] for case in pairs))


def _by_dataset(tables, ratios: dict) -> str:
    known = {case: value for case, (value, _) in ratios.items() if value == value}  # not NaN
    return by_dataset(tables, known) if known else "unknown"
