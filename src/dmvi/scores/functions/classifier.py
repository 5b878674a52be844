"""The classifier whose class probabilities give our Inception score: data, rates, loading, applying.

The recipe is that of Zagoruyko & Komodakis (2016) with a cosine rate (Loshchilov & Hutter, 2017) after a
linear warm-up (Goyal et al., 2017): SGD with Nesterov momentum 0.9, weight decay, random crops of images
padded by 4 reflected pixels, and mirror images where the data set allows them. No label smoothing: the
score needs p(y|x), and a smoothed 0.91 for the right one of ten classes caps it near 6 instead of 10.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dmvi.data.images import to_unit
from dmvi.errors import DmviError
from dmvi.files import remake
from dmvi.networks.vgg import VGG
from dmvi.training import checkpoint

PADDING = 4
WARMUP = 0.2  # share of all steps
EVALUATION_BATCH = 256


class AugmentedBatches:
    """Endless labelled batches in shuffled epochs, cropped and mirrored on the device.

    An incomplete last batch of an epoch is skipped. All randomness is in one generator, which is part
    of `state_dict`.

    Args:
        images: uint8 (N, H, W, C).
        labels: int64 (N,).
        batch_size: B <= N.
        flip: mirror half of the images, left to right.
    """

    def __init__(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        batch_size: int,
        seed: int,
        device: torch.device,
        flip: bool,
    ) -> None:
        if batch_size > len(images):
            raise DmviError(
                f"estimators.classifier.batch_size is {batch_size}, but the training split has only "
                f"{len(images)} images"
            )
        self.size = images.shape[1:3]
        margin = (PADDING, PADDING)
        padded = np.pad(images, ((0, 0), margin, margin, (0, 0)), mode="reflect")
        self.images = torch.from_numpy(padded).to(device)
        self.labels = torch.from_numpy(np.array(labels)).to(device)
        self.batch_size, self.flip, self.device = batch_size, flip, device
        self.generator = torch.Generator(device).manual_seed(seed)
        self.per_epoch = len(images) // batch_size
        self.position = self.per_epoch
        self.permutation = torch.arange(len(images), device=device)

    def next(self) -> tuple[Tensor, Tensor]:
        """float32 (B, C, H, W) in [0, 1] and int64 (B,)."""
        if self.position == self.per_epoch:
            options = {"generator": self.generator, "device": self.device}
            self.permutation = torch.randperm(len(self.labels), **options)
            self.position = 0
        start = self.position * self.batch_size
        index = self.permutation[start : start + self.batch_size]
        self.position += 1
        height, width = self.size
        rows = self._draw(2 * PADDING + 1) + torch.arange(height, device=self.device)
        columns = self._draw(2 * PADDING + 1) + torch.arange(width, device=self.device)
        if self.flip:
            columns = torch.where(self._draw(2) == 1, columns.flip(1), columns)
        crops = self.images[index[:, None, None], rows[:, :, None], columns[:, None, :]]
        return to_unit(crops), self.labels[index]

    def _draw(self, high: int) -> Tensor:
        """Whole numbers below `high`, one per image, (B, 1)."""
        shape = (self.batch_size, 1)
        return torch.randint(high, shape, generator=self.generator, device=self.device)

    def state_dict(self) -> dict:
        return {
            "generator": self.generator.get_state(),
            "permutation": self.permutation,
            "position": self.position,
        }

    def load_state_dict(self, state: dict) -> None:
        self.generator.set_state(state["generator"].cpu())
        self.permutation = state["permutation"].to(self.device)
        self.position = state["position"]


def learning_rate(step: int, steps: int, peak: float) -> float:
    """The rate of step 1, .., `steps`: linear up to `peak` over the first fifth, then a cosine to 0."""
    warm = max(1, round(WARMUP * steps))
    if step <= warm:
        return peak * step / warm
    return peak * 0.5 * (1.0 + math.cos(math.pi * (step - warm) / (steps - warm)))


def load_classifier(path: Path, device: torch.device) -> VGG:
    """The network of a classifier's `model.pt`, in evaluation mode and without gradients.

    Its attribute `spec` tells what it was trained on: image_shape, classes, width, title.
    """
    saved = checkpoint.load(path)
    try:
        spec = json.loads(saved["spec"])
        network = VGG(spec["image_shape"][2], spec["classes"], spec["width"])
        network.load_state_dict(saved["model"])
    except (KeyError, TypeError, ValueError, RuntimeError):
        raise DmviError(
            f"{path} is no classifier that this version of the code builds; {remake(path)}"
        ) from None
    network.spec = spec
    return network.to(device, memory_format=torch.channels_last).eval().requires_grad_(False)


def classifier_for(score: str, path: Path, images: np.ndarray, device: torch.device) -> VGG:
    """The classifier, for these images (n, H, W, C).

    Raises:
        DmviError: it was trained on images of another shape.
    """
    network = load_classifier(path, device)
    shape = tuple(network.spec["image_shape"])
    if images.shape[1:] != shape:
        raise DmviError(
            f"{path} was trained on images of shape {shape}, but the images to score have shape "
            f"{images.shape[1:]}; take their data set out of estimators.scores.{score}.data"
        )
    return network


@torch.no_grad()
def class_probabilities(
    network: VGG,
    images: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """p(y|x) in evaluation mode: uint8 (n, H, W, C) -> float64 (n, classes).

    Networks of float32 whatever the precision they were trained in.
    """
    device = next(network.parameters()).device
    training = network.training
    network.eval()
    rows = []
    for start in range(0, len(images), EVALUATION_BATCH):
        x = to_unit(torch.from_numpy(np.array(images[start : start + EVALUATION_BATCH])).to(device))
        rows.append(network(x).double().softmax(1).cpu().numpy())
        progress(min(start + EVALUATION_BATCH, len(images)), len(images))
    network.train(training)
    return np.concatenate(rows)


def error_rate(network: VGG, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of images whose most probable class is not their label, in [0, 1]."""
    return float((class_probabilities(network, images).argmax(1) != labels).mean())
