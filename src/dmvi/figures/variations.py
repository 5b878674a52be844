"""What the settings that the paper leaves open do to its KLs: one at a time against a base.

Two likelihoods, each with a base run and runs that depart from it in one setting. All are read as they
were after the same number of iterations, from their snapshots.
"""

import itertools
import math
from dataclasses import dataclass

from dmvi.claims.published import PUBLISHED
from dmvi.errors import DmviError
from dmvi.tables.distinctions import departures, described
from dmvi.tables.results import DrawnRun, Tables

SNAPSHOTS = "snapshots.csv"
LIKELIHOODS = ("bernoulli", "quantized_normal")
# KL(q(z) || p(z)) on CIFAR-10 with each likelihood, nats.
PAPER = {row.id.removeprefix("kl_"): row.value for row in PUBLISHED if row.id.startswith("kl_")}
_ASIDE = ("likelihood", "iterations")  # in which runs that are compared may differ


@dataclass(frozen=True)
class Variation:
    """One setting, with the KL under each likelihood.

    Attributes:
        words: the setting in which it departs from the base; of the base itself, its own values of
            all settings that are varied.
        is_base: whether it is the base.
        kls: likelihood -> KL in nats, mean over seeds; of the base where the setting is the other
            likelihood's own and changes nothing.
        varied: the likelihoods that have runs of this setting.
    """

    words: str
    is_base: bool
    kls: dict[str, float]
    varied: tuple[str, ...]

    @property
    def factor(self) -> float | None:
        """KL with QuantizedNormal over KL with Bernoulli; None unless both are known and above 0."""
        if set(self.kls) != set(LIKELIHOODS) or min(self.kls.values()) <= 0:
            return None
        return self.kls["quantized_normal"] / self.kls["bernoulli"]

    @property
    def distance(self) -> float | None:
        """sum over both likelihoods of log(KL / published KL)^2; None where there is no factor."""
        if self.factor is None:
            return None
        return sum(math.log(self.kls[name] / PAPER[name]) ** 2 for name in LIKELIHOODS)


def last_common_step(tables: Tables) -> int:
    """The last step of which all runs and seeds have a snapshot.

    Raises:
        DmviError: there is none.
    """
    steps = [
        set(tables.csv(run, seed, SNAPSHOTS)["step"]) for run in tables.runs for seed in run.seeds
    ]
    if not (common := set.intersection(*steps)):
        names = ", ".join(run.name for run in tables.runs)
        raise DmviError(
            f"no step is among the snapshots of all of {names}: give these runs a common one by the key "
            "`snapshots`"
        )
    return int(max(common))


def variations(tables: Tables) -> list[Variation]:
    """The base, then the settings that depart from it, by setting and value.

    Raises:
        DmviError: no single setting is the base of both likelihoods, or two runs have one setting.
    """
    step = last_common_step(tables)
    groups = {name: [run for run in tables.runs if run.likelihood == name] for name in LIKELIHOODS}
    groups = {name: runs for name, runs in groups.items() if runs}
    bases = _bases(groups)
    found: dict[str, dict[str, DrawnRun]] = {"": bases}
    order: dict[str, tuple] = {"": ()}
    for likelihood, base in bases.items():
        for run in groups[likelihood]:
            if run is base:
                continue
            ((key, words),) = _departures(run, base).items()
            if likelihood in found.setdefault(words, {}):
                raise DmviError(
                    f"{run.name} and {found[words][likelihood].name} are one setting ({words}); leave "
                    "one of them out of the figure"
                )
            found[words][likelihood] = run
            value = run.spec.get(key)
            order[words] = (key, value if isinstance(value, int | float) else 0, words)
    kls = {
        words: {k: _kl(tables, run, step) for k, run in of.items()} for words, of in found.items()
    }
    for words, of in kls.items():
        if words and order[words][0] not in _shared(bases):
            kls[words] = {**kls[""], **of}
    varied = dict.fromkeys(order[words][0] for words in sorted(found, key=order.get) if words)
    base_words = described(next(iter(bases.values())), varied) if bases else ""
    return [
        Variation(words or base_words, not words, kls[words], tuple(found[words]))
        for words in sorted(found, key=order.get)
    ]


def nearest(found: list[Variation]) -> Variation | None:
    """The setting whose KLs come nearest to both published ones; None where none has both."""
    known = [variation for variation in found if variation.distance is not None]
    return min(known, key=lambda variation: variation.distance) if known else None


def _departures(run: DrawnRun, base: DrawnRun) -> dict[str, str]:
    return {key: words for key, words in departures(run, base).items() if key not in _ASIDE}


def _bases(runs: dict[str, list[DrawnRun]]) -> dict[str, DrawnRun]:
    """Likelihood -> its base: each other run of it departs in exactly one setting, the other base in none."""
    if not runs:
        return {}
    candidates = [
        [
            base
            for base in group
            if all(len(_departures(run, base)) == 1 for run in group if run is not base)
        ]
        for group in runs.values()
    ]
    alike = [
        bases
        for bases in itertools.product(*candidates)
        if not any(_departures(base, bases[0]) for base in bases)
    ]
    if len(alike) != 1:
        names = ", ".join(run.name for group in runs.values() for run in group)
        raise DmviError(
            f"of the runs {names}, {'several' if alike else 'none'} could be the base from which each "
            "other departs in one setting, with either likelihood: choose the runs so that one is"
        )
    return dict(zip(runs, alike[0], strict=True))


def _shared(bases: dict[str, DrawnRun]) -> set[str]:
    """The settings that every base has a value of."""
    return set.intersection(*(set(run.spec) for run in bases.values()))


def _kl(tables: Tables, run: DrawnRun, step: int) -> float:
    """Mean over seeds of KL(q(z) || p(z)) after so many iterations, nats."""
    values = []
    for seed in run.seeds:
        table = tables.csv(run, seed, SNAPSHOTS)
        values += list(table.loc[table["step"] == step, "kl"].iloc[:1])
    return float(sum(values) / len(values))
