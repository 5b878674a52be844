"""Models: one file each, with its players and their wiring, and nothing else.

A file registers itself by its name and a literal `DECLARES` (see `dmvi.study.declarations`); the class named
there is built by `make_model`.
"""

from importlib import import_module
from typing import Any

import torch

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
    module = import_module(f"dmvi.models.{name}")
    model = getattr(module, models[name]["class"])(spec, tuple(image_shape))
    return model.to(memory_format=torch.channels_last)
