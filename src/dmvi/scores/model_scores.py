"""All scores of one set of images, as `scores.json` holds them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.progress import Progress
from dmvi.scores.classifier import class_probabilities, load_classifier
from dmvi.scores.critic import critic_distance
from dmvi.scores.inception import inception_score
from dmvi.scores.inception_weights import check_weights
from dmvi.scores.ms_ssim import WEIGHTS, diversity
from dmvi.scores.sliced_wasserstein import sliced_wasserstein
from dmvi.scores.spread import spread

METRICS = ("inception", "diversity", "critic")
PROJECTIONS = 256


@dataclass(frozen=True)
class Scorer:
    """The scores that a study asks for.

    Attributes:
        settings: `metrics` (some of METRICS) and the blocks `scores`, `diversity` and `critic` of the
            config's estimators.
        seed: of the splits and of the directions of the sliced Wasserstein distance.
        classifier: `model.pt` of our classifier, for inception_cifar10.
        inception_weights: torch-fidelity's weights, for inception_imagenet.
    """

    settings: dict[str, Any]
    seed: int
    device: torch.device
    classifier: Path | None = None
    inception_weights: Path | None = None
    log: Callable[[str], None] = print

    def __post_init__(self) -> None:
        unknown = set(self.settings["metrics"]) - set(METRICS)
        if unknown:
            raise DmviError(
                f"metrics holds {', '.join(sorted(unknown))}; choose from {', '.join(METRICS)}"
            )

    def quality(self, images: np.ndarray) -> dict[str, dict[str, Any]]:
        """Scores that need no images to compare with: spread, Inception scores and diversity.

        Args:
            images: uint8 (n, H, W, C), in random order.
        """
        scores: dict[str, dict[str, Any]] = {"spread": spread(images)}
        if "inception" in self.settings["metrics"]:
            scores["inception_cifar10"] = self._inception_cifar10(images)
            scores["inception_imagenet"] = self._inception_imagenet(images)
        if "diversity" in self.settings["metrics"]:
            self.log("diversity")
            block = self.settings["diversity"]
            result = diversity(images, block["batches"], block["batch_size"])
            scores["diversity"] = {**asdict(result), "scales": len(WEIGHTS)}
        return scores

    def distances(
        self, images: np.ndarray, valid: np.ndarray, test: np.ndarray
    ) -> dict[str, dict[str, Any]]:
        """Distances of images from the data: a critic on validation, projections on test images.

        Both cut the two sides to the same number, because their values depend on it.
        """
        n = min(len(images), len(test))
        self.log(f"sliced Wasserstein distance of {n:,} images")
        distance = sliced_wasserstein(images[:n], test[:n], projections=PROJECTIONS, seed=self.seed)
        scores = {
            "sliced_wasserstein": {
                "value": distance,
                "sd": 0.0,
                "n": n,
                "projections": PROJECTIONS,
            }
        }
        if "critic" in self.settings["metrics"]:
            block = dict(self.settings["critic"])
            limit, critics = block.pop("images"), block.pop("seeds")
            n = min(limit, len(images), len(valid))
            self.log(f"{critics} critics on {n:,} validation images and as many others")
            # The same critics for every model: first weights and halves of the validation images.
            result = critic_distance(
                valid[:n],
                images[:n],
                seeds=range(critics),
                device=self.device,
                log=self.log,
                **block,
            )
            scores["critic"] = {**asdict(result), "values": list(result.values)}
        return scores

    def _inception_cifar10(self, images: np.ndarray) -> dict[str, Any]:
        if self.classifier is None:
            return {"skipped": "no classifier of this data set was trained"}
        network = load_classifier(self.classifier, self.device)
        shape = tuple(network.spec["image_shape"])
        if images.shape[1:] != shape:
            raise DmviError(
                f"{self.classifier} was trained on images of shape {shape}, but the images to score "
                f"have shape {images.shape[1:]}; take their data set out of estimators.scores.inception"
            )
        self.log(f"our classifier on {len(images):,} images")
        probabilities = class_probabilities(network, images, Progress(self.log, "image"))
        about = f"VGG of width {network.spec['width']} trained on {network.spec['title']}"
        return self._inception(probabilities, about, files.sha256(self.classifier))

    def _inception_imagenet(self, images: np.ndarray) -> dict[str, Any]:
        if self.inception_weights is None:
            return {
                "skipped": "inception_weights is null: no weights of the ImageNet network given"
            }
        # Loads torch-fidelity, which nothing else needs.
        from dmvi.scores.imagenet_inception import (
            EXTRACTOR,
            inception_probabilities,
            load_inception,
        )

        network = load_inception(self.inception_weights, self.device)
        self.log(f"ImageNet Inception on {len(images):,} images")
        probabilities = inception_probabilities(network, images, Progress(self.log, "image"))
        return self._inception(probabilities, EXTRACTOR, check_weights(self.inception_weights))

    def _inception(self, probabilities: np.ndarray, extractor: str, digest: str) -> dict[str, Any]:
        splits = min(self.settings["scores"]["splits"], len(probabilities))
        score = inception_score(probabilities, splits, shuffle_seed=self.seed)
        return {**asdict(score), "extractor": extractor, "weights_sha256": digest}
