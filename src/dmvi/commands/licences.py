"""Lists the licences of the installed packages that the lock names."""

import re
from importlib import metadata
from pathlib import Path

COMMAND = {}
LOCK = Path("envs/lock.txt")


def licences(lock: Path = LOCK) -> None:
    """Prints name, version and licence of every package of a lock file, as the installed packages state it.

    Args:
        lock: lines NAME==VERSION; others are passed over.
    """
    for name in locked(lock):
        try:
            found = metadata.metadata(name)
        except metadata.PackageNotFoundError:
            print(f"{name}\t-\tnot installed")
            continue
        print(f"{name}\t{found['Version']}\t{licence_of(found)}")


def locked(lock: Path) -> list[str]:
    """The packages that a lock file names, in its order."""
    return re.findall(r"^([A-Za-z0-9][\w.-]*)==", lock.read_text(), re.MULTILINE)


def licence_of(found: metadata.PackageMetadata) -> str:
    """What a package says of its licence: its expression, else its classifiers, else a text's first line."""
    if expression := found.get("License-Expression"):
        return expression
    classifiers = [c for c in found.get_all("Classifier", []) if c.startswith("License ::")]
    if classifiers:
        return ", ".join(c.split(" :: ")[-1] for c in classifiers)
    text = (found.get("License") or "").strip()
    return text.splitlines()[0] if text else "not stated"
