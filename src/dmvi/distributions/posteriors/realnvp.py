"""RealNVP posterior: a conditional flow on a Gaussian base."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.distributions import Transform
from zuko.distributions import DiagNormal, NormalizingFlow
from zuko.flows.coupling import GeneralCouplingTransform
from zuko.lazy import LazyComposedTransform
from zuko.transforms import CouplingTransform

from dmvi.distributions.posteriors.posterior import (
    TractablePosterior,
    standard_normal_log_prob,
)

DECLARES = {
    "class": "RealNVPFamily",
    "title": "RNVP",
    "order": 2,
    "tractable": True,
    "gaussian": False,
    "outputs_per_latent": 2,
    "least_latent_dim": 2,  # a coupling keeps some latents and moves the others
    "options": {
        "flow_transforms": {
            "type": "integer",
            "minimum": 1,
            "default": 4,
            "description": "affine couplings of the realnvp posterior",
        },
        "flow_hidden": {
            "type": "array",
            "items": {"type": "integer", "minimum": 1},
            "minItems": 1,
            "default": [128, 128],
            "description": "hidden layers of each coupling",
        },
    },
    "arguments": {"transforms": "flow_transforms", "hidden_features": "flow_hidden"},
    "network": "coupling_flow",
}


class _BroadcastingFlow(NormalizingFlow):
    """A normalizing flow whose `log_prob` broadcasts points against its batch of contexts."""

    def log_prob(self, x: Tensor) -> Tensor:
        batch = torch.broadcast_shapes(x.shape[:-1], self.batch_shape)
        return super().log_prob(x.expand(*batch, x.shape[-1]))


class _SplitCoupling(CouplingTransform):
    """zuko's coupling for given indices: from a mask it would look them up each time it is made.

    A look-up makes the host wait for the device, and none may be part of a CUDA graph.
    """

    def __init__(self, meta: Callable[[Tensor], Transform], kept: Tensor, moved: Tensor) -> None:
        Transform.__init__(self)
        self.meta, self.idx_a, self.idx_b = meta, kept, moved


class _Coupling(GeneralCouplingTransform):
    """An affine coupling with a network; keeps the latents of `mask` and moves the others."""

    def __init__(self, mask: Tensor, **options) -> None:
        super().__init__(mask=mask, **options)
        self.register_buffer("kept", mask.nonzero().squeeze(-1), persistent=False)
        self.register_buffer("moved", (~mask).nonzero().squeeze(-1), persistent=False)

    def forward(self, context: Tensor) -> Transform:
        return _SplitCoupling(partial(self.meta, context), self.kept, self.moved)


class RealNVPFamily(TractablePosterior):
    """A conditional RealNVP flow (Dinh et al., 2017; Rezende & Mohamed, 2015) on a Gaussian base.

    z = f_1 o ... o f_4(e; h), e ~ N(mean(h), var(h)), h the encoder's output [mean | log variance],
    which also conditions every affine coupling. The last layer of each coupling starts at zero, so
    that training begins at the Gaussian posterior, which the family contains.
    """

    def __init__(
        self, latent_dim: int, transforms: int = 4, hidden_features: tuple[int, ...] = (128, 128)
    ) -> None:
        super().__init__(latent_dim)
        couplings = []
        for i in range(transforms):
            coupling = _Coupling(
                features=latent_dim,
                context=self.num_parameters,
                mask=torch.arange(latent_dim) % 2 == i % 2,
                hidden_features=hidden_features,
            )
            nn.init.zeros_(coupling.hyper[-1].weight)
            nn.init.zeros_(coupling.hyper[-1].bias)
            couplings.append(coupling)
        self.transform = LazyComposedTransform(*couplings)

    @property
    def num_parameters(self) -> int:
        return 2 * self.latent_dim

    def forward(self, parameters: Tensor) -> NormalizingFlow:
        mean, log_var = parameters.chunk(2, dim=-1)
        base = DiagNormal(mean, (0.5 * log_var).exp())
        return _BroadcastingFlow(self.transform(parameters), base)

    def sample_and_kl(self, parameters: Tensor) -> tuple[Tensor, Tensor]:
        z, log_prob = self(parameters).rsample_and_log_prob()
        return z, log_prob - standard_normal_log_prob(z)
