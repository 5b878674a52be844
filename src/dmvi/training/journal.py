"""The journal: what every loss term was along training, without stopping the device at each step."""

import math

import torch
from torch import Tensor

from dmvi.errors import DmviError


class NonFiniteLossError(DmviError):
    """A loss term became NaN or infinite."""


class Journal:
    """Means of named loss terms over windows of `every` steps.

    Terms are kept on the device and read once per window, so that no step waits for the device.
    Rows hold no wall-clock time: an interrupted and resumed run has the same journal.

    Attributes:
        rows: one dict per window: `step` (the last of the window) and a mean per `player/term`.
    """

    def __init__(self, every: int, device: torch.device) -> None:
        self.every = every
        self.device = device
        self.columns: list[str] = []
        self.rows: list[dict[str, float]] = []
        self.window = torch.zeros(0)
        self.filled = 0

    def add(self, step: int, terms: dict[str, Tensor]) -> None:
        """Records the terms of one step (1-based); closes the window when `every` divides `step`."""
        if not self.columns:
            self.columns = list(terms)
            self.window = torch.zeros(self.every, len(terms), device=self.device)
        self.window[self.filled] = torch.stack([terms[name] for name in self.columns])
        self.filled += 1
        if step % self.every == 0:
            self.close(step)

    def close(self, step: int) -> None:
        """Ends the window at `step`, whether full or not."""
        if self.filled:
            self.check(step)
            means = self.window[: self.filled].double().mean(0).tolist()
            self.rows.append({"step": step, **dict(zip(self.columns, means, strict=True))})
            self.filled = 0

    def check(self, step: int) -> None:
        """Raises `NonFiniteLossError` naming the first step and term of the window that is not finite."""
        values = self.window[: self.filled].tolist()
        for offset, row in enumerate(values):
            for name, value in zip(self.columns, row, strict=True):
                if not math.isfinite(value):
                    at = step - self.filled + 1 + offset
                    raise NonFiniteLossError(f"loss term {name} is {value} at step {at}")

    def latest(self) -> str:
        """The last row's terms, for a log."""
        row = self.rows[-1] if self.rows else {}
        return "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name != "step")

    def state_dict(self) -> dict:
        return {
            "columns": self.columns,
            "rows": self.rows,
            "window": self.window.cpu().clone(),
            "filled": self.filled,
        }

    def load_state_dict(self, state: dict) -> None:
        self.columns = state["columns"]
        self.rows = state["rows"]
        self.window = state["window"].to(self.device)
        self.filled = state["filled"]
