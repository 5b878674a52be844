"""Batches of codes z ~ q(z), the aggregate posterior of a trained encoder."""

import numpy as np
import torch
from torch import Tensor

from dmvi.models.model import EncodingModel


class CodeSampler:
    """Endless independent batches z ~ q(z) = 1/N sum_n q(z|x_n), float32 (B, latent_dim).

    An image is drawn uniformly, then a code from its posterior; of a deterministic posterior there
    is one code per image. The noise of the posteriors comes from torch's global generator.

    Args:
        model: a trained model with an encoder; only its posterior is used.
        parameters: posterior parameters of the N images (N, P), an array or a memory map.
        batch_size: B.
        seed: of the choice of images.
        device: where the codes are wanted.
    """

    def __init__(
        self,
        model: EncodingModel,
        parameters: np.ndarray,
        batch_size: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.model, self.parameters, self.device = model, parameters, device
        self.batch_size = batch_size
        self.generator = torch.Generator().manual_seed(seed)

    def next(self) -> Tensor:
        """The next batch."""
        return self._codes(self.batch_size, self.generator)

    def draw(self, count: int, seed: int) -> Tensor:
        """A fixed set of `count` codes, (count, latent_dim); the batches go on as if it were not drawn."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            return self._codes(count, torch.Generator().manual_seed(seed))

    @torch.no_grad()
    def _codes(self, count: int, generator: torch.Generator) -> Tensor:
        index = torch.randint(len(self.parameters), (count,), generator=generator).numpy()
        chosen = torch.from_numpy(np.asarray(self.parameters[index])).to(self.device)
        return self.model.sample_posterior(chosen)

    def state_dict(self) -> dict:
        return {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        self.generator.set_state(state["generator"].cpu())
