"""Pixel statistics of groups of images: thicker ink, whiter backgrounds? Needs numpy only."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from dmvi.errors import DmviError


def histogram(groups: Mapping[str, np.ndarray], *, bins: int = 32) -> pd.DataFrame:
    """Histogram of pixel values per group and channel.

    Args:
        groups: name -> uint8 (n, H, W, C), n >= 1.
        bins: a divisor of 256; bin k holds the values v with k/bins <= v/256 < (k + 1)/bins.

    Returns:
        Columns group, channel, bin (lower edge k/bins, in [0, 1)), density (fraction of the group's
        pixels in this channel; sums to 1 over the bins).

    Raises:
        DmviError: `bins` does not divide 256, or a group is not a non-empty uint8 (n, H, W, C).
    """
    if bins < 1 or 256 % bins:
        raise DmviError(f"pixel histogram: bins is {bins}; it must be a divisor of 256.")
    tables = []
    for name, images in groups.items():
        _check(name, images)
        for channel in range(images.shape[-1]):
            values = np.asarray(images[..., channel]).ravel()
            counts = np.bincount(values, minlength=256).reshape(bins, -1).sum(1)
            columns = {"bin": np.arange(bins) / bins, "density": counts / values.size}
            tables.append(pd.DataFrame({"group": name, "channel": channel, **columns}))
    return pd.concat(tables, ignore_index=True)


def image_statistics(groups: Mapping[str, np.ndarray], *, near_white: float = 0.9) -> pd.DataFrame:
    """Ink and whiteness of every image.

    Args:
        groups: name -> uint8 (n, H, W, C), n >= 1.
        near_white: a pixel is near white where every channel exceeds this, in [0, 1].

    Returns:
        Columns group, index (within the group), ink (mean over pixels and channels, in [0, 1]),
        near_white (share of pixels that are near white).
    """
    tables = []
    for name, images in groups.items():
        _check(name, images)
        white = (images > near_white * 255).all(-1)
        columns = {
            "group": name,
            "index": np.arange(len(images)),
            "ink": images.mean((1, 2, 3)) / 255,
            "near_white": white.mean((1, 2)),
        }
        tables.append(pd.DataFrame(columns))
    return pd.concat(tables, ignore_index=True)


def _check(name: str, images: np.ndarray) -> None:
    if images.dtype != np.uint8 or images.ndim != 4 or not images.size:
        raise DmviError(
            f"pixel statistics: group {name!r} is {images.dtype} {images.shape}; "
            "it must be uint8 (n, H, W, C) with at least one image."
        )
