"""The study of a folder, for commands that a person types."""

from pathlib import Path

import yaml

from dmvi.errors import DmviError
from dmvi.study.config import Study, load_study

SCHEMA = Path("workflow/schemas/config.schema.yaml")  # from the repository's root


def read_study(folder: Path, schema: Path = SCHEMA) -> Study:
    """The validated study of a folder.

    Raises:
        DmviError: there is no config.yaml, or it is refused.
    """
    path = folder / "config.yaml"
    if not path.exists():
        raise DmviError(f"{path} does not exist; give the folder of a study")
    return load_study(yaml.safe_load(path.read_text()), yaml.safe_load(schema.read_text()))
