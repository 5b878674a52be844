"""What `fit` asks of the things it is given."""

from typing import Any, Protocol

import torch
from torch import Tensor

from dmvi.training.player import Player


class Resumable(Protocol):
    """Has a state that a checkpoint can hold: tensors and plain data."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state: dict[str, Any]) -> Any: ...


class Trainable(Resumable, Protocol):
    """A `torch.nn.Module` that knows its players, in the order of their updates."""

    def players(self) -> list[Player]: ...
    def train(self, mode: bool = True) -> Any: ...


class Batches(Resumable, Protocol):
    """Endless batches on one device, such as `dmvi.estimators.codes.CodeSampler`."""

    device: torch.device

    def next(self) -> Tensor: ...


class PreparedBatches(Batches, Protocol):
    """Batches that a CUDA graph can draw, such as those of `dmvi.training.sampler.Sampler`.

    Whatever the host has to do for the next `count` batches, `prepare` does. `next` then does the
    same to the device at every call, and takes random numbers from nowhere but `generator`.
    """

    generator: torch.Generator

    def prepare(self, count: int) -> None: ...


class Tracker(Resumable, Protocol):
    """Measures something at some steps, such as `dmvi.estimators.tracked_bound.BoundTracker`."""

    def due(self, step: int) -> bool: ...
    def add(self, step: int) -> None: ...
