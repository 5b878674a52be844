"""Reconstruction errors that are not likelihoods."""

from torch import Tensor


def mean_absolute_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """L1: |x - xr| averaged over pixels, channels and the batch, (B, ...) -> ()."""
    return (x - reconstruction).float().abs().mean()


def squared_distance(z: Tensor, reconstruction: Tensor) -> Tensor:
    """Squared L2: |z - zr|^2 summed over latents, one per example, (B, d) -> (B,)."""
    return (z - reconstruction).float().square().sum(1)
