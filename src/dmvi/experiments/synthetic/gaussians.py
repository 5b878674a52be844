"""Gaussians x = A w + b, w ~ N(0, I), and the exact KL divergence between two of them.

Everything exact is float64 and goes through the triangular factor L of A A^T = L L^T; a determinant
would over- or underflow at d = 1000. L comes from the QR decomposition A^T = Q L^T, which gives the
Cholesky factor up to signs without forming A A^T, whose condition number is the square of A's.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.ensemble import generator_of
from dmvi.experiments.synthetic.settings import DIVERGENCES


@dataclass(frozen=True)
class Gaussians:
    """E Gaussians N(b, A A^T) in d dimensions, one per member of an ensemble.

    Attributes:
        A: (E, d, d), full rank; a singular one is refused where its density is needed.
        b: (E, d).

    Raises:
        DmviError: d = 0, or shapes that do not belong together.
    """

    A: Tensor
    b: Tensor

    def __post_init__(self) -> None:
        if self.A.shape != (*self.b.shape, self.b.shape[-1]) or self.b.ndim != 2:
            raise DmviError(
                f"A has the shape {tuple(self.A.shape)} and b {tuple(self.b.shape)}; "
                "they must be (E, d, d) and (E, d)"
            )
        _check_dim(self.dim)

    def __len__(self) -> int:
        return len(self.b)

    @property
    def dim(self) -> int:
        """d."""
        return self.b.shape[1]

    def select(self, which: Tensor) -> "Gaussians":
        """The Gaussians of an index or boolean mask (E,)."""
        return Gaussians(self.A[which], self.b[which])

    def to(self, device: torch.device) -> "Gaussians":
        """The same Gaussians on another device."""
        return Gaussians(self.A.to(device), self.b.to(device))

    def sample(self, w: Tensor) -> Tensor:
        """x = A w + b for every row of w ~ N(0, I): (E, n, d) -> (E, n, d), differentiable in A, b."""
        with torch.autocast(w.device.type, enabled=False):  # data, whatever a network computes in
            return torch.baddbmm(self.b[:, None], w, self.A.mT)

    @cached_property
    def _factor(self) -> Tensor:
        """L, lower triangular, of any sign, float64 (E, d, d)."""
        return torch.linalg.qr(self.A.detach().double().mT, mode="r").R.mT

    def regular(self) -> Tensor:
        """Which members have a finite b and an A of full rank, to float64 rounding: (E,) of bool.

        A is singular if a row depends linearly on those before it. Each row is compared with its
        own length, so that rows of very different scale are no reason for refusal.
        """
        own = self._factor.diagonal(dim1=1, dim2=2).abs()
        length = torch.linalg.vector_norm(self._factor, dim=2)
        full = (own > self.dim * torch.finfo(torch.float64).eps * length).all(1)  # False for NaN
        return full & self.b.isfinite().all(1)

    def scale_tril(self) -> Tensor:
        """L with L L^T = A A^T, lower triangular, its diagonal of any sign, float64 (E, d, d).

        Raises:
            DmviError: an A is singular or not finite; its Gaussian has no density.
        """
        regular = self.regular()
        if not regular.all():
            bad = (~regular).nonzero().flatten().tolist()
            raise DmviError(
                f"A of member {', '.join(map(str, bad))} is singular or not finite, so that A w + b "
                "has no density; A must be a finite matrix of full rank"
            )
        return self._factor

    def log_prob(self, x: Tensor) -> Tensor:
        """log N(x; b, A A^T), nats: (E, n, d) -> (E, n), float64."""
        factor = self.scale_tril()
        centred = (x.double() - self.b.detach().double()[:, None]).mT
        w = torch.linalg.solve_triangular(factor, centred, upper=False)
        log_det = factor.diagonal(dim1=1, dim2=2).abs().log().sum(1)
        return -0.5 * (w.square().sum(1) + self.dim * math.log(2 * math.pi)) - log_det[:, None]


def kl_divergence(q: Gaussians, p: Gaussians) -> Tensor:
    """KL(q || p) of each pair in closed form, nats, (E,), float64, >= 0.

    With M = L_p^-1 L_q and y = L_p^-1 (b_q - b_p), twice the divergence is
    sum_i (M_ii^2 - 1 - log M_ii^2) + sum_{i > j} M_ij^2 + |y|^2,
    the textbook's trace, log determinant and Mahalanobis terms (Kullback, 1959, ch. 9.1), ordered
    so that no term is negative: nothing cancels between dimensions, whatever their scale.

    Raises:
        DmviError: an A is singular or not finite.
    """
    factor_q, factor_p = q.scale_tril(), p.scale_tril()
    shift = (q.b.detach().double() - p.b.detach().double())[..., None]
    solved = torch.linalg.solve_triangular(factor_p, torch.cat([factor_q, shift], 2), upper=False)
    ratio, shift = solved[..., :-1], solved[..., -1]
    log_square = 2 * ratio.diagonal(dim1=1, dim2=2).abs().log()
    below = ratio.tril(-1).square().sum((1, 2))
    return 0.5 * ((log_square.expm1() - log_square).sum(1) + below + shift.square().sum(1))


def gaussian_pairs(
    dim: int, spread: float, members: Sequence[tuple[int, float]], same_covariance: bool = False
) -> tuple[Gaussians, Gaussians]:
    """The pairs (q, p) of the members (seed, shift), float32 on the CPU.

    A = I + spread N / sqrt(d), N of standard normal numbers; b_p = 0 and b_q = shift u, u a random
    unit vector. N and u depend on the seed alone: one seed's pairs differ in the shift only.

    Args:
        dim: d >= 1.
        spread: distance of A from I; its largest singular value is about 1 + 2 spread.
        members: (seed, shift >= 0) of each.
        same_covariance: q has p's A; else its own.
    """
    _check_dim(dim)
    columns: dict[str, list[Tensor]] = {"A_q": [], "b_q": [], "A_p": []}
    for seed, shift in members:
        generator = generator_of("gaussians", seed)
        direction = torch.randn(dim, generator=generator)
        A_p, A_q = (
            torch.eye(dim) + spread / math.sqrt(dim) * torch.randn(dim, dim, generator=generator)
            for _ in range(2)
        )
        columns["A_p"].append(A_p)
        columns["A_q"].append(A_p if same_covariance else A_q)
        columns["b_q"].append(shift * direction / direction.norm())
    A_q, b_q, A_p = (torch.stack(columns[name]) for name in ("A_q", "b_q", "A_p"))
    return Gaussians(A_q, b_q), Gaussians(A_p, torch.zeros_like(b_q))


def pairs_of_kl(
    dim: int, spread: float, members: Sequence[tuple[int, float]], divergence: str
) -> tuple[Gaussians, Gaussians]:
    """The pairs (q, p) of the members (seed, KL) with exactly this KL(q || p), float32 on the CPU.

    A_p = I + spread N / sqrt(d) and b_p = 0, N that of `gaussian_pairs`. With u a random unit vector, Q
    a random rotation and e_i > 0 absolute values of standard normal numbers, of the seed alone,
    - "means": A_q = A_p and b_q = sqrt(2 KL) A_p u, so that KL = |A_p^-1 b_q|^2 / 2;
    - "covariances": b_q = 0 and A_q = A_p Q diag(exp(t e)) Q^T, q the wider in every direction, with the
      t that solves KL = sum_i (exp(2 t e_i) - 1 - 2 t e_i) / 2.

    Args:
        dim: d >= 1.
        spread: distance of A_p from I.
        members: (seed, KL in nats, >= 0) of each.
        divergence: "means" or "covariances".

    Raises:
        DmviError: d = 0, or a divergence of another name.
    """
    _check_dim(dim)
    if divergence not in DIVERGENCES:
        raise DmviError(f"divergence is {divergence!r}; it must be one of {', '.join(DIVERGENCES)}")
    columns: dict[str, list[Tensor]] = {"A_q": [], "b_q": [], "A_p": []}
    for seed, kl in members:
        generator = generator_of("gaussians", seed)
        direction = torch.randn(dim, generator=generator).double()
        A_p = torch.eye(dim) + spread / math.sqrt(dim) * torch.randn(dim, dim, generator=generator)
        A_q, b_q = A_p, torch.zeros(dim)
        if divergence == "means":
            b_q = (A_p.double() @ direction / direction.norm() * math.sqrt(2 * kl)).float()
        else:
            e = torch.randn(dim, generator=generator).double().abs()
            Q = torch.linalg.qr(torch.randn(dim, dim, generator=generator).double()).Q
            A_q = (A_p.double() @ (Q * (_scale_of_kl(e, kl) * e).exp()) @ Q.mT).float()
        for name, value in (("A_q", A_q), ("b_q", b_q), ("A_p", A_p)):
            columns[name].append(value)
    A_q, b_q, A_p = (torch.stack(columns[name]) for name in ("A_q", "b_q", "A_p"))
    return Gaussians(A_q, b_q), Gaussians(A_p, torch.zeros_like(b_q))


def _scale_of_kl(e: Tensor, kl: float) -> float:
    """The t >= 0 with sum_i (exp(2 t e_i) - 1 - 2 t e_i) / 2 = kl, for e > 0: the sum grows with t."""

    def excess(t: float) -> float:
        return (torch.expm1(2 * t * e) - 2 * t * e).sum().item() / 2 - kl

    low, high = 0.0, 1.0
    while excess(high) < 0:
        low, high = high, 2 * high
    for _ in range(100):  # to float64's last digit
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) < 0 else (low, middle)
    return high


def _check_dim(dim: int) -> None:
    if dim < 1:
        raise DmviError(f"dim is {dim}; a Gaussian needs at least 1 dimension")
