"""Prepares a data set: downloads or reads its files, and builds uint8 arrays with splits."""

from pathlib import Path
from typing import Any

from dmvi.data.preparation import prepare

STEP = {"version": 1, "wildcards": ["dataset"], "gives": {}, "gpu": False, "resumes": False}


def settings(study, dataset):
    """What the prepared data set is, its defaults filled in."""
    from dmvi.data.registry import resolve

    return resolve(study.data[dataset], dataset)


def cost(costs, dataset):
    """Decoding and writing; the download where files are not at hand."""
    from dmvi.data.registry import BUILDERS

    spec = costs.study.data[dataset]
    images = sum(costs.images(dataset))
    official = spec.get("source", "official") == "official"
    seconds = images * BUILDERS[spec["builder"]].seconds_per_image
    fetched = official and BUILDERS[spec["builder"]].downloads
    if fetched and costs.config.get("data_dir") is None:
        seconds += costs.hardware["download_seconds"]
    size = costs.image_mb(dataset, images)
    return costs.cost(seconds, 2 * size, size)


def prepare_data(
    spec: dict[str, Any], name: str, output: Path, raw: Path, data_dir: Path | None = None
) -> None:
    """Builds the data set `name` into the folder `output`; see `dmvi.data.preparation.prepare`."""
    prepare(spec, name, output, raw, data_dir)
