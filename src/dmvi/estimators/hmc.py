"""Hamiltonian Monte Carlo (Duane et al., 1987; Neal, 2011), many chains at once.

Points are a tensor (..., d); everything before the last axis is a batch of independent chains (for
likelihoods: chains x images). Log densities map (..., d) -> (...), in nats, up to a constant. Nothing
here reads a value back from the device, so that a GPU is never waited for.

The one dear operation is a log density with its gradient through a network. It is kept apart from the
cheap one (`Tempering`), so that its last value is still of use when a tempered target changes: a
transition of L leapfrog steps costs L passes, not L + 1.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

LogDensity = Callable[[Tensor], Tensor]
Evaluate = Callable[[Tensor], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class State:
    """Points with what the dear log density and its gradient are there.

    Attributes:
        z: (..., d).
        value: (...), nats.
        gradient: (..., d).
    """

    z: Tensor
    value: Tensor
    gradient: Tensor


class Tempering(Protocol):
    """The target f of a transition, made from the dear log density g and what is in closed form."""

    def log_density(self, z: Tensor, value: Tensor) -> Tensor:
        """log f(z), float64 (...), given g's value at z."""
        ...

    def gradient(self, z: Tensor, gradient: Tensor) -> Tensor:
        """The gradient of log f at z, (..., d), given g's."""
        ...


class Untempered:
    """f = exp(g)."""

    def log_density(self, z: Tensor, value: Tensor) -> Tensor:
        return value.double()

    def gradient(self, z: Tensor, gradient: Tensor) -> Tensor:
        return gradient


UNTEMPERED = Untempered()


def with_gradient(log_density: LogDensity) -> Evaluate:
    """The function that gives (log density, its gradient) at z, (...) and (..., d), by autograd."""

    def evaluate(z: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            z = z.detach().requires_grad_(True)
            value = log_density(z)
            (gradient,) = torch.autograd.grad(value.sum(), z)
        return value.detach(), gradient

    return evaluate


def start_state(z: Tensor, evaluate: Evaluate) -> State:
    """The state at points (..., d): one pass."""
    return State(z, *evaluate(z))


def leapfrog(
    state: State,
    momentum: Tensor,
    evaluate: Evaluate,
    *,
    size: Tensor,
    steps: int,
    target: Tempering = UNTEMPERED,
) -> tuple[State, Tensor]:
    """`steps` leapfrog steps in whitened coordinates u = z / scale with a unit mass; L passes.

    p += e/2 grad_u log f; then L times u += e p, p += e grad_u log f (the last by half). With
    size = e scale this is z += size p and p += size grad_z log f. Reversible and volume-preserving:
    from the result with -p it leads back.

    Args:
        state: where to start.
        momentum: p, (..., d).
        size: e times the scale of each coordinate, broadcastable to (..., d), > 0.
        steps: L >= 1.

    Returns:
        The state at the end and its momentum.
    """
    z = state.z
    momentum = momentum + 0.5 * size * target.gradient(z, state.gradient)
    for i in range(steps):
        z = z + size * momentum
        value, gradient = evaluate(z)
        half = 0.5 if i == steps - 1 else 1.0
        momentum = momentum + half * size * target.gradient(z, gradient)
    return State(z, value, gradient), momentum


def transition(
    state: State,
    evaluate: Evaluate,
    *,
    size: Tensor,
    steps: int,
    generator: torch.Generator,
    target: Tempering = UNTEMPERED,
) -> tuple[State, Tensor]:
    """One transition that leaves f invariant and is reversible: fresh momentum, leapfrog, accept.

    Accepted with probability min(1, exp(H_old - H_new)), H = -log f + |p|^2 / 2; a trajectory whose
    energy is not finite is rejected.

    Args:
        size, steps: as in `leapfrog`.
        generator: on the device of the points.

    Returns:
        The new state and the acceptance probability of each chain, float64 (...).
    """
    momentum = _randn_like(state.z, generator)
    moved, end = leapfrog(state, momentum, evaluate, size=size, steps=steps, target=target)
    before = target.log_density(state.z, state.value) - _kinetic(momentum)
    after = target.log_density(moved.z, moved.value) - _kinetic(end)
    log_ratio = torch.nan_to_num(after - before, nan=-math.inf, posinf=-math.inf).clamp(max=0.0)
    uniform = torch.rand(
        log_ratio.shape, generator=generator, dtype=log_ratio.dtype, device=log_ratio.device
    )
    accepted = uniform.log() < log_ratio
    column = accepted.unsqueeze(-1)
    chosen = State(
        torch.where(column, moved.z, state.z),
        torch.where(accepted, moved.value, state.value),
        torch.where(column, moved.gradient, state.gradient),
    )
    return chosen, log_ratio.exp()


def sample(
    log_density: LogDensity,
    start: Tensor,
    *,
    size: Tensor | float,
    steps: int,
    transitions: int,
    generator: torch.Generator,
) -> tuple[Tensor, Tensor]:
    """The points (transitions, ..., d) after each transition, and the acceptance (...), float64.

    Args:
        log_density: of the target, up to a constant.
        start: (..., d), a chain each.
        size: step size times the scale of each coordinate.
        steps: leapfrog steps per transition.
    """
    evaluate, size = with_gradient(log_density), torch.as_tensor(size).to(start)
    state, path, accepted = start_state(start, evaluate), [], 0.0
    for _ in range(transitions):
        state, probability = transition(
            state, evaluate, size=size, steps=steps, generator=generator
        )
        path.append(state.z)
        accepted = accepted + probability
    return torch.stack(path), accepted / transitions


def _kinetic(momentum: Tensor) -> Tensor:
    return 0.5 * momentum.double().square().sum(-1)


def _randn_like(z: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device)
