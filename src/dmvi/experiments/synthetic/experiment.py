"""What a config may say about the synthetic study. Imports nothing heavy (see `dmvi.study.experiments`)."""

from typing import Any

from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import FEW_DIMENSIONS

COUNT = {"type": "integer", "minimum": 1}


def _several(items: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A list of different things, one at least."""
    return {"type": "array", "items": items, "minItems": 1, "uniqueItems": True, **more}


def _block(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A mapping of just these keys, all of them required."""
    closed = {"type": "object", "additionalProperties": False, **more}
    return {**closed, "properties": properties, "required": list(properties)}


LENGTH = {"iterations": COUNT, "every": COUNT}
SCHEMA = _block(
    description="the study of two Gaussians (Appendix D)",
    properties={
        "dims": _several(COUNT),
        "widths": {
            **{"type": "array", "items": COUNT, "minItems": 1},
            "description": "units per hidden layer, one number per entry of dims",
        },
        "seeds": {
            **{**COUNT, "maximum": 10_000},
            "description": "pairs of Gaussians, 0, 1, ..., each with its own classifier",
        },
        "members": {
            **COUNT,
            "description": "classifiers of a job, trained at once; bounds its memory",
        },
        "learning_rates": _several({"type": "number", "exclusiveMinimum": 0}),
        "spread": {"type": "number", "minimum": 0, "description": "s of A = I + s N / sqrt(d)"},
        "layers": {**COUNT, "description": "hidden layers"},
        "batch_size": {"type": "integer", "minimum": 2},
        "adam_betas": {"$ref": "#/$defs/adam_betas"},
        "precision": {"$ref": "#/$defs/precision"},
        "samples": {**COUNT, "minimum": 2, "description": "that an estimate averages over"},
        "estimation": _block(
            {
                "shifts": _several(
                    {"type": "number", "minimum": 0}, description="distances of the two means"
                ),
                **LENGTH,
            }
        ),
        "learning": _block(
            {
                "shift": {
                    **{"type": "number", "exclusiveMinimum": 0},
                    "description": "distance of the two means at the start",
                },
                **LENGTH,
            }
        ),
        "separated": _block(
            {
                "kls": _several(
                    {"type": "number", "exclusiveMinimum": 0},
                    description="KL divergences, nats, the same in every dimension",
                ),
                "classifiers": {
                    "type": "array",
                    "items": _block({"layers": COUNT, "width": COUNT}),
                    "uniqueItems": True,
                    "description": "others than that of `layers` and `widths`, in every dimension",
                },
                **LENGTH,
            },
            description="pairs that differ in their means alone, or in their covariances alone",
        ),
    },
)


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
