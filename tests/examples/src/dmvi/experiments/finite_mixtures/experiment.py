"""What a config may say about finite mixtures. Imports nothing heavy (see `dmvi.study.experiments`)."""

from typing import Any

from dmvi.errors import DmviError

COUNTS = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1},
    "minItems": 1,
    "uniqueItems": True,
}
SCHEMA = {
    "type": "object",
    "description": "the KL of N Gaussians whose means make the whole of them N(0, I)",
    "additionalProperties": False,
    "required": ["dims", "sizes", "sd", "samples", "seeds"],
    "properties": {
        "dims": COUNTS,
        "sizes": {**COUNTS, "description": "Gaussians in the mixture: N"},
        "sd": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
        "samples": {"type": "integer", "minimum": 2, "description": "z ~ q(z) per KL"},
        "seeds": {"type": "integer", "minimum": 1},
    },
}


def check(block: dict[str, Any], figures: list[str]) -> None:
    """Refuses what the schema cannot say: a curve over N of one point.

    Raises:
        DmviError: naming the key, what it holds, and what would be right.
    """
    if "fig103" in figures and len(block["sizes"]) < 2:
        raise DmviError(
            f"figures.fig103 draws a curve over N, but finite_mixtures.sizes is {block['sizes']}; "
            "add one, or remove the figure"
        )
