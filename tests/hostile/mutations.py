"""One random change of a valid config: what a careless or hostile user may do to one key.

A mutation is a kind and a path of the tiny study's config (`tiny_study.tiny_config`), with a value where
the kind takes one.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis.strategies as st

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Mutation:
    """What is done to a config, and where."""

    kind: str  # "set" | "drop" | "add" | "rename" | "wrap"
    path: Path
    value: Any = None

    def of(self, config: dict[str, Any]) -> dict[str, Any]:
        """The changed config; the given one stays as it is."""
        config = copy.deepcopy(config)
        block: Any = config
        for key in self.path[:-1]:
            block = block[key]
        last = self.path[-1]
        if self.kind == "set":
            block[last] = self.value
        elif self.kind == "drop":
            del block[last]
        elif self.kind == "wrap":
            block[last] = [block[last]]
        elif self.kind == "add":
            block[last][self.value] = 1
        elif self.kind == "rename":
            block[self.value] = block.pop(last)
        return config

    def named(self) -> set[str]:
        """Words of which a sentence about it must contain one: the keys at the end of its path."""
        words = [str(key) for key in self.path if isinstance(key, str)]
        words = words[-2:] or words
        if self.kind in ("add", "rename"):
            words.append(str(self.value))
        return set(words)


def paths(config: Any, start: Path = ()) -> Iterator[Path]:
    """Every key and every index of a config."""
    items = config.items() if isinstance(config, dict) else enumerate(config)
    for key, value in items:
        yield (*start, key)
        if isinstance(value, dict | list):
            yield from paths(value, (*start, key))


def at(config: Any, path: Path) -> Any:
    """What a config holds at a path."""
    for key in path:
        config = config[key]
    return config


odd_numbers = st.one_of(
    st.integers(-3, 300),
    st.sampled_from([2**31, 2**32, 2**63, 2**64, 10**18, 10**30, -(10**30), 10**400]),
    st.floats(),
    st.sampled_from([8.0, 100.0, 1e-320, 1e300, -0.0, 0.5]),
)
odd_texts = st.one_of(
    st.text(max_size=20),
    st.sampled_from(
        ["1e-3", "", " ", "\n", "{x}", "../..", "a" * 300, "null", "?1+1", "$HOME", "DATA_x"]
    ),
)
odd_values = st.recursive(
    st.one_of(st.none(), st.booleans(), odd_numbers, odd_texts, st.dates(), st.binary(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(odd_texts | st.integers(), inner, max_size=3)
    ),
    max_leaves=6,
)
odd_keys = st.one_of(
    odd_texts,
    st.sampled_from(["__use_yte__", "__definitions__", "<", "?if 1"]),
    st.integers(),
    st.booleans(),
)


@st.composite
def mutations(draw: st.DrawFn, config: dict[str, Any]) -> Mutation:
    """A mutation of a config; half of all changes set a value, and half of these a number."""
    everywhere = list(paths(config))
    kind = draw(st.sampled_from(["set", "set", "set", "drop", "add", "rename", "wrap"]))
    if kind == "add":
        where = [path for path in everywhere if isinstance(at(config, path), dict)]
        return Mutation(kind, draw(st.sampled_from(where)), draw(odd_keys))
    if kind == "rename":
        where = [path for path in everywhere if isinstance(path[-1], str)]
        path = draw(st.sampled_from(where))
        typo = path[-1][::-1] if draw(st.booleans()) else draw(odd_keys)
        return Mutation(kind, path, typo)
    path = draw(st.sampled_from(everywhere))
    if kind == "set":
        return Mutation(kind, path, draw(st.one_of(odd_numbers, odd_values)))
    return Mutation(kind, path)
