"""Trains one run with one seed."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from dmvi import files
from dmvi.data.dataset import Dataset, open_dataset
from dmvi.estimators import tracked_bound as bound
from dmvi.estimators.tracked_bound import BoundTracker
from dmvi.models import make_model
from dmvi.study.declarations import model_version
from dmvi.training import checkpoint
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import choose_device, set_up
from dmvi.training.sampler import Sampler

STEP = {
    "version": 3,
    "wildcards": ["run", "seed"],
    "gives": {"bound.csv": "bound to follow"},
    "gpu": True,
    "resumes": True,
}


def settings(study, run):
    """What the run computes: the only part of its configuration that retrains it."""
    return study.runs[run].spec


def cost(costs, run):
    """All updates of all players, the tracked bound, and the checkpoint."""
    from dmvi.costs.model import KEPT_CHECKPOINTS, SERIALISED_COPIES
    from dmvi.costs.sizes import NOTHING
    from dmvi.costs.work import MB, forward, iteration_work, trained_parameters

    spec, shape, sizes = costs.spec(run)
    gpus, threads = costs.gpus_of(run), costs.threads_of(run)
    precision = spec["precision"]
    work = iteration_work(spec, shape) * spec["iterations"]
    seconds = costs.seconds(work, gpus, threads, precision, costs.captured(run))
    if spec.get("bound_every"):
        # The bound sees every network once, in float32.
        seen = sum((sizes[name] for name in costs.networks(spec)), NOTHING)
        times = spec["iterations"] // spec["bound_every"]
        bound = forward(seen, spec["bound_images"]) * times
        seconds += costs.seconds(bound, gpus, threads)
    state = 12 * trained_parameters(spec, shape) / MB
    values = sum(sizes[name].values for name in costs.networks(spec))
    memory = costs.image_mb(spec["data"], costs.images(spec["data"])[0])
    memory += SERIALISED_COPIES * state
    if not gpus:  # weights, gradients and moments; activations, and their gradients
        memory += state * 4 / 3 + max(
            2 * values * spec["batch_size"] * 4 / MB, costs.evaluation_mb(run)
        )
    disk = (KEPT_CHECKPOINTS + 1 / 3) * state  # the model has the weights only
    return costs.cost(seconds, memory, disk, gpus, threads)


def identity_of(spec: dict[str, Any], seed: int, dataset: Dataset) -> str:
    """What a training is, its length aside: a checkpoint is continued where this is the same.

    The model's version is part of it once it has been raised.
    """
    what = {key: value for key, value in spec.items() if key != "iterations"}
    version = model_version(spec["model"])
    raised = [version] if version > 1 else []
    return checkpoint.digest([what, seed, dataset.meta["sha256"]["images.npy"], *raised])


def train(
    spec: dict[str, Any],
    run: str,
    seed: int,
    data: Path,
    model_path: Path,
    history_path: Path,
    description_path: Path,
    bound_path: Path,
    checkpoints: Path,
    checkpoint_every: int = 5000,
    checkpoint_minutes: float = 10.0,
    device: str = "auto",
    log: Callable[[str], None] = print,
    cuda_graphs: bool = False,
    snapshots: tuple[int, ...] = (),
) -> None:
    """Trains `spec` on the training split and writes its model, journal, bound and description.

    The bound is that of the first `spec["bound_images"]` validation images, every
    `spec["bound_every"]` steps; its table has no rows for a model without one.

    Continues from the checkpoint in `checkpoints`, if it belongs to the same spec (its number of
    iterations aside), seed and data. The outputs are the same bytes whether or not it was
    interrupted (on a CPU, with the same number of threads). With `cuda_graphs`, a GPU is given whole
    iterations at a time (`dmvi.training.graph`); a CPU trains as ever. After each of the steps in
    `snapshots` the model is kept beside the checkpoint (`dmvi.training.snapshots`).
    """
    dataset = open_dataset(data)
    chosen = choose_device(device)
    set_up(seed, spec["precision"])
    model = make_model(spec, dataset.image_shape).to(chosen)
    count = sum(parameter.numel() for parameter in model.parameters())
    log(f"{run}, seed {seed}: {spec['model']} with {count:,} parameters on {chosen}")
    sampler = Sampler(
        dataset.split("train"), spec["batch_size"], seed, chosen, spec.get("binarize", False)
    )
    identity = identity_of(spec, seed, dataset)
    policy = CheckpointPolicy(checkpoints, checkpoint_every, checkpoint_minutes, tuple(snapshots))
    began = time.monotonic()
    tracker = None
    if "bound_every" in spec:
        held_out = dataset.split("valid")[: spec["bound_images"]]
        tracker = BoundTracker(model, held_out, spec["bound_every"], chosen)
    cuda_graphs = cuda_graphs and chosen.type == "cuda"
    journal = fit(model, sampler, spec, identity, policy, log, tracker, cuda_graphs)
    log(f"trained in {(time.monotonic() - began) / 60:.1f} minutes")
    checkpoint.save(
        model_path,
        {
            # As text: pickled strings would depend on which of them are one object in memory.
            "spec": json.dumps(spec, sort_keys=True),
            "image_shape": list(dataset.image_shape),
            "model": model.cpu().state_dict(),
        },
    )
    files.write_csv(history_path, pd.DataFrame(journal.rows))
    rows = [] if tracker is None else tracker.rows
    files.write_csv(bound_path, pd.DataFrame(rows, columns=list(bound.COLUMNS)))
    files.write_json(description_path, {"run": run, "seed": seed, **spec, "num_parameters": count})
