"""A player: one optimiser's worth of a model."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class Player:
    """One optimiser's worth of a model.

    Attributes:
        name: unique in its model; names the player's columns in the journal and its learning rate.
        modules: the modules that it updates; no other parameter gets a gradient on its turn.
        loss: images x (B, C, H, W) in [0, 1] -> named scalar terms; their sum is minimised.
        steps: updates per iteration, each on a fresh batch (5 for the critic of a WGAN-GP).
    """

    name: str
    modules: tuple[nn.Module, ...]
    loss: Callable[[Tensor], dict[str, Tensor]]
    steps: int = 1

    def parameters(self) -> Iterator[nn.Parameter]:
        for module in self.modules:
            yield from module.parameters()
