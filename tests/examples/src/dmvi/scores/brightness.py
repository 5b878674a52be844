"""Brightness: how far the mean pixels of samples are from those of test images."""

from typing import Any

import numpy as np

from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": None,
    "against": "data",
    "options": {"quantiles": {"type": "integer", "minimum": 2, "description": "that are compared"}},
    "trains": False,
    "entries": {
        "brightness": {
            "title": "Brightness",
            "axis": "Wasserstein-1 distance of mean pixels",
            "higher": False,
            "data": "training images",
        }
    },
}


def cost(costs, data, samples, options, gpus):
    """One pass over the pixels of both sides, on the CPU on any machine."""
    import math

    from dmvi.costs.work import Work

    pixels = (samples + costs.images(data)[2]) * math.prod(costs.shape(data))
    return costs.seconds(Work(values=pixels), precision="float64")


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """brightness: Wasserstein-1 between the distributions of an image's mean pixel, in [0, 1]."""
    levels = (np.arange(options["quantiles"]) + 0.5) / options["quantiles"]
    one, other = (
        np.quantile(side.mean((1, 2, 3)) / 255, levels) for side in (images.compared, images.test)
    )
    distance = float(np.abs(one - other).mean())
    return {"brightness": {"value": distance, "sd": 0.0, "n": len(images.compared)}}
