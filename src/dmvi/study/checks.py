"""What a schema cannot say of a config: names that must exist, and blocks that others need.

Every refusal is a sentence with the key's path, what it holds, and what would be right.
"""

from pathlib import Path
from typing import Any

from dmvi.data.registry import image_shape, resolve
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError
from dmvi.study.capabilities import estimators_of
from dmvi.study.declarations import declared_models
from dmvi.study.declared_figures import DeclaredFigure, declared_figures
from dmvi.study.experiments import experiments
from dmvi.study.inception_weights import check_weights
from dmvi.study.scores import check_scores

NETWORK_SIZES = (1, 2, 28, 32, 64)


def check_study(config: dict[str, Any]) -> None:
    """Of `study:`, whose name and note are put into rules' commands and written on figures."""
    for key in ("name", "note"):
        text = config["study"].get(key, "")
        if braces := [c for c in text if c in "{}"]:
            raise DmviError(
                f"study.{key} is {text[:60]!r}; write it without the brace {braces[0]!r}, which stands for "
                "a wildcard in the workflow's rules"
            )
        if "$" in text:
            raise DmviError(
                f"study.{key} is {text[:60]!r}; write it without '$', which figures read as mathematics"
            )


def check_data(config: dict[str, Any]) -> None:
    """Of `data:` and `data_defaults:`, before the runs are read."""
    data = config.get("data", {})
    for name, spec in data.items():
        resolve(spec, name)
        size, _, _ = image_shape(spec)
        if size not in NETWORK_SIZES:
            raise DmviError(
                f"data.{name}.builder is {spec['builder']!r} with {size} x "
                f"{size} images; networks exist for {', '.join(map(str, NETWORK_SIZES))}"
            )
    if config.get("runs") and not data:
        raise DmviError("config.yaml has runs, but lacks the key 'data' that they are trained on")
    for name, block in config.get("data_defaults", {}).items():
        if name not in data:
            raise DmviError(f"data_defaults names {name!r}; the data sets are {', '.join(data)}")
        if "data" in block:
            raise DmviError(f"data_defaults.{name}.data is set; its data set is {name!r} already")


def check_defaults(config: dict[str, Any]) -> None:
    """Of `defaults:` and `data_defaults:`: names that nothing has, whichever runs use them."""
    blocks = {"defaults": config.get("defaults", {})}
    blocks |= {
        f"data_defaults.{name}": block for name, block in config.get("data_defaults", {}).items()
    }
    admissible = {
        "model": declared_models(),
        "data": config.get("data", {}),
        "posterior": declared_posteriors(),
        "likelihood": declared_likelihoods(),
    }
    for path, block in blocks.items():
        for key, names in admissible.items():
            if key in block and block[key] not in names:
                raise DmviError(
                    f"{path}.{key} is {block[key]!r}; it must be one of {', '.join(names)}"
                )


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
