"""My pictures: one array of 32x32 colour images, cut into splits by position."""

import numpy as np

from dmvi.data.request import Built, Request
from dmvi.errors import DmviError

DECLARES = {
    "title": "My pictures",
    "summary": "one array of pictures",
    "image_size": 32,
    "channels": 3,
    "images": {"train": 800, "valid": 100, "test": 100},
    "files": [["my_pictures.npy"]],
}


def build(request: Request) -> Built:
    """uint8 (1000, 32, 32, 3) from `my_pictures.npy` in data_dir, without labels."""
    if request.data_dir is None:
        raise DmviError("my_pictures is not downloaded: set data_dir to its folder")
    images = np.load(request.data_dir / "my_pictures.npy", mmap_mode="r")
    starts = {"train": 0, "valid": 800, "test": 900}
    sizes = request.sizes(DECLARES["images"])
    blocks = (images[starts[split] : starts[split] + sizes[split]] for split in sizes)
    return Built(sizes, np.full(sum(sizes.values()), -1), blocks)
