"""The training loop: one `fit` for every model, however many players it has."""

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from dmvi.errors import DmviError
from dmvi.progress import Progress
from dmvi.training import checkpoint, snapshots
from dmvi.training.attempts import Attempt
from dmvi.training.graph import CapturedIteration, CudaGraph
from dmvi.training.iteration import Iteration
from dmvi.training.journal import Journal, NonFiniteLossError
from dmvi.training.player import Player
from dmvi.training.protocols import Batches, PreparedBatches, Tracker, Trainable
from dmvi.training.reproducibility import restore_rng_state, rng_state
from dmvi.training.signals import stop_on_signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


class Interrupted(Exception):  # noqa: N818 - a request, not an error
    """Training stopped on a signal, after its checkpoint was written."""

    def __init__(self, number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name} at step {step}")
        self.number = number


@dataclass(frozen=True)
class CheckpointPolicy:
    """Where and how often `fit` writes its checkpoint; none of it changes the result.

    Attributes:
        folder: holds `checkpoint.pt`, the one before it as `checkpoint.previous.pt`, and a lock.
        every: steps between checkpoints.
        minutes: and never longer than this between them.
        snapshots: steps after which the model is kept besides (`dmvi.training.snapshots`).
    """

    folder: Path
    every: int = 5000
    minutes: float = 10.0
    snapshots: tuple[int, ...] = ()

    @property
    def path(self) -> Path:
        return self.folder / "checkpoint.pt"


def fit(
    model: Trainable,
    sampler: Batches | PreparedBatches,
    spec: dict[str, Any],
    identity: str,
    policy: CheckpointPolicy,
    log: Callable[[str], None] = print,
    tracker: Tracker | None = None,
    cuda_graphs: bool = False,
) -> Journal:
    """Trains `model` in place for `spec["iterations"]` iterations and returns its journal.

    An iteration gives each player in turn `player.steps` Adam updates (`Iteration`). If the policy's
    folder holds a checkpoint of the same `identity`, training continues from it, bit-equal on a CPU.
    A `tracker` measures something along the way; it must change nothing else.

    Args:
        spec: iterations, log_every, learning_rate (one number, or one per player), adam_betas and
            precision; other keys are not looked at.
        cuda_graphs: iterations are captured as a CUDA graph and replayed; changes the speed only.
            Needs a GPU and `PreparedBatches`.

    Raises:
        Interrupted: SIGTERM, SIGUSR1 or SIGINT (Ctrl-C) arrived; the checkpoint is written.
        NonFiniteLossError: a term is NaN or infinite; the message names the step, the term and the
            last good checkpoint.
        DmviError: the checkpoint has more steps than `spec["iterations"]`.
    """
    device = sampler.device
    iterations = spec["iterations"]
    players = model.players()
    optimizers = make_optimizers(players, spec)
    iterate = Iteration(players, optimizers, sampler, spec["precision"])
    if cuda_graphs:
        iterate = CapturedIteration(iterate, CudaGraph(device, [sampler.generator]))
    journal = Journal(spec["log_every"], device)
    parts = {"model": model, "sampler": sampler, "journal": journal, **optimizers}
    if tracker is not None:
        parts["bound"] = tracker
    model.train()
    with checkpoint.locked(policy.folder), stop_on_signal(*STOP_SIGNALS) as stop:
        start = _resume(policy.path, identity, iterations, parts, device, log)
        progress = Progress(log, "step", start)
        attempt = Attempt(policy.folder, identity, start, device)
        saved, saved_at = start, time.monotonic()
        for step in range(start + 1, iterations + 1):
            try:
                journal.add(step, iterate())
                if tracker is not None and tracker.due(step):
                    tracker.add(step)
                if step in policy.snapshots:
                    journal.check(step)
                    snapshots.save(policy.folder, identity, step, model)
                due = step % policy.every == 0 or step == iterations
                if due or stop or time.monotonic() - saved_at > 60 * policy.minutes:
                    journal.check(step)
                    _save(policy.path, identity, step, parts, device)
                    attempt.reached(step)
                    saved, saved_at = step, time.monotonic()
            except NonFiniteLossError as error:
                last = f"step {saved} in {policy.path}" if saved else "none was written"
                raise NonFiniteLossError(
                    f"{error}; the last good checkpoint is {last}; try a smaller learning_rate"
                ) from None
            if progress.due(step, iterations):
                progress.write(step, iterations, journal.latest())
            if stop and step < iterations:
                raise Interrupted(stop.signal, step)
    journal.close(iterations)
    return journal


def learning_rates(spec: dict[str, Any], players: list[Player]) -> dict[str, float]:
    """Player -> its learning rate; a number in the spec is that of all.

    Raises:
        DmviError: a mapping in the spec does not name exactly the players.
    """
    written, names = spec["learning_rate"], [player.name for player in players]
    if not isinstance(written, dict):
        return dict.fromkeys(names, written)
    if set(written) != set(names):
        raise DmviError(
            f"learning_rate names {', '.join(written)}; the players are {', '.join(names)}"
        )
    return {name: written[name] for name in names}


def make_optimizers(players: list[Player], spec: dict[str, Any]) -> dict[str, torch.optim.Adam]:
    """Player -> the optimiser of its parameters, at its own learning rate."""
    rates = learning_rates(spec, players)
    return {
        player.name: torch.optim.Adam(
            player.parameters(),
            lr=rates[player.name],
            betas=tuple(spec["adam_betas"]),
            fused=True,
        )
        for player in players
    }


def _save(path: Path, identity: str, step: int, parts: dict, device: torch.device) -> None:
    content = {name: part.state_dict() for name, part in parts.items()}
    checkpoint.save(
        path,
        {"identity": identity, "step": step, "rng": rng_state(device), "parts": content},
        keep=checkpoint.previous(path),
    )


def _resume(
    path: Path,
    identity: str,
    iterations: int,
    parts: dict,
    device: torch.device,
    log: Callable[[str], None],
) -> int:
    """Loads the checkpoint into the parts, strictly, and returns its step; 0 if there is none to use."""

    def take(state: dict[str, Any]) -> int:
        if state["step"] > iterations:
            raise DmviError(
                f"{path} holds step {state['step']:,} of this training, more than the {iterations:,} "
                f"iterations asked for; set iterations to {state['step']} or more, or move the file away "
                "to train anew"
            )
        for name, part in parts.items():
            part.load_state_dict(state["parts"][name])
        restore_rng_state(state["rng"], device)
        return state["step"]

    # Everything is loaded to the CPU: generator states must stay there, `load_state_dict` moves the rest.
    step = checkpoint.resume(path, identity, log, take)
    if step is None:
        return 0
    log(f"resumed from {path} at step {step}")
    return step
