"""Checkpoints: one file, written atomically, holding all that bit-equal continuation needs."""

import fcntl
import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
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


def set_aside(path: Path) -> Path:
    """Renames a checkpoint of another configuration to `checkpoint.stale.pt`, over an older one."""
    return path.replace(path.with_name("checkpoint.stale.pt"))


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
