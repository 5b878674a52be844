"""Reconstruction errors that are not likelihoods."""

from torch import Tensor


def mean_absolute_error(x: Tensor, reconstruction: Tensor) -> Tensor:
    """L1: |x - xr| averaged over pixels, channels and the batch, (B, ...) -> ()."""
    return (x - reconstruction).float().abs().mean()


def mean_squared_distance(z: Tensor, reconstruction: Tensor) -> Tensor:
    """Squared L2 per latent: |z - zr|^2 / d, one per example, (B, d) -> (B,)."""
    return (z - reconstruction).float().square().mean(1)
