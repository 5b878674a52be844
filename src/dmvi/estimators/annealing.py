"""Annealed importance sampling of log p(x), forwards and backwards (bidirectional Monte Carlo).

Neal (2001), Annealed importance sampling; for decoders Wu, Burda, Salakhutdinov and Grosse (2017); the
reverse direction Grosse, Ghahramani and Adams (2015). Between q0 and the joint lie

    log f_b(z) = (1-b) log q0(z) + b [log p(z) + log p(x|z)],    0 = b_0 < ... < b_T = 1, p = N(0, I)

Forwards, z_0 ~ q0 and z_t from Hamiltonian Monte Carlo that leaves f_{b_t} invariant:

    log w = sum_t (b_t - b_{t-1}) [log p(z_{t-1}) + log p(x|z_{t-1}) - log q0(z_{t-1})],   E w = p(x)

so that log mean w over chains is below log p(x) on average (Jensen). Backwards, z_{T-1} is an *exact*
draw of p(z|x), as z* is where x* ~ p(x|z*) was simulated from z* ~ p, the same transitions follow in
reverse order, E 1/w = 1/p(x), and -log mean 1/w is above log p(x) on average. The transition at b_T
has no part in a weight and is left out, so T = 1 is plain importance sampling.

Step sizes are tuned in a pilot and then fixed: adaptation along the run would break both identities.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators import hmc
from dmvi.estimators.start import LOG_2PI, GaussianStart

# (chains, images, d) -> (chains, images), log p(x|z) in nats of image i at z[:, i].
LogLikelihood = Callable[[Tensor], Tensor]
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Annealed:
    """The result of one direction for a set of images.

    Attributes:
        log_p: log p(x) estimated over the chains, float64 (images,), nats; on average a lower bound
            forwards and an upper bound backwards.
        log_weights: log w forwards, log 1/w backwards, float64 (chains, images).
        ess: effective sample size of the chains' weights, (images,), from 1 to the number of chains.
        acceptance: mean acceptance probability per image, (images,); NaN where T = 1.
        acceptance_by_temperature: the same at b_1 .. b_{T-1}, averaged over images, (T - 1,).
        z: the chains' last points, (chains, images, d): forwards about posterior draws.
    """

    log_p: Tensor
    log_weights: Tensor
    ess: Tensor
    acceptance: Tensor
    acceptance_by_temperature: Tensor
    z: Tensor


class Intermediate:
    """The target f_b at one b, as a `hmc.Tempering` of log p(x|z)."""

    def __init__(self, start: GaussianStart, b: float) -> None:
        self.start, self.b = start, b

    def log_density(self, z: Tensor, value: Tensor) -> Tensor:
        joint = standard_normal_log_prob(z) + value
        return (1.0 - self.b) * self.start.log_prob(z) + self.b * joint

    def gradient(self, z: Tensor, gradient: Tensor) -> Tensor:
        return (1.0 - self.b) * self.start.gradient(z) + self.b * (gradient - z)


def standard_normal_log_prob(z: Tensor) -> Tensor:
    """log N(z; 0, I), nats: (..., d) -> float64 (...)."""
    return -0.5 * (z.double().square() + LOG_2PI).sum(-1)


def forward(
    log_likelihood: LogLikelihood,
    start: GaussianStart,
    betas: Sequence[float],
    step_sizes: Tensor,
    *,
    leapfrog: int,
    chains: int,
    generator: torch.Generator,
    progress: Progress | None = None,
) -> Annealed:
    """Annealed importance sampling from q0 to the posterior: a lower bound on log p(x) on average.

    Args:
        log_likelihood: of chains x images at once; costs (T - 1) L + 1 passes with gradients.
        start: q0, one Gaussian per image; its dtype is that of the chains.
        betas: b_0 = 0 to b_T = 1, see `dmvi.estimators.schedules`.
        step_sizes: e_1 .. e_{T-1} (see `tune`), (T - 1,); the step of a coordinate is e_t std.
        leapfrog: L >= 1 steps per transition.
        chains: per image.
        generator: on the device of the start.
        progress: called as progress(t, T).
    """
    z = start.sample(_at_least_one(chains, "chains"), generator)
    settings = (betas, step_sizes, leapfrog, generator, progress)
    log_weights, accepted, z = _anneal(log_likelihood, start, z, *settings, backwards=False)
    return _summary(log_weights, accepted, z, sign=1.0)


def reverse(
    log_likelihood: LogLikelihood,
    start: GaussianStart,
    betas: Sequence[float],
    step_sizes: Tensor,
    *,
    leapfrog: int,
    chains: int,
    posterior_draws: Tensor,
    generator: torch.Generator,
    progress: Progress | None = None,
) -> Annealed:
    """The same transitions from exact posterior draws back to q0: an upper bound on average.

    Args:
        posterior_draws: an exact draw of p(z|x) per image, (images, d), from which all its chains
            start, or (chains, images, d). With data that were not simulated there is none, and what
            comes out is no bound.
        others: as in `forward`.
    """
    _at_least_one(chains, "chains")
    z = posterior_draws.to(start.mean).expand(chains, *start.mean.shape)
    settings = (betas, step_sizes, leapfrog, generator, progress)
    log_weights, accepted, z = _anneal(log_likelihood, start, z, *settings, backwards=True)
    return _summary(log_weights, accepted, z, sign=-1.0)


def _anneal(
    log_likelihood: LogLikelihood,
    start: GaussianStart,
    z: Tensor,
    betas: Sequence[float],
    step_sizes: Tensor,
    leapfrog: int,
    generator: torch.Generator,
    progress: Progress | None,
    backwards: bool,
) -> tuple[Tensor, list[Tensor], Tensor]:
    """log w (log 1/w backwards), the acceptance (chains, images) of each transition in order of b, and
    the last points."""
    check_betas(betas)
    _at_least_one(leapfrog, "leapfrog")
    last = len(betas) - 1
    if step_sizes.shape != (last - 1,):
        raise DmviError(
            f"step sizes: {tuple(step_sizes.shape)} are given for {last} temperatures; there must be "
            f"{last - 1}, one for each of b_1 .. b_{last - 1}"
        )
    evaluate = hmc.with_gradient(log_likelihood)
    state = hmc.start_state(z, evaluate)
    log_weights = torch.zeros(z.shape[:-1], dtype=torch.float64, device=z.device)
    accepted: list[Tensor] = []
    for done, t in enumerate(range(last, 0, -1) if backwards else range(1, last + 1), start=1):
        delta = betas[t - 1] - betas[t] if backwards else betas[t] - betas[t - 1]
        log_weights += delta * log_ratio(state, start)
        moves_to = t - 1 if backwards else t
        if 0 < moves_to < last:
            state, probability = hmc.transition(
                state,
                evaluate,
                size=step_sizes[moves_to - 1].to(z) * start.std,
                steps=leapfrog,
                generator=generator,
                target=Intermediate(start, betas[moves_to]),
            )
            accepted.append(probability)
        if progress is not None:
            progress(done, last)
    return log_weights, accepted[::-1] if backwards else accepted, state.z


def log_ratio(state: hmc.State, start: GaussianStart) -> Tensor:
    """log p(z) + log p(x|z) - log q0(z) at a state, float64."""
    return standard_normal_log_prob(state.z) + state.value.double() - start.log_prob(state.z)


def joined(parts: Sequence[Annealed]) -> Annealed:
    """The results of consecutive chunks of images, of one direction and one setting, as one."""
    counts = [len(part.log_p) for part in parts]
    by_temperature = sum(
        n * part.acceptance_by_temperature for n, part in zip(counts, parts, strict=True)
    )
    return Annealed(
        log_p=torch.cat([part.log_p for part in parts]),
        log_weights=torch.cat([part.log_weights for part in parts], 1),
        ess=torch.cat([part.ess for part in parts]),
        acceptance=torch.cat([part.acceptance for part in parts]),
        acceptance_by_temperature=by_temperature / sum(counts),
        z=torch.cat([part.z for part in parts], 1),
    )


def pooled(parts: Sequence[Annealed], *, backwards: bool) -> Annealed:
    """Chains of the same images from several starts, of one direction, as one set of chains.

    Whichever q0 a chain began at, its weight has mean p(x) forwards and 1/p(x) backwards, so that the
    pooled weights give bounds too. Of an image for which one half of the chains fails, either bound loses
    at most log 2 of what the other half gives.

    Args:
        parts: with images in the same order, as `forward` gives them, or `reverse`.
        backwards: whether they are of `reverse`.
    """
    if len(parts) == 1:
        return parts[0]
    log_weights = torch.cat([part.log_weights for part in parts])
    counts = [len(part.log_weights) for part in parts]

    def mean(values: list[Tensor]) -> Tensor:
        return sum(n * v for n, v in zip(counts, values, strict=True)) / sum(counts)

    return Annealed(
        log_p=(-1.0 if backwards else 1.0) * log_mean_exp(log_weights),
        log_weights=log_weights,
        ess=effective_sample_size(log_weights),
        acceptance=mean([part.acceptance for part in parts]),
        acceptance_by_temperature=mean([part.acceptance_by_temperature for part in parts]),
        z=torch.cat([part.z for part in parts]),
    )


def _summary(log_weights: Tensor, accepted: list[Tensor], z: Tensor, sign: float) -> Annealed:
    acceptance = torch.stack(accepted) if accepted else log_weights.new_full((0, *z.shape[:-1]), 0)
    return Annealed(
        log_p=sign * log_mean_exp(log_weights),
        log_weights=log_weights,
        ess=effective_sample_size(log_weights),
        acceptance=acceptance.mean((0, 1)),
        acceptance_by_temperature=acceptance.mean((1, 2)),
        z=z,
    )


def log_mean_exp(log_weights: Tensor) -> Tensor:
    """log mean exp over the first axis: (n, ...) -> (...)."""
    return log_weights.logsumexp(0) - math.log(len(log_weights))


def effective_sample_size(log_weights: Tensor) -> Tensor:
    """(sum w)^2 / sum w^2 over the first axis (Kong, 1992): (n, ...) -> (...), from 1 to n."""
    return (2.0 * log_weights.logsumexp(0) - (2.0 * log_weights).logsumexp(0)).exp()


def check_betas(betas: Sequence[float]) -> None:
    """Raises `DmviError` unless the inverse temperatures rise strictly from 0 to 1."""
    rises = all(a < b for a, b in itertools.pairwise(betas))
    if len(betas) < 2 or betas[0] != 0.0 or betas[-1] != 1.0 or not rises:
        raise DmviError("betas: they must rise strictly from 0 to 1, both ends included")


def _at_least_one(value: int, name: str) -> int:
    if value < 1:
        raise DmviError(f"{name} is {value}; it must be at least 1")
    return value
