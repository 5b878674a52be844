"""What codes.json says about the marginal q(z): whether it is told from the prior, and how far it is."""

import math
from typing import Any

from dmvi.claims.judge import Outcome

# By either of two statistics: together 5 % of false alarms at most.
TOLD_APART_P = 0.025
NOT_TOLD_APART_P = 0.1
ENOUGH_CODES = 1000  # of fewer, nothing follows from not telling them from prior draws
SURE_EXCESS = 10.0  # null sds above the null, from which a distance is known to a tenth or so
STATISTICS = ("mmd2_imq", "sliced_wasserstein")

HOW = (
    f"codes are told from as many prior draws, at p ≤ {TOLD_APART_P} by the squared MMD (kernel "
    "2d / (2d + r²)) or by the sliced Wasserstein distance, each against its own null distribution"
)
HOW_NOT = (
    f"{ENOUGH_CODES:,} codes or more are not told from prior draws (p > {NOT_TOLD_APART_P} by both)"
)


def told_apart(codes: dict[str, Any]) -> Outcome:
    """Whether codes (the content of codes.json) are told from prior draws: `HOW`, `HOW_NOT`, or open."""
    found = [codes["two_sample"][name] for name in STATISTICS]
    p_values = [one["p_value"] for one in found]
    if min(p_values) <= TOLD_APART_P:
        return True
    enough = min(one["n"] for one in found) >= ENOUGH_CODES
    return False if enough and min(p_values) > NOT_TOLD_APART_P else None


def squared_distance(codes: dict[str, Any]) -> float:
    """MMD² between codes and prior by the kernel 2d / (2d + r²), which no model here is trained with,
    less the mean of its null; of either sign."""
    found = codes["two_sample"]["mmd2_imq"]
    return found["value"] - found["null_mean"]


def distance(codes: dict[str, Any]) -> float:
    """Its root; 0 where it is negative."""
    return math.sqrt(max(0.0, squared_distance(codes)))


def is_sure(codes: dict[str, Any]) -> bool:
    """Whether the distance stands out of its noise enough to be compared with another one."""
    return codes["two_sample"]["mmd2_imq"]["excess"] >= SURE_EXCESS
