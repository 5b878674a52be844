"""Lists the licences of the installed packages that the lock names."""

import re
from importlib import metadata
from pathlib import Path

from dmvi import files

COMMAND = {}
LOCK = Path("envs/lock.txt")
_TEXT = re.compile(r"(LICEN[CS]E|COPYING)(\.(txt|md|rst))?", re.IGNORECASE)


def licences(lock: Path = LOCK, output: Path | None = None) -> None:
    """Prints name, version and licence of every package of a lock file, as the installed packages state it.

    Args:
        lock: lines NAME==VERSION; others are passed over.
        output: file to write instead, with tabs between the three.
    """
    rows = "".join("\t".join(row) + "\n" for row in map(_row, locked(lock)))
    if output is None:
        print(rows, end="")
    else:
        with files.atomic_path(output) as path:
            path.write_text(rows)


def _row(name: str) -> tuple[str, str, str]:
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return name, "-", "not installed"
    return name, found.version, licence_of(found)


def locked(lock: Path) -> list[str]:
    """The packages that a lock file names, in its order."""
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock.read_text(), re.MULTILINE)


def licence_of(found: metadata.Distribution) -> str:
    """What a package says of its licence: its expression, else its classifiers, else the first line of its
    text, in its description or in its own file."""
    said = found.metadata
    if expression := said.get("License-Expression"):
        return expression
    classifiers = [c for c in said.get_all("Classifier", []) if c.startswith("License ::")]
    if classifiers:
        return ", ".join(c.split(" :: ")[-1] for c in classifiers)
    texts = [file for file in found.files or () if _TEXT.fullmatch(file.name)]
    for text in (said.get("License") or "", *(file.read_text() for file in texts)):
        if text.strip():
            return text.strip().splitlines()[0].strip()
    return "not stated"
