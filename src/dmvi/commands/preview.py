"""Makes small pictures of a finished study's figures."""

from pathlib import Path

from dmvi.report import previews
from dmvi.study.folder import SCHEMA, read_study

COMMAND = {}


def preview(folder: Path, output: Path, schema: Path = SCHEMA) -> None:
    """Makes small pictures of a finished study's figures.

    Args:
        folder: of the study, with config.yaml and results/.
        output: folder to write anew.
    """
    study = read_study(folder, schema)
    previews.preview(study, folder / "results", output)
