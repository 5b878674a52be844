"""Data sets: build them once into plain arrays, read them ever after.

`prepare` turns official files (or a stand-in) into `images.npy`, `labels.npy` and `meta.json`;
`open_dataset` opens that folder. `dmvi.data.registry` names the builders and their options and
imports nothing heavy, so that a config can be checked before numpy or torch is loaded; for the
same reason the names below are imported only when they are first used.
"""

from importlib import import_module
from typing import Any

_HOMES = {
    "Dataset": "dmvi.data.dataset",
    "open_dataset": "dmvi.data.dataset",
    "prepare": "dmvi.data.preparation",
    "BUILDERS": "dmvi.data.registry",
    "BuilderInfo": "dmvi.data.registry",
    "resolve": "dmvi.data.registry",
}

__all__ = ["BUILDERS", "BuilderInfo", "Dataset", "open_dataset", "prepare", "resolve"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
