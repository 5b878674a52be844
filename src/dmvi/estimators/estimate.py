"""An estimated number with its uncertainty, as every estimator returns it."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Self

from torch import Tensor


@dataclass(frozen=True)
class Estimate:
    """A number estimated from samples.

    Attributes:
        value: the estimate (the unit is the estimator's; nats for every KL).
        standard_error: of `value`, in its unit.
        n: samples behind `value`.
        lower, upper: bounds on the true quantity where the mathematics gives one, else None.
    """

    value: float
    standard_error: float
    n: int
    lower: float | None = None
    upper: float | None = None

    def to_json(self) -> dict[str, Any]:
        """All attributes as a dictionary of numbers, fit for `dmvi.files.write_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`; keys that are not attributes are ignored."""
        return cls(**{f.name: content[f.name] for f in fields(cls) if f.name in content})


def mean_and_error(values: Tensor) -> tuple[float, float]:
    """Mean of independent values (n,) and its standard error sd / sqrt(n); error 0 if n is 1."""
    error = values.std().item() / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return values.mean().item(), error
