"""Checkpoints: one file, written atomically, holding all that bit-equal continuation needs."""

import fcntl
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

import torch

from dmvi.environment import process_name
from dmvi.errors import DmviError
from dmvi.files import atomic_path, remake, writing

T = TypeVar("T")
# What reading a file of other content than ours may end with.
FOREIGN = (KeyError, TypeError, ValueError, AttributeError, IndexError, RuntimeError)


def save(path: str | Path, content: dict[str, Any], keep: Path | None = None) -> None:
    """Writes tensors and plain data atomically; the bytes do not depend on the file's name.

    `keep` is where the file that is replaced stays.
    """
    buffer = io.BytesIO()  # torch.save on a path would write the file's name into the archive
    torch.save(content, buffer)
    with atomic_path(path, keep) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load(path: str | Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Reads what `save` wrote; refuses anything but tensors and plain data (no code is run).

    Raises:
        DmviError: there is no such file, or its bytes are not those that were written (the archive's
            checksums are compared, which torch does not do), or it holds something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if (part := archive.testzip()) is not None:
                raise ValueError(f"{part} is altered")
        content = torch.load(path, map_location=device, weights_only=True)
        if not isinstance(content, dict):
            raise TypeError(f"it holds a {type(content).__name__}")
    except FileNotFoundError:
        raise DmviError(f"{path} does not exist; train the run first") from None
    except PermissionError as error:
        raise DmviError(f"{path} cannot be read ({error.strerror})") from None
    except Exception as error:
        reason = str(error).splitlines()[0][:100] if str(error) else ""
        raise DmviError(
            f"{path} is not a readable checkpoint ({type(error).__name__}: {reason}); {remake(path)}"
        ) from error
    return content


def previous(path: Path) -> Path:
    """Where the checkpoint before the one at `path` is kept."""
    return path.with_name(f"{path.stem}.previous{path.suffix}")


def resume(
    path: Path, identity: str, log: Callable[[str], None], take: Callable[[dict[str, Any]], T]
) -> T | None:
    """What `take` makes of the checkpoint at `path`, or of the one before it where that is damaged.

    A damaged one is set aside as `checkpoint.damaged.pt` once the one before it has been taken. One of
    another configuration is set aside under its own identity, `checkpoint.IDENTITY.pt`, and found again
    when the configuration comes back: none is ever overwritten.

    Args:
        path: of `checkpoint.pt`.
        identity: of the training that goes on.
        take: loads a state; what it raises of `FOREIGN` says that the state is of other content.

    Returns:
        None if there is no checkpoint of this configuration.

    Raises:
        DmviError: the checkpoint is damaged and there is none before it; or what `take` refuses.
    """
    fault, faulty = None, []
    for candidate in (path, previous(path)):
        try:
            state = _found(candidate, path, identity, log)
            if state is None:
                continue
            taken = take(state)
        except FOREIGN as error:
            refused = isinstance(error, DmviError) and not isinstance(error, DamagedError)
            if refused or isinstance(error, torch.OutOfMemoryError):
                raise
            fault = fault or _fault(candidate, error)
            faulty.append(str(candidate))
            continue
        if candidate != path:
            if fault is not None:
                aside = _free_name(path, "damaged")
                path.rename(aside)
                log(f"{fault}; kept as {aside}, going on from the one before it")
            log(f"going on from {candidate}")
        return taken
    if fault is not None:
        raise DmviError(
            f"{fault}, and there is no whole checkpoint before it; delete {' and '.join(faulty)} to train "
            "anew"
        )
    return None


class DamagedError(DmviError):
    """A checkpoint that cannot be read, or is none."""


def _found(
    candidate: Path, path: Path, identity: str, log: Callable[[str], None]
) -> dict[str, Any] | None:
    """The content of a candidate if it is of this identity; one of another is set aside."""
    state = None
    if candidate.exists():
        try:
            state = load(candidate)
        except DmviError as error:
            raise DamagedError(str(error)) from None
        if not {"identity", "step", "parts"} <= set(state):
            raise DamagedError(f"{candidate} holds {', '.join(map(str, state)) or 'nothing'}")
        if (other := state["identity"]) != identity:
            state = None
            word = str(other) if re.fullmatch(r"[0-9a-f]{16}", str(other)) else "unknown"
            # The one before is a spare of what has been set aside, unless it is all that is left.
            if candidate == path or not _aside(path, word):
                aside = _free_name(path, word)
                candidate.rename(aside)
                log(f"{candidate} belongs to another configuration: kept as {aside}")
    if state is None and candidate == path and (earlier := _aside(path, identity)):
        newest = max(earlier, key=lambda file: file.stat().st_mtime_ns)
        log(f"this configuration is back: {newest} is used again")
        newest.rename(path)
        return _found(path, path, identity, log)
    return state


def _fault(path: Path, error: Exception) -> str:
    """What is wrong with a checkpoint, without the advice."""
    said = str(error).split("; delete it")[0] if isinstance(error, DmviError) else ""
    words = str(error).splitlines()[0][:100] if str(error) else ""
    return said or f"{path} does not hold this training ({type(error).__name__}: {words})"


def _aside(path: Path, word: str) -> list[Path]:
    """What has been set aside under a word: `checkpoint.WORD.pt`, `checkpoint.WORD-2.pt` and so on."""
    return list(path.parent.glob(f"{path.stem}.{word}{path.suffix}")) + list(
        path.parent.glob(f"{path.stem}.{word}-*{path.suffix}")
    )


def _free_name(path: Path, word: str) -> Path:
    """A name for a checkpoint set aside that no file has yet."""
    name = path.with_name(f"{path.stem}.{word}{path.suffix}")
    numbers = count(2)
    while name.exists():
        name = path.with_name(f"{path.stem}.{word}-{next(numbers)}{path.suffix}")
    return name


def digest(value: Any) -> str:
    """A short hash of plain data, the same whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@contextmanager
def locked(folder: str | Path) -> Iterator[None]:
    """Holds the folder's lock, so that two jobs never train the same run at once.

    The lock ends with the process, however it dies.
    """
    path = Path(folder) / "lock"
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        opened = open(path, "a+")  # noqa: SIM115 - closed below
    with opened as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise DmviError(
                f"{folder} is in use by {file.read().strip() or 'another process'}; "
                "wait for that job or cancel it"
            ) from None
        except OSError as error:
            raise DmviError(
                f"{folder} cannot be locked ({error.strerror}); keep results on a file system with locks"
            ) from None
        with writing(path):
            file.truncate(0)
            file.write(process_name())
            file.flush()
        yield
