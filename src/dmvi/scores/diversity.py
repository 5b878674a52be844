"""Diversity: 1 - MS-SSIM between pairs of samples (Odena et al., 2017, as a difference)."""

from dataclasses import asdict
from typing import Any

from dmvi.scores.functions.ms_ssim import WEIGHTS, diversity
from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": ["celeba"],  # within one class of images; digits and photographs are too unlike
    "against": "nothing",
    "options": {
        "batches": {"type": "integer", "minimum": 1},
        "batch_size": {
            "type": "integer",
            "minimum": 2,
            "description": "all pairs of a batch are compared",
        },
    },
    "trains": False,
    "entries": {
        "diversity": {
            "title": "Diversity",
            "axis": "1 − MS-SSIM",
            "higher": True,
            "data": "test images",
            "towards_data": True,  # noise is more diverse than faces are
        }
    },
}


def cost(costs, data, samples, options, gpus):
    """All pairs of all batches, on the CPU on any machine."""
    import math

    from dmvi.costs.work import products

    shape = costs.shape(data)
    pixels = math.prod(shape)
    batch = min(options["batch_size"], samples)
    pairs = min(options["batches"], samples // batch) * math.comb(int(batch), 2)
    # Per pixel a few numbers at the finest scale, and windows of its row and column.
    pair = products(4.0 * shape[0] * pixels, values=10.0 * pixels)
    return costs.seconds(pair * pairs, precision="float64")


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """diversity."""
    images.log("diversity")
    result = diversity(images.alone, options["batches"], options["batch_size"])
    return {"diversity": {**asdict(result), "scales": len(WEIGHTS)}}
