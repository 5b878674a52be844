"""What a file declares about itself in one literal, `DECLARES`, read without importing the file.

Models, likelihoods, posteriors and data sets are files of their own folders, each under its file's
name. The workflow needs their names, options and abilities whenever it is parsed, which happens
again in every cluster job; importing them would load torch (1.4 s each time).
"""

import ast
import re
from collections.abc import Iterable
from functools import cache
from importlib import import_module
from math import inf
from pathlib import Path
from typing import Any

from dmvi.errors import DmviError

NOT_LITERAL = object()
# Keys of a declaration that speak of its own file only: another that extends it says them anew.
OWN = ("class", "title", "order", "paper", "base")


# Where a file's declarations end: parsing only what is above takes a tenth of the time.
_FIRST_DEFINITION = re.compile(r"^(?:(?:async )?def|class) \w+|^@\w", re.MULTILINE)


@cache
def literals(path: Path) -> dict[str, Any]:
    """NAME -> value of each assignment `NAME = <literal>` above a Python file's first function or class.

    Assignments of anything but a literal (calls, names) are passed over.

    Raises:
        DmviError: the file is no Python.
    """
    text = path.read_text()
    end = _FIRST_DEFINITION.search(text)
    try:
        try:
            statements = ast.parse(text[: end.start()] if end else text).body
        except SyntaxError:  # what looked like a definition stands in a text of several lines
            statements = ast.parse(text).body
    except SyntaxError as error:
        raise DmviError(f"{short(path)}: DECLARES cannot be read ({error})") from error
    values = {}
    for node in statements:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                values[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                values[node.targets[0].id] = NOT_LITERAL
    return {
        name: value
        for name, value in values.items()
        if name == "DECLARES" or value is not NOT_LITERAL
    }


def literal(path: Path, name: str = "DECLARES") -> Any:
    """The value of the module-level assignment `name = <literal>` in a Python file, or None.

    Raises:
        DmviError: the file is no Python, or the value no literal (a name, a call, ...).
    """
    value = literals.__wrapped__(path).get(name)
    if value is NOT_LITERAL:
        raise DmviError(
            f"{short(path)}: {name} cannot be read (it is no literal); write it as one literal, without "
            "names or calls"
        )
    return value


@cache
def declarations(folder: Path) -> dict[str, dict[str, Any]]:
    """File name -> its `DECLARES`, for every file of the folder that has one.

    They come by their `order`, those without one behind, by name. One that `extends` another holds
    what the other declares, but for the keys in `OWN`; where both have a mapping, its entries are
    added to the other's, and every other value takes the other's place. Its `version` (1 if not
    given) counts the other's changes too: what it builds on has changed with them.

    Raises:
        DmviError: a declaration cannot be read, or extends one that does not exist or itself.
    """
    read = {path.stem: literal(path) for path in sorted(folder.glob("*.py"))}
    read = {name: declared for name, declared in read.items() if declared is not None}
    whole = {name: _extended(name, read, folder, ()) for name in read}
    return dict(sorted(whole.items(), key=lambda item: (item[1].get("order", inf), item[0])))


def _extended(name: str, read: dict, folder: Path, path: tuple[str, ...]) -> dict[str, Any]:
    own = {"version": 1, **read[name]}
    base_name = own.get("extends")
    if base_name is None:
        return own
    if base_name not in read or base_name in (name, *path):
        raise DmviError(
            f"{short(folder / name)}.py extends {base_name!r}; name another file of its folder that "
            "declares itself, and no circle"
        )
    base = _extended(base_name, read, folder, (*path, name))
    whole = {key: value for key, value in base.items() if key not in OWN}
    for key, value in own.items():
        inherited = whole.get(key)
        both = isinstance(value, dict) and isinstance(inherited, dict)
        whole[key] = {**inherited, **value} if both else value
    # Numbers only rise, so that a change of either makes the sum another.
    return {**whole, "version": own["version"] + base["version"] - 1}


def check_keys(
    folder: Path,
    name: str,
    declared: dict[str, Any],
    required: Iterable[str],
    optional: Iterable[str] = (),
    literal: str = "DECLARES",
) -> None:
    """Refuses a declaration that lacks a key or has one that nobody reads.

    Raises:
        DmviError: naming the file and the key.
    """
    known = (*required, *optional, "extends", "version", "order")
    for key in required:
        if key not in declared:
            raise DmviError(f"{short(folder / name)}.py: {literal} lacks the key {key!r}")
    for key in declared:
        if key not in known:
            raise DmviError(
                f"{short(folder / name)}.py: {literal} has the unknown key {key!r}; its keys are "
                f"{', '.join(sorted(known))}"
            )


def declared_class(package: str, name: str, declared: dict[str, Any]) -> type:
    """The class that the file `name` of a package declares; imports the file.

    Raises:
        DmviError: the file has no such class.
    """
    module = import_module(f"{package}.{name}")
    try:
        return getattr(module, declared["class"])
    except AttributeError:
        raise DmviError(
            f"{package.replace('.', '/')}/{name}.py declares the class {declared['class']!r}, but "
            "has none of this name"
        ) from None


def short(path: Path) -> str:
    """A path from the package on, for messages."""
    return (
        "/".join(path.parts[-path.parts[::-1].index("dmvi") - 1 :])
        if "dmvi" in path.parts
        else str(path)
    )
