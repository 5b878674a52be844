"""Autoencoders with a likelihood: what the VAE, AAE and AdversarialVB have in common."""

from typing import Any

import torch
from torch import Tensor

from dmvi.distributions.likelihoods import LIKELIHOODS, Likelihood
from dmvi.distributions.posteriors import POSTERIORS, Posterior
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.models.model import Bounded, EncodingModel
from dmvi.networks import make_encoder, make_generator


class LikelihoodAutoencoder(EncodingModel, Bounded):
    """Encoder, posterior q(z|x), generator and likelihood p(x|z); what ties q(z|x) to p(z) is open."""

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__(spec, image_shape)
        self.likelihood = make_likelihood(spec)
        self.posterior = make_posterior(spec)
        self.encoder = make_encoder(image_shape, self.posterior.num_parameters, spec["width"])
        channels = image_shape[2] * self.likelihood.outputs_per_channel
        self.generator = make_generator(image_shape, spec["latent_dim"], channels, spec["width"])

    def decode(self, z: Tensor) -> Tensor:
        return self.likelihood.mean(self.generator(z))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) in nats, summed over pixels, (B,)."""
        return self.likelihood.log_prob(x, self.generator(z))

    def all_log_likelihoods(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x_i|z_m) of every image at every latent, each decoded once: (B, ...), (m, d) -> (m, B)."""
        outputs = self.generator(z)
        each = [
            self.likelihood.log_prob(image.expand(len(z), *image.shape), outputs) for image in x
        ]
        return torch.stack(each, 1)

    def log_normalised(self, x: Tensor, z: Tensor) -> Tensor:
        """The same of what `simulate` draws from: p(x|z) over its sum, where that is below 1."""
        output = self.generator(z)
        return self.likelihood.log_prob(x, output) - self.likelihood.log_mass(output)

    def simulate(self, z: Tensor, generator: torch.Generator) -> Tensor:
        """Images x ~ p(x|z), (B, C, H, W) of values k / 255; the generator is on the device of z."""
        return self.likelihood.sample(self.generator(z).float(), generator)


def make_likelihood(spec: dict[str, Any]) -> Likelihood:
    """The likelihood that a resolved run names, with those of its options that the run sets."""
    name = spec["likelihood"]
    options = declared_likelihoods()[name]["options"]
    return LIKELIHOODS[name](**{key: spec[key] for key in options if key in spec})


def make_posterior(spec: dict[str, Any]) -> Posterior:
    """The posterior that a resolved run names, with its options."""
    name = spec["posterior"]
    options = {
        argument: tuple(spec[key]) if isinstance(spec[key], list) else spec[key]
        for argument, key in declared_posteriors()[name]["arguments"].items()
    }
    return POSTERIORS[name](spec["latent_dim"], **options)
