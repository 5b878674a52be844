"""Models: one file each, with its players and their wiring, and nothing else.

A file registers itself by its name and a literal `DECLARES` (`dmvi.study.declarations` says what it
holds); the class named there is built by `make_model`.
"""

from typing import Any

import torch

from dmvi.declared import declared_class
from dmvi.errors import DmviError
from dmvi.models.model import Model
from dmvi.study.declarations import declared_models
from dmvi.training.player import Player

__all__ = ["Model", "Player", "make_model"]


def make_model(spec: dict[str, Any], image_shape: tuple[int, int, int]) -> Model:
    """The untrained model of a resolved run for images of shape (H, W, C); draws its weights.

    Its weights lie in memory as images do (channels last), which convolutions are faster with.
    """
    name = spec["model"]
    models = declared_models()
    if name not in models:
        raise DmviError(f"model is {name!r}; the models are {', '.join(models)}")
    model = declared_class(__name__, name, models[name])(spec, tuple(image_shape))
    return model.to(memory_format=torch.channels_last)
