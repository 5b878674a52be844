"""Whether points gather in some region of a Gaussian's space, whatever their distance from the origin.

The draws of an isotropic Gaussian that some rule picks out may have large norms and yet be scattered:
distances say little, directions decide. Needs no torch.
"""

import math
from typing import NamedTuple

import numpy as np

from dmvi.errors import DmviError

RESAMPLES = 400
FEWEST_DRAWS = 10  # for each point
AT_ONCE = 2**25  # numbers of a block of resamples


class Gathering(NamedTuple):
    """How far points gather, relative to points drawn from half of all directions.

    Attributes:
        side: 0 where no side is preferred, 1 as in one half-space, 1/4 where three of four lie there.
        side_error: its standard deviation over norm-matched draws.
        clusters: 0 where the nearest other point is as near in angle as among norm-matched draws, 1
            where it is as near as among twice as many of them.
        clusters_error: its standard deviation over norm-matched draws.
    """

    side: float
    side_error: float
    clusters: float
    clusters_error: float


def gathering(points: np.ndarray, draws: np.ndarray, seed: int = 0) -> Gathering:
    """Compares m points' directions with those of draws of the same norms.

    side is the mean cosine over all pairs, less its mean over `RESAMPLES` sets of m norm-matched
    draws, over 2 / (pi d) (1 + O(1 / d)): that of directions uniform on half of the sphere. clusters
    is the mean over points of the largest cosine with another point, less the same of matched sets,
    over the difference that twice as many matched draws make.

    Args:
        points: (m, d), m >= 2 and d >= 1, picked out of the draws.
        draws: (K, d), isotropic, without the points; K >= 10 m.
        seed: of the resamples.

    Raises:
        DmviError: there are too few points or draws.
    """
    points, draws = np.asarray(points, np.float64), np.asarray(draws, np.float64)
    m, d = points.shape
    if m < 2 or len(draws) < FEWEST_DRAWS * m:
        raise DmviError(
            f"gathering: {m} points and {len(draws)} other draws; it needs two points, and "
            f"{FEWEST_DRAWS} draws for each"
        )
    draws = draws[np.argsort(np.linalg.norm(draws, axis=1), kind="stable")]
    norms = np.linalg.norm(draws, axis=1)
    directions = draws / norms[:, None]
    own = np.searchsorted(norms, np.sort(np.linalg.norm(points, axis=1)))
    rng = np.random.default_rng(seed)
    once = _resampled(directions, own, rng)
    twice = _resampled(directions, np.repeat(own, 2), rng)
    side, nearest = _statistics((points / np.linalg.norm(points, axis=1, keepdims=True))[None])
    unit = float(twice[1].mean() - once[1].mean())
    half_space = half_space_cosine(d)
    return Gathering(
        side=float((side[0] - once[0].mean()) / half_space),
        side_error=float(once[0].std() / half_space),
        clusters=float((nearest[0] - once[1].mean()) / unit),
        clusters_error=float(once[1].std() / unit),
    )


def along_the_others(points: np.ndarray) -> np.ndarray:
    """How far each point lies along the mean direction of all others.

    Of points scattered evenly about the origin the coordinates have mean 0 whatever the norms, for no
    point has a part in its own direction; of points gathered on one side they are positive. Their mean
    is what the mean cosine of pairs, the one-sidedness of `gathering`, is made of.

    Args:
        points: (m, d), m >= 2, none of them the origin.

    Returns:
        (m,), in the units of the points; 0 where the others have no mean direction.

    Raises:
        DmviError: fewer than two points, or one at the origin.
    """
    points = np.asarray(points, np.float64)
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    if len(points) < 2 or not norms.all():
        raise DmviError(
            f"along_the_others: {len(points)} points; it needs two or more, none at the origin"
        )
    directions = points / norms
    others = directions.sum(0) - directions
    lengths = np.linalg.norm(others, axis=1)
    return np.einsum("md,md->m", points, others) / np.where(lengths > 0, lengths, 1)


def half_space_cosine(d: int) -> float:
    """The mean cosine of two directions uniform on half of the sphere in d dimensions.

    It is (E |u_1|)², u uniform on the sphere: E |u_1| = Gamma(d / 2) / (sqrt(pi) Gamma((d + 1) / 2)).
    """
    return math.exp(2 * (math.lgamma(d / 2) - math.lgamma((d + 1) / 2))) / math.pi


def _resampled(directions: np.ndarray, places: np.ndarray, rng) -> tuple[np.ndarray, np.ndarray]:
    """The two statistics of `RESAMPLES` sets of distinct draws near these ranks of norm."""
    count = len(places)
    width = (
        2 * count
    )  # ranks on either side: as wide that sets differ where all norms are the largest
    at_once = max(1, AT_ONCE // (count * max(count, directions.shape[1])))
    found = []
    for start in range(0, RESAMPLES, at_once):
        size = min(at_once, RESAMPLES - start)
        middle = np.clip(places, width, len(directions) - 1 - width)
        chosen = np.sort(middle + rng.integers(-width, width + 1, (size, count)), axis=1)
        # Equal ranks move up by one, and back down where they would leave the end.
        steps = np.arange(count)
        chosen = np.maximum.accumulate(chosen - steps, axis=1) + steps
        chosen = np.minimum(chosen, len(directions) - count + steps)
        found.append(_statistics(directions[chosen]))
    return tuple(np.concatenate(parts) for parts in zip(*found, strict=True))


def _statistics(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean cosine of pairs, and of each point with its nearest, of sets (sets, count, d)."""
    count = directions.shape[1]
    total = np.square(directions.sum(1)).sum(-1)
    cosines = directions @ directions.swapaxes(1, 2)
    cosines[:, np.arange(count), np.arange(count)] = -np.inf
    return (total - count) / (count * (count - 1)), cosines.max(2).mean(1)
