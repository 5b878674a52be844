"""Scores the data themselves: the lines that models are set beside."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.scores.model_scores import Scorer
from dmvi.training.reproducibility import choose_device, set_up


def score_data(
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output_json: Path,
    device: str,
    classifier: Path | None = None,
    inception_weights: Path | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Writes scores.json of a data set, with the settings that its models are scored with.

    Inception scores and diversity are those of test images. For the distances training images take the
    place of samples, as many of them as there are samples: what a model that had learned the data's
    distribution perfectly would get.
    """
    chosen = choose_device(device)
    set_up(seed)
    scorer = Scorer(settings, seed, chosen, classifier, inception_weights, log)
    dataset = open_dataset(data)
    count = settings["scores"]["samples"]
    test = random_subset(dataset.split("test"), count, seed)
    train = random_subset(dataset.split("train"), count, seed)
    scores = scorer.quality(test)
    scores |= scorer.distances(train, dataset.split("valid"), dataset.split("test"))
    files.write_json(output_json, {"n_samples": len(test), "scores": scores})


def random_subset(images: np.ndarray, count: int, seed: int) -> np.ndarray:
    """At most `count` different images, in random order, read into memory."""
    chosen = np.random.default_rng(seed).permutation(len(images))[:count]
    return images[np.sort(chosen)][np.argsort(np.argsort(chosen))]
