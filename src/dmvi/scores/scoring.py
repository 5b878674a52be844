"""All scores of one set of images, as `scores.json` holds them."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.study.declarations import declared_scores
from dmvi.training import checkpoint


@dataclass(frozen=True)
class Images:
    """What a score may look at. Images are uint8 (n, H, W, C), in random order.

    Attributes:
        alone: images to score by themselves.
        compared: images whose distance from the data is measured; a model's are the same samples.
        valid, test: the data's.
        seed: of whatever a score draws at random.
        beside: how many samples the models have that these images are set beside, where `alone` are the
            data's own; a score that depends on their number takes groups of the models' size.
        classifier: `model.pt` of our classifier of this data set, where there is one.
        inception_weights: torch-fidelity's weights, where they are given.
        kept: folder of the results of scores that train a network; None keeps none.
    """

    alone: np.ndarray
    compared: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    seed: int
    device: torch.device
    classifier: Path | None = None
    inception_weights: Path | None = None
    kept: Path | None = None
    beside: int | None = None
    log: Callable[[str], None] = print


def scores_of(images: Images, wanted: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Entry -> value and what belongs to it, of every wanted score in the order of `declared_scores`.

    Args:
        wanted: score -> its options.

    Raises:
        DmviError: a score that no file declares.
    """
    declared = declared_scores()
    if unknown := sorted(set(wanted) - set(declared)):
        raise DmviError(f"{unknown[0]!r} is no score; the scores are {', '.join(declared)}")
    found: dict[str, dict[str, Any]] = {}
    for name, score in declared.items():
        if name in wanted:
            found |= _computed(name, score, images, wanted[name])
    return found


def _computed(name: str, score: dict[str, Any], images: Images, options: dict) -> dict[str, Any]:
    compute = import_module(score["module"]).compute
    if not score["trains"] or images.kept is None:
        return compute(images, options)
    # Training a network again because a picture grid has changed would be a waste of hours.
    seen = [images.alone] if score["against"] == "nothing" else [images.compared, images.valid]
    what = [name, score["version"], options, images.seed, images.device.type, *map(_digest, seen)]
    path = images.kept / f"{name}-{checkpoint.digest(what)}.json"
    if path.exists():
        images.log(f"{name}: kept in {path}, for the same images and options")
    else:
        files.write_json(path, compute(images, options))
    return files.read_json(path)


def _digest(images: np.ndarray) -> str:
    import hashlib

    return hashlib.sha256(np.ascontiguousarray(images).data).hexdigest()
