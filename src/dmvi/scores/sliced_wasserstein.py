"""Sliced Wasserstein distance of samples from test images."""

from typing import Any

from dmvi.scores.functions.sliced_wasserstein import sliced_wasserstein
from dmvi.scores.scoring import Images

SCORE = {
    "version": 1,
    "data": None,
    "against": "data",
    "options": {},
    "trains": False,
    "always": True,
    "entries": {"sliced_wasserstein": {}},
}
PROJECTIONS = 256
# Sorting one number among n, per log2 n, on the processor of hardware.yaml.
SORT_SECONDS = 4e-9


def cost(costs, data, samples, options, gpus):
    """Projections and sorting, on the CPU on any machine."""
    import math

    from dmvi.costs.work import products

    pixels = math.prod(costs.shape(data))
    n = min(samples, costs.images(data)[2])
    work = products(2.0 * PROJECTIONS * 2 * n * pixels, values=2.0 * n * pixels)
    sorting = 2 * PROJECTIONS * n * math.log2(max(n, 2)) * SORT_SECONDS
    return costs.seconds(work, precision="float64") + sorting


def compute(images: Images, options: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """sliced_wasserstein. Both sides are cut to the same number, because the value depends on it."""
    n = min(len(images.compared), len(images.test))
    images.log(f"sliced Wasserstein distance of {n:,} images")
    distance = sliced_wasserstein(
        images.compared[:n], images.test[:n], projections=PROJECTIONS, seed=images.seed
    )
    entry = {"value": distance, "sd": 0.0, "n": n, "projections": PROJECTIONS}
    return {"sliced_wasserstein": entry}
