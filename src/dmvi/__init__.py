"""dmvi: a reproduction of *Distribution Matching in Variational Inference* (Rosca et al., 2018).

As a library: `from dmvi import kl_to_prior, low_posterior, distances_to_prior, log_likelihood`, which are
those of `dmvi.library`. Nothing is loaded before it is used.
"""

from typing import Any

__version__ = "0.5.0"
__all__ = ["distances_to_prior", "kl_to_prior", "log_likelihood", "low_posterior"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'dmvi' has no attribute {name!r}")
    from dmvi import library

    return getattr(library, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
