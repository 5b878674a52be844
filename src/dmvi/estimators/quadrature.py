"""log p(x) by quadrature where the latent has one or two dimensions."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators.annealing import standard_normal_log_prob

POINTS = 535  # per axis
LIMIT = 8.0  # codes that nothing holds at the prior go as far as 5.7
EDGE = 0.5  # width of the rim in which there should be no posterior mass


@dataclass(frozen=True)
class Quadrature:
    """log p(x) on a grid, with what tells whether the grid is good enough.

    Attributes:
        log_p: float64 (images,), nats.
        coarse_difference: log p(x) on this grid minus that on every second point of each axis,
            (images,). The grid's own error is far smaller: for a Gaussian peak it is about
            2 |difference / 2|^4.
        edge_mass: share of the posterior within .5 of the grid's end, (images,): where it is not
            small, the decoder puts mass beyond the grid.
        points: per axis.
    """

    log_p: Tensor
    coarse_difference: Tensor
    edge_mass: Tensor
    points: int

    @property
    def error(self) -> Tensor:
        """About how far log p(x) may be off, nats, (images,): the mass at the edge, which says how much
        may lie beyond it, and the grid's own error."""
        return self.edge_mass + 2.0 * (self.coarse_difference.abs() / 2.0) ** 4


@torch.no_grad()
def log_marginal(
    log_likelihoods: Callable[[Tensor], Tensor],
    latent_dim: int,
    *,
    like: Tensor,
    points: int = POINTS,
    limit: float = LIMIT,
    at_once: int = 4096,
    progress: Callable[[int, int], None] | None = None,
) -> Quadrature:
    """log int p(x|z) N(z; 0, I) dz by the trapezoid rule on [-limit, limit]^d, for every image.

    For integrands that vanish at both ends the rule's error falls faster than any power of the
    spacing (.03 by default) once that is below the posterior's standard deviation.

    Args:
        log_likelihoods: (m, d) -> (m, images), log p(x_i|z) of *every* image at every z, in nats:
            each point is decoded once.
        latent_dim: d, 1 or 2.
        like: gives the dtype and device of the points.
        points: per axis, >= 3 and odd or even; an even number is raised by one, so that every second
            point makes a grid with the same ends.
        limit: where the grid ends.
        at_once: points per call.
        progress: called as progress(done, points of the grid).

    Raises:
        DmviError: more than two latents, or no usable grid.
    """
    if latent_dim not in (1, 2):
        raise DmviError(f"quadrature: the model has {latent_dim} latents; it must have 1 or 2")
    if points < 3 or limit <= EDGE:
        raise DmviError(f"quadrature: {points} points up to {limit}; at least 3, beyond {EDGE}")
    points += 1 - points % 2
    axis = torch.linspace(-limit, limit, points, dtype=torch.float64, device=like.device)
    grid = torch.cartesian_prod(*[axis] * latent_dim).reshape(-1, latent_dim)
    log_joint = []
    for part in grid.split(at_once):
        log_p_x = log_likelihoods(part.to(like.dtype)).double()
        log_joint.append(log_p_x + standard_normal_log_prob(part)[:, None])
        if progress is not None:
            progress(sum(map(len, log_joint)), len(grid))
    values = torch.cat(log_joint)
    log_p = values.logsumexp(0) + latent_dim * math.log(2.0 * limit / (points - 1))
    even = torch.arange(points, device=like.device) % 2 == 0
    coarse = torch.cartesian_prod(*[even.double()] * latent_dim).reshape(-1, latent_dim).all(1)
    log_p_coarse = values[coarse].logsumexp(0) + latent_dim * math.log(4.0 * limit / (points - 1))
    rim = (grid.abs() > limit - EDGE).any(1)
    edge_mass = (values[rim].logsumexp(0) - values.logsumexp(0)).exp()
    return Quadrature(log_p, log_p - log_p_coarse, edge_mass, points)
