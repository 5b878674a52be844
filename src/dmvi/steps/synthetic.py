"""The synthetic study: what density ratios make of two Gaussians whose KL divergence is known."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import nn

from dmvi import files
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.synthetic.ensemble import Ensemble, NoiseBatches
from dmvi.synthetic.estimation import Estimation, KLTracker
from dmvi.synthetic.gaussians import Gaussians, gaussian_pairs
from dmvi.synthetic.learning import Learning
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up

Members = Sequence[tuple[int, float]]
COLUMNS = (
    *("dim", "learning_rate", "shift", "seed", "step"),
    *("true_kl", "estimate", "standard_error", "n", "num_parameters"),
)
# Neither changes a member's result: a training may go on for longer, or in other company.
NOT_IDENTITY = ("iterations", "members", "seeds", "shifts", "shift")


def estimate_synthetic(
    settings: dict[str, Any],
    csv_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the estimated against the true KL(q || p) of fixed Gaussians along a classifier's training.

    Every (seed, shift) is a member of an ensemble; at most `members` are trained at once, one part
    after another, each with a checkpoint of its own. A member that diverges (true or estimated KL
    not finite) is logged and has no rows from there on; the others go on.

    Args:
        settings: dim, seeds (their number), shifts (norms of b_q - b_p), learning_rate, spread,
            layers, width, batch_size, iterations, every, samples, adam_betas, precision, members.
        csv_path: rows (seed, shift, step), at every `every` steps and the last.
        checkpoints: folder of one subfolder per part.

    Raises:
        DmviError: dim is 0.
    """
    members = [
        (seed, float(shift)) for shift in settings["shifts"] for seed in range(settings["seeds"])
    ]
    table = _train("estimation", members, settings, checkpoints, device, log)
    files.write_csv(csv_path, table)


def learn_synthetic(
    settings: dict[str, Any],
    csv_path: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the true and the estimated KL(q || p) while q learns to be p by a density ratio.

    Every seed is a member. Arguments as in `estimate_synthetic`, with one `shift` in place of
    `shifts`; rows (seed, step), at step 0 too.
    """
    members = [(seed, float(settings["shift"])) for seed in range(settings["seeds"])]
    table = _train("learning", members, settings, checkpoints, device, log)
    files.write_csv(csv_path, table.drop(columns="shift"))


def _train(
    study: str,
    members: Members,
    settings: dict[str, Any],
    checkpoints: Path,
    device: str,
    log: Callable[[str], None],
) -> pd.DataFrame:
    """All members, part by part; ordered as if there were no parts."""
    chosen = choose_device(device)
    set_up(0, settings["precision"])
    size = settings["members"]
    parts = [members[start : start + size] for start in range(0, len(members), size)]
    rows = []
    for number, part in enumerate(parts, 1):
        log(f"{study}, part {number} of {len(parts)}: {len(part)} members, d = {settings['dim']}")
        rows += _train_part(study, part, settings, checkpoints / f"part{number}", chosen, log)
    return pd.DataFrame(rows, columns=list(COLUMNS)).sort_values(["shift", "seed", "step"])


def _train_part(
    study: str,
    members: Members,
    settings: dict[str, Any],
    folder: Path,
    device: torch.device,
    log: Callable[[str], None],
) -> list[dict[str, Any]]:
    """The rows of members trained at once; on return nothing of them is left on the device."""
    module = _build(study, members, settings, device)
    log(f"{module.classifiers.num_parameters:,} parameters in each classifier, on {device}")
    tracker = KLTracker(module, members, settings, log)
    if study == "learning":
        tracker.add(0)  # replaced by the checkpoint's rows if there is one
    batches = NoiseBatches(members, settings["batch_size"], settings["dim"], device)
    kept = {key: value for key, value in settings.items() if key not in NOT_IDENTITY}
    identity = checkpoint.digest([study, members, kept])
    # By time and at the end only: of ten large classifiers, one checkpoint holds 12 gigabytes.
    policy = CheckpointPolicy(folder, every=settings["iterations"])
    spec = {**settings, "log_every": settings["every"]}
    fit(module, batches, spec, identity, policy, log, tracker)
    return tracker.rows


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
