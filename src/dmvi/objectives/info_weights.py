"""The weights of InfoVAE's two divergences (Zhao, Song and Ermon, 2017). Needs no torch.

    L = -E_q log p(x|z) + (1 - alpha) KL(q(z|x) || p(z)) + (alpha + lambda - 1) Div(q(z), p(z))

With Div = KL(q(z) || p(z)) it is -E_q log p(x|z) + (1 - alpha) I(x; z) + lambda KL(q(z) || p(z)): alpha
rewards information, lambda weighs the match of the marginals.
"""

from collections.abc import Mapping
from typing import Any

from dmvi.errors import DmviError

ROUNDING = 1e-9  # of alpha + lambda - 1, as in .7 + .3


def kl_weight(options: Mapping[str, Any]) -> float:
    """1 - alpha."""
    return 1.0 - options["alpha"]


def divergence_weight(options: Mapping[str, Any]) -> float:
    """alpha + lambda - 1; exactly 0 where it is so but for rounding."""
    weight = options["alpha"] + options["lambda"] - 1.0
    return 0.0 if abs(weight) < ROUNDING else weight


def check(options: Mapping[str, Any], path: str = "") -> None:
    """Refuses weights below 0, which would drive q(z), or each q(z|x), away from the prior.

    Args:
        options: with the numbers `alpha` and `lambda`.
        path: of the run within the config, such as "runs.info_mmd".

    Raises:
        DmviError: alpha + lambda below 1, or alpha above 1.
    """
    prefix = f"{path}." if path else ""
    alpha, weight = options["alpha"], options["lambda"]
    if divergence_weight(options) < 0:
        raise DmviError(
            f"{prefix}alpha is {alpha} and {prefix}lambda is {weight}; their sum must be at least 1, or "
            "the divergence has a negative weight"
        )
    if kl_weight(options) < 0:
        raise DmviError(
            f"{prefix}alpha is {alpha}; it must be at most 1, or the KL has a negative weight"
        )
