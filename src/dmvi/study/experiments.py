"""The experiments there are: what is not "train a model on images", a folder of `dmvi.experiments` each.

A folder with a module `experiment` is one. Its name is the key of its block in config.yaml, and the
module, which imports nothing heavy, holds

    SCHEMA                  of that block; may refer to `#/$defs/...` of the config's schema
    check(block, figures)   refuses what a schema cannot say; `figures` are those of the study

Its figures are in its folder `figures`; they need the block.
"""

import importlib
from functools import cache
from types import ModuleType

from dmvi.study.declarations import PACKAGE


@cache
def experiments() -> dict[str, ModuleType]:
    """Name -> its module `experiment`, by name."""
    names = sorted(path.parent.name for path in PACKAGE.glob("experiments/*/experiment.py"))
    return {name: importlib.import_module(f"dmvi.experiments.{name}.experiment") for name in names}
