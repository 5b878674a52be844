"""Atomic reading and writing of the files that steps exchange.

A file either exists whole or not at all: everything is written under a temporary name in the same
folder, flushed to the disk, and renamed. A job killed at any moment leaves no half-written output.
The same goes for a folder that is written anew as a whole (`replaced_folder`).
"""

import errno
import fcntl
import glob
import hashlib
import json
import os
import re
import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from dmvi.errors import DmviError

_TEMPORARY = re.compile(r"\..+\.\d+\.tmp(\.\w+)?")


@contextmanager
def atomic_path(path: str | Path, keep: Path | None = None) -> Iterator[Path]:
    """Yields a temporary path beside `path`; renames it to `path` on success, removes it on failure.

    The temporary file is locked while it is written, so that one that a killed process left is told from
    one that is being written; those left of the same path are removed first.

    Args:
        keep: where the file that is replaced stays; at every moment one of the two is whole.

    Raises:
        DmviError: there is no room, or no right, to write; naming the path and what to do.
    """
    path = Path(path)
    # The suffix stays last, because matplotlib and others read the format from it.
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.tmp{path.suffix}")
    with writing(path, temporary):
        path.parent.mkdir(parents=True, exist_ok=True)
        clear_left(path)
        try:
            with open(temporary, "ab") as held:
                _lock(held)
                yield temporary
            with open(temporary, "rb") as file:
                os.fsync(file.fileno())
            if keep is not None and path.exists():
                _keep(path, keep)
            os.replace(temporary, path)
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)


@contextmanager
def writing(path: Path, *others: Path) -> Iterator[None]:
    """Makes one sentence of an error of the operating system while `path` is written.

    One that names another file than `path` and `others` is not about writing it, and passes.

    Raises:
        DmviError: naming the path, what is wrong and what to do.
    """
    try:
        yield
    except OSError as error:
        own = {None, *map(str, (path, *others, *path.parents))}
        named = str(error.filename) if error.filename is not None else None
        # numpy reports a full disk without a number, as bytes that it could not write.
        if named not in own or (error.errno is None and "written" not in str(error)):
            raise
        reason = error.strerror or "No space left on device"
        raise DmviError(
            f"{path} cannot be written ({reason}); {_remedy(error)}, then start again: what was "
            "finished before is kept"
        ) from error


def _remedy(error: OSError) -> str:
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return "give yourself the right to write there"
    if error.errno in (errno.ENOTDIR, errno.EISDIR, errno.EEXIST):
        return "move away what stands in the place of its folder"
    return "make room on that disk"


def _lock(file: IO) -> bool:
    """Locks an open file until it is closed or the process ends; False if another has it locked."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return False
    return True


def _keep(path: Path, keep: Path) -> None:
    """Makes `keep` the file at `path`, which stays."""
    second = path.with_name(f".{keep.stem}.{os.getpid()}.tmp{keep.suffix}")
    try:
        second.unlink(missing_ok=True)
        os.link(path, second)
        os.replace(second, keep)
        # A rename between two names of one file does nothing, and leaves both: `keep` was this file
        # already if a process was killed between here and the renaming of the new one.
        second.unlink(missing_ok=True)
    except OSError:  # a file system without hard links
        second.unlink(missing_ok=True)
        os.replace(path, keep)


def clear_left(path: str | Path) -> None:
    """Removes what killed processes left of writing `path`, or all that they left in it if it is a folder.

    A temporary file that is still locked is being written, and stays.
    """
    path = Path(path)
    if path.is_dir():
        found = path.rglob(".*.tmp*")
    else:
        found = path.parent.glob(f".{glob.escape(path.stem)}.*.tmp{glob.escape(path.suffix)}")
    for left in list(found):
        if _TEMPORARY.fullmatch(left.name) is None:
            continue
        with suppress(OSError), open(left, "rb") as file:
            if _lock(file):
                left.unlink(missing_ok=True)


def remake(path: str | Path) -> str:
    """How a damaged file is made again, for messages."""
    command = (
        f"snakemake --cores all --directory {shlex.quote(os.getcwd())} {shlex.quote(str(path))}"
    )
    return f"delete it and make it again: {command}"


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
