"""Copies a finished study's figures, claims and small tables, with their provenance."""

from pathlib import Path

from dmvi.report import published
from dmvi.study.folder import SCHEMA, read_study

COMMAND = {}


def publish(folder: Path, output: Path, keep: bool = False, schema: Path = SCHEMA) -> None:
    """Copies a finished study's figures, claims and small tables, with their provenance.

    Args:
        folder: of the study, with config.yaml and results/.
        output: folder to write anew.
        keep: figures that the results lack stay as they are published in `output` already.
    """
    study = read_study(folder, schema)
    published.publish(study, folder / "config.yaml", folder / "results", output, keep_before=keep)
