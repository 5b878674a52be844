"""Two points on a line, as grey images of one pixel (the toy example of Zhao, Song and Ermon, 2017)."""

import numpy as np

from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request

DECLARES = {
    "title": "Two points",
    "summary": "one grey pixel, 64 or 191 in turn",
    "image_size": 1,
    "channels": 1,
    "images": {"train": 1024, "valid": 64, "test": 64},
    "downloads": False,
    "seconds_per_image": 1e-6,
}

VALUES = (64, 191)  # a quarter and three quarters of the way from black to white


def build(request: Request) -> Built:
    """1x1x1 images; the label says which of the two values it is."""
    sizes = request.sizes(DECLARES["images"])
    labels = np.concatenate([np.arange(sizes[split]) % 2 for split in SPLITS])
    images = np.array(VALUES, np.uint8)[labels].reshape(-1, 1, 1, 1)
    return Built(sizes, labels, [images])
