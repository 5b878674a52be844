"""What every model is: a few players that take turns, each minimising its own loss."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from dmvi.distributions.posteriors import Posterior
from dmvi.training.player import Player


class Model(nn.Module, ABC):
    """Networks plus the list of players, in the order of their updates. The prior is N(0, I).

    Attributes:
        spec: the resolved run (`dmvi.study.config`), plain data.
        image_shape: (H, W, C).
    """

    def __init__(self, spec: dict[str, Any], image_shape: tuple[int, int, int]) -> None:
        super().__init__()
        self.spec = spec
        self.image_shape = image_shape
        self.latent_dim: int = spec["latent_dim"]

    @abstractmethod
    def players(self) -> list[Player]:
        """The players in update order; built anew at each call, from the same modules."""

    @abstractmethod
    def decode(self, z: Tensor) -> Tensor:
        """Latents (B, latent_dim) to images (B, C, H, W) in [0, 1]: the likelihood's mean."""

    def sample_prior(self, like: Tensor) -> Tensor:
        """z ~ p(z), one per row of `like` and on its device: (B, latent_dim)."""
        return torch.randn(len(like), self.latent_dim, device=like.device)


class EncodingModel(Model):
    """A model with an encoder: it can turn an image into a latent and, decoding it, reconstruct it.

    Attributes:
        encoder: images to the posterior's parameters.
        posterior: what these parameters mean. Only a `TractablePosterior` has a density.
    """

    encoder: nn.Module
    posterior: Posterior

    def encode(self, x: Tensor) -> Tensor:
        """Images (B, C, H, W) in [0, 1] to posterior parameters (B, num_parameters), float32."""
        return self.encoder(x).float()

    def sample_posterior(self, parameters: Tensor) -> Tensor:
        """z ~ q(z; parameters), in float32 whatever the precision of the networks."""
        with torch.autocast(parameters.device.type, enabled=False):
            return self.posterior.rsample(parameters)

    def codes(self, x: Tensor) -> Tensor:
        """One z ~ q(z|x) per image: (B, C, H, W) in [0, 1] -> (B, latent_dim)."""
        return self.sample_posterior(self.encode(x))


class Bounded(ABC):
    """A model with a bound that can be followed along its training: `fit` minus `divergence`."""

    @abstractmethod
    def bound_terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(fit, divergence) per image, (B,) each, of images (B, C, H, W) in [0, 1].

        Whether their difference is the ELBO or an estimate that leans on a classifier's logits is
        declared by the model's file (`bound`).
        """
