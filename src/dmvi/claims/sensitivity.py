"""C17, C25 and C27: what a classifier's settings make of one and the same KL(q(z)‖p(z))."""

from collections.abc import Callable

from dmvi.claims.decide import above, below, by_dataset, verdict
from dmvi.claims.declared import decides
from dmvi.claims.judge import counted, judge
from dmvi.claims.ledger import Decision, decision
from dmvi.claims.published import rows_of, words_of
from dmvi.claims.settled import HOW, asked, estimates, moving
from dmvi.tables.latent_densities import changed_alone

SENSITIVE_RATIO = 2.0  # largest / smallest estimate of one KL from which classifiers disagree
LITTLE_CHANGE = 0.25  # of an estimate, within which penalty and dropout change little
NOISE = "activation_noise"
REPETITION = "One training per setting: how much a repetition would differ is not counted."

# A comparison is an entry and the one that has the same settings but one.
Entry = dict
Pair = tuple[Entry, Entry]


@decides("C17", figure="table1", settings="table1", kind="ColorMNIST", layers=True)
@decides("C17", figure="table2", settings="table2", kind="CIFAR-10", layers=False)
def claim_c17(tables, settings: str, kind: str, layers: bool) -> Decision:
    """Classifiers disagree, noise inflates their estimate and an extra layer raises it.

    Args:
        settings: the name of the compared settings, density_ratio/{settings}.json.
        kind: the paper's data set that they are compared on.
        layers: whether the part about an extra layer is about this data set.
    """
    parts = {"sensitive": {}, "noise inflates": {}}
    if layers:
        parts["an extra layer raises"] = {}
    factors = {}
    cases = _entries(tables, settings, kind)
    for case, entries in cases.items():
        parts["sensitive"][case] = _disagree(entries)
        low, high = (f(e["value"] for e in entries) for f in (min, max))
        if low > 0:
            factors[case] = high / low
        _compare(parts["noise inflates"], case, entries, _is_noisier, _raises)
        if layers:
            _compare(parts["an extra layer raises"], case, entries, _is_deeper, _raises)
    extra = (
        ' "An extra layer" is a setting with one layer more than another and all else alike; its '
        "estimate must be the larger one."
        if layers
        else " The text speaks of an extra layer on ColorMNIST alone."
    )
    return _decide(
        tables,
        settings,
        kind,
        cases,
        parts,
        value=min(factors.values(), default=None),
        known=f"largest / smallest estimate {by_dataset(tables, factors)}" if factors else "",
        statement="The classifier's estimate of KL(q(z)‖p(z)) is sensitive to the classifier; noise "
        "on its activations inflates it" + (", an extra layer raises it." if layers else "."),
        statistic=f"Largest estimate above {SENSITIVE_RATIO:g} times the smallest over the settings "
        f"of {settings}, and every setting with activation noise above the same one without; the "
        f"errors of the estimates must not matter.{extra} {HOW} {REPETITION} The value is the ratio of "
        "largest to smallest estimate (none where the smallest is not above 0).",
    )


@decides("C25", figure="table1", settings="table1", kind="ColorMNIST")
@decides("C25", figure="table2", settings="table2", kind="CIFAR-10")
def claim_c25(tables, settings: str, kind: str) -> Decision:
    """With noise the classifier is better, and overestimates the KL."""
    parts = {"better with noise": {}, "overestimates with noise": {}}
    differences = {}
    cases = _entries(tables, settings, kind)
    for case, entries in cases.items():
        kl = tables.json(case[1], tables.seeds[case[1]][0], "kl.json")
        _compare(parts["better with noise"], case, entries, _is_noisier, _is_better)
        pairs = changed_alone(entries, NOISE)
        for i, (noisy, _) in enumerate(pairs):
            errors = noisy["error"] + 3 * kl["standard_error"]
            difference = differences[(*case, i)] = noisy["value"] - kl["value"]
            over = above(difference, errors, 0.0)
            parts["overestimates with noise"][(*case, i)] = asked(over, noisy)
        if not pairs:
            parts["overestimates with noise"][case] = None
    return _decide(
        tables,
        settings,
        kind,
        cases,
        parts,
        value=min(differences.values(), default=None),
        known=f"noisy estimate less Monte Carlo {by_dataset(tables, differences)} nats"
        if differences
        else "",
        statement="With noise on its activations a classifier separates codes and prior draws "
        "better, and overestimates KL(q(z)‖p(z)).",
        statistic="Held-out accuracy of every setting with activation noise above that of the same "
        "one without by two binomial standard errors of the difference, and its estimate above the "
        f"Monte Carlo KL by the errors of both. {HOW} {REPETITION} The value is the smallest "
        "difference from Monte Carlo.",
    )


@decides("C27", figure="table1", settings="table1", kind="ColorMNIST", key="gradient_penalty")
@decides("C27", figure="table2", settings="table2", kind="CIFAR-10", key="dropout")
def claim_c27(tables, settings: str, kind: str, key: str) -> Decision:
    """Gradient penalty (table 1) and dropout (table 2) change little."""
    words = key.replace("_", " ")
    part, changes = f"{words} changes little", {}
    parts: dict[str, dict] = {part: {}}
    cases = _entries(tables, settings, kind)
    for case, entries in cases.items():
        pairs = changed_alone(entries, key)
        for i, pair in enumerate(pairs):
            change, error = _relative_change(pair)
            parts[part][(*case, i)] = asked(below(abs(change), error, LITTLE_CHANGE), *pair)
            changes[(*case, i)] = change
        if not pairs:
            parts[part][case] = None
    return _decide(
        tables,
        settings,
        kind,
        cases,
        parts,
        value=max(changes.values(), key=abs, default=None),
        known=f"relative change {by_dataset(tables, changes, 2)}" if changes else "",
        statement=f"A {words} does not change the classifier's estimate of KL(q(z)‖p(z)) much."
        if key == "gradient_penalty"
        else f"{words.capitalize()} does not change the classifier's estimate of KL(q(z)‖p(z)) much.",
        statistic=f"Every setting of {settings} with {words} against the same one without: the "
        f"estimate changes by less than a share of {LITTLE_CHANGE}, beyond the errors of both. {HOW} "
        f"{REPETITION} The value is the largest change.",
    )


def _entries(tables, settings: str, kind: str) -> dict[tuple, list[Entry]]:
    """(data set, run) -> the entries of its first seed."""
    return {
        (run.data, run.name): estimates(tables, run, run.seeds[0], settings)
        for run in tables.runs
        if tables.kind(run.data) == kind
    }


def _decide(
    tables, settings: str, kind: str, cases: dict, parts: dict, *, known: str, **words
) -> Decision:
    """The decision of a claim with parts: one part that is refuted refutes it."""
    outcomes = {(*case, name): o for name, part in parts.items() for case, o in part.items()}
    datasets = list(dict.fromkeys(case[0] for case in outcomes))
    texts = [f"{name}: {verdict(part.values())}" for name, part in parts.items()]
    return decision(
        tables,
        datasets,
        value_text=f"{'; '.join(filter(None, [known, *texts]))}{counted(outcomes)}"
        f"{moving(entry for entries in cases.values() for entry in entries)}"
        if outcomes
        else "no such runs",
        paper="; ".join(f"{words_of(dict(r.on))}: {r.value:,.1f}" for r in rows_of(settings)),
        **judge(tables, outcomes, (kind,)),
        seeds=1 if outcomes else None,
        spread="one training per setting, no spread" if outcomes else "",
        **words,
    )


def _compare(
    outcomes: dict, case: tuple, entries: list[Entry], related: Callable, judged: Callable
) -> None:
    """Notes the outcome of every pair of entries that are related; without one the case is open."""
    pairs = [(a, b) for a in entries for b in entries if related(a, b)]
    for i, pair in enumerate(pairs):
        outcomes[(*case, i)] = asked(judged(*pair), *pair)
    if not pairs:
        outcomes[case] = None


def _is_noisier(one: Entry, other: Entry) -> bool:
    return (one, other) in changed_alone([one, other], NOISE)


def _is_deeper(one: Entry, other: Entry) -> bool:
    """Whether the one has one layer more than the other, and all else alike."""
    a, b = (dict(entry["settings"]) for entry in (one, other))
    return a.pop("layers") == b.pop("layers") + 1 and a == b


def _raises(one: Entry, other: Entry) -> bool | None:
    return above(one["value"] - other["value"], one["error"] + other["error"], 0.0)


def _is_better(one: Entry, other: Entry) -> bool | None:
    """Whether the one's accuracy is higher, by two binomial standard errors of the difference."""
    variance = sum(
        entry["accuracy"] * (1 - entry["accuracy"]) / (2 * entry["heldout"]["n"])
        for entry in (one, other)
    )
    return above(one["accuracy"] - other["accuracy"], 2 * variance**0.5, 0.0)


def _relative_change(pair: Pair) -> tuple[float, float]:
    """Relative change of the estimate, and the errors of both; infinite if it means none."""
    one, other = pair
    if other["value"] <= other["error"]:
        return 0.0, float("inf")
    return one["value"] / other["value"] - 1, (one["error"] + other["error"]) / other["value"]


def _disagree(entries: list[Entry]) -> bool | None:
    """Whether the largest estimate exceeds the smallest by `SENSITIVE_RATIO`, beyond their errors."""
    largest = max(entries, key=lambda e: e["value"])
    smallest = min(entries, key=lambda e: e["value"])
    if largest["value"] - largest["error"] <= 0:
        return None  # no classifier sees a divergence: ratios of such numbers mean nothing
    error = largest["error"] + SENSITIVE_RATIO * smallest["error"]
    far = above(largest["value"] - SENSITIVE_RATIO * smallest["value"], error, 0.0)
    return asked(far, largest, smallest)
