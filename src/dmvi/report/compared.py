"""A study whose numbers are set beside the published ones, finished, published or still running."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dmvi import files
from dmvi.claims.outcomes import STUDIES
from dmvi.claims.published import PUBLISHED
from dmvi.study.config import Study
from dmvi.study.reading import read_config

# The run that each published number is about; its name is the same in every study, but that a study may
# have made a table of another training of the same settings.
KL_RUNS = {"kl_bernoulli": "cifar10_gaussian", "kl_quantized_normal": "cifar10_quantized_normal"}
TABLE_RUNS = {
    "table1": ("color_mnist_gaussian", "color_mnist_gaussian_second"),
    "table2": ("cifar10_gaussian", "cifar10_gaussian_second"),
}
IMAGES = "cifar10"  # the data set of the published image classifier


def runs_of(row: str) -> tuple[str, ...]:
    """The run that a published number is about, and those in its place where a study does not have the
    number of it; none of the image classifier's error."""
    if row in KL_RUNS:
        return (KL_RUNS[row],)
    return TABLE_RUNS.get(row.split("_row")[0], ())


@dataclass(frozen=True)
class Compared:
    """What is known of a study besides its results.

    Attributes:
        name: of the study.
        folder: with `runs/`: its `results`, or the folder that it is published in.
        owed: ids of the published numbers that it has to have, once it is finished: those that a figure
            or table of its config shows. Of a study that is no column of the table (see
            `dmvi.claims.outcomes.STUDIES`) only those whose run it draws there by its name.
        image_classifier: `estimators.classifier` of its config.
        whole: whether all of it is there, finished or published.
    """

    name: str
    folder: Path
    owed: frozenset[str]
    image_classifier: dict[str, Any]
    whole: bool = True

    @classmethod
    def of_published(cls, folder: Path) -> "Compared":
        """A study in the folder that it is published in, which has its name."""
        config = read_config(folder / "config.yaml")
        figures = config.get("figures", {})
        owed = frozenset(row.id for row in PUBLISHED if row.figure in figures)
        return cls(folder.name, folder, owed, _classifier(config))

    @classmethod
    def of_study(cls, study: Study, folder: Path, whole: bool) -> "Compared":
        """A study of which the config is at hand."""
        name = study.config["study"].get("name", "")
        owed = frozenset(row.id for row in PUBLISHED if _draws(study, name, row.figure, row.id))
        return cls(name, folder, owed, _classifier(study.config), whole)


def described(folder: Path, what: str) -> dict[str, dict[str, Any]]:
    """Name -> the description of each "data" set or image classifier ("classifiers"): of a published
    study its provenance has them, of results they stand in files of their own."""
    if (folder / "provenance.json").exists():
        return files.read_json(folder / "provenance.json")[what]
    name = {"data": "meta.json", "classifiers": "classifier.json"}[what]
    return {path.parent.name: files.read_json(path) for path in folder.glob(f"{what}/*/{name}")}


def _classifier(config: dict[str, Any]) -> dict[str, Any]:
    return config.get("estimators", {}).get("classifier", {})


def _draws(study: Study, name: str, figure: str, row: str) -> bool:
    if figure not in study.figures:
        return False
    if name in STUDIES:
        return True
    runs = runs_of(row)
    if runs:
        return not set(runs).isdisjoint(study.figures[figure])
    scored = study.config.get("estimators", {}).get("scores", {}).get("inception", {})
    shown = {study.runs[drawn].spec["data"] for drawn in study.figures[figure]}
    return IMAGES in shown and IMAGES in scored.get("data", [])
