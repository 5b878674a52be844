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
import re
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import Any

from dmvi.errors import DmviError

PACKAGE = Path(__file__).parents[1]


# Where a file's declarations end: parsing only what is above takes a tenth of the time.
_FIRST_DEFINITION = re.compile(r"^(?:(?:async )?def|class) \w+|^@\w", re.MULTILINE)


@cache
def literals(path: Path) -> dict[str, Any]:
    """NAME -> value of each assignment `NAME = <literal>` above a Python file's first function or class.

    Assignments of anything but a literal (calls, names) are passed over.
    """
    text = path.read_text()
    end = _FIRST_DEFINITION.search(text)
    try:
        statements = ast.parse(text[: end.start()] if end else text).body
    except SyntaxError:  # what looked like a definition stands in a text of several lines
        statements = ast.parse(text).body
    values = {}
    for node in statements:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return values


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


def _declared(paths: Iterable[Path], literal: str) -> dict[str, dict[str, Any]]:
    """File name -> its literal, with the functions beside it and the module's name."""
    found: dict[str, dict[str, Any]] = {}
    for path in paths:
        declared = literals(path).get(literal)
        if declared is None:
            continue
        if path.stem in found:
            raise DmviError(f"{path} declares {path.stem!r} a second time; rename the file")
        found[path.stem] = {**declared, **_functions(path), "module": _module(path)}
    return found


@cache
def declared_models() -> dict[str, dict[str, Any]]:
    """Model name (its file's name) -> its `DECLARES`, for every file in `models/` that has one."""
    files = sorted((PACKAGE / "models").glob("*.py"))
    return {path.stem: literals(path)["DECLARES"] for path in files if "DECLARES" in literals(path)}


@cache
def declared_steps() -> dict[str, dict[str, Any]]:
    """Step name (its file's, its rule's and its command's) -> its declaration.

    version: raised by hand when its results change. wildcards: of its rule, in the order of its paths.
    gives: start of a table's name in a run's folder -> what a run needs to give it, or None. estimators:
    blocks of the study's `estimators:` that these tables take. gpu: whether it wants one. resumes.
    cost(costs, **wildcards): a `dmvi.costs.model.Cost`. settings(study, **wildcards): what it computes,
    plain data, for steps that have settings.
    """
    folders = [PACKAGE / "steps", PACKAGE / "report"]
    folders += sorted(PACKAGE.glob("experiments/*/steps"))
    found = _declared((path for f in folders for path in sorted(f.glob("*.py"))), "STEP")
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
    return _declared(sorted((PACKAGE / "scores").glob("*.py")), "SCORE")
