"""Reads and checks the study; functions that the rules share.

Required inputs: config.yaml, workflow/schemas/config.schema.yaml. Outputs: none.
"""

import json

import yaml
from snakemake.exceptions import WorkflowError

from dmvi.study.config import lacks, load_study
from dmvi.costs.model import Costs
from dmvi.data.registry import BUILDERS, resolve
from dmvi.study.declarations import declared_models
from dmvi.errors import DmviError
from dmvi.figures.base import figure_module, numbered_title
from dmvi.figures.models import shown_models
from dmvi.study.schema import YamlLoader, check_unique_keys
from dmvi.study.settings import settings_rows
from dmvi.experiments.synthetic.settings import synthetic_jobs

# Raised by hand when a step's results change; edits in src/ are invisible to Snakemake.
STEP_VERSION = {
    "train": 3,
    "encode": 1,
    "estimate_kl": 3,
    "estimate_ratio": 1,
    "fit_density_model": 1,
    "find_low_posterior": 1,
    "reconstruct": 1,
    "train_classifier": 1,
    "score": 1,
    "synthetic": 1,
    "describe": 2,
    "draw": 3,
}

with open(f"{REPOSITORY}/workflow/schemas/config.schema.yaml") as file:
    SCHEMA = yaml.load(file, Loader=YamlLoader)
try:
    with open("config.yaml") as file:
        check_unique_keys(file.read())
    STUDY = load_study(config, SCHEMA)
except DmviError as error:
    raise WorkflowError(f"config.yaml: {error}") from None

# Time and memory of every step, at the rates of the machines at hand.
try:
    with open(f"{REPOSITORY}/workflow/hardware.yaml") as file:
        COSTS = Costs(STUDY, yaml.load(file, Loader=YamlLoader))
except DmviError as error:
    raise WorkflowError(str(error)) from None

DEVICE = config.get("device", "auto")
ESTIMATORS = config["estimators"]
INCEPTION_WEIGHTS = config.get("inception_weights")
RATIO_TABLES = ESTIMATORS["density_ratio"]["tables"]
# "estimation" or "learning" -> "d1-lr0.0005" -> what that job of the synthetic study computes.
SYNTHETIC = synthetic_jobs(config)


wildcard_constraints:
    dataset="|".join(config["data"]),
    # The paper's hundreds of names as alternatives would double the time of planning; STUDY.runs
    # refuses all others.
    run=r"[A-Za-z][A-Za-z0-9_.-]*",
    seed=r"\d+",
    figure="|".join(STUDY.figures),
    ratio="|".join(["default", *RATIO_TABLES]),
    density_model="gmm|maf|lstm",
    kind="estimation|learning",
    setting="|".join({**SYNTHETIC["estimation"], **SYNTHETIC["learning"]}) or "none",


def canonical(value):
    """JSON that is the same whatever the order of keys: the form in which params are handed over."""
    return json.dumps(value, sort_keys=True)


def dataset_spec(wildcards):
    """What a prepared data set is, its defaults filled in."""
    return canonical(resolve(config["data"][wildcards.dataset], wildcards.dataset))


def dataset_version(wildcards):
    """The builder's version: raised in its file when the same spec gives other images."""
    return BUILDERS[config["data"][wildcards.dataset]["builder"]].version


def dataset_folder(wildcards):
    """The folder of a run's prepared data set."""
    return f"results/data/{STUDY.runs[wildcards.run].what['data']}"


def dataset_files(wildcards):
    """The prepared images of a run's data set, and their description."""
    folder = dataset_folder(wildcards)
    return [f"{folder}/images.npy", f"{folder}/labels.npy", f"{folder}/meta.json"]


def scores_of(dataset):
    """The scores that the study asks for on a data set."""
    asked = ESTIMATORS["scores"]
    return [
        score
        for score in ("inception", "diversity", "critic")
        if dataset in asked[score]
    ]


def score_settings(metrics, **changes):
    """What a score job computes, without the data sets that it is not about."""
    asked = {key: ESTIMATORS["scores"][key] for key in ("samples", "grid", "splits")}
    own = {score: ESTIMATORS[score] for score in metrics if score != "inception"}
    return canonical({"metrics": metrics, "scores": {**asked, **changes}, **own})


def score_settings_of_dataset(wildcards):
    return score_settings(scores_of(wildcards.dataset))


def score_settings_of_run(wildcards):
    """A run that is not to be scored draws no more samples than its pictures need."""
    if not how(wildcards, "scored", True):
        return score_settings([], samples=ESTIMATORS["scores"]["grid"])
    return score_settings(scores_of(STUDY.runs[wildcards.run].what["data"]))


def classifier_of(dataset):
    """The classifier that an Inception score needs; nothing where none is asked for."""
    needed = "inception" in scores_of(dataset)
    return [f"results/classifiers/{dataset}/model.pt"] if needed else []


def classifier_of_dataset(wildcards):
    return classifier_of(wildcards.dataset)


def classifier_of_run(wildcards):
    if not how(wildcards, "scored", True):
        return []
    return classifier_of(STUDY.runs[wildcards.run].what["data"])


def refuse_unless_given(wildcards, table):
    """Stops before any job if the run cannot give this table."""
    run = STUDY.runs[wildcards.run]
    if words := lacks(run, table):
        raise WorkflowError(
            f"results/runs/{run.name}/seed{wildcards.seed}/{table} is asked for, but the model "
            f"{run.what['model']!r} of this run has no {words}"
        )


def kl_settings(wildcards):
    refuse_unless_given(wildcards, "kl.json")
    return canonical(STUDY.kl_settings(wildcards.run))


def ratio_settings(wildcards):
    """The classifiers that a job trains one after another."""
    refuse_unless_given(wildcards, f"density_ratio/{wildcards.ratio}.json")
    return canonical(STUDY.ratio_settings(wildcards.ratio))


def density_model_settings(wildcards):
    refuse_unless_given(wildcards, f"density_models/{wildcards.density_model}.json")
    shared = ("samples", "adam_betas", "precision")
    block = ESTIMATORS["density_models"]
    return canonical(
        {**{key: block[key] for key in shared}, **block[wildcards.density_model]}
    )


def synthetic_setting(wildcards):
    jobs = SYNTHETIC[wildcards.kind]
    if wildcards.setting not in jobs:
        raise WorkflowError(
            f"no job of synthetic {wildcards.kind} is called {wildcards.setting}, but "
            f"{', '.join(jobs)}"
        )
    return canonical(jobs[wildcards.setting])


def synthetic_tables(wildcards):
    folder = f"results/synthetic/{wildcards.kind}"
    return [f"{folder}/{setting}.csv" for setting in SYNTHETIC[wildcards.kind]]


def synthetic_step(wildcards):
    steps = {"estimation": "estimate-synthetic", "learning": "learn-synthetic"}
    return steps[wildcards.kind]


def run_spec(wildcards):
    """What a run computes: the only part of its configuration that retrains it."""
    return canonical(STUDY.runs[wildcards.run].what)


def how(wildcards, key, default):
    """One of a run's settings that change no result."""
    value = STUDY.runs[wildcards.run].how.get(key)
    return default if value is None else value


def train_gpu(wildcards):
    return COSTS.gpus_asked(wildcards.run)


def train_threads(wildcards):
    return COSTS.threads_of(wildcards.run)


def limit(step):
    """A function that gives a job's time limit in minutes, longer at each attempt.

    Several times what the cost model expects; a training that hits it resumes from its checkpoint.
    """

    def minutes(wildcards, attempt):
        asked = how(wildcards, "minutes", None) if step == "train" else None
        return COSTS.minutes(step, attempt, asked, **dict(wildcards.items()))

    return minutes


def memory(step):
    """A function that gives a job's memory in MB, more at each attempt."""

    def megabytes(wildcards, attempt):
        asked = how(wildcards, "mem_mb", None) if step == "train" else None
        return COSTS.memory(step, attempt, asked, **dict(wildcards.items()))

    return megabytes


def checkpoint_every(wildcards):
    return how(wildcards, "checkpoint_every", 5000)


def checkpoint_minutes(wildcards):
    return how(wildcards, "checkpoint_minutes", 10)


def cuda_graphs(wildcards):
    return int(how(wildcards, "cuda_graphs", False))


def snapshot_steps(wildcards):
    return canonical(how(wildcards, "snapshots", []))


def figure_inputs(wildcards):
    """The tables that a figure's module asks for, of the runs and seeds that it draws."""
    sources = figure_module(wildcards.figure).SOURCES
    paths = [f"results/{name}" for name in sources.study]
    seeds = STUDY.figure_seeds(wildcards.figure)
    for run, run_seeds in seeds.items():
        for seed in run_seeds:
            paths += [f"results/runs/{run}/seed{seed}/{name}" for name in sources.run]
    datasets = dict.fromkeys(STUDY.runs[run].what["data"] for run in seeds)
    paths += [
        f"results/data/{data}/{name}" for data in datasets for name in sources.data
    ]
    return paths


def figure_runs(wildcards):
    return canonical(STUDY.figure_seeds(wildcards.figure))


def models_of_figure(wildcards):
    """The models that a figure prints the declarations of: its only input then."""
    shows = getattr(figure_module(wildcards.figure), "SHOWS_MODELS", False)
    return (
        shown_models(run.what["model"] for run in STUDY.runs.values()) if shows else []
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
    return figure_module(wildcards.figure).CAPTION


def figure_title(wildcards):
    return numbered_title(wildcards.figure)
