"""What a schema cannot say of a config: names that must exist, and blocks that others need.

Every refusal is a sentence with the key's path, what it holds, and what would be right.
"""

from pathlib import Path
from typing import Any

from dmvi.data.registry import BUILDERS, resolve
from dmvi.errors import DmviError
from dmvi.study.capabilities import estimators_of
from dmvi.study.declared_figures import DeclaredFigure, declared_figures
from dmvi.study.experiments import experiments
from dmvi.study.inception_weights import check_weights
from dmvi.study.scores import check_scores

NETWORK_SIZES = (28, 32, 64)


def check_data(config: dict[str, Any]) -> None:
    """Of `data:` and `data_defaults:`, before the runs are read."""
    data = config.get("data", {})
    for name, spec in data.items():
        resolve(spec, name)
        info = BUILDERS[spec["builder"]]
        if info.image_size not in NETWORK_SIZES:
            raise DmviError(
                f"data.{name}.builder is {spec['builder']!r} with {info.image_size} x "
                f"{info.image_size} images; networks exist for {', '.join(map(str, NETWORK_SIZES))}"
            )
    if config.get("runs") and not data:
        raise DmviError("config.yaml has runs, but lacks the key 'data' that they are trained on")
    for name, block in config.get("data_defaults", {}).items():
        if name not in data:
            raise DmviError(f"data_defaults names {name!r}; the data sets are {', '.join(data)}")
        if "data" in block:
            raise DmviError(f"data_defaults.{name}.data is set; its data set is {name!r} already")


def check_estimators(config: dict[str, Any]) -> None:
    """Of `estimators:` and what belongs to them."""
    estimators = config.get("estimators", {})
    check_scores(config)
    if (weights := config.get("inception_weights")) is not None:
        check_weights(Path(weights))
    gmm = estimators.get("density_models", {}).get("gmm")
    if gmm and gmm["fit_samples"] < gmm["components"]:
        raise DmviError(
            f"estimators.density_models.gmm.fit_samples is {gmm['fit_samples']}, fewer than its "
            f"{gmm['components']} components; give at least one code per component"
        )
    low = estimators.get("low_posterior")
    if low and low["keep"] > low["draws"]:
        raise DmviError(
            f"estimators.low_posterior.keep is {low['keep']}, more than the {low['draws']} draws "
            "it is kept from"
        )


def check_figures(config: dict[str, Any]) -> None:
    """Of `figures:`, which exist: the blocks that each needs; then the experiments' own checks."""
    estimators = config.get("estimators", {})
    for name in config["figures"]:
        figure = declared_figures()[name]
        if figure.experiment and figure.experiment not in config:
            raise DmviError(
                f"figures.{name} draws the {figure.experiment} study, but config.yaml has no key "
                f"{figure.experiment!r}; add it, or remove the figure"
            )
        for table, block in _blocks(figure):
            if block not in estimators:
                raise DmviError(
                    f"figures.{name} reads {table}, but config.yaml has no key "
                    f"'estimators.{block}'; add it, or remove the figure"
                )
    for name, experiment in experiments().items():
        if name in config:
            experiment.check(config[name], list(config["figures"]))


def _blocks(figure: DeclaredFigure) -> list[tuple[str, str]]:
    """(table, block of `estimators:`) pairs of what a figure about runs reads."""
    tables = (*figure.sources.run, *figure.sources.data) if figure.sources.run else ()
    return [(table, block) for table in tables for block in estimators_of(table)]
