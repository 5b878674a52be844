"""What every model is: a few players that take turns, each minimising its own loss."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

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


class Model(nn.Module, ABC):
    """Networks plus the list of players, in the order of their updates.

    Attributes:
        spec: the resolved run (`dmvi.config`), plain data.
        image_shape: (H, W, C).
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.spec = spec
        self.image_shape = image_shape

    @abstractmethod
    def players(self) -> list[Player]:
        """The players in update order; built anew at each call, from the same modules."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Latents (B, latent_dim) to images (B, C, H, W) in [0, 1]: the likelihood's mean."""
