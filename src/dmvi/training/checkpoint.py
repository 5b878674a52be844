"""Checkpoints: one file, written atomically, holding all that bit-equal continuation needs."""

import fcntl
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import torch

from dmvi.environment import process_name
from dmvi.errors import DmviError
from dmvi.files import atomic_path


def save(path: str | Path, content: dict[str, Any]) -> None:
    """Writes tensors and plain data atomically; the bytes do not depend on the file's name."""
    buffer = io.BytesIO()  # torch.save on a path would write the file's name into the archive
    torch.save(content, buffer)
    with atomic_path(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def load(path: str | Path, device: torch.device | str = "cpu") -> dict[str, Any]:
    """Reads what `save` wrote; refuses anything but tensors and plain data (no code is run)."""
    try:
        return torch.load(path, map_location=device, weights_only=True)
    except FileNotFoundError:
        raise DmviError(f"{path} does not exist; train the run first") from None
    except Exception as error:
        raise DmviError(
            f"{path} is not a readable checkpoint ({type(error).__name__}); delete it to train anew"
        ) from error


def of_this_configuration(
    path: Path, identity: str, log: Callable[[str], None]
) -> dict[str, Any] | None:
    """The content of the checkpoint at `path` if it is of this `identity`; None if there is none.

    One of another configuration is set aside under its own identity, `checkpoint.IDENTITY.pt`, and
    found again when the configuration comes back: none is ever overwritten.
    """
    state = load(path) if path.exists() else None
    if state is not None and state["identity"] != identity:
        aside = _free_name(path, str(state["identity"]))
        path.rename(aside)
        log(f"{path} belongs to another configuration: kept as {aside}")
        state = None
    earlier = path.with_name(f"{path.stem}.{identity}{path.suffix}")
    if state is None and earlier.exists():
        log(f"this configuration is back: {earlier} is used again")
        earlier.rename(path)
        return of_this_configuration(path, identity, log)
    return state


def _free_name(path: Path, identity: str) -> Path:
    """A name for a checkpoint set aside that no file has yet."""
    word = identity if re.fullmatch(r"[0-9a-f]{16}", identity) else "unknown"
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
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+") as file:
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
        file.truncate(0)
        file.write(process_name())
        file.flush()
        yield
