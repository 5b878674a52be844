"""How well a number tells two groups apart."""

import math

FEWEST = 10  # of a group: with fewer its spread is not known


def auc(positive, negative) -> tuple[float, float]:
    """P(positive > negative) + P(equal) / 2, and two standard errors (DeLong et al. 1988).

    Where the groups do not overlap at all, that error is 0; it is then taken as that of one
    exchanged pair, 1 / min(sizes).
    """
    import numpy as np
    from scipy.stats import rankdata

    x, y = np.asarray(positive, float), np.asarray(negative, float)
    ranks = rankdata(np.concatenate([x, y]))
    # The share of the negatives below each positive, and of the positives above each negative.
    of_x = (ranks[: len(x)] - rankdata(x)) / len(y)
    of_y = 1 - (ranks[len(x) :] - rankdata(y)) / len(x)
    value = float(of_x.mean())
    if min(len(x), len(y)) < FEWEST:
        return value, math.inf
    error = math.sqrt(of_x.var(ddof=1) / len(x) + of_y.var(ddof=1) / len(y))
    return value, 2 * error if error > 0 else 1 / min(len(x), len(y))
