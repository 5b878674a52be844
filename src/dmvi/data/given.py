"""Whether the files that a data set is made from are where the config says, asked before any job starts.

That they are the right ones (their MD5, their number) is found out when the data set is prepared.
Imports nothing heavy: the workflow asks at every start.
"""

import glob
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dmvi.data.registry import BUILDERS, BuilderInfo, resolve
from dmvi.errors import DmviError

PREPARED = ("images.npy", "labels.npy", "meta.json")


def check_given(
    name: str, spec: Mapping[str, Any], data_dir: str | None, folder: Path = Path()
) -> None:
    """Refuses a data set that is still to be prepared from files which are not there.

    One that is prepared needs no files any more, a stand-in never does, and without `data_dir` official
    files are downloaded.

    Args:
        name: the data set's key in the config.
        spec: its entry there.
        data_dir: that key of the config; a relative one is below `folder`.
        folder: the study's.

    Raises:
        DmviError: naming the key, what it holds, and what would be right.
    """
    spec = resolve(spec, name)
    info = BUILDERS[spec["builder"]]
    made_by_code = spec["source"] == "standin" or not (info.files or info.downloads)
    downloaded = info.downloads and data_dir is None
    if made_by_code or downloaded or _prepared(folder / "results/data" / name):
        return
    root = (folder / (data_dir or "")).absolute()
    missing = [paths for paths in info.files if not any(_found(root, p, spec) for p in paths)]
    if info.files and not missing:
        return
    try:
        os.listdir(root)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DmviError(
            f"data_dir is {data_dir!r}, which is not a folder that can be read ({root}: {reason}); "
            f"{_remedy(name, info, spec)}"
        ) from None
    if missing and (option := _option(missing[0], spec)):
        where = root / str(spec[option])
        raise DmviError(
            f"data.{name}.{option} is {spec[option]!r}, but there is no {where}; name one that is there "
            "(a relative path is below data_dir, or else below the study's folder)"
        )
    if missing:
        raise DmviError(
            f"data_dir is {data_dir!r}, but {root} has no {' and no '.join(missing[0])}; "
            f"{_remedy(name, info, spec)}"
        )


def _prepared(folder: Path) -> bool:
    return all((folder / file).is_file() for file in PREPARED)


def _found(root: Path, path: str, spec: Mapping[str, Any]) -> bool:
    """Whether the folder has a declared path, or one that fits it."""
    literally = {key: glob.escape(str(value)) for key, value in spec.items()}
    return any(glob.iglob(path.format_map(literally), root_dir=root))


def _option(paths: list[str], spec: Mapping[str, Any]) -> str | None:
    """The option of the data set that says where these paths are, if one does."""
    return next((option for option in spec if f"{{{option}}}" in paths[0]), None)


def _remedy(name: str, info: BuilderInfo, spec: Mapping[str, Any]) -> str:
    """What would be right."""
    files = [" or ".join(path.format_map(spec) for path in paths) for paths in info.files]
    ways = [
        f"set data_dir to the one that holds {', '.join(files) or f'the files of {info.title}'}"
    ]
    if info.files and info.downloads:
        ways.append("to null, which downloads them")
    if "standin" in info.sources:
        ways.append(f"choose source: standin for data.{name}")
    return ", or ".join(ways)
