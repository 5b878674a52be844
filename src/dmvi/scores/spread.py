"""Spread: how different the samples of a model are from each other."""

from typing import Any

from dmvi.scores.functions.spread import spread
from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": None,
    "against": "nothing",
    "options": {},
    "trains": False,
    "always": True,
    "entries": {"spread": {}},
}


def cost(costs, data, samples, options, gpus):
    """All pairs of a thousand images, on the CPU on any machine."""
    import math

    from dmvi.costs.work import products

    work = products(2.0 * 1000**2 * math.prod(costs.shape(data)))
    return costs.seconds(work, precision="float64")


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """spread."""
    return {"spread": spread(images.alone)}
