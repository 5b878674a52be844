"""Posterior families q(z|x), one file each: from the encoder's output to a distribution over latents.

The type states the capability. Every `Posterior` can be sampled. A `TractablePosterior` also has
`log_prob`, so that the marginal q(z) can be estimated by Monte Carlo; without it, q(z) can only be
classified. A file declares itself in a literal `DECLARES`
(`dmvi.distributions.registry.declared_posteriors` says what it holds).
"""

from dmvi.declared import declared_class
from dmvi.distributions.posteriors.gaussian import GaussianFamily
from dmvi.distributions.posteriors.posterior import (
    Posterior,
    TractablePosterior,
    gaussian_kl,
    standard_normal_log_prob,
)
from dmvi.distributions.registry import declared_posteriors

__all__ = [
    "POSTERIORS",
    "GaussianFamily",
    "Posterior",
    "TractablePosterior",
    "gaussian_kl",
    "standard_normal_log_prob",
]

POSTERIORS: dict[str, type[Posterior]] = {
    name: declared_class(__name__, name, declared)
    for name, declared in declared_posteriors().items()
}
