"""Figures of reconstructions without photographs: faces drawn by code stand in their place."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np

from dmvi.data.standin_faces import PARAMETERS, draw_faces
from dmvi.errors import DmviError
from dmvi.study.declared_figures import declared_figures
from dmvi.tables.results import Tables

ORIGINALS, RECONSTRUCTIONS = "originals.npy", "reconstructions.npy"
# What shows the data in other ways, for which no drawing can stand.
NEIGHBOURS = "low_posterior/neighbours.npy"
NOTE = (
    "faces in the pictures are drawn by code and go through the model, in place of photographs that may "
    "not be passed on; all numbers are of the photographs"
)


def can_stand_in(figure: str) -> bool:
    """Whether all that a figure shows of the data are test images beside their reconstructions."""
    read = declared_figures()[figure].sources.run
    return RECONSTRUCTIONS in read and NEIGHBOURS not in read


class DrawnFaces(Tables):
    """A figure's tables, where drawn faces and what a model makes of them replace a data set's images.

    Args:
        faces: names of the data sets, of 64 x 64 colour images, whose images are not to be shown.
    """

    def __init__(
        self, results: Path, seeds: dict[str, Any], study: dict[str, Any], faces: Collection[str]
    ):
        super().__init__(results, seeds, study)
        self.faces = faces

    def meta(self, dataset: str) -> dict:
        meta = super().meta(dataset)
        if dataset not in self.faces:
            return meta
        notes = [meta["note"].rstrip(".")] if meta.get("note") else []
        return {**meta, "note": "; ".join([*notes, NOTE])}

    def shown_images(self, dataset: str) -> str:
        return "drawn faces" if dataset in self.faces else super().shown_images(dataset)

    def array(self, run, seed: int, name: str) -> np.ndarray:
        found = super().array(run, seed, name)
        chosen = next(r for r in self.runs if r.name == getattr(run, "name", run))
        if chosen.data not in self.faces or name not in (ORIGINALS, RECONSTRUCTIONS):
            return found
        drawn = _drawn(len(found), found.shape[1:])
        if name == ORIGINALS:
            return drawn
        return _reconstructed(self._run_path(chosen.name, seed, "model.pt"), drawn, seed)


def _drawn(count: int, shape: tuple[int, ...]) -> np.ndarray:
    """uint8 (count, 64, 64, 3), the same for every model.

    Raises:
        DmviError: the images have another shape.
    """
    uniform = np.random.default_rng(0).random((count, PARAMETERS))
    drawn = np.rint(np.clip(draw_faces(uniform), 0, 255)).astype(np.uint8)
    if drawn.shape[1:] != shape:
        raise DmviError(
            f"no drawn faces can stand for images of shape {shape}; they have {drawn.shape[1:]}"
        )
    return drawn


def _reconstructed(model_path: Path, images: np.ndarray, seed: int) -> np.ndarray:
    import torch

    from dmvi.steps.reconstructing import decoded
    from dmvi.steps.trained import load_encoder, to_images

    model = load_encoder(model_path, torch.device("cpu"))
    torch.manual_seed(seed)  # after the networks, which draw their first weights
    return np.concatenate([to_images(mean) for _, mean in decoded(model, images)])
