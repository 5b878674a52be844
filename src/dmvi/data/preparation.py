"""Builds one data set into `images.npy`, `labels.npy` and `meta.json`."""

from collections.abc import Iterable, Mapping
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from dmvi import files
from dmvi.data.registry import BUILDERS, SPLITS, image_shape, resolve
from dmvi.data.request import Built, Request
from dmvi.errors import DmviError


def prepare(
    spec: Mapping[str, Any], name: str, output: Path, raw_dir: Path, data_dir: Path | None = None
) -> None:
    """Builds the data set `name` into the folder `output`.

    The three files appear together, `meta.json` last; on failure none of them appears, and a
    data set that was there before stays. The same spec and the same source files give the same
    bytes.

    Args:
        spec: the data set's entry in the config: `builder`, `source` ("official" or "standin"),
            `seed`, `limit` (null, or images to keep of each split), and the builder's options.
        name: its key in the config.
        output: folder to write to.
        raw_dir: folder for downloads, shared by all studies.
        data_dir: folder that already holds the official files (torchvision's layout); with it
            nothing is downloaded.

    Raises:
        DmviError: for a bad spec, or files that are missing, damaged or unwritable.
    """
    resolved = resolve(spec, name)
    info = BUILDERS[resolved["builder"]]
    request = Request(name, resolved, Path(raw_dir), Path(data_dir) if data_dir else None)
    built = import_module(info.module).build(request)
    try:
        _write(Path(output), built, request)
    except OSError as error:
        raise DmviError(
            f"data.{name}: cannot write to {output} ({error.strerror or error}); "
            "make room there or choose another folder"
        ) from error


def _write(output: Path, built: Built, request: Request) -> None:
    paths = {key: output / key for key in ("images.npy", "labels.npy", "meta.json")}
    # The contexts end in reverse order: images and labels are renamed before meta.json, which
    # vouches for them.
    with (
        files.atomic_path(paths["meta.json"]) as meta,
        files.atomic_path(paths["labels.npy"]) as labels,
        files.atomic_path(paths["images.npy"]) as images,
    ):
        total = sum(built.sizes.values())
        shape = image_shape(request.spec)
        _write_blocks(images, (total, *shape), built.blocks)
        if built.labels.shape != (total,):
            raise AssertionError(f"{built.labels.shape} labels for {total} images")
        np.save(labels, built.labels.astype(np.int64), allow_pickle=False)
        hashes = {"images.npy": files.sha256(images), "labels.npy": files.sha256(labels)}
        files.write_json(meta, _meta(built, request, hashes))
        paths["meta.json"].unlink(missing_ok=True)  # it would vouch for the wrong images


def _write_blocks(path: Path, shape: tuple[int, ...], blocks: Iterable[np.ndarray]) -> None:
    """Writes an `.npy` file block by block, in constant memory."""
    count = 0
    with open(path, "wb") as file:
        header = {"descr": "|u1", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            if block.dtype != np.uint8 or block.shape[1:] != shape[1:]:
                raise AssertionError(f"block is {block.dtype} {block.shape}, not uint8 {shape}")
            file.write(np.ascontiguousarray(block).data)
            count += len(block)
    if count != shape[0]:
        raise AssertionError(f"{count} images were built, not {shape[0]}")


def _meta(built: Built, request: Request, hashes: dict[str, str]) -> dict[str, Any]:
    spec = dict(request.spec)
    info = BUILDERS[spec["builder"]]
    notes = [built.note] if built.note else []
    if request.standin:
        notes.append(info.standin_note)
    elif spec["limit"] and info.images is not None:
        kept = ", ".join(f"{size:,} {split}" for split, size in built.sizes.items())
        notes.append(f"only the first images of each split ({kept})")
    ends = list(accumulate(built.sizes[split] for split in SPLITS))
    return {
        "dataset": request.name,
        "builder": spec["builder"],
        "builder_version": info.version,
        "title": built.title or (info.standin_title if request.standin else info.title),
        "standin": request.standin,
        "note": "; ".join(notes),
        "seed": spec["seed"],
        "options": {key: spec[key] for key in ("limit", *info.options) if key in spec},
        "image_shape": list(image_shape(spec)),
        "splits": {
            split: [start, end]
            for split, start, end in zip(SPLITS, [0, *ends[:-1]], ends, strict=True)
        },
        "source_files": built.source_files,
        "sha256": hashes,
    }
