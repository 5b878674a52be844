"""Multi-scale structural similarity of images, and the diversity of a set of images."""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from dmvi.errors import DmviError

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. (2003), finest scale first
WINDOW, WINDOW_SD = 11, 1.5  # pixels
C1, C2 = 0.01**2, 0.03**2  # stabilise the ratios, for pixels in [0, 1]
SMALLEST = 2 ** (len(WEIGHTS) - 1)  # an image of this height has one row at the coarsest scale


@dataclass(frozen=True)
class Diversity:
    """1 - mean MS-SSIM of distinct images.

    Attributes:
        value: mean over the batches, in [0, 1]; higher is more diverse.
        sd: standard deviation over the batches (ddof = 1; 0 for one batch).
        batches, batch_size: what was used; `pairs` is batches * batch_size * (batch_size - 1) / 2.
        zero_share: share of pairs whose similarity is exactly 0, because a term was negative.
        n: images, batches * batch_size.
    """

    value: float
    sd: float
    batches: int
    batch_size: int
    pairs: int
    zero_share: float
    n: int


def ms_ssim(a: Tensor, b: Tensor) -> Tensor:
    """MS-SSIM of each pair (a_i, b_i), in float64: (B, C, H, W) twice -> (B,), each in [0, 1].

    Wang, Simoncelli & Bovik (2003), eq. 7: the contrast-structure terms of the first four scales times
    the full SSIM of the coarsest one, with the exponents `WEIGHTS`. Each scale averages 2 x 2 pixels of
    the one before. A term is the mean over positions and channels, and **a negative one counts as 0**
    (torchmetrics' normalize="relu"): the power of a negative number is not real, and unrelated images
    often have one.

    The window is k x k, k the largest odd number up to min(11, H, W) of the scale, and its standard
    deviation is 1.5 k / 11: a whole 11 x 11 window shrunk to the image. Contrast terms are taken where
    the window lies inside the image, the SSIM of the coarsest scale everywhere with mirrored borders, so
    that images of at least 176 pixels have the value of torchmetrics.

    Args:
        a, b: uint8, or floats in [0, 1]; H, W >= 16.

    Raises:
        DmviError: other types or ranges, different shapes, or smaller images.
    """
    if a.shape != b.shape:
        raise DmviError(f"MS-SSIM: shapes {tuple(a.shape)} and {tuple(b.shape)} must be equal.")
    return _similarity(_pyramid(a), _pyramid(b))


def diversity(images: np.ndarray, batches: int = 5, batch_size: int = 64) -> Diversity:
    """1 - mean MS-SSIM over all pairs of distinct images within each batch.

    Odena, Olah & Shlens (2017), section 4.2. The first batches * batch_size images are used; if there
    are fewer, as many whole batches as there are, or one smaller batch.

    Args:
        images: uint8 (n, H, W, C), in random order, n >= 2.

    Raises:
        DmviError: wrong type, too small, or fewer than 2 images or asked for per batch.
    """
    if images.dtype != np.uint8 or images.ndim != 4:
        raise DmviError(
            f"diversity: images are {images.dtype} {images.shape}; give uint8 (n, H, W, C)."
        )
    batch_size = min(batch_size, len(images))
    if batch_size < 2 or batches < 1:
        raise DmviError(
            f"diversity: {batches} batches of {batch_size} of {len(images)} images; give at least 1 "
            "batch of 2."
        )
    batches = min(batches, len(images) // batch_size)
    values, zeros = [], 0
    for start in range(0, batches * batch_size, batch_size):
        batch = np.array(images[start : start + batch_size]).transpose(0, 3, 1, 2)
        similarities = pairwise_ms_ssim(torch.from_numpy(batch))
        values.append(1.0 - similarities.mean().item())
        zeros += int((similarities == 0).sum())
    pairs = batches * math.comb(batch_size, 2)
    return Diversity(
        value=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if batches > 1 else 0.0,
        batches=batches,
        batch_size=batch_size,
        pairs=pairs,
        zero_share=zeros / pairs,
        n=batches * batch_size,
    )


def pairwise_ms_ssim(images: Tensor) -> Tensor:
    """MS-SSIM of all pairs i < j, in the order (0, 1), (0, 2), ..: (n, C, H, W) -> (n (n - 1) / 2,).

    Every image's own windowed mean and variance are computed once, only products per pair.
    """
    pyramid = _pyramid(images)
    return torch.cat(
        [
            _similarity([s[i : i + 1] for s in pyramid], [s[i + 1 :] for s in pyramid])
            for i in range(len(images) - 1)
        ]
    )


@dataclass(frozen=True)
class _Scale:
    """Images at one scale with their windowed moments.

    Windowing is linear and separable: rows @ x @ columns, whatever happens at the border.
    """

    x: Tensor  # (B, C, h, w)
    rows: Tensor  # (h', h)
    columns: Tensor  # (w, w')
    mean: Tensor  # (B, C, h', w')
    variance: Tensor

    def __getitem__(self, index: slice) -> "_Scale":
        parts = (self.x[index], self.rows, self.columns, self.mean[index], self.variance[index])
        return _Scale(*parts)


def _pyramid(images: Tensor) -> list[_Scale]:
    x = _pixels(images)
    scales = []
    for level in range(len(WEIGHTS)):
        if level:
            x = F.avg_pool2d(x, 2)
        height, width = x.shape[2:]
        size = min(WINDOW, height, width)
        size -= 1 - size % 2
        mirror = level == len(WEIGHTS) - 1
        rows = _window(size, height, mirror).to(x)
        columns = _window(size, width, mirror).to(x).T.contiguous()
        mean = rows @ x @ columns
        variance = (rows @ x.square() @ columns - mean.square()).clamp(min=0.0)
        scales.append(_Scale(x, rows, columns, mean, variance))
    return scales


def _pixels(images: Tensor) -> Tensor:
    """The images in float64, in [0, 1]."""
    if images.ndim != 4 or min(images.shape[2:]) < SMALLEST:
        raise DmviError(
            f"MS-SSIM: images have shape {tuple(images.shape)}; give (B, C, H, W) with H, W >= {SMALLEST}."
        )
    if images.dtype == torch.uint8:
        return images.double() / 255.0
    if not images.is_floating_point() or not ((images >= 0) & (images <= 1)).all():
        raise DmviError(
            f"MS-SSIM: images are {images.dtype} and not all in [0, 1]; give uint8, or floats in [0, 1]."
        )
    return images.double()


def _window(size: int, length: int, mirror: bool) -> Tensor:
    """The Gaussian window as a matrix that acts on a row of pixels, float64 (positions, length).

    Positions are the length - size + 1 inside the image, or all `length` with mirrored borders.
    """
    offsets = torch.arange(size) - size // 2
    weights = torch.exp(-0.5 * (offsets.double() / (WINDOW_SD * size / WINDOW)).square())
    weights /= weights.sum()
    centres = torch.arange(length) if mirror else torch.arange(size // 2, length - size // 2)
    columns = (centres[:, None] + offsets).abs()
    columns = (length - 1) - ((length - 1) - columns).abs()
    matrix = torch.zeros(len(centres), length, dtype=torch.float64)
    return matrix.scatter_add_(1, columns, weights.expand(len(centres), -1))


def _similarity(a: list[_Scale], b: list[_Scale]) -> Tensor:
    """MS-SSIM of the pairs; one side may hold a single image."""
    value = torch.ones((), dtype=torch.float64)
    for level, (s, t, weight) in enumerate(zip(a, b, WEIGHTS, strict=True)):
        covariance = s.rows @ (s.x * t.x) @ s.columns - s.mean * t.mean
        term = (2.0 * covariance + C2) / (s.variance + t.variance + C2)
        if level == len(WEIGHTS) - 1:
            luminance = 2.0 * s.mean * t.mean + C1
            term = term * luminance / (s.mean.square() + t.mean.square() + C1)
        value = value * term.mean((1, 2, 3)).relu() ** weight
    return value
