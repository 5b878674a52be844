"""Low-posterior samples: draws from the prior that the marginal posterior q(z) does not cover.

Algorithm 1 of Rosca, Lakshminarayanan and Mohamed (2018): draw K latents from p(z) = N(0, I) and
keep the m of lowest log q(z). Decoded, they show what a VAE makes of the holes in its latent space.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from dmvi.errors import DmviError
from dmvi.estimators.streaming import TractableMixture, standard_normal_log_density

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class LowPosterior:
    """K prior draws with their densities, and which of them are the m of lowest log q(z).

    Attributes:
        draws: float32 (K, d), in the order drawn; the first m are m ordinary (unselected) ones.
        log_q, log_p: float64 (K,), nats, at exactly these float32 latents.
        selected: int64 (m,), rows of `draws`, lowest log q(z) first.
    """

    draws: np.ndarray
    log_q: np.ndarray
    log_p: np.ndarray
    selected: np.ndarray

    @property
    def latents(self) -> np.ndarray:
        """float32 (m, d): the draws of lowest log q(z), lowest first."""
        return self.draws[self.selected]


def find(
    mixture: TractableMixture,
    *,
    draws: int,
    keep: int,
    generator: torch.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> LowPosterior:
    """Draws K = `draws` latents from N(0, I) and keeps the m = `keep` of lowest log q(z).

    Raises:
        DmviError: not 1 <= keep <= draws.
    """
    if not 1 <= keep <= draws:
        raise DmviError(
            f"low posterior: keep is {keep}; it must lie between 1 and draws ({draws})."
        )
    # float32, so that the latents written to disk are the very ones whose density is reported.
    z = torch.randn(draws, mixture.latent_dim, generator=generator, device=generator.device)
    log_q = mixture.log_density(z, progress=progress).cpu().numpy()
    log_p = standard_normal_log_density(z).cpu().numpy()
    selected = np.argsort(log_q, kind="stable")[:keep]
    return LowPosterior(draws=z.cpu().numpy(), log_q=log_q, log_p=log_p, selected=selected)


def log_density_table(
    found: LowPosterior,
    mixture: TractableMixture,
    *,
    generator: torch.Generator,
    codes: int | None = None,
) -> "pd.DataFrame":
    """log q(z) and log p(z) of the prior draws beside those of as many codes z ~ q(z|x).

    Args:
        codes: how many random images' codes; as many as prior draws (at most N) by default.

    Returns:
        Columns group ("prior" or "posterior"), log_q, log_p (nats), selected (bool; the m lowest).
    """
    import pandas as pd  # not needed to find them

    count = min(len(found.draws) if codes is None else codes, mixture.components)
    index = torch.randperm(mixture.components, generator=generator)[:count]
    z, own_log_prob = mixture.sample(index, generator)
    log_q = mixture.log_density(z, index, own_log_prob).cpu().numpy()
    log_p = standard_normal_log_density(z).cpu().numpy()
    selected = np.zeros(len(found.draws), bool)
    selected[found.selected] = True
    prior = {"group": "prior", "log_q": found.log_q, "log_p": found.log_p, "selected": selected}
    posterior = {"group": "posterior", "log_q": log_q, "log_p": log_p, "selected": False}
    return pd.concat([pd.DataFrame(prior), pd.DataFrame(posterior)], ignore_index=True)


def nearest_rank(latents_low: np.ndarray, prior_draws: np.ndarray) -> "pd.DataFrame":
    """Whether low-posterior latents lie together: how near is the nearest other one?

    For each of the m latents, all other prior draws are sorted by Euclidean distance; its rank is
    the place of the first low-posterior latent (1 = nearest; equal distances count in its favour).
    Where the m are scattered among K draws, ranks are about geometric, with median near ln 2 K / m.

    Args:
        latents_low: (m, d), m >= 2, rows of `prior_draws`.
        prior_draws: (K, d).

    Returns:
        Columns index (row of `latents_low`), rank.
    """
    import pandas as pd
    from scipy.spatial.distance import cdist

    low, draws = np.asarray(latents_low, np.float64), np.asarray(prior_draws, np.float64)
    if len(low) < 2:
        raise DmviError(f"nearest rank: {len(low)} latents given; at least 2 have other ones.")
    ranks = []
    for row, latent in enumerate(low):  # one row at a time: memory (K,)
        to_low = cdist(latent[None], low)[0]
        to_low[row] = np.inf
        nearest = to_low.min()
        to_draws = cdist(latent[None], draws)[0]
        if to_draws.min() > 0:
            raise DmviError(
                f"nearest rank: low-posterior latent {row} is not one of the prior draws."
            )
        # The latent itself is the one draw that does not compete.
        closer = np.count_nonzero(to_draws < nearest) - (nearest > 0)
        ranks.append(1 + closer)
    return pd.DataFrame({"index": np.arange(len(low)), "rank": ranks})
