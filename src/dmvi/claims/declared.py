"""Which claims there are: every function that decides one says so where it stands.

    @decides("C3", figure="fig22")
    def claim_c3(tables) -> Decision:
        ...

A claim that several figures decide, each on its own data, has one function and a line per figure;
what differs between them are the line's further arguments:

    @decides("C12", figure="fig16", dataset="ColorMNIST")
    @decides("C12", figure="fig17", dataset="CelebA")
    def claim_c12(tables, dataset) -> Decision:
        ...

The functions are found in the modules of `dmvi.claims` and in `claims` of every experiment's folder.
"""

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import Any

from dmvi.claims.ledger import MAIN_PAPER, Claim, Decision


@dataclass(frozen=True)
class Declaration:
    """That a function decides a claim of a paper on the tables that a figure draws.

    Attributes:
        id: "C3".
        figure: "fig22" or "table1".
        source: key of the paper, as in `dmvi.claims.ledger.PAPERS`.
        function: (tables, **arguments) -> Decision.
        arguments: what the function is called with besides the tables.
    """

    id: str
    figure: str
    source: str
    function: Callable[..., Decision]
    arguments: dict[str, Any]

    def decide(self, tables) -> Claim:
        """The claim, as these tables decide it."""
        found = self.function(tables, **self.arguments)
        return Claim(id=self.id, figure=self.figure, source=self.source, **vars(found))


def decides(id: str, *, figure: str, source: str = MAIN_PAPER, **arguments: Any) -> Callable:
    """Declares the function below it to decide claim `id` in `figure`, called with `arguments`.

    Raises:
        ValueError: the id is not letters followed by a number.
    """
    if not re.fullmatch(r"[A-Z]+\d+", id):
        raise ValueError(f"{id!r} is no claim's id: it needs capital letters and a number, as C3")

    def declare(function: Callable[..., Decision]) -> Callable[..., Decision]:
        declaration = Declaration(id, figure, source, function, arguments)
        function.declarations = (declaration, *getattr(function, "declarations", ()))
        return function

    return declare


@cache
def declared_claims() -> tuple[Declaration, ...]:
    """All claims that the installation declares, module by module.

    Raises:
        ValueError: two functions decide one claim in one figure, or an id has two papers.
    """
    found = tuple(
        declaration
        for module in _modules()
        for value in vars(module).values()
        if getattr(value, "__module__", None) == module.__name__  # not what it imports
        for declaration in getattr(value, "declarations", ())
    )
    check(found)
    return found


def check(declarations: tuple[Declaration, ...]) -> None:
    """Raises a ValueError if two decide one claim in one figure, or an id has two papers."""
    places: dict[tuple[str, str], str] = {}
    sources: dict[str, str] = {}
    for new in declarations:
        name = f"{new.function.__module__}.{new.function.__name__}"
        if (new.id, new.figure) in places:
            other = places[new.id, new.figure]
            raise ValueError(f"{new.id} in {new.figure} is decided twice: by {other} and by {name}")
        places[new.id, new.figure] = name
        if sources.setdefault(new.id, new.source) != new.source:
            raise ValueError(f"{new.id} belongs to {sources[new.id]} and to {new.source} ({name})")


def decide_claims(figure: str, tables) -> list[Claim]:
    """What a figure's tables say about the claims that it decides, in the order declared."""
    return [d.decide(tables) for d in declared_claims() if d.figure == figure]


def _modules() -> Iterator[ModuleType]:
    """The modules of `dmvi.claims`, then `claims` of every experiment, by name."""
    package = importlib.import_module("dmvi.claims")
    for module in pkgutil.iter_modules(package.__path__):
        yield importlib.import_module(f"dmvi.claims.{module.name}")
    experiments = importlib.import_module("dmvi.experiments")
    for experiment in pkgutil.iter_modules(experiments.__path__):
        folder = importlib.import_module(f"dmvi.experiments.{experiment.name}")
        inside = pkgutil.iter_modules(getattr(folder, "__path__", []))
        if "claims" in {module.name for module in inside}:
            yield importlib.import_module(f"{folder.__name__}.claims")
