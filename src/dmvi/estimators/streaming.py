"""The marginal posterior q(z) = 1/N sum_n q(z|x_n) as a finite mixture, in float64.

`log_density` is exact over all N components and streams over tiles of points and of components, so
that its working memory is one tile, whatever N and S are. All mixtures share this one
streaming logsumexp; they differ in the kernel that fills a tile with log q(z_i|x_n).
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Self

import torch
from torch import Tensor

from dmvi.errors import DmviError

# Called with z (S_t, d), base (S_t,), floor (S_t,) and out (S_t, N_t); fills
# out = log q(z_i|x_n) - base_i. Entries more than NEGLIGIBLE nats below `floor` or their row's
# maximum may be inexact: no digit rests on them.
Kernel = Callable[[Tensor, Tensor, Tensor, Tensor], None]

LOG_2PI = math.log(2 * math.pi)
NEGLIGIBLE = 60.0  # exp(-60) N < 2^-53 for N < 10^10
# exp of less than about -708 is denormal, and 30 to 150 times slower than a normal result.
SMALLEST_EXPONENT = -700.0
HEADROOM = 600.0  # nats; N exp(600) does not overflow
VALUES_IN_CACHE = 2**17  # 1 MiB of float64, half of a core's second-level cache
PROBED = 64  # columns of a tile that are looked at before all of them are
LOWEST = -1e300  # below every log density; finite, so that LOWEST - LOWEST is 0 and not NaN


class TractableMixture(ABC):
    """A uniform mixture of N densities over R^d, each of which can be sampled and evaluated.

    This type *is* the capability "has a Monte Carlo KL": an implicit posterior has no such mixture.

    Attributes:
        components: N.
        latent_dim: d.
        device: where the computation runs.
        tile: (points, components) of one tile of `log_density`.
        component_kl_is_exact: False where `component_kl` is itself a Monte Carlo estimate.
    """

    components: int
    latent_dim: int
    device: torch.device
    tile: tuple[int, int]
    component_kl_is_exact: bool

    @abstractmethod
    def kernel(self, start: int, stop: int) -> Kernel:
        """The function that evaluates components start..stop - 1 (see `Kernel`)."""

    @abstractmethod
    def sample(self, index: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """z_i ~ q(z|x_index_i), float64 (S, d), and log q(z_i|x_index_i), float64 (S,)."""

    @abstractmethod
    def component_kl(self, generator: torch.Generator | None = None) -> Tensor:
        """KL(q(z|x_n) || N(0, I)) of every component, float64 (N,), in nats."""

    @abstractmethod
    def subset(self, index: Tensor) -> Self:
        """The mixture of the components in `index` only."""

    def log_density(
        self,
        z: Tensor,
        own_index: Tensor | None = None,
        own_log_prob: Tensor | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Tensor:
        """log q(z_i) = logsumexp_n log q(z_i|x_n) - log N, exact over all N.

        Args:
            z: points (S, d).
            own_index, own_log_prob: the component that each z was drawn from (S,) and its log
                density there, as `sample` gives it. Where posteriors are very narrow, rounding
                loses this term if it is computed from z.
            progress: called as progress(done, total) after every tile.

        Returns:
            float64 (S,), in nats. Memory: one tile and three vectors of length S beyond the inputs.

        Raises:
            DmviError: `z` has the wrong shape.
            RuntimeError: a density is NaN, zero under every component, or many hundred nats above
                the `own_log_prob` of its point.
        """
        if z.ndim != 2 or z.shape[1] != self.latent_dim:
            raise DmviError(
                f"log_density: z has shape {tuple(z.shape)}; it must be (S, {self.latent_dim})."
            )
        if (own_index is None) != (own_log_prob is None):
            raise DmviError("log_density: give both own_index and own_log_prob, or neither.")
        z = z.to(self.device, torch.float64)
        # sum_n q(z|x_n) = exp(base + shift) total. From the own term on, kernels know what is
        # negligible. It also stays the shift: that some density at z ~ q(z|x_i) exceeds exp(t) times
        # the own one has a probability of at most N exp(-t) (Markov).
        if own_index is None:
            base = z.new_zeros(len(z))
            shift = torch.full_like(base, LOWEST)
        else:
            own_index = own_index.to(self.device)
            base = own_log_prob.to(self.device, torch.float64)
            shift = torch.zeros_like(base)
        total = torch.zeros_like(shift)
        # One buffer for all tiles: a fresh allocation costs more in page faults than exp itself.
        buffer = z.new_empty(min(self.tile[0], len(z)) * min(self.tile[1], self.components))
        tiles = -(-len(z) // self.tile[0]) * -(-self.components // self.tile[1])
        done = 0
        with torch.no_grad():
            for start, stop in spans(self.components, self.tile[1]):
                kernel = self.kernel(start, stop)
                for first, last in spans(len(z), self.tile[0]):
                    rows = slice(first, last)
                    out = buffer[: (last - first) * (stop - start)].view(last - first, stop - start)
                    kernel(z[rows], base[rows], shift[rows], out)
                    if own_index is not None:
                        column = own_index[rows] - start
                        hit = ((column >= 0) & (column < stop - start)).nonzero().squeeze(1)
                        out[hit, column[hit]] = 0.0
                    _accumulate(out, shift[rows], total[rows], own_index is not None)
                    done += 1
                    if progress is not None:
                        progress(done, tiles)
        log_q = base + shift + total.log() - math.log(self.components)
        bad = ~(log_q.isfinite() & (shift > LOWEST))
        if bad.any():
            raise RuntimeError(
                f"log q(z) is not finite at {int(bad.sum())} of {len(z)} points: "
                "the posterior parameters have diverged."
            )
        return log_q


def _accumulate(out: Tensor, shift: Tensor, total: Tensor, shift_is_own: bool) -> None:
    """Adds sum_n exp(out_n) to exp(shift) total, in place; destroys `out`."""
    low = shift - NEGLIGIBLE
    # Wide posteriors reach all points. A few columns tell, and spare a search for every maximum.
    if shift_is_own and (out[:, :PROBED].amax(1) >= low).all():
        total += _sum_exp(out, shift)
        return
    peak = out.amax(1)
    # Narrow posteriors reach few points, so most rows of a tile end here. (~<, so that NaN goes on.)
    rows = (~(peak < low)).nonzero().squeeze(1)
    if 2 * len(rows) > len(out):  # then all of them in place are cheaper than a copy of some
        rows = slice(None)
    old_shift, peak = shift[rows], peak[rows]
    new_shift = torch.where(peak > old_shift + HEADROOM, peak, old_shift)
    part = _sum_exp(out[rows], new_shift)
    total[rows] = total[rows] * torch.exp(old_shift - new_shift) + part
    shift[rows] = new_shift


def _sum_exp(out: Tensor, shift: Tensor) -> Tensor:
    """sum_n exp(out_n - shift); destroys `out`."""
    # In pieces that stay in a core's cache from one pass to the next. A GPU takes all at once.
    values = VALUES_IN_CACHE * torch.get_num_threads() if out.device.type == "cpu" else out.numel()
    at_once = max(1, values // out.shape[1])
    parts = []
    for piece, its_shift in zip(out.split(at_once), shift.split(at_once), strict=True):
        if its_shift.any():
            piece.sub_(its_shift[:, None])
        parts.append(piece.clamp_(min=SMALLEST_EXPONENT).exp_().sum(1))
    return torch.cat(parts)


def standard_normal_log_density(z: Tensor) -> Tensor:
    """log N(z; 0, I) = -1/2 sum_j (z_j^2 + log 2 pi): (..., d) -> float64 (...), in nats."""
    return -0.5 * (z.double().square() + LOG_2PI).sum(-1)


def spans(length: int, step: int) -> Iterator[tuple[int, int]]:
    """(first, last) of consecutive pieces of range(length), each `step` long but for the last."""
    return ((first, min(first + step, length)) for first in range(0, length, step))
