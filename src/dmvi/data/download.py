"""Fetches official files once, for any number of jobs at a time."""

import hashlib
import socket
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from dmvi.data.request import Request
from dmvi.errors import DmviError
from dmvi.progress import bars_as_lines

# Seconds without a byte before a download counts as failed: behind a firewall that swallows
# packets it would otherwise wait for ever.
TIMEOUT = 60


def md5(content: bytes) -> str:
    """MD5 of some bytes as hexadecimal digits: a check against accidents, in the form the
    publishers of these data sets give it."""
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def md5_of_file(path: Path) -> str:
    """MD5 of a file's bytes as hexadecimal digits."""
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False))
    return digest.hexdigest()


def official_folder(request: Request, title: str, wanted: Mapping[str, str]) -> Path:
    """The folder that holds the official files: `data_dir`, or `raw_dir` after downloading.

    Args:
        request: says which folders.
        title: the data set's name, one that `_fetch` knows.
        wanted: path below the folder -> MD5, of the files to download.
    """
    if request.data_dir is not None:
        if not request.data_dir.is_dir():
            raise DmviError(
                f"data_dir is {request.data_dir}, which is not a folder; set it to the one that "
                f"holds the official files of {title}, or choose source: standin"
            )
        return request.data_dir
    if not _missing(request.raw_dir, wanted):
        return request.raw_dir
    try:
        with _lock(request.raw_dir, title), _timeout():
            # Looked up again: another job may have fetched them while this one waited.
            for path in _missing(request.raw_dir, wanted):
                print(f"downloading {path} of {title}", file=sys.stderr, flush=True)
                with bars_as_lines():
                    _fetch(title, request.raw_dir / path, wanted[path])
    # Whatever went wrong (urllib, http, sockets, the drive's client), the advice is the same.
    except Exception as error:
        raise DmviError(
            f"data.{request.name}: {title} could not be downloaded into {request.raw_dir} "
            f"({type(error).__name__}: {str(error).strip()}); connect to the network, set data_dir "
            f"to a folder that holds {', '.join(wanted)}, or choose source: standin"
        ) from error
    return request.raw_dir


def _missing(folder: Path, wanted: Mapping[str, str]) -> list[str]:
    """The files that are absent or, after an interrupted download, incomplete."""
    return [
        path
        for path, expected in wanted.items()
        if not (folder / path).is_file() or md5_of_file(folder / path) != expected
    ]


def _fetch(title: str, path: Path, expected: str) -> None:
    """Downloads one file with torchvision, which knows the addresses, and checks its MD5.

    Archives are never unpacked on the disk: their readers take members out in memory.
    """
    # Imported here because it takes seconds.
    from torchvision import datasets
    from torchvision.datasets import utils

    if title == "CelebA":
        address = next(file for file, _, name in datasets.CelebA.file_list if name == path.name)
        utils.download_file_from_google_drive(address, path.parent, path.name, expected)
    elif title == "CIFAR-10":
        utils.download_url(datasets.CIFAR10.url, path.parent, path.name, expected)
    else:
        for mirror in datasets.MNIST.mirrors:
            try:
                utils.download_url(mirror + path.name, path.parent, path.name, expected)
                return
            except (OSError, RuntimeError):
                if mirror == datasets.MNIST.mirrors[-1]:
                    raise


@contextmanager
def _lock(folder: Path, title: str) -> Iterator[None]:
    """Lets one job at a time download a data set into `folder`."""
    import fcntl  # not on every system, and only downloads need it

    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / f".{title}.lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError as error:
            # Some network file systems have no locks; the checksums still catch a clash.
            warnings.warn(f"cannot lock {file.name} ({error})", stacklevel=2)
        yield


@contextmanager
def _timeout() -> Iterator[None]:
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(TIMEOUT)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
