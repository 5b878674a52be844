"""One iteration of training: the updates of every player, in turn."""

import torch
from torch import Tensor

from dmvi.training.player import Player
from dmvi.training.protocols import Batches
from dmvi.training.reproducibility import autocast


class Iteration:
    """One iteration of all players, to be called as often as wanted.

    Each player in turn makes `player.steps` updates. The first update of every player uses the
    iteration's batch; a player's further updates draw their own.

    What it does to the device is the same at every call, and it reads nothing back from there: that
    is what lets `dmvi.training.graph` capture it. Losses and samplers must keep to this.

    Args:
        players: in the order of their updates.
        optimizers: one per player, by its name.
        sampler: gives the batches.
        precision: of the forward passes, see `dmvi.training.reproducibility.autocast`.

    Attributes:
        batches: how many batches a call takes from the sampler.
    """

    def __init__(
        self,
        players: list[Player],
        optimizers: dict[str, torch.optim.Optimizer],
        sampler: Batches,
        precision: str,
    ) -> None:
        self.players, self.optimizers = players, optimizers
        self.sampler, self.precision = sampler, precision
        self.batches = 1 + sum(player.steps - 1 for player in players)
        # Lists, because walking through the modules at every turn takes a good part of a small step.
        self.own = {player.name: list(player.parameters()) for player in players}

    def __call__(self) -> dict[str, Tensor]:
        """The detached terms of every player's last update, named `player/term`."""
        batch = self.sampler.next()
        terms: dict[str, Tensor] = {}
        for player in self.players:
            self.only_trainable(player)
            optimizer = self.optimizers[player.name]
            for i in range(player.steps):
                x = batch if i == 0 else self.sampler.next()
                with autocast(x.device, self.precision):
                    losses = player.loss(x)
                optimizer.zero_grad(set_to_none=True)
                torch.autograd.backward(list(losses.values()))  # of their sum
                optimizer.step()
            terms |= {f"{player.name}/{name}": value.detach() for name, value in losses.items()}
        return terms

    def only_trainable(self, player: Player) -> None:
        """Gives gradients to the player's own parameters only: no other graph is built on its turn."""
        for parameters in self.own.values():
            for parameter in parameters:
                parameter.requires_grad = False
        for parameter in self.own[player.name]:
            parameter.requires_grad = True
