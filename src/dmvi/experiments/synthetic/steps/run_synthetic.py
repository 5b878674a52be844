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
from dmvi.experiments.synthetic.exact import ExactLearning
from dmvi.experiments.synthetic.gaussians import Gaussians, gaussian_pairs, pairs_of_kl
from dmvi.experiments.synthetic.learning import Learning
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up

STEP = {"version": 1, "wildcards": ["kind", "setting"], "gives": {}, "gpu": True, "resumes": True}
LEARNERS = ("learning", "exact")  # kinds in which q is trained


def settings(study, kind, setting):
    """What one job of the synthetic study computes.

    Raises:
        DmviError: there is no such job.
    """
    from dmvi.errors import DmviError
    from dmvi.experiments.synthetic.settings import synthetic_jobs

    jobs = synthetic_jobs(study.config)[kind]
    if setting not in jobs:
        raise DmviError(f"no job of synthetic {kind} is called {setting}, but {', '.join(jobs)}")
    return jobs[setting]


def cost(costs, kind, setting):
    """All members at once, with their estimates."""
    import math
    from dataclasses import replace

    from dmvi.costs.model import KEPT_CHECKPOINTS, SERIALISED_COPIES
    from dmvi.costs.sizes import Size, code_discriminator
    from dmvi.costs.work import ADAM_ACCESSES, CALLS_PER_UPDATE, MB, Work, passes, products

    gpus, threads = costs.gpus_of(), costs.threads_of()
    job = settings(costs.study, kind, setting)
    members = len(job["members"])
    dim, batch = job["dim"], job["batch_size"]
    size = code_discriminator(dim, job["layers"], job["width"]) if "layers" in job else Size()
    gaussian = Size(dim * dim, dim * dim, 0, dim, dim * dim, 2)
    # Codes of q and of p pass as one batch.
    classifier = passes(size, 2 * batch, 3) + passes(gaussian, batch, 2)
    classifier += Work(weights=ADAM_ACCESSES * size.parameters)
    work = classifier * members  # they share their calls, not their work
    calls = size.calls * 3 + 2 * CALLS_PER_UPDATE
    if kind == "learning":
        generator = passes(size, batch, 2) + passes(gaussian, batch, 3)
        generator += Work(weights=ADAM_ACCESSES * gaussian.parameters)
        work += generator * members
        calls *= 2
    elif kind == "exact":
        # LU factors of A, a solve with them and one with their transpose.
        factors = products(2 / 3 * dim**3 + 4.0 * dim**2 * batch)
        work = (
            factors + passes(gaussian, batch, 3) + Work(weights=ADAM_ACCESSES * gaussian.parameters)
        )
        work *= members
        calls = 40 + CALLS_PER_UPDATE
    work = replace(work, calls=calls)
    estimates = math.ceil(job["iterations"] / job["every"])
    pieces = max(1, job["samples"] * max(dim, job.get("width", dim)) // 2**20)
    estimate = passes(size + gaussian, job["samples"]) * members
    estimate = replace(
        estimate,
        weights=estimate.weights * pieces,
        calls=(size.calls + 40) * pieces + 10 * members,
    )
    # The learned Gaussian's true KL: a QR decomposition and a triangular solve each time.
    decompositions = estimates if kind in LEARNERS else 1
    exact = products(4.0 * members * dim**3 * decompositions, calls=20.0 * decompositions)
    seconds = costs.seconds(
        work * job["iterations"] + estimate * estimates,
        gpus,
        threads,
        job["precision"],
    ) + costs.seconds(exact, gpus, threads, "float64")
    trained = size.parameters + (gaussian.parameters if kind in LEARNERS else 0)
    state = 12 * members * trained / MB
    memory = SERIALISED_COPIES * state + (0 if gpus else 4 / 3 * state) + 200
    return costs.cost(seconds, memory, KEPT_CHECKPOINTS * state + 0.5, gpus, threads)


Members = Sequence[tuple[int, float]]  # (seed, shift), or (seed, KL) of separated pairs
COLUMNS = (
    *("dim", "learning_rate", "shift", "seed", "step"),
    *("true_kl", "estimate", "standard_error", "n", "num_parameters"),
)
NOT_IDENTITY = ("iterations", "members")  # a training may go on for longer; its members stand apart


def run_synthetic(
    kind: str,
    settings: dict[str, Any],
    csv_path: Path,
    checkpoints: Path,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> None:
    """Writes the estimated beside the true KL(q || p) of pairs of Gaussians along training.

    All members, pairs (seed, shift) with shift the norm of b_q - b_p, are trained at once. One that
    diverges (true or estimated KL not finite) is logged and has no rows from there on; the others go
    on.

    Args:
        kind: "estimation" (both Gaussians are fixed), "separated" (the same, but for pairs that differ
            in their means or their covariances alone, by the KL that a member gives in place of its
            shift), "learning" (q learns to be p by the density ratio; all members have the same
            shift, and there are rows of step 0 too) or "exact" (the same by the exact log ratio,
            without a classifier: `estimate` is its mean over draws).
        settings: dim, members, learning_rate, spread, layers, width (both not of "exact"), batch_size,
            iterations, every, samples, adam_betas, precision; of separated pairs divergence
            ("means", "covariances") and classifier (its name).
        csv_path: rows (seed, shift, step), at every `every` steps and the last; of learning and its
            control without the shift; of separated pairs with the KL asked for in its place, and
            divergence and classifier besides.
        checkpoints: folder.

    Raises:
        DmviError: dim is 0.
    """
    table = _train(kind, settings, checkpoints, device, log)
    if kind in LEARNERS:
        table = table.drop(columns="shift")
    elif kind == "separated":
        table = table.rename(columns={"shift": "kl"})
        own = {key: settings[key] for key in ("divergence", "classifier")}
        table = table.assign(**own)[[*own, *table]]
    files.write_csv(csv_path, table)


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
    each = "the exact log ratio"
    if study != "exact":
        each = f"{module.classifiers.num_parameters:,} parameters in each classifier"
    log(f"{each}, on {chosen}")
    tracker = KLTracker(module, members, settings, log)
    if study in LEARNERS:
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
    dim, spread = settings["dim"], settings["spread"]
    if study == "separated":
        q, p = pairs_of_kl(dim, spread, members, settings["divergence"])
    else:
        q, p = gaussian_pairs(dim, spread, members, same_covariance=study in LEARNERS)
    q, p = _on(q, device), _on(p, device)
    if study == "exact":
        return ExactLearning(q, p)
    make = partial(CodeDiscriminator, dim, settings["layers"], settings["width"])
    classifiers = Ensemble(make, members, device)
    return Learning(classifiers, q, p) if study == "learning" else Estimation(classifiers, q, p)


def _on(gaussians: Gaussians, device: torch.device) -> Gaussians:
    gaussians.scale_tril()  # refuses what has no density
    return gaussians.to(device)
