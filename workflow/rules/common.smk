"""Reads and checks the study; functions that the rules share.

Required inputs: config.yaml, workflow/schemas/config.schema.yaml. Outputs: none.
"""

import json
import re
import sys

import yaml

from dmvi.study.capabilities import lacks
from dmvi.study.config import load_study
from dmvi.costs.model import Costs
from dmvi.data.given import check_given
from dmvi.data.registry import BUILDERS
from dmvi.study.declarations import (
    declared_models,
    declared_scores,
    declared_step,
    model_version,
)
from dmvi.study.declared_figures import declared_figures
from dmvi.errors import DmviError
from dmvi.study.schema import YamlLoader
from dmvi.study.scores import needs_of_scores, scores_asked
from dmvi.tables.models import shown_models

with open(f"{REPOSITORY}/workflow/schemas/config.schema.yaml") as file:
    SCHEMA = yaml.load(file, Loader=YamlLoader)
try:
    STUDY = load_study(config, SCHEMA)
except DmviError as error:
    raise DmviError(f"config.yaml: {error}") from None

# Time and memory of every step, at the rates of the machines at hand.
with open(f"{REPOSITORY}/workflow/hardware.yaml") as file:
    COSTS = Costs(STUDY, yaml.load(file, Loader=YamlLoader))

# Once, not again in every job.
for note in STUDY.notes if workflow.is_main_process else ():
    print(f"note: {note}", file=sys.stderr)

DEVICE = config.get("device", "auto")
ESTIMATORS = STUDY.estimators
INCEPTION_WEIGHTS = config.get("inception_weights")
RATIO_TABLES = ESTIMATORS.get("density_ratio", {}).get("tables", {})


wildcard_constraints:
    dataset="|".join(STUDY.data) or "none",
    # The paper's hundreds of names as alternatives would double the time of planning; STUDY.runs
    # refuses all others.
    run=r"[A-Za-z][A-Za-z0-9_.-]*",
    seed=r"\d+",
    figure="|".join(STUDY.figures),
    ratio="|".join(["default", *RATIO_TABLES]),
    density_model="gmm|maf|lstm",


def canonical(value):
    """JSON that is the same whatever the order of keys: the form in which params are handed over."""
    return json.dumps(value, sort_keys=True)


def dataset_version(wildcards):
    """The builder's version: raised in its file when the same spec gives other images; and the step's
    where it has been raised."""
    own = BUILDERS[STUDY.data[wildcards.dataset]["builder"]].version
    raised = version("prepare_data")
    return own if raised == 1 else f"{raised}, builder {own}"


def files_given(wildcards):
    """No input of Snakemake's, which would prepare data anew when their files move: they must be there."""
    name = wildcards.dataset
    try:
        check_given(name, STUDY.data[name], config.get("data_dir"))
    except DmviError as error:
        raise DmviError(f"config.yaml: {error}") from None
    return []


def dataset_folder(wildcards):
    """The folder of a run's prepared data set."""
    return f"results/data/{STUDY.runs[wildcards.run].spec['data']}"


def dataset_files(wildcards):
    """The prepared images of a run's data set, and their description; of its own seeds only."""
    STUDY.runs[wildcards.run].check_seed(wildcards.seed)
    folder = dataset_folder(wildcards)
    return [f"{folder}/images.npy", f"{folder}/labels.npy", f"{folder}/meta.json"]


def classifier_of(dataset, asked=True):
    """The classifier that a score needs; nothing where none does."""
    needed = "classifier" in needs_of_scores(config, dataset, asked)
    return [f"results/classifiers/{dataset}/model.pt"] if needed else []


def classifier_of_dataset(wildcards):
    return classifier_of(wildcards.dataset)


def classifier_of_run(wildcards):
    scored = how(wildcards, "scored")
    return classifier_of(STUDY.runs[wildcards.run].spec["data"], scored)


def refuse_unless_given(wildcards, table):
    """Stops before any job if the run cannot give this table."""
    run = STUDY.runs[wildcards.run]
    if words := lacks(run, table):
        raise DmviError(
            f"results/runs/{run.name}/seed{wildcards.seed}/{table} is asked for, but the model "
            f"{run.spec['model']!r} of this run has no {words}"
        )


def version(step):
    """Raised by hand when a step's results change; edits in src/ are invisible to Snakemake."""
    return declared_step(step)["version"]


def training_version(wildcards):
    """The step's, and the model's own where it has been raised: only its runs train again then."""
    own = model_version(STUDY.runs[wildcards.run].spec["model"])
    return version("train") if own == 1 else f"{version('train')}, model {own}"


def scoring_version(step, dataset, asked=True):
    """The step's, and those of the scores asked for that have been raised."""
    versions = {
        name: declared_scores()[name]["version"]
        for name in scores_asked(config, dataset, asked)
    }
    raised = [f"{name} {number}" for name, number in versions.items() if number > 1]
    return ", ".join([str(version(step)), *raised]) if raised else version(step)


def version_of_run(wildcards):
    dataset = STUDY.runs[wildcards.run].spec["data"]
    return scoring_version("evaluate", dataset, how(wildcards, "scored"))


def version_of_data(wildcards):
    return scoring_version("evaluate_data", wildcards.dataset)


def settings(step, table=None):
    """A function that gives what a job computes, as its step's file takes it from the study.

    `table` is one of its outputs, of a run that must be able to give it.
    """

    def of_job(wildcards):
        if table is not None:
            refuse_unless_given(wildcards, table.format(**wildcards))
        given = {k: v for k, v in wildcards.items() if k != "seed"}
        return canonical(declared_step(step)["settings"](STUDY, **given))

    return of_job


def how(wildcards, key):
    """One of a run's settings that change no result."""
    return STUDY.runs[wildcards.run].how[key]


def how_of_runs(key, written=lambda value: value):
    """How the jobs of a run are done, by one of its settings that change no result.

    The value itself where all runs have the same one: Snakemake takes as long to ask a function for
    each job as to find the job.
    """
    values = {run.name: written(run.how[key]) for run in STUDY.runs.values()}
    if len(set(values.values())) == 1:
        return next(iter(values.values()))
    return lambda wildcards: values[wildcards.run]


TRAIN_GPU = how_of_runs("gpu")
TRAIN_THREADS = how_of_runs("threads")


def limit(step):
    """A function that gives a job's time limit in minutes, longer at each attempt.

    Several times what the cost model expects; a training that hits it resumes from its checkpoint.
    """

    def minutes(wildcards, attempt):
        asked = how(wildcards, "minutes") if step == "train" else None
        return COSTS.minutes(step, attempt, asked, **dict(wildcards.items()))

    return minutes


def memory(step):
    """A function that gives a job's memory in MB, more at each attempt."""

    def megabytes(wildcards, attempt):
        asked = how(wildcards, "mem_mb") if step == "train" else None
        return COSTS.memory(step, attempt, asked, **dict(wildcards.items()))

    return megabytes


def figure_inputs(wildcards):
    """The tables that a figure declares as its sources, of the runs and seeds that it draws."""
    sources = declared_figures()[wildcards.figure].sources
    paths = [f"results/{name}" for name in sources.study]
    seeds = STUDY.figure_seeds(wildcards.figure)
    for run, run_seeds in seeds.items():
        for seed in run_seeds:
            paths += [f"results/runs/{run}/seed{seed}/{name}" for name in sources.run]
    datasets = dict.fromkeys(STUDY.runs[run].spec["data"] for run in seeds)
    paths += [
        f"results/data/{data}/{name}" for data in datasets for name in sources.data
    ]
    return paths


def figure_runs(wildcards):
    return canonical(STUDY.figure_seeds(wildcards.figure))


def models_of_figure(wildcards):
    """The models that a figure prints the declarations of: its only input then."""
    shows = declared_figures()[wildcards.figure].shows_models
    return (
        shown_models(run.spec["model"] for run in STUDY.runs.values()) if shows else []
    )


def figure_models(wildcards):
    """What these models declare: the figure is drawn again when that changes."""
    shown = models_of_figure(wildcards)
    return canonical({name: declared_models()[name] for name in shown}) if shown else ""


def figure_study(wildcards):
    """The study's name, scale and note, and the models that a figure prints."""
    shown = models_of_figure(wildcards)
    return canonical({**config["study"], **({"models": shown} if shown else {})})


def figure_caption(wildcards):
    return declared_figures()[wildcards.figure].caption


def figure_title(wildcards):
    return declared_figures()[wildcards.figure].numbered_title


def figure_labels(wildcards):
    """{"figure": "figure 02", "title": its title}: the report sorts labels as text."""
    kind, number = re.fullmatch(r"([a-z]+)(\d+)", wildcards.figure).groups()
    name = f"{kind.replace('fig', 'figure')} {int(number):02d}"
    return {"figure": name, "title": declared_figures()[wildcards.figure].title}
