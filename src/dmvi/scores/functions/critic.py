"""Independent Wasserstein critic: how far samples are from held-out data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from dmvi.data.images import to_signed, to_unit
from dmvi.errors import DmviError
from dmvi.networks import make_discriminator
from dmvi.objectives.adversarial import gradient_penalty, wasserstein_critic_loss
from dmvi.progress import Progress

EVALUATION_BATCH = 256


@dataclass(frozen=True)
class CriticDistance:
    """How far two sets of images are apart, by critics of several seeds.

    Attributes:
        value: mean over critics of difference / slope, an estimate of W_1 in the L2 norm of pixels in
            [-1, 1]; lower is closer, about 0 for equal sets.
        sd: standard deviation over critics (ddof = 1; 0 for one critic).
        values: one per critic seed.
        difference: mean over critics of E D(real) - E D(fake), the critics' own unit.
        slope: mean over critics of the mean slope |grad D| between held-out images.
        n: images used of each side; n_train of them trained the critic, n_heldout gave the value.
        steps, width: of the critic.
    """

    value: float
    sd: float
    values: tuple[float, ...]
    difference: float
    slope: float
    n: int
    n_train: int
    n_heldout: int
    steps: int
    width: int


def critic_distance(
    real: np.ndarray,
    fake: np.ndarray,
    *,
    steps: int,
    width: int,
    batch_size: int,
    learning_rate: float,
    penalty: float,
    seeds: Sequence[int],
    device: torch.device,
    log: Callable[[str], None] = print,
    along: dict[int, list[tuple[float, float]]] | None = None,
) -> CriticDistance:
    """W_1 by E D(real) - E D(fake) on held-out images, for critics D trained from scratch.

    Danihelka et al. (2017), with the gradient penalty of Gulrajani et al. (2017) in the place of weight
    clipping. Halves that D was not trained on keep it from counting what it learned by heart.

    W_1 = sup E D(real) - E D(fake) over D with slopes of at most 1 (Arjovsky et al., 2017, eq. 2), and
    the penalty only makes larger slopes dear: where the slope g is the same everywhere, g W_1 -
    penalty (g - 1)^2 is largest at g = 1 + W_1 / (2 penalty), and the difference is g W_1: at penalty 10
    a W_1 of 8 makes a difference of 11, one of 34 a difference of 92. Dividing by the critic's own mean
    slope gives W_1 back.

    Per seed, each side is cut into two halves, and a critic without batch norm is trained on one half
    of each for `steps` Adam (0.5, 0.9) updates, batches drawn with replacement. The other halves give
    the value. Both sides are cut to the same n first: distances of different n are not comparable.

    Args:
        real, fake: uint8 (n, H, W, C) and (m, H, W, C), in random order, min(n, m) >= 4.
        penalty: weight of the gradient penalty.
        seeds: of the critics: halves, first weights, batches.
        along: steps after which to note the values of the training and of the held-out halves, a pair
            for each seed; filled in, without effect on the result.

    Returns:
        The same on every call with the same number of threads, on a CPU.

    Raises:
        DmviError: wrong types or shapes, fewer than 2 images per half, or a critic that diverged.
    """
    if real.dtype != np.uint8 or fake.dtype != np.uint8 or real.shape[1:] != fake.shape[1:]:
        raise DmviError(
            f"critic: images are {real.dtype} {real.shape} and {fake.dtype} {fake.shape}; give uint8 of "
            "the same height, width and channels."
        )
    n, along = min(len(real), len(fake)), {} if along is None else along
    if n < 4 or not seeds:
        raise DmviError(
            f"critic: {len(real)} real and {len(fake)} generated images and {len(seeds)} seeds; give at "
            "least 2 images per half, so 4 of each, and 1 seed."
        )
    sides = [torch.from_numpy(np.array(side[:n])).to(device) for side in (real, fake)]
    shape = tuple(real.shape[1:])
    cuda = [device] if device.type == "cuda" else []
    progress = Progress(log, "step")
    differences, slopes = [], []
    for index, seed in enumerate(seeds):
        with torch.random.fork_rng(devices=cuda):  # the caller's random numbers stay as they were
            torch.manual_seed(seed)
            halves = [side[torch.randperm(n).to(device)].tensor_split(2) for side in sides]
            critic = make_discriminator(shape, width, batch_norm=False).to(device)
            optimizer = torch.optim.Adam(
                critic.parameters(), lr=learning_rate, betas=(0.5, 0.9), fused=True
            )
            for step in range(1, steps + 1):
                x, y = (_batch(train, batch_size) for train, _ in halves)
                loss = wasserstein_critic_loss(critic(x), critic(y))
                loss = loss + gradient_penalty(critic, x, y, penalty)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                progress(index * steps + step, len(seeds) * steps)
                if step in along:
                    with torch.random.fork_rng(devices=cuda):
                        pair = (_measured(critic, half) for half in zip(*halves, strict=True))
                        along[step].append(tuple(float(np.divide(*parts)) for parts in pair))
            difference, slope = _measured(critic, [half for _, half in halves])
            differences.append(difference)
            slopes.append(slope)
    values = np.divide(differences, slopes)
    if not np.isfinite(values).all():
        raise DmviError(
            f"critic: a value is not finite ({values.tolist()}); choose a smaller "
            "critic.learning_rate."
        )
    return CriticDistance(
        value=float(np.mean(values)),
        sd=float(np.std(values, ddof=1)) if len(values) > 1 else 0.0,
        values=tuple(values.tolist()),
        difference=float(np.mean(differences)),
        slope=float(np.mean(slopes)),
        n=n,
        n_train=len(halves[0][0]),
        n_heldout=len(halves[0][1]),
        steps=steps,
        width=width,
    )


def _batch(images: Tensor, size: int) -> Tensor:
    """Images drawn with replacement, float32 (size, C, H, W) in [-1, 1]."""
    return _signed(images[torch.randint(len(images), (size,), device=images.device)])


def _signed(images: Tensor) -> Tensor:
    """uint8 (B, H, W, C) to float32 (B, C, H, W) in [-1, 1]."""
    return to_signed(to_unit(images))


def _measured(critic: nn.Module, sides: Sequence[Tensor]) -> tuple[float, float]:
    """E D(real) - E D(fake), and the mean slope between them."""
    return _mean(critic, sides[0]) - _mean(critic, sides[1]), _mean_slope(critic, *sides)


@torch.no_grad()
def _mean(critic: nn.Module, images: Tensor) -> float:
    """E D over all images."""
    total = sum(
        critic(_signed(part)).double().sum().item() for part in images.split(EVALUATION_BATCH)
    )
    return total / len(images)


def _mean_slope(critic: nn.Module, real: Tensor, fake: Tensor) -> float:
    """E |grad D| at random points of the lines between real and fake images, paired as they come."""
    total = 0.0
    for a, b in zip(real.split(EVALUATION_BATCH), fake.split(EVALUATION_BATCH), strict=True):
        u = torch.rand(len(a), 1, 1, 1, device=a.device)
        mixed = torch.lerp(_signed(b), _signed(a), u).requires_grad_(True)
        (gradient,) = torch.autograd.grad(critic(mixed).sum(), mixed)
        total += gradient.flatten(1).double().norm(dim=1).sum().item()
    return total / len(real)
