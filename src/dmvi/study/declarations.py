"""What files declare about themselves, read without importing them.

The workflow needs the names, options, settings and costs of all models, steps and scores whenever it is
parsed, which happens again in every cluster job; importing them would load torch (1.4 s each time). So
each file states them in one literal, and those of steps and scores also in small functions that import
what they use themselves. This module reads these literals and functions, and nothing else of a file.

| in | literal | functions |
|---|---|---|
| models/NAME.py | DECLARES | |
| figures/NAME.py, experiments/*/figures/NAME.py | TITLE, SOURCES, ... (`declared_figures`) | |
| steps/NAME.py, report/NAME.py, experiments/*/steps/NAME.py | STEP | cost, settings |
| scores/NAME.py | SCORE | cost |
| commands/NAME.py | COMMAND | |
"""

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from dmvi.declared import check_keys, declarations, literals, short
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError

PACKAGE = Path(__file__).parents[1]
_MODELS = PACKAGE / "models"
REQUIRED = (
    *("class", "title", "kind", "players", "encodes", "options", "passes"),
    *("source", "equations", "matches"),
)
MATCH = ("term", "what", "space", "by")  # a row of `matches`
OPTIONAL = ("posteriors", "likelihoods", "bound", "steps", "paper", "check")
# Keys of a STEP and of a SCORE: required ones, optional ones.
STEP_KEYS = ("version", "wildcards", "gives", "gpu", "resumes"), ("estimators", "options")
SCORE_KEYS = (
    ("version", "data", "against", "options", "trains", "entries"),
    ("needs", "always"),
)


@cache
def _functions(path: Path) -> dict[str, Callable[..., Any]]:
    """The functions `cost` and `settings` of a file, compiled alone, with the file's literals."""
    nodes, names = [], {"cost", "settings"}
    for node in ast.parse(path.read_text(), str(path)).body:
        if isinstance(node, ast.FunctionDef) and node.name in names:
            node.returns = None
            for argument in [*node.args.args, *node.args.kwonlyargs]:
                argument.annotation = None  # of types that the file imports
            nodes.append(node)
        elif isinstance(node, ast.Assign):
            try:
                ast.literal_eval(node.value)
            except ValueError:
                continue
            nodes.append(node)
    space: dict[str, Any] = {"__name__": f"declarations of {path.name}"}
    exec(compile(ast.Module(nodes, []), str(path), "exec"), space)
    return {name: space[name] for name in names if name in space}


def _module(path: Path) -> str:
    return ".".join(["dmvi", *path.relative_to(PACKAGE).with_suffix("").parts])


def _declared(
    paths: Iterable[Path], literal: str, keys: tuple[Iterable[str], Iterable[str]] = ((), ())
) -> dict[str, dict[str, Any]]:
    """File name -> its literal, with the functions beside it and the module's name.

    Raises:
        DmviError: a name stands twice, or a literal lacks a key or has one that nobody reads.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        declared = literals(path).get(literal)
        if declared is None:
            continue
        check_keys(path.parent, path.stem, declared, *keys, literal=literal)
        if path.stem in found:
            raise DmviError(f"{path} declares {path.stem!r} a second time; rename the file")
        found[path.stem] = {**declared, **_functions(path), "module": _module(path)}
    return found


@cache
def declared_models() -> dict[str, dict[str, Any]]:
    """Model name (its file's name) -> its `DECLARES`, for every file in `models/` that has one.

    class, title, source: of its class; in figures; who proposed it.
    kind: "vae", "hybrid" or "gan".
    players: their names, in the order of their updates.
    posteriors: those that it can have, a list of names, or "tractable": each that has a density. It
        has none without the key.
    likelihoods: the same; "any" for each likelihood there is.
    encodes: whether it has an encoder.
    bound: "elbo", or "classifier" where the bound to follow leans on one.
    options: keys of a run that belong to it, each with its JSON schema and default.
    passes: {player: {network: number}}, how many forward passes' work an update of the player sends
        through each network (`dmvi.costs.model.iteration_work`); a gradient by inputs is one more,
        one by weights another. steps: {player: option that says how often it is updated}.
    equations, matches: what the tables print: a loss per player, and which term matches what, in which
        space, by what; written as lists of these four, given as mappings with the keys `MATCH`.
    paper: the reproduced paper that it belongs to ("dmvi" is Rosca et al., 2018); None for a model
        of one's own.
    version: raised when the same spec gives another training; 1 if not given.
    check: a module whose function `check(options, path)` refuses options that contradict each other,
        in a sentence; it is imported with the study, so it loads nothing heavy.
    extends: another model, all of whose declaration holds but for what is said anew
        (`dmvi.declared.declarations`): class, title and paper are always said anew. base: true of a
        declaration that is only there to be extended, and is no model.

    Raises:
        DmviError: naming the file, and the key that is missing, unknown or cannot be meant.
    """
    found = {k: own for k, own in declarations(_MODELS).items() if not own.get("base")}
    for name, declared in found.items():
        _check(name, declared)
    choices = {
        "likelihoods": {"any": list(declared_likelihoods())},
        "posteriors": {
            "tractable": [k for k, family in declared_posteriors().items() if family["tractable"]]
        },
    }
    models = {}
    for name, declared in found.items():
        listed = {
            key: _choices(name, key, declared[key], words)
            for key, words in choices.items()
            if key in declared
        }
        matches = [
            row if isinstance(row, dict) else dict(zip(MATCH, row, strict=True))
            for row in declared["matches"]
        ]
        models[name] = {"paper": None, **declared, **listed, "matches": matches}
    return models


def model_version(name: str) -> int:
    """The model's own version, the changes of those that it extends counted too."""
    return declared_models()[name]["version"]


def lineage(name: str) -> tuple[str, ...]:
    """The models that a model extends, the first one first, and itself."""
    base = declared_models()[name].get("extends")
    return (*(lineage(base) if base in declared_models() else ()), name)


def _check(name: str, declared: dict[str, Any]) -> None:
    where = short(_MODELS / name) + ".py"
    if "passes" not in declared:
        raise DmviError(
            f"{where}: DECLARES lacks the key 'passes', by which time and memory are planned: how many "
            "forward passes' work each player's update sends through each network, as in "
            'models/dcgan.py; or `"extends": "dcgan"` takes over that model\'s'
        )
    check_keys(_MODELS, name, declared, REQUIRED, OPTIONAL)
    if set(declared["passes"]) != set(declared["players"]):
        raise DmviError(
            f"{where}: `passes` names {', '.join(declared['passes'])}; the players are "
            f"{', '.join(declared['players'])}"
        )
    for row in declared["matches"]:
        if len(row) != len(MATCH):
            raise DmviError(f"{where}: a row of `matches` is {row}; give {', '.join(MATCH)}")


def _choices(name: str, key: str, declared: Any, words: dict[str, list[str]]) -> list[str]:
    """The admissible posteriors or likelihoods, by name."""
    if isinstance(declared, str):
        if declared not in words:
            raise DmviError(
                f"{short(_MODELS / name)}.py: `{key}` is {declared!r}; give a list of names, or "
                f"{' or '.join(map(repr, words))}"
            )
        return words[declared]
    return declared


@cache
def declared_steps() -> dict[str, dict[str, Any]]:
    """Step name (its file's, its rule's and its command's) -> its declaration.

    version: raised by hand when its results change. wildcards: of its rule, in the order of its paths.
    gives: start of a table's name in a run's folder -> what a run needs to give it, or None. estimators:
    blocks of the study's `estimators:` that these tables take. options: blocks of `estimators:` that are
    its own, each a mapping from its keys to their JSON schemas; a key is required unless it has a
    default. gpu: whether its rule may ask for one. resumes: whether it goes on from a checkpoint.
    cost(costs, **wildcards): a `dmvi.costs.model.Cost`. settings(study, **wildcards): what it computes,
    plain data, for steps that have settings.
    """
    folders = [PACKAGE / "steps", PACKAGE / "report"]
    folders += sorted(PACKAGE.glob("experiments/*/steps"))
    found = _declared((path for f in folders for path in sorted(f.glob("*.py"))), "STEP", STEP_KEYS)
    for name, step in found.items():
        if "cost" not in step:
            raise DmviError(f"the step {name!r} ({step['module']}) has no function cost")
    return found


def declared_step(name: str) -> dict[str, Any]:
    """The declaration of a step.

    Raises:
        DmviError: no file declares it.
    """
    steps = declared_steps()
    if name not in steps:
        raise DmviError(f"{name!r} is no step; the steps are {', '.join(steps)}")
    return steps[name]


@cache
def declared_commands() -> dict[str, dict[str, Any]]:
    """Commands that a person types and no rule runs."""
    return _declared(sorted((PACKAGE / "commands").glob("*.py")), "COMMAND")


@cache
def declared_scores() -> dict[str, dict[str, Any]]:
    """Score name -> its declaration, see `dmvi.scores`."""
    return _declared(sorted((PACKAGE / "scores").glob("*.py")), "SCORE", SCORE_KEYS)
