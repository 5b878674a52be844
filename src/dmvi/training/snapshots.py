"""Snapshots: the model as it was at some steps of its training, to be looked at afterwards.

They lie beside the checkpoint, in a folder named after the training's identity, so that those of
another configuration are never taken for its own.
"""

from pathlib import Path
from typing import Any

from dmvi.training import checkpoint
from dmvi.training.protocols import Trainable


def path_of(folder: Path, identity: str, step: int) -> Path:
    """Where the snapshot of a step lies."""
    return folder / "snapshots" / identity / f"{step}.pt"


def save(folder: Path, identity: str, step: int, model: Trainable) -> None:
    """Writes the model's weights and buffers as they are now, atomically."""
    weights = {name: value.cpu() for name, value in model.state_dict().items()}
    content = {"identity": identity, "step": step, "model": weights}
    checkpoint.save(path_of(folder, identity, step), content)


def find(folder: Path, identity: str) -> dict[int, Path]:
    """step -> snapshot, in the order of the steps."""
    paths = (folder / "snapshots" / identity).glob("*.pt")
    found = {int(path.stem): path for path in paths if path.stem.isdecimal()}
    return dict(sorted(found.items()))


def load(path: Path) -> dict[str, Any]:
    """The weights and buffers of a snapshot."""
    return checkpoint.load(path)["model"]
