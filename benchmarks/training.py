"""What training costs beside its arithmetic: `fit` against the bare step and against a plain loop.

Three ways through the same iteration of the same model, in turn, so that a busy neighbour slows all
alike:

fit         `dmvi.training.engine.fit`, with its sampler, journal and progress. An iteration is timed
            from one call of its tracker to the next, so that imports, the first iterations and the
            checkpoint at the end are left out.
bare step   forward, backward and fused Adam of all players on one resident batch: the arithmetic.
plain loop  what one writes first: a DataLoader that converts image by image, torch's default Adam and
            memory layout, and `.item()` of every loss.
"""

import argparse
import copy
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import line, machine, row, spec_of
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from dmvi.files import write_json
from dmvi.models import Model, make_model
from dmvi.study.declarations import declared_models
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import autocast, set_up
from dmvi.training.sampler import Sampler

WIDTHS = {28: 16, 32: 16, 64: 8}
IMAGES = 1024
WARM_UP = 2  # iterations


def noise(size: int, channels: int = 3, count: int = IMAGES) -> np.ndarray:
    """Images uint8 (count, size, size, channels): what they show costs nothing."""
    shape = (count, size, size, channels)
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


def bare_step(model: Model, spec: dict[str, Any], x: Tensor) -> Callable[[], None]:
    """All updates of one iteration on the batch x, and nothing else."""
    players = model.train().players()
    own = [list(player.parameters()) for player in players]
    every = [parameter for parameters in own for parameter in parameters]
    rate, betas = spec["learning_rate"], tuple(spec["adam_betas"])
    optimizers = [torch.optim.Adam(p, lr=rate, betas=betas, fused=True) for p in own]

    def step() -> None:
        for player, parameters, optimizer in zip(players, own, optimizers, strict=True):
            for parameter in every:
                parameter.requires_grad = False
            for parameter in parameters:
                parameter.requires_grad = True
            for _ in range(player.steps):
                with autocast(x.device, spec["precision"]):
                    losses = player.loss(x)
                optimizer.zero_grad()
                torch.autograd.backward(list(losses.values()))
                optimizer.step()

    return step


class Images(Dataset):
    """Images converted one by one, as torchvision's `ToTensor` does."""

    def __init__(self, images: np.ndarray) -> None:
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        return torch.from_numpy(self.images[index]).permute(2, 0, 1).contiguous().float().div(255)


def plain_step(model: Model, spec: dict[str, Any], images: np.ndarray) -> Callable[[], None]:
    """One iteration of a training loop as one writes it first."""
    device = next(model.parameters()).device
    model.train().to(memory_format=torch.contiguous_format)
    players = model.players()
    rate, betas = spec["learning_rate"], tuple(spec["adam_betas"])
    optimizers = [torch.optim.Adam(p.parameters(), lr=rate, betas=betas) for p in players]
    batches = _batches(DataLoader(Images(images), spec["batch_size"], shuffle=True, drop_last=True))

    def step() -> None:
        batch = next(batches).to(device)
        for player, optimizer in zip(players, optimizers, strict=True):
            model.requires_grad_(False)
            for module in player.modules:
                module.requires_grad_(True)
            for i in range(player.steps):
                x = next(batches).to(device) if i else batch
                losses = player.loss(x)
                optimizer.zero_grad()
                sum(losses.values()).backward()
                optimizer.step()
                [loss.item() for loss in losses.values()]

    return step


def _batches(loader: DataLoader) -> Iterator[Tensor]:
    while True:
        yield from loader


class InTurn:
    """A tracker of `fit` that times its iterations and takes the other steps between them."""

    def __init__(self, others: dict[str, Callable[[], None]], device: torch.device) -> None:
        self.others, self.device = others, device
        self.times: dict[str, list[float]] = {name: [] for name in ("fit", *others)}
        self.last = self.now()

    def now(self) -> float:
        """The time at which the device has done all it was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        return time.perf_counter()

    def due(self, step: int) -> bool:
        self.times["fit"].append(self.now() - self.last)
        # Either order, so that none always follows the same other one.
        for name in sorted(self.others, reverse=step % 2 == 0):
            start = self.now()
            self.others[name]()
            self.times[name].append(self.now() - start)
        self.last = self.now()
        return False

    def add(self, step: int) -> None: ...

    def state_dict(self) -> dict:
        return {}

    def load_state_dict(self, state: dict) -> None: ...


def in_turn(
    spec: dict[str, Any], size: int, device: torch.device, budget: float
) -> dict[str, list[float]]:
    """Seconds of the iterations of `fit`, the bare step and the plain loop, within about `budget`."""
    images = noise(size)
    set_up(0, spec["precision"])
    model = make_model(spec, images.shape[1:]).to(device)
    bare, plain = copy.deepcopy(model), copy.deepcopy(model)
    sampler = Sampler(images, spec["batch_size"], 0, device)
    others = {
        "bare step": bare_step(bare, spec, sampler.next()),
        "plain loop": plain_step(plain, spec, images),
    }
    turns = InTurn(others, device)
    others["plain loop"]()
    others["bare step"]()
    start = turns.now()
    others["bare step"]()
    one = turns.now() - start
    iterations = WARM_UP + max(5, min(50, int(budget / (3.5 * one))))
    with tempfile.TemporaryDirectory() as folder:
        policy = CheckpointPolicy(Path(folder), every=10**9, minutes=1e9)
        fit(model, sampler, {**spec, "iterations": iterations}, "x", policy, lambda _: None, turns)
    return {name: times[WARM_UP:] for name, times in turns.times.items()}


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every model with its first posterior, the VAE with a flow too."""
    for name, declared in declared_models().items():
        yield declared["title"], {"model": name}
        if name == "vae":
            yield "VAE, flow", {"model": name, "posterior": "realnvp"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(WIDTHS))
    parser.add_argument("--budget", type=float, default=3.5, help="seconds per model and size")
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    rows = []
    for size in arguments.sizes:
        for title, changes in cases():
            spec = spec_of(**changes, width=WIDTHS[size])
            times = in_turn(spec, size, device, arguments.budget)
            fitted, bare, plain = (
                statistics.median(times[name]) for name in ("fit", "bare step", "plain loop")
            )
            case = f"{title}, {size} x {size}, width {WIDTHS[size]}"
            count = len(times["fit"])
            new = [
                row("training iteration", case, fitted, "bare step", bare, 1.10, repeats=count),
                row("plain training loop", case, plain, "fit", fitted, repeats=count),
            ]
            for one in new:
                print(line(one), flush=True)
            rows += new
    write_json(arguments.output, {"machine": machine(arguments.device), "rows": rows})


if __name__ == "__main__":
    main()
