"""Atomic reading and writing of the files that steps exchange.

A file either exists whole or not at all: everything is written under a temporary name in the same
folder, flushed to the disk, and renamed. A job killed at any moment leaves no half-written output.
The same goes for a folder that is written anew as a whole (`replaced_folder`).
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renames it to `path` on success, removes it on failure."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays last, because matplotlib and others read the format from it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def replaced_folder(path: str | Path) -> Iterator[Path]:
    """Yields an empty folder beside `path`, which takes its place on success; on failure it is removed.

    The old folder is moved aside before and deleted after the new one is in its place, so that at any
    moment one of them is whole. What a killed process left beside `path` is cleared at the next use.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    new, old = (path.with_name(f".{path.name}.{word}") for word in ("new", "old"))
    if old.exists() and not path.exists():
        old.rename(path)  # killed between the two renames below
    for left in (new, old):
        if left.exists():
            shutil.rmtree(left)
    new.mkdir()
    try:
        yield new
        if path.exists():
            path.rename(old)
        try:
            new.rename(path)
        except OSError:
            if old.exists():
                old.rename(path)
            raise
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def write_json(path: str | Path, value: Any) -> None:
    """Writes `value` as indented JSON; refuses NaN and infinities, which JSON does not have."""
    text = json.dumps(value, indent=2, allow_nan=False) + "\n"
    with atomic_path(path) as temporary:
        temporary.write_text(text)


def read_json(path: str | Path) -> Any:
    """The parsed content of a JSON file."""
    return json.loads(Path(path).read_text())


def write_csv(path: str | Path, table) -> None:
    """Writes a pandas `DataFrame` without its index; floats round-trip exactly."""
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False)


def write_array(path: str | Path, array) -> None:
    """Writes a numpy array as `.npy`; object arrays (which need pickle) are refused."""
    import numpy as np

    with atomic_path(path) as temporary:
        np.save(temporary, np.asarray(array), allow_pickle=False)


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
