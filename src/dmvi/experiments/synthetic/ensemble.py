"""Many small trainings as one: members of an ensemble that share nothing but the time they take.

Every member has its own weights, data and random numbers; their losses are summed, so that each
member's gradient, and with it each element of Adam's state, is what it would be alone. A member is
the same, up to rounding, whichever others it is trained with.
"""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from dmvi.training import checkpoint

BLOCK = 1 << 16  # numbers that a member draws at once: fewer calls where batches are small


def generator_of(*key: Any, device: torch.device | str = "cpu") -> torch.Generator:
    """A generator seeded by plain data, such as ("weights", seed, shift)."""
    seed = int(checkpoint.digest(list(key)), 16) >> 1  # below 2^63
    return torch.Generator(device).manual_seed(seed)


class Ensemble(nn.Module):
    """E networks of one architecture with their own first weights: (E, B, ...) -> (E, B).

    The parameters of `network` are those of the members, stacked: (E, *shape) each. They are filled
    one member after another, so that no second copy of all of them is ever held.

    Args:
        make: builds a member; its first weights come from torch's global CPU generator.
        keys: plain data that seeds each member's first weights.
        device: where the stacked parameters live.
    """

    def __init__(
        self, make: Callable[[], nn.Module], keys: Sequence[Any], device: torch.device
    ) -> None:
        super().__init__()
        with torch.device("meta"):
            self.network = make()
        for name, parameter in list(self.network.named_parameters()):
            owner, _, leaf = name.rpartition(".")
            stacked = torch.empty(len(keys), *parameter.shape, dtype=parameter.dtype, device=device)
            setattr(self.network.get_submodule(owner), leaf, nn.Parameter(stacked))
        for index, key in enumerate(keys):
            with torch.random.fork_rng(devices=[]), torch.no_grad():
                torch.manual_seed(generator_of("weights", key).initial_seed())
                member = dict(make().named_parameters())
                for name, stacked in self.network.named_parameters():
                    stacked[index] = member[name]
        self.members = len(keys)

    @property
    def num_parameters(self) -> int:
        """Of one member."""
        return sum(parameter.numel() for parameter in self.parameters()) // self.members

    def forward(self, x: Tensor) -> Tensor:
        return vmap(self._member)(dict(self.network.named_parameters()), x)

    def _member(self, parameters: dict[str, Tensor], x: Tensor) -> Tensor:
        return functional_call(self.network, parameters, (x,))


def total(losses: Tensor) -> Tensor:
    """Sum of the members' losses, (E,) -> (), without those that are NaN or infinite.

    A member that has diverged keeps its NaN to itself and the others train on; it is the tracker
    that reports it (`dmvi.experiments.synthetic.estimation.KLTracker`).
    """
    return torch.where(losses.isfinite(), losses, 0).sum()


class Noise:
    """Standard normal numbers from one generator per member."""

    def __init__(self, name: str, keys: Sequence[Any], device: torch.device) -> None:
        self.device = device
        self.generators = [generator_of(name, key, device=device) for key in keys]

    def draw(self, *shape: int) -> Tensor:
        """(E, *shape), float32."""
        noise = torch.empty(len(self.generators), *shape, device=self.device)
        for part, generator in zip(noise, self.generators, strict=True):
            part.normal_(generator=generator)
        return noise

    def get_states(self) -> list[Tensor]:
        return [generator.get_state() for generator in self.generators]

    def set_states(self, states: list[Tensor]) -> None:
        for generator, state in zip(self.generators, states, strict=True):
            generator.set_state(state.cpu())


class NoiseBatches:
    """Endless batches w ~ N(0, I), (E, 2, B, d): the first half becomes x ~ q, the second x ~ p.

    Numbers are drawn in blocks of several batches; the state that a checkpoint keeps is that of the
    generators before the block, and how many of its batches are used up.

    Args:
        keys: plain data that seeds each member's numbers.
        batch_size: B.
        dim: d.
        device: where the batches are wanted.
    """

    def __init__(
        self, keys: Sequence[Any], batch_size: int, dim: int, device: torch.device
    ) -> None:
        self.device = device
        self.noise = Noise("batches", keys, device)
        batch = 2 * batch_size * dim
        self.shape = (max(1, BLOCK // batch), 2, batch_size, dim)
        self._draw()

    def next(self) -> Tensor:
        """The next batch."""
        if self.used == self.shape[0]:
            self._draw()
        self.used += 1
        return self.block[:, self.used - 1]

    def _draw(self) -> None:
        self.before = self.noise.get_states()
        self.block = self.noise.draw(*self.shape)
        self.used = 0

    def state_dict(self) -> dict[str, Any]:
        return {"before": self.before, "used": self.used}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.noise.set_states(state["before"])
        self._draw()
        self.used = state["used"]
