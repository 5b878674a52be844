"""The study of a folder, for commands that a person types."""

from pathlib import Path

import yaml

from dmvi.errors import DmviError
from dmvi.study.config import Study, load_study
from dmvi.study.reading import read_config
from dmvi.study.schema import YamlLoader

SCHEMA = Path(__file__).parents[3] / "workflow/schemas/config.schema.yaml"


def read_study(folder: Path, schema: Path = SCHEMA) -> Study:
    """The validated study of a folder.

    Raises:
        DmviError: there is no config.yaml, or it is refused; naming the file.
    """
    path = folder / "config.yaml"
    config = read_config(path)
    check_folder(folder)
    try:
        return load_study(config, yaml.load(schema.read_text(), Loader=YamlLoader))
    except DmviError as error:
        raise DmviError(f"{path}: {error}") from None


def check_folder(folder: Path) -> None:
    """Refuses a folder whose results cannot be where they belong.

    Raises:
        DmviError: `results` is a file, or a link that leads nowhere.
    """
    results = folder / "results"
    if results.is_symlink() and not results.exists():
        raise DmviError(
            f"{results} is a link to {results.readlink()}, which does not exist; make that folder, or "
            "remove the link"
        )
    if results.exists() and not results.is_dir():
        raise DmviError(f"{results} is a file; move it away, for results are a folder of this name")
