"""Trains the classifier that our Inception score uses."""

import json
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
import torch.nn.functional as F

from dmvi import files
from dmvi.data.dataset import Dataset, open_dataset
from dmvi.errors import DmviError
from dmvi.networks.vgg import VGG
from dmvi.progress import Progress
from dmvi.scores.functions.classifier import AugmentedBatches, error_rate, learning_rate
from dmvi.training import checkpoint
from dmvi.training.attempts import Attempt
from dmvi.training.engine import STOP_SIGNALS, Interrupted
from dmvi.training.journal import NonFiniteLossError
from dmvi.training.reproducibility import autocast, choose_device, set_up
from dmvi.training.signals import stop_on_signal

STEP = {"version": 1, "wildcards": ["dataset"], "gives": {}, "gpu": True, "resumes": True}


def settings(study, dataset):
    """`estimators.classifier`."""
    return study.estimators["classifier"]


def cost(costs, dataset):
    """All epochs, with the validation error after each."""
    from dmvi.costs.model import KEPT_CHECKPOINTS, SERIALISED_COPIES
    from dmvi.costs.sizes import vgg
    from dmvi.costs.work import CALLS_PER_UPDATE, MB, Work, forward, passes

    gpus, threads, settings = costs.gpus_of(), costs.threads_of(), costs.estimators["classifier"]
    size, _, channels = costs.shape(dataset)
    network = vgg(size, channels, settings["width"])
    train, valid, test = costs.images(dataset)
    steps = settings["epochs"] * (train // settings["batch_size"])
    update = passes(network, settings["batch_size"], 3)
    update += Work(weights=4 * network.parameters, calls=CALLS_PER_UPDATE)
    seconds = costs.seconds(update * steps, gpus, threads, settings["precision"])
    errors = forward(network, valid * settings["epochs"] + test, 256)
    seconds += costs.seconds(errors, gpus, threads)
    state = 8 * network.parameters / MB
    memory = SERIALISED_COPIES * state + 4 * costs.image_mb(dataset, train)
    memory += 0 if gpus else 8 * network.values * max(settings["batch_size"], 256) / MB
    disk = (KEPT_CHECKPOINTS + 1 / 2) * state  # the model has no momentum
    return costs.cost(seconds, memory, disk, gpus, threads)


def identity_of(
    spec: dict[str, Any], settings: dict[str, Any], seed: int, meta: dict[str, Any]
) -> str:
    """What a classifier's training is, its length included.

    Args:
        spec: title, image_shape, classes and width of the network, as in its model.pt.
        settings: as in `train_classifier`.
        meta: the data set's meta.json.
    """
    hashes = meta["sha256"]
    return checkpoint.digest([spec, settings, seed, hashes["images.npy"], hashes["labels.npy"]])


def train_classifier(
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    checkpoints: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Trains on the training split; writes model.pt, history.csv and classifier.json into `output`.

    Errors are shares in [0, 1]: of the training images as they are seen, augmented; of the validation
    images after each epoch; of the test images once, at the end. Nothing is chosen by any of them. The
    checkpoint of each epoch, or of the step that a signal stops, continues to the same bytes on a CPU
    (but for `seconds`, the time that training took in all).

    Args:
        data: folder of the prepared data set.
        settings: `estimators.classifier`: width, epochs, batch_size, learning_rate (the peak),
            weight_decay, precision, flip (mirror images: not for digits).

    Raises:
        DmviError: the data set has no labels, or the loss is not finite.
        Interrupted: SIGTERM, SIGUSR1 or SIGINT arrived; the checkpoint is written.
    """
    dataset = open_dataset(data)
    chosen = choose_device(device)
    spec = {
        "title": dataset.meta.get("title", data.name),
        "image_shape": list(dataset.image_shape),
        "classes": _classes(dataset, data),
        "width": settings["width"],
    }
    set_up(seed, settings["precision"])
    network = VGG(spec["image_shape"][2], spec["classes"], spec["width"])
    network.to(chosen, memory_format=torch.channels_last)  # as the images arrive
    count = sum(parameter.numel() for parameter in network.parameters())
    log(f"classifier of {data.name}: {count:,} parameters, {spec['classes']} classes, on {chosen}")
    identity = identity_of(spec, settings, seed, dataset.meta)
    rows, seconds = _fit(network, dataset, settings, seed, identity, checkpoints, chosen, log)
    test = dataset.span("test")
    test_error = error_rate(network, dataset.images[test], dataset.labels[test])
    log(f"test error {test_error:.2%} of {test.stop - test.start:,} images, {seconds:.0f} s")
    checkpoint.save(
        output / "model.pt",
        {"spec": json.dumps(spec, sort_keys=True), "model": network.cpu().state_dict()},
    )
    files.write_csv(output / "history.csv", pd.DataFrame(rows))
    files.write_json(
        output / "classifier.json",
        {
            "test_error": test_error,
            "valid_error": rows[-1]["valid_error"],
            "n_test": test.stop - test.start,
            "epochs": settings["epochs"],
            "seconds": round(seconds, 1),
            "num_parameters": count,
            "weights_sha256": files.sha256(output / "model.pt"),
            "classes": spec["classes"],
        },
    )


def _classes(dataset: Dataset, data: Path) -> int:
    labels = np.unique(dataset.labels)
    if labels[0] < 0 or len(labels) < 2:
        found = "images without labels" if labels[0] < 0 else "one class only"
        raise DmviError(
            f"{data} holds {found}, so no classifier can be trained on it; take {data.name} out of "
            "estimators.scores.inception"
        )
    return int(labels[-1]) + 1


def _fit(
    network: VGG,
    dataset: Dataset,
    settings: dict[str, Any],
    seed: int,
    identity: str,
    checkpoints: Path,
    device: torch.device,
    log: Callable[[str], None],
) -> tuple[list[dict[str, float]], float]:
    """Trains in place; a row per epoch, and the seconds that it took."""
    span = dataset.span("train")
    batches = AugmentedBatches(
        dataset.images[span],
        dataset.labels[span],
        settings["batch_size"],
        seed,
        device,
        settings["flip"],
    )
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=settings["learning_rate"],
        momentum=0.9,
        nesterov=True,
        weight_decay=settings["weight_decay"],
        fused=True,
    )
    parts = {"network": network, "optimizer": optimizer, "batches": batches}
    state = {"step": 0, "rows": [], "totals": torch.zeros(2, dtype=torch.float64), "seconds": 0.0}
    path, steps = checkpoints / "checkpoint.pt", settings["epochs"] * batches.per_epoch
    with checkpoint.locked(checkpoints), stop_on_signal(*STOP_SIGNALS) as stop:
        _resume(path, identity, parts, state, log)
        attempt = Attempt(checkpoints, identity, state["step"], device)
        totals = state["totals"].to(device)  # of the epoch: loss, wrong answers
        began, before = time.monotonic(), state["seconds"]

        def save(step: int) -> None:
            seconds = before + time.monotonic() - began
            state.update(step=step, totals=totals.cpu(), seconds=seconds)
            content = {name: part.state_dict() for name, part in parts.items()}
            whole = {"identity": identity, "parts": content, **state}
            checkpoint.save(path, whole, keep=checkpoint.previous(path))
            attempt.reached(step)

        progress = Progress(log, "step", state["step"])
        network.train()
        for step in range(state["step"] + 1, steps + 1):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate(step, steps, settings["learning_rate"])
            x, labels = batches.next()
            with autocast(device, settings["precision"]):
                logits = network(x)
            loss = F.cross_entropy(logits.float(), labels)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            wrong = (logits.argmax(1) != labels).double().mean()
            totals += torch.stack([loss.detach().double(), wrong])
            if step % batches.per_epoch == 0:
                state["rows"].append(_row(network, dataset, step, batches.per_epoch, totals))
                totals.zero_()
                save(step)
            elif stop:
                save(step)
            if progress.due(step, steps):
                progress.write(step, steps, _latest(state["rows"]))
            if stop and step < steps:
                raise Interrupted(stop.signal, step)
    return state["rows"], state["seconds"]


def _row(
    network: VGG, dataset: Dataset, step: int, per_epoch: int, totals: torch.Tensor
) -> dict[str, float]:
    loss, wrong = (totals / per_epoch).tolist()
    epoch = step // per_epoch
    if not math.isfinite(loss):
        raise NonFiniteLossError(
            f"the classifier's loss is {loss} in epoch {epoch}; try a smaller "
            "estimators.classifier.learning_rate"
        )
    valid = dataset.span("valid")
    error = error_rate(network, dataset.images[valid], dataset.labels[valid])
    return {"epoch": epoch, "train_loss": loss, "train_error": wrong, "valid_error": error}


def _latest(rows: list[dict[str, float]]) -> str:
    return f"epoch {rows[-1]['epoch']}: valid error {rows[-1]['valid_error']:.2%}" if rows else ""


def _resume(
    path: Path,
    identity: str,
    parts: dict[str, Any],
    state: dict[str, Any],
    log: Callable[[str], None],
) -> None:
    """Loads the checkpoint, if there is one of this very configuration."""

    def take(saved: dict[str, Any]) -> int:
        for name, part in parts.items():
            part.load_state_dict(saved["parts"][name])
        state.update({key: saved[key] for key in state})
        return saved["step"]

    step = checkpoint.resume(path, identity, log, take)
    if step is not None:
        log(f"resumed from {path} at step {step}")
