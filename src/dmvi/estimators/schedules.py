"""Inverse temperatures of annealed importance sampling, and the step sizes tuned along them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from dmvi.errors import DmviError
from dmvi.estimators import hmc
from dmvi.estimators.annealing import Intermediate, LogLikelihood, Progress, check_betas
from dmvi.estimators.start import GaussianStart

TARGET_ACCEPTANCE = 0.65  # optimal for HMC in many dimensions (Neal, 2011, section 5.4.4)
FIRST_STEP = 0.5
# In units of q0's standard deviation. Leapfrog is unstable above 2 for a target as wide as q0.
LARGEST_STEP, SMALLEST_STEP = 1.5, 1e-5
GAIN = 0.7  # change of log e per unit of acceptance
WARM_UP = 30  # transitions at b_1, until the first step size fits
SAFETY = 0.8
TRIES = 2  # transitions at each of the others, each followed by a change


def linear(temperatures: int) -> list[float]:
    """b_t = t / T, t = 0 .. T (AVB's code)."""
    return [t / _checked(temperatures) for t in range(temperatures + 1)]


def sigmoid(temperatures: int, rad: float = 4.0) -> list[float]:
    """b_t = (s(rad (2 t / T - 1)) - s(-rad)) / (s(rad) - s(-rad)), s the logistic function.

    Slow at both ends, where the target changes the most (the code of Wu et al., 2017; rad 4).
    """
    low, high = (1.0 / (1.0 + math.exp(-sign * rad)) for sign in (-1, 1))
    inner = [
        (1.0 / (1.0 + math.exp(-rad * (2.0 * t / temperatures - 1.0))) - low) / (high - low)
        for t in range(1, _checked(temperatures))
    ]
    return [0.0, *inner, 1.0]


SCHEDULES = {"linear": linear, "sigmoid": sigmoid}


def tune(
    log_likelihood: LogLikelihood,
    start: GaussianStart,
    betas: Sequence[float],
    *,
    leapfrog: int,
    chains: int,
    generator: torch.Generator,
    target: float = TARGET_ACCEPTANCE,
    progress: Progress | None = None,
) -> Tensor:
    """Step sizes e_1 .. e_{T-1} from a pilot run, float64 (T - 1,): to be used as they are, on others.

    A forward run with TRIES transitions at each temperature, each of which changes log e by
    GAIN (acceptance - target), acceptance averaged over chains and images; then a moving average over
    4 % of the temperatures takes away its noise. One size per temperature serves all images, in units
    of each image's own std. Costs TRIES times the passes of a forward run.

    Args:
        as in `dmvi.estimators.annealing.forward`, of images kept for this (64 of validation).
    """
    check_betas(betas)
    evaluate = hmc.with_gradient(log_likelihood)
    state = hmc.start_state(start.sample(chains, generator), evaluate)
    last = len(betas) - 1
    log_size = torch.tensor(math.log(FIRST_STEP), dtype=torch.float64, device=start.mean.device)
    used: list[Tensor] = []
    for t in range(1, last):
        path = Intermediate(start, betas[t])
        tries = WARM_UP if t == 1 else TRIES
        for attempt in range(tries):
            state, probability = hmc.transition(
                state,
                evaluate,
                size=log_size.exp().to(state.z) * start.std,
                steps=leapfrog,
                generator=generator,
                target=path,
            )
            # Large changes first, so that the warm-up reaches any step size.
            gain = 2.0 if t == 1 and attempt < WARM_UP // 2 else GAIN
            acceptance, tried = probability.mean(), log_size
            log_size = (log_size + gain * (acceptance - target)).clamp(
                math.log(SMALLEST_STEP), math.log(LARGEST_STEP)
            )
        # In few dimensions acceptance falls from .9 to 0 where leapfrog becomes unstable, and the size
        # swings about that limit: keep to its safe side.
        used.append(torch.where(acceptance > 0.5 * target, tried, log_size + math.log(SAFETY)))
        if progress is not None:
            progress(t, last)
    return _moving_average(torch.stack(used), last // 50).exp() if used else log_size.new_zeros(0)


def _moving_average(values: Tensor, half: int) -> Tensor:
    """Means over up to 2 half + 1 neighbours, fewer at the ends but as many on both sides."""
    total = torch.cat([values.new_zeros(1), values.cumsum(0)])
    at = torch.arange(len(values), device=values.device)
    reach = torch.minimum(torch.minimum(at, len(values) - 1 - at), torch.full_like(at, half))
    return (total[at + reach + 1] - total[at - reach]) / (2 * reach + 1)


def _checked(temperatures: int) -> int:
    if temperatures < 1:
        raise DmviError(f"temperatures is {temperatures}; it must be at least 1")
    return temperatures
