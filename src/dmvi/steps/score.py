"""Scores the prior samples of a trained model."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.models import Model
from dmvi.progress import Progress
from dmvi.scores.model_scores import Scorer
from dmvi.steps.trained import decode_images, load_model
from dmvi.training.reproducibility import choose_device, set_up

CHUNK = 1024  # latents drawn at a time: 50,000 of 10,000 dimensions would take 2 GB


def score(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    device: str,
    classifier: Path | None = None,
    inception_weights: Path | None = None,
    log: Callable[[str], None] = print,
) -> None:
    """Writes samples.npy (the first ones) and scores.json into the folder `output`.

    Args:
        settings: `metrics`, the list of those wanted on this data set beside the sliced Wasserstein
            distance ("inception", "diversity", "critic"), and the blocks `scores`, `diversity` and
            `critic` of the config's estimators.
        classifier: our classifier's model.pt; without it inception_cifar10 is skipped.
        inception_weights: torch-fidelity's file; without it inception_imagenet is skipped.
    """
    chosen = choose_device(device)
    set_up(seed)
    scorer = Scorer(settings, seed, chosen, classifier, inception_weights, log)
    dataset = open_dataset(data)
    model = load_model(model_path, chosen)
    count = settings["scores"]["samples"]
    log(f"{count:,} samples of {model.spec['model']}")
    samples = draw_samples(model, count, seed, Progress(log, "sample"))
    files.write_array(output / "samples.npy", samples[: settings["scores"]["grid"]])
    scores = scorer.quality(samples)
    scores |= scorer.distances(samples, dataset.split("valid"), dataset.split("test"))
    files.write_json(output / "scores.json", {"n_samples": count, "scores": scores})


@torch.no_grad()
def draw_samples(
    model: Model,
    count: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Mean images of z ~ p(z), uint8 (count, H, W, C); the same z on every device."""
    generator = torch.Generator().manual_seed(seed)
    samples = np.empty((count, *model.image_shape), np.uint8)
    for start in range(0, count, CHUNK):
        z = torch.randn(CHUNK, model.spec["latent_dim"], generator=generator)[: count - start]
        samples[start : start + CHUNK] = decode_images(model, z)
        progress(min(start + CHUNK, count), count)
    return samples
