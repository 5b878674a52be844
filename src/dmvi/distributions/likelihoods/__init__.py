"""Likelihoods p(x|z), one file each: from the decoder's output to log p(x|z) and to an image.

A likelihood has no state but its options. `log_prob(x, output)` sums over pixels and channels, in
float32 whatever the precision of the networks, and returns nats per image. A file declares itself
in a literal `DECLARES` (`dmvi.distributions.registry.declared_likelihoods` says what it holds);
nothing else names it.
"""

from dmvi.declared import declared_class
from dmvi.distributions.likelihoods.likelihood import Likelihood
from dmvi.distributions.registry import declared_likelihoods

__all__ = ["LIKELIHOODS", "Likelihood"]

LIKELIHOODS: dict[str, type[Likelihood]] = {
    name: declared_class(__name__, name, declared)
    for name, declared in declared_likelihoods().items()
}
