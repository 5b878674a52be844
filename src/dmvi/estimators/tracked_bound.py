"""The bound on held-out images along training."""

import math
from typing import Any

import numpy as np
import torch

from dmvi.data.images import to_unit
from dmvi.models.model import Bounded, Model
from dmvi.training.reproducibility import restore_rng_state, rng_state

COLUMNS = ("step", "bound", "standard_error", "fit", "divergence")
BATCH = 128


class BoundTracker:
    """Every so many steps, the mean of bound = fit - divergence over fixed held-out images.

    The networks are in evaluation mode (running batch-norm averages). The random numbers are the
    same at every step and leave the training's own untouched, so that tracking changes nothing.

    Args:
        model: its terms are tracked; a model that is not `Bounded` gives no rows.
        images: uint8 (n, H, W, C), not used in training.
        every: steps between rows.
    """

    def __init__(self, model: Model, images: np.ndarray, every: int, device: torch.device) -> None:
        self.model, self.every, self.device = model, every, device
        self.images = torch.from_numpy(np.array(images)).to(device)  # a copy: maps are read-only
        self.rows: list[dict[str, Any]] = []

    def due(self, step: int) -> bool:
        """Whether this step gets a row."""
        return isinstance(self.model, Bounded) and step % self.every == 0

    @torch.no_grad()
    def add(self, step: int) -> None:
        """Measures the bound after `step` iterations."""
        state, training = rng_state(self.device), self.model.training
        torch.manual_seed(0)
        self.model.eval()
        terms = [self.model.bound_terms(to_unit(part)) for part in self.images.split(BATCH)]
        self.model.train(training)
        restore_rng_state(state, self.device)
        fit, divergence = (torch.cat(part).double().cpu() for part in zip(*terms, strict=True))
        bound = fit - divergence
        self.rows.append(
            {
                "step": step,
                "bound": bound.mean().item(),
                "standard_error": bound.std().item() / math.sqrt(len(bound)),
                "fit": fit.mean().item(),
                "divergence": divergence.mean().item(),
            }
        )

    def state_dict(self) -> dict:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.rows = list(state["rows"])
