"""What a config may say about the synthetic study. Imports nothing heavy (see `dmvi.study.experiments`)."""

from typing import Any

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS

COUNT = {"type": "integer", "minimum": 1}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "the study of two Gaussians (Appendix D)",
    "additionalProperties": False,
    "properties": {
        "dims": {"type": "array", "items": COUNT, "minItems": 1, "uniqueItems": True},
        "widths": {
            "type": "array",
            "items": COUNT,
            "minItems": 1,
            "description": "units per hidden layer, one number per entry of dims",
        },
        "seeds": {
            **COUNT,
            "maximum": 10_000,
            "description": "pairs of Gaussians, 0, 1, ..., each with its own classifier",
        },
        "members": {
            **COUNT,
            "description": "classifiers of a job, trained at once; bounds its memory",
        },
        "learning_rates": {
            "type": "array",
            "items": {"type": "number", "exclusiveMinimum": 0},
            "minItems": 1,
            "uniqueItems": True,
        },
        "spread": {"type": "number", "minimum": 0, "description": "s of A = I + s N / sqrt(d)"},
        "layers": {**COUNT, "description": "hidden layers"},
        "batch_size": {"type": "integer", "minimum": 2},
        "adam_betas": {"$ref": "#/$defs/adam_betas"},
        "precision": {"$ref": "#/$defs/precision"},
        "samples": {
            "type": "integer",
            "minimum": 2,
            "description": "that an estimate averages over",
        },
        "estimation": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "shifts": {
                    "type": "array",
                    "items": {"type": "number", "minimum": 0},
                    "minItems": 1,
                    "uniqueItems": True,
                    "description": "distances of the two means",
                },
                "iterations": COUNT,
                "every": COUNT,
            },
            "required": ["shifts", "iterations", "every"],
        },
        "learning": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "shift": {
                    "type": "number",
                    "exclusiveMinimum": 0,
                    "description": "distance of the two means at the start",
                },
                "iterations": COUNT,
                "every": COUNT,
            },
            "required": ["shift", "iterations", "every"],
        },
        "separated": {
            "type": "object",
            "description": "pairs that differ in their means alone, or in their covariances alone",
            "additionalProperties": False,
            "properties": {
                "kls": {
                    "type": "array",
                    "items": {"type": "number", "exclusiveMinimum": 0},
                    "minItems": 1,
                    "uniqueItems": True,
                    "description": "KL divergences, nats, the same in every dimension",
                },
                "classifiers": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"layers": COUNT, "width": COUNT},
                        "required": ["layers", "width"],
                    },
                    "uniqueItems": True,
                    "description": "others than that of `layers` and `widths`, in every dimension",
                },
                "iterations": COUNT,
                "every": COUNT,
            },
            "required": ["kls", "classifiers", "iterations", "every"],
        },
    },
}
SCHEMA["required"] = list(SCHEMA["properties"])


def check(block: dict[str, Any], figures: list[str]) -> None:
    """Refuses a number of widths other than that of dimensions, and figures without a dimension to draw.

    Raises:
        DmviError: naming the key, what it holds, and what would be right.
    """
    dims = block["dims"]
    if len(block["widths"]) != len(dims):
        raise DmviError(
            f"synthetic.widths has {len(block['widths'])} entries, but synthetic.dims has "
            f"{len(dims)}; give one width per dimension"
        )
    few = [dim <= FEW_DIMENSIONS for dim in dims]
    for figure, side, wanted in (("fig19", "at most", True), ("fig20", "above", False)):
        if figure in figures and wanted not in few:
            raise DmviError(
                f"figures.{figure} draws dimensions of {side} {FEW_DIMENSIONS}, but synthetic.dims is "
                f"{dims}; add one, or remove the figure"
            )
