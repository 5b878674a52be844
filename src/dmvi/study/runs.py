"""From the entries of `runs:` to runs: one per data set that an entry lists and per point of its sweep.

What holds for a run is, the later before the earlier: `defaults`, `data_defaults` of its data set, its
entry, its point of the sweep.
"""

import difflib
import itertools
import math
import re
from dataclasses import dataclass
from typing import Any

from dmvi.errors import DmviError
from dmvi.study.declarations import declared_models
from dmvi.study.how import HOW
from dmvi.study.resolve import resolve
from dmvi.study.schema import check_schema

# Where, in the name of an entry that lists data sets, the name of each one stands.
_PLACE = re.compile(r"(?<![^_])DATA(?![^_])")
# Before a player's name, or several players' joined by a hyphen: their rate, in a sweep.
_RATE = "learning_rate."
MOST_RUNS = 10_000  # of a study; the paper's has some hundred
LONGEST_NAME = 200  # bytes of a run's name: file systems end at 255
_NOT_SWEPT = ("sweep", "seeds", "tags", *HOW)

Block = dict[str, Any]  # some keys of a run


@dataclass(frozen=True)
class Run:
    """One configuration to train, once per seed.

    Attributes:
        name: its id in paths: the entry's name, then `-key value` for each swept key.
        entry: the entry of `runs:` that it comes from, with its data set in the place of `DATA`.
        seeds: one training each.
        spec: all that determines the result, plain data; a change retrains the run.
        how: resources and checkpoint intervals, every key of `dmvi.study.how.HOW`; a change
            retrains nothing.
        tags: words that figures select by; a change retrains nothing either.
        notes: a sentence for each default that its model cannot use.
        binary: whether it learns binary pixels and its held-out images have no others.
        pixels: of an image, its channels counted.
    """

    name: str
    entry: str
    seeds: tuple[int, ...]
    spec: dict[str, Any]
    how: dict[str, Any]
    tags: tuple[str, ...]
    notes: tuple[str, ...] = ()
    binary: bool = False
    pixels: int = 0

    def check_seed(self, written: str) -> None:
        """Refuses a seed that the run is not trained with, as a path writes it.

        Raises:
            DmviError: naming the run, the seed and its own seeds.
        """
        if written not in map(str, self.seeds):
            raise DmviError(
                f"results/runs/{self.name}/seed{written} is asked for, but the seeds of this run are "
                f"{', '.join(map(str, self.seeds))}; add it to `seeds` in config.yaml, or ask for one of "
                "these"
            )


class Runs(dict[str, Run]):
    """Runs by id; one that does not exist is refused in a sentence."""

    def __missing__(self, name: str) -> Run:
        if not self:
            raise DmviError(f"{name!r} is no run of this study, which has none")
        near = difflib.get_close_matches(name, self, n=3) or list(self)[:3]
        raise DmviError(f"{name!r} is no run of this study; there are {', '.join(near)}, ...")


def expand(config: dict[str, Any], schema: dict[str, Any]) -> Runs:
    """All runs of a config whose blocks satisfy the schema.

    Raises:
        DmviError: naming the entry (and the run, where it makes several), the key, and what is right.
    """
    runs = Runs()
    for key, block in config.get("runs", {}).items():
        for entry, own in _on_each_data_set(key, block, config.get("defaults", {})):
            for run in _sweep(key, entry, own, config, schema):
                if run.name in runs:
                    raise DmviError(
                        f"runs.{key} makes the run {run.name!r} a second time; rename it"
                    )
                runs[run.name] = run
        if len(runs) > MOST_RUNS:
            raise DmviError(
                f"runs.{key} is the entry with which the study has more than {MOST_RUNS:,} runs; make "
                "several studies of it"
            )
    return runs


def _on_each_data_set(key: str, block: Block, defaults: Block) -> list[tuple[str, Block]]:
    """(name, keys) of the entry on each data set that it lists; the entry itself if it lists none."""
    data = block.get("data", defaults.get("data"))
    named = _PLACE.search(key)
    if not isinstance(data, list):
        if named:
            raise DmviError(
                f"runs.{key} has a DATA in its name, which stands for each data set of a list, but "
                f"its data is {data!r}; write data: [...], or rename it"
            )
        return [(key, block)]
    if not named:
        raise DmviError(
            f"runs.{key} lists data sets, but has no DATA in its name for each one's; call it "
            f"DATA_{key}"
        )
    return [(_PLACE.sub(name, key), {**block, "data": name}) for name in data]


def _sweep(key: str, entry: str, block: Block, config: Block, schema: Block) -> list[Run]:
    """The runs of an entry on one data set: the product of its sweep, each over the defaults."""
    block = dict(block)
    sweep = block.pop("sweep", {})
    _check_sweep(f"runs.{key}", sweep, block, schema["$defs"]["run"]["properties"])
    runs = []
    checked: set[tuple[str, str]] = set()
    for values in itertools.product(*sweep.values()):
        point = dict(zip(sweep, values, strict=True))
        name = entry + "".join(f"-{key}{_path_safe(value)}" for key, value in point.items())
        if len(name.encode()) > LONGEST_NAME:
            raise DmviError(
                f"runs.{key} makes a run with a name of {len(name)} characters, {name[:60]}...; the name "
                f"of a folder may have {LONGEST_NAME}, so shorten the entry's or what it sweeps"
            )
        path = f"runs.{key}" if name == key else f"runs.{key} ({name})"
        swept = _gathered(point)
        # All else has been checked where it is written; each swept value is where it comes first.
        fresh = {key: value for key, value in point.items() if (key, repr(value)) not in checked}
        checked |= {(key, repr(value)) for key, value in fresh.items()}
        if fresh:
            run_schema = {"$ref": "#/$defs/run", "$defs": schema["$defs"]}
            check_schema(_gathered(fresh), run_schema, path)
        explicit = {**block, **swept}
        base = dict(config.get("defaults", {}))
        base |= config.get("data_defaults", {}).get(explicit.get("data", base.get("data")), {})
        if any(key.startswith(_RATE) for key in point):
            explicit["learning_rate"] = _all_rates(explicit, base)
        runs.append(Run(name=name, entry=entry, **resolve(path, base, explicit, config)))
    return runs


def _owner(key: str) -> str:
    """The run's key that a sweep's key sets: `learning_rate` of `learning_rate.PLAYER-PLAYER`."""
    return _RATE[:-1] if key.startswith(_RATE) else key


def _check_sweep(path: str, sweep: Block, block: Block, known: Block) -> None:
    count = math.prod(len(values) for values in sweep.values())
    if count > MOST_RUNS:
        raise DmviError(f"{path}.sweep makes {count:,} runs; a study may have {MOST_RUNS:,}")
    for key, values in sweep.items():
        owner = _owner(key)
        if owner not in known or owner in _NOT_SWEPT:
            names = sorted(set(known) - set(_NOT_SWEPT))
            raise DmviError(f"{path}.sweep.{key} is no key of a run; those are {', '.join(names)}")
        if owner in block or (owner != key and owner in sweep):
            raise DmviError(f"{path}.{owner} is set twice, once as the sweep's {key}; keep one")
        for index, value in enumerate(values):
            if isinstance(value, float) and known[_owner(key)].get("type") == "integer":
                continue  # 8.0 is refused where the run is checked
            equal = [other for other in values[:index] if _same(other, value)]
            if equal:
                raise DmviError(
                    f"{path}.sweep.{key} holds {equal[0]!r} twice, the second time as {value!r}; remove "
                    "one"
                )

    players = [player for key in sweep if key.startswith(_RATE) for player in _players(key)]
    if twice := [player for player in players if players.count(player) > 1]:
        raise DmviError(f"{path}.sweep sets the learning rate of {twice[0]!r} twice; keep one")


def _players(key: str) -> list[str]:
    """The players whose rate `learning_rate.PLAYER-PLAYER` sets."""
    return key.removeprefix(_RATE).split("-")


def _same(first: Any, second: Any) -> bool:
    """Whether two points of a sweep are one run, or two of one name."""
    kinds = {type(first), type(second)}
    alike = kinds <= {int, float} or len(kinds) == 1
    return (alike and first == second) or _path_safe(first) == _path_safe(second)


def _gathered(point: Block) -> Block:
    """The point's keys, its `learning_rate.PLAYER-PLAYER` gathered into one mapping."""
    gathered: Block = {}
    for key, value in point.items():
        if key.startswith(_RATE):
            gathered.setdefault("learning_rate", {}).update(dict.fromkeys(_players(key), value))
        else:
            gathered[key] = value
    return gathered


def _all_rates(explicit: Block, base: Block) -> dict[str, float]:
    """The rates of some players, over the default for the other players of the run's model."""
    default = base.get("learning_rate")
    declared = declared_models().get(explicit.get("model", base.get("model")), {})
    players = declared.get("players", []) if isinstance(default, int | float) else []
    return {**dict.fromkeys(players, default), **explicit["learning_rate"]}


def _path_safe(value: Any) -> str:
    text = "x".join(map(str, value)) if isinstance(value, list) else str(value)
    return "".join(c if c.isalnum() or c in ".-_" else "_" for c in text)
