"""Pictures of one's own: a folder of them, cut to squares, resized, and shared out to the splits."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dmvi.data.pictures import decode
from dmvi.data.registry import SPLITS, image_shape
from dmvi.data.request import Built, Request
from dmvi.errors import DmviError

DECLARES = {
    "title": "Pictures of a folder",
    "summary": "pictures of a folder of yours: their centre square, resized",
    "image_size": 64,
    "channels": 3,
    "images": None,
    "options": {
        "path": {
            "kind": "text",
            "default": None,
            "required": True,
            "help": "the folder; relative to data_dir, or to the study where data_dir is null",
        },
        "size": {
            "kind": "choice",
            "default": 64,
            "choices": (28, 32, 64),
            "help": "height and width in pixels",
        },
        "channels": {
            "kind": "choice",
            "default": 3,
            "choices": (1, 3),
            "help": "3 for colour, 1 for grey",
        },
        "title": {"kind": "text", "default": None, "help": "what figures call it"},
    },
    "downloads": False,
    "files": [["{path}"]],
    "publishable": False,
    "seconds_per_image": 2e-3,
}

FORMATS = {".jpg": "JPEG", ".jpeg": "JPEG", ".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"}
LARGEST = 50_000_000  # bytes of one picture
BLOCK = 500  # pictures decoded at a time
_ORDER = 5  # random stream


def build(request: Request) -> Built:
    """As many pictures as `limit` says, in an order drawn from the seed, so that splits are alike.

    Where every picture lies in a folder of its own kind, as in torchvision's ImageFolder, these
    folders, sorted by name, are the labels 0, 1, ...; otherwise there are none.

    Raises:
        DmviError: the folder is missing or has too few pictures, or a picture cannot be decoded.
    """
    folder = (request.data_dir or Path()) / request.spec["path"]
    names = _pictures(folder, request)
    sizes = dict(request.spec["limit"])
    wanted = sum(sizes.values())
    if len(names) < wanted:
        words = ", ".join(sorted(FORMATS))
        raise DmviError(
            f"data.{request.name}.limit asks for {wanted:,} pictures, but {folder} holds "
            f"{len(names):,} ({words}); lower the limit, or add pictures"
        )
    listing = "".join(f"{name} {(folder / name).stat().st_size}\n" for name in names)
    digest = hashlib.sha256(listing.encode()).hexdigest()
    order = request.random(SPLITS[0], _ORDER).permutation(len(names))[:wanted]
    chosen = [names[i] for i in order]
    return Built(
        sizes,
        _labels(chosen, names),
        _blocks(folder, chosen, request),
        {f"{folder.name} (names and sizes)": f"sha256:{digest}"},
        title=request.spec.get("title", ""),
        note=f"{wanted:,} of the {len(names):,} pictures of a folder, in a random order",
    )


def _pictures(folder: Path, request: Request) -> list[str]:
    """Paths of all pictures below the folder, relative to it and sorted; hidden ones are left out."""
    if not folder.is_dir():
        raise DmviError(
            f"data.{request.name}.path is {request.spec['path']!r}, but there is no folder {folder}; "
            "give the folder of your pictures, with its whole path or below data_dir"
        )
    try:
        found = [path.relative_to(folder) for path in folder.rglob("*")]
    except OSError as error:
        raise DmviError(f"{folder} cannot be read ({error.strerror})") from error
    return sorted(
        path.as_posix()
        for path in found
        if path.suffix.lower() in FORMATS and not any(part.startswith(".") for part in path.parts)
    )


def _labels(chosen: list[str], names: list[str]) -> np.ndarray:
    kinds = sorted({name.split("/")[0] for name in names if "/" in name})
    if not kinds or any("/" not in name for name in names):
        return np.full(len(chosen), -1)
    number = {kind: i for i, kind in enumerate(kinds)}
    return np.array([number[name.split("/")[0]] for name in chosen])


def _blocks(folder: Path, names: list[str], request: Request) -> Iterator[np.ndarray]:
    size, _, channels = image_shape(request.spec)
    formats = tuple(dict.fromkeys(FORMATS.values()))
    for start in range(0, len(names), BLOCK):
        yield np.stack(
            [
                decode(_bytes(folder / name), str(folder / name), _centre, size, channels, formats)
                for name in names[start : start + BLOCK]
            ]
        )


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > LARGEST:
            raise DmviError(
                f"{path} has more than {LARGEST / 1e6:g} MB; remove it or make it smaller"
            )
        return path.read_bytes()
    except OSError as error:
        raise DmviError(f"{path} cannot be read ({error.strerror}); make it readable") from error


def _centre(size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The largest square in the middle of a picture: left, top, right, bottom."""
    width, height = size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return (left, top, left + side, top + side)
