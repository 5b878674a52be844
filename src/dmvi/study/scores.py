"""Which scores a study asks for on which data set, with which options."""

from typing import Any

from dmvi.data.registry import BUILDERS
from dmvi.errors import DmviError
from dmvi.study.declarations import declared_scores


def scores_asked(
    config: dict[str, Any], dataset: str, asked: bool = True
) -> dict[str, dict[str, Any]]:
    """Score -> options on a data set: those that every study has, and, if `asked`, those of the config."""
    blocks = config.get("estimators", {}).get("scores", {}) if asked else {}
    found: dict[str, dict[str, Any]] = {}
    for name, score in declared_scores().items():
        if score.get("always"):
            found[name] = {}
        elif dataset in blocks.get(name, {}).get("data", ()):
            found[name] = {key: value for key, value in blocks[name].items() if key != "data"}
    return found


def score_schema() -> dict[str, Any]:
    """The JSON schema of `estimators.scores`, from what the scores' files declare."""
    properties = {}
    for name, score in declared_scores().items():
        if score.get("always"):
            continue
        datasets = {"$ref": "#/$defs/datasets", "description": "data sets that have this score"}
        properties[name] = {
            "type": "object",
            "additionalProperties": False,
            "required": ["data", *score["options"]],
            "properties": {"data": datasets, **score["options"]},
        }
    return {"type": "object", "additionalProperties": False, "properties": properties}


def check_scores(config: dict[str, Any]) -> None:
    """Refuses a score on a data set that does not exist, or that it is not defined for.

    Raises:
        DmviError: naming the key, the data set, and those that would be right.
    """
    estimators, data_sets = config.get("estimators", {}), config.get("data", {})
    for name, block in estimators.get("scores", {}).items():
        score = declared_scores()[name]
        defined = score["data"]
        reads_classifier = block["data"] and "classifier" in score.get("needs", ())
        if reads_classifier and "classifier" not in estimators:
            raise DmviError(
                f"estimators.scores.{name} needs the key 'estimators.classifier'; add it, or remove "
                "the score"
            )
        for data in block["data"]:
            path = f"estimators.scores.{name}.data"
            if data not in data_sets:
                raise DmviError(f"{path} names {data!r}; the data sets are {', '.join(data_sets)}")
            builder = data_sets[data]["builder"]
            if defined is not None and builder not in defined:
                raise DmviError(
                    f"{path} names {data!r}, but this score is not defined for {builder!r} images; "
                    f"it is for those of {', '.join(key for key in BUILDERS if key in defined)}"
                )


def needs_of_scores(config: dict[str, Any], dataset: str, asked: bool = True) -> set[str]:
    """What the scores of a data set read beside images: "classifier", "inception_weights"."""
    scores = scores_asked(config, dataset, asked)
    return {need for name in scores for need in declared_scores()[name].get("needs", ())}


def score_memory_mb(costs, data: str, samples: float) -> float:
    """Samples, and their projections onto 256 directions and those of test images."""
    import math

    projections = 8 * 256 * (min(samples, costs.images(data)[2])) * 2 / 1e6
    directions = 8 * 256 * math.prod(costs.shape(data)) * 2 / 1e6
    return 2 * costs.image_mb(data, samples) + projections + directions + 200
