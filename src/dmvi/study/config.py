"""From a study's config.yaml to its runs and figures, refusing whatever cannot be meant.

Reads plain data and imports neither torch nor pandas: Snakemake does this at every start, and again
in every cluster job.
"""

import copy
from dataclasses import dataclass
from typing import Any

from dmvi.distributions.registry import declared_likelihoods, declared_posteriors
from dmvi.errors import DmviError
from dmvi.study.checks import (
    check_data,
    check_defaults,
    check_estimators,
    check_figures,
    check_study,
)
from dmvi.study.declarations import declared_models, declared_steps
from dmvi.study.declared_figures import declared_figures
from dmvi.study.experiments import experiments
from dmvi.study.how import how_of
from dmvi.study.runs import Runs, expand
from dmvi.study.schema import check_schema
from dmvi.study.scores import score_schema
from dmvi.study.selection import left_out, select_all
from dmvi.study.values import check_values


class Estimators(dict[str, Any]):
    """The blocks of `estimators:`; one that the study lacks is refused in a sentence."""

    def __missing__(self, name: str) -> Any:
        raise DmviError(f"this needs the key 'estimators.{name}', which config.yaml lacks; add it")


@dataclass(frozen=True)
class Study:
    """A validated config: its runs by id, and the runs of each figure."""

    config: dict[str, Any]
    runs: Runs
    figures: dict[str, list[str]]

    @property
    def data(self) -> dict[str, Any]:
        """The data sets by name; none in a study of experiments only."""
        return self.config.get("data", {})

    @property
    def estimators(self) -> Estimators:
        """The settings of estimators and scores, by block."""
        return Estimators(self.config.get("estimators", {}))

    @property
    def how(self) -> dict[str, Any]:
        """How jobs that belong to no run are computed: as `defaults` say."""
        return how_of(self.config.get("defaults", {}))

    @property
    def notes(self) -> list[str]:
        """A line for each run that does not use a default that is set for it, and for each one that a figure
        leaves out for the kind of its pixels."""
        lines = [f"{run.name}: {note}" for run in self.runs.values() for note in run.notes]
        return lines + left_out(self.config, self.runs, self.figures)

    def figure_seeds(self, figure: str) -> dict[str, list[int]]:
        """Run id -> the seeds that the figure reads (all, or the first of each run)."""
        seeds = {name: list(self.runs[name].seeds) for name in self.figures[figure]}
        if declared_figures()[figure].seeds == "first":
            return {name: values[:1] for name, values in seeds.items()}
        return seeds


def load_study(config: dict[str, Any], schema: dict[str, Any]) -> Study:
    """Validates a config against the schema and every cross-reference, and expands its runs.

    Args:
        config: the content of config.yaml.
        schema: that of workflow/schemas/config.schema.yaml; what models and experiments declare is
            added to it.

    Raises:
        DmviError: naming the key's path, what it holds, and what would be right.
    """
    schema = _complete(schema)
    check_values(config)
    check_schema(config, schema, "")
    check_study(config)
    check_data(config)
    check_defaults(config)
    runs = expand(config, schema)
    figures = select_all(config, runs)
    check_estimators(config)
    check_figures(config)
    return Study(config, runs, figures)


def _complete(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with what files declare: options of models, likelihoods and posteriors among a run's
    keys, blocks of steps among the estimators, a block for every score and experiment."""
    schema = copy.deepcopy(schema)
    families = (declared_models(), declared_likelihoods(), declared_posteriors())
    for declared in (one for family in families for one in family.values()):
        for keys in ("run", "entry"):
            schema["$defs"][keys]["properties"] |= declared["options"]
    estimators = schema["properties"]["estimators"]["properties"]
    estimators["scores"] = score_schema()
    for step in declared_steps().values():
        for block, options in step.get("options", {}).items():
            estimators[block] = {
                "type": "object",
                "additionalProperties": False,
                "required": [key for key, rules in options.items() if "default" not in rules],
                "properties": options,
            }
    schema["properties"] |= {name: module.SCHEMA for name, module in experiments().items()}
    return schema
