"""What an InfoVAE whose decoder is a distribution of binary pixels requires of its run. Needs no torch."""

from collections.abc import Mapping
from typing import Any

from dmvi.errors import DmviError
from dmvi.objectives import info_weights


def check(run: Mapping[str, Any], path: str) -> None:
    """Refuses grey pixels, and weights that `dmvi.objectives.info_weights` refuses.

    Raises:
        DmviError: naming the key, and what it must be.
    """
    info_weights.check(run, path)
    if not run.get("binarize", False):
        raise DmviError(
            f"{path}.binarize must be true: the decoder of {run['model']!r} is a distribution of black and "
            "white pixels, of which each depends on those before it"
        )
