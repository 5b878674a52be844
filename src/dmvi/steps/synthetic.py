"""The synthetic study: what density ratios make of two Gaussians whose KL divergence is known."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from dmvi import files
from dmvi.experiments.synthetic.ensemble import Ensemble, NoiseBatches
from dmvi.experiments.synthetic.estimation import Estimation, KLTracker
from dmvi.experiments.synthetic.gaussians import Gaussians, gaussian_pairs
from dmvi.experiments.synthetic.learning import Learning
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up

Members = Sequence[tuple[int, float]]  # (seed, shift)
COLUMNS = (
    *("dim", "learning_rate", "shift", "seed", "step"),
    *("true_kl", "estimate", "standard_error", "n", "num_parameters"),
)
NOT_IDENTITY = ("iterations", "members")  # a training may go on for longer; its members stand apart


def estimate_synthetic(
    settings: dict[str, Any],
    csv_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the estimated against the true KL(q || p) of fixed Gaussians along a classifier's training.

    All members, pairs (seed, shift) with shift the norm of b_q - b_p, are trained at once. One that
    diverges (true or estimated KL not finite) is logged and has no rows from there on; the others go
    on.

    Args:
        settings: dim, members, learning_rate, spread, layers, width, batch_size, iterations, every,
            samples, adam_betas, precision.
        csv_path: rows (seed, shift, step), at every `every` steps and the last.
        checkpoints: folder.

    Raises:
        DmviError: dim is 0.
    """
    files.write_csv(csv_path, _train("estimation", settings, checkpoints, device, log))


def learn_synthetic(
    settings: dict[str, Any],
    csv_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the true and the estimated KL(q || p) while q learns to be p by a density ratio.

    Arguments as in `estimate_synthetic`, all members with the same shift; rows (seed, step), at step
    0 too.
    """
    table = _train("learning", settings, checkpoints, device, log)
    files.write_csv(csv_path, table.drop(columns="shift"))


def _train(
    study: str,
    settings: dict[str, Any],
    checkpoints: Path,
    device: str,
    log: Callable[[str], None],
) -> pd.DataFrame:
    """The rows of all members, by shift, seed and step."""
    chosen = choose_device(device)
    set_up(0, settings["precision"])
    members = [(seed, float(shift)) for seed, shift in settings["members"]]
    log(f"{study}: {len(members)} members, d = {settings['dim']}")
    module = _build(study, members, settings, chosen)
    log(f"{module.classifiers.num_parameters:,} parameters in each classifier, on {chosen}")
    tracker = KLTracker(module, members, settings, log)
    if study == "learning":
        tracker.add(0)  # replaced by the checkpoint's rows if there is one
    batches = NoiseBatches(members, settings["batch_size"], settings["dim"], chosen)
    kept = {key: value for key, value in settings.items() if key not in NOT_IDENTITY}
    identity = checkpoint.digest([study, members, kept])
    # By time and at the end only: of ten large classifiers, one checkpoint holds 12 gigabytes.
    policy = CheckpointPolicy(checkpoints, every=settings["iterations"])
    spec = {**settings, "log_every": settings["every"]}
    fit(module, batches, spec, identity, policy, log, tracker)
    table = pd.DataFrame(tracker.rows, columns=list(COLUMNS))
    return table.sort_values(["shift", "seed", "step"])


def _build(
    study: str, members: Members, settings: dict[str, Any], device: torch.device
) -> nn.Module:
    q, p = gaussian_pairs(
        settings["dim"], settings["spread"], members, same_covariance=study == "learning"
    )
    q, p = _on(q, device), _on(p, device)
    make = partial(CodeDiscriminator, settings["dim"], settings["layers"], settings["width"])
    classifiers = Ensemble(make, members, device)
    return Learning(classifiers, q, p) if study == "learning" else Estimation(classifiers, q, p)


def _on(gaussians: Gaussians, device: torch.device) -> Gaussians:
    gaussians.scale_tril()  # refuses what has no density
    return gaussians.to(device)
