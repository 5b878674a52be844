"""Autoregressive density models of q(z) that are fitted by gradient: MAF and a Gaussian LSTM.

Both are products of conditionals r(z_j | z_<j); they differ in the network that reads z_<j.
Each has one player, so that `dmvi.training.engine.fit` trains them on batches of codes.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
import zuko
from torch import Tensor, nn

from dmvi.estimators.density_models import VARIANCE_FLOOR
from dmvi.training.player import Player

LOG_2PI = math.log(2 * math.pi)
# |log sigma| stays below this: from 1e-3 to 1e3 of the latent's own spread. zuko bounds the scales of
# MAF by the same number.
LOG_SIGMA_BOUND = -math.log(1e-3)


class AutoregressiveDensity(nn.Module, ABC):
    """r(z) = s(u) / prod_j scale_j of standardised codes u = (z - shift) / scale.

    Standardised, because the latents of one model have spreads from 1 down to 0.01 and less, and the
    networks and their learning rate suit values near 1.

    Args:
        codes: z ~ q(z), (n, d), n >= 2; only their mean and spread per latent are used, and are kept
            as constants.
    """

    def __init__(self, codes: Tensor) -> None:
        super().__init__()
        values = codes.double()
        variance = values.var(0).clamp(min=VARIANCE_FLOOR)
        self.register_buffer("shift", values.mean(0).float())
        self.register_buffer("scale", variance.sqrt().float())

    @abstractmethod
    def standardised_log_prob(self, u: Tensor) -> Tensor:
        """log s(u) in nats, (n, d) -> (n,)."""

    def log_prob(self, z: Tensor) -> Tensor:
        """log r(z) in nats, float32 whatever the precision of training: (n, d) -> (n,)."""
        # A density in bfloat16 would not be normalised to the digits that are compared.
        with torch.autocast(z.device.type, enabled=False):
            u = ((z - self.shift) / self.scale).float()
            return self.standardised_log_prob(u) - self.scale.log().sum()

    def players(self) -> list[Player]:
        """One, which maximises the likelihood: the loss is -E_q log r(z) in nats."""
        return [Player("density", (self,), lambda z: {"nll": -self.log_prob(z).mean()})]

    @property
    def num_parameters(self) -> int:
        """Trained ones; shift and scale are constants."""
        return sum(parameter.numel() for parameter in self.parameters())


class MAF(AutoregressiveDensity):
    """Masked autoregressive flow (Papamakarios, Pavlakou and Murray, 2017), affine, by zuko.

    Successive transforms read the latents in opposite orders; the base is N(0, I).

    Args:
        codes: see the base class.
        transforms: how many.
        hidden: widths of the masked network of each.
    """

    def __init__(self, codes: Tensor, transforms: int, hidden: Sequence[int]) -> None:
        super().__init__(codes)
        self.flow = zuko.flows.MAF(
            codes.shape[1], transforms=transforms, hidden_features=tuple(hidden)
        )

    def standardised_log_prob(self, u: Tensor) -> Tensor:
        return self.flow().log_prob(u)


class GaussianLSTM(AutoregressiveDensity):
    """s(u) = prod_j N(u_j; mean_j, sigma_j^2), (mean_j, log sigma_j) read by one LSTM from u_<j.

    At position j the LSTM sees u_{j-1} (0 at first) and a learned vector that says which j it is:
    latents have no natural order, and each has a conditional of its own. log sigma is bounded
    smoothly, b tanh(a / b) with b = `LOG_SIGMA_BOUND`.

    Args:
        codes: see the base class.
        width: units of the LSTM.
        position_dim: length of that vector.
    """

    def __init__(self, codes: Tensor, width: int, position_dim: int = 32) -> None:
        super().__init__(codes)
        self.position = nn.Parameter(torch.randn(codes.shape[1], position_dim))
        self.lstm = nn.LSTM(1 + position_dim, width)
        self.head = nn.Linear(width, 2)

    def conditionals(self, u: Tensor) -> tuple[Tensor, Tensor]:
        """mean_j(u_<j) and log sigma_j(u_<j), (n, d) each, of standardised codes (n, d)."""
        n, d = u.shape
        before = torch.cat([u.new_zeros(1, n), u.T[:-1]])  # (d, n): time comes first
        positions = self.position[:, None].expand(d, n, -1)
        hidden, _ = self.lstm(torch.cat([before[..., None], positions], -1))
        mean, raw = self.head(hidden).permute(2, 1, 0)
        return mean, LOG_SIGMA_BOUND * torch.tanh(raw / LOG_SIGMA_BOUND)

    def standardised_log_prob(self, u: Tensor) -> Tensor:
        mean, log_sigma = self.conditionals(u)
        scaled = (u - mean) * torch.exp(-log_sigma)
        return -(0.5 * scaled.square() + log_sigma + 0.5 * LOG_2PI).sum(1)
