"""Scores the data themselves: the lines that models are set beside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.scores.scoring import Images, scores_of
from dmvi.training.reproducibility import choose_device, set_up

STEP = {"version": 2, "wildcards": ["dataset"], "gives": {}, "gpu": True, "resumes": False}


def settings(study, dataset):
    """samples (how many images), and score -> options."""
    from dmvi.study.scores import scores_asked

    samples = study.estimators["samples"]["images"]
    return {"samples": samples, "scores": scores_asked(study.config, dataset)}


def cost(costs, dataset):
    """All scores of the data set, for as many images as models have samples."""
    from dmvi.study.declarations import declared_scores
    from dmvi.study.scores import score_memory_mb

    gpus, wanted = costs.gpus_of(), settings(costs.study, dataset)
    samples = min(wanted["samples"], costs.images(dataset)[0])
    seconds = 0.0
    for score, options in wanted["scores"].items():
        seconds += declared_scores()[score]["cost"](costs, dataset, samples, options, gpus)
    memory = 2 * score_memory_mb(costs, dataset, samples) + 200
    return costs.cost(seconds, memory, 0.1, gpus)


def evaluate_data(
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    checkpoints: Path,
    device: str = "auto",
    classifier: Path | None = None,
    inception_weights: Path | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Writes scores.json of a data set, with the settings that its models are scored with.

    Scores of images alone are those of test images, in splits as large as those of the models' samples
    (`Images.beside`). For distances from the data training images take
    the place of samples, as many of them as there are samples: what a model that had learned the data's
    distribution perfectly would get.
    """
    chosen = choose_device(device)
    set_up(seed)
    dataset = open_dataset(data)
    count = settings["samples"]
    images = Images(
        alone=random_subset(dataset.split("test"), count, seed),
        compared=random_subset(dataset.split("train"), count, seed),
        valid=dataset.split("valid"),
        test=dataset.split("test"),
        seed=seed,
        device=chosen,
        classifier=classifier,
        inception_weights=inception_weights,
        kept=checkpoints / "scores",
        beside=count,
        log=log,
    )
    scores = scores_of(images, settings["scores"])
    files.write_json(output, {"n_samples": len(images.alone), "scores": scores})


def random_subset(images: np.ndarray, count: int, seed: int) -> np.ndarray:
    """At most `count` different images, in random order, read into memory."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    return images[np.sort(chosen)][np.argsort(np.argsort(chosen))]
