"""Stand-in for CIFAR-10: 32x32 patches of the two photographs that scikit-learn carries.

Each photograph is cut into 4 x 6 tiles, and every tile belongs to one split, so that splits share
no pixel. A patch is a square of 32 to 96 pixels inside a tile, resized to 32x32 and flipped at
random. The label is the photograph, 0 or 1.
"""

import hashlib
from collections.abc import Iterator

import numpy as np

from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request

SIZE = 32
TILE = 106  # pixels: 4 x 6 tiles in a photograph of 427 x 640
SIDES = (32, 96)  # smallest and largest square
_PLACE = 4  # random stream
BLOCK = 1000


def build(request: Request) -> Built:
    """Patches, 32x32x3, with labels 0 and 1."""
    from sklearn.datasets import load_sample_images

    photographs = load_sample_images()
    pixels = np.stack(photographs.images)
    sizes = request.sizes()
    draws = {split: request.random(split, _PLACE).random((sizes[split], 5)) for split in SPLITS}
    labels = [_tiles(draws[split], split)[0] for split in SPLITS]
    digest = hashlib.sha256(pixels.tobytes()).hexdigest()
    source = {"scikit-learn load_sample_images": f"sha256:{digest}"}
    return Built(sizes, np.concatenate(labels), _patches(pixels, draws), source)


def tile_split(index: int) -> str:
    """The split of tile 0..47: of every eight tiles, six are for training."""
    return {3: "valid", 7: "test"}.get(index % 8, "train")


def _tiles(draws: np.ndarray, split: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Photograph, top row and left column of the tile of each patch."""
    tiles = np.array([index for index in range(48) if tile_split(index) == split])
    photograph, place = np.divmod(tiles[(draws[:, 0] * len(tiles)).astype(int)], 24)
    return photograph, place // 6 * TILE, place % 6 * TILE


def _patches(pixels: np.ndarray, draws: dict[str, np.ndarray]) -> Iterator[np.ndarray]:
    from PIL import Image

    photographs = [Image.fromarray(picture) for picture in pixels]
    for split in SPLITS:
        rows = zip(*_tiles(draws[split], split), draws[split], strict=True)
        block = []
        for photograph, top, left, (_, scale, down, right, flip) in rows:
            side = SIDES[0] + int(scale * (SIDES[1] - SIDES[0] + 1))
            y = int(top) + int(down * (TILE - side + 1))
            x = int(left) + int(right * (TILE - side + 1))
            patch = photographs[photograph].resize(
                (SIZE, SIZE), Image.Resampling.BOX, box=(x, y, x + side, y + side)
            )
            block.append(np.asarray(patch)[:, :: 1 if flip < 0.5 else -1])
            if len(block) == BLOCK:
                yield np.stack(block)
                block = []
        if block:
            yield np.stack(block)
