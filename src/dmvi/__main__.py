"""The command line: one subcommand per step of the workflow, each a thin call into `dmvi.steps`.

Imports stand inside the commands, so that drawing a figure does not load torch.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from dmvi.environment import process_name
from dmvi.errors import DmviError


@contextmanager
def resumable(checkpoints: Path) -> Iterator[None]:
    """Ends the process as a signal asks for, 128 + its number, once the checkpoint is written."""
    from dmvi.training.engine import Interrupted

    log(process_name())
    try:
        yield
    except Interrupted as stop:
        log(f"{stop}; the checkpoint in {checkpoints} is written, run again to go on")
        sys.exit(128 + stop.number)


def prepare_data(args: argparse.Namespace) -> None:
    from dmvi.data.preparation import prepare

    prepare(args.spec, args.name, args.output, args.raw, args.data_dir)


def train(args: argparse.Namespace) -> None:
    from dmvi.steps.train import train

    with resumable(args.checkpoints):
        train(
            args.spec,
            args.run,
            args.seed,
            args.data,
            args.model,
            args.history,
            args.description,
            args.bound,
            args.checkpoints,
            args.checkpoint_every,
            args.checkpoint_minutes,
            args.device,
            log,
            bool(args.cuda_graphs),
            tuple(args.snapshots),
        )


def encode(args: argparse.Namespace) -> None:
    from dmvi.steps.encode import encode

    encode(args.model, args.data, args.seed, args.posterior, args.codes, args.device)


def estimate_kl(args: argparse.Namespace) -> None:
    from dmvi.steps.estimate_kl import estimate_kl

    estimate_kl(
        args.model,
        args.data,
        args.settings,
        args.seed,
        args.kl,
        args.curve,
        args.profile,
        args.histograms,
        args.device,
        log,
    )


def estimate_ratio(args: argparse.Namespace) -> None:
    from dmvi.steps.estimate_ratio import estimate_ratio

    with resumable(args.checkpoints):
        estimate_ratio(
            args.model,
            args.posterior,
            args.data,
            args.settings,
            args.seed,
            args.json,
            args.csv,
            args.calibration,
            args.checkpoints,
            args.device,
            log,
        )


def fit_density_model(args: argparse.Namespace) -> None:
    from dmvi.steps.fit_density_model import fit_density_model

    with resumable(args.checkpoints):
        fit_density_model(
            args.model,
            args.posterior,
            args.data,
            args.name,
            args.settings,
            args.seed,
            args.json,
            args.csv,
            args.checkpoints,
            args.device,
            log,
        )


def estimate_synthetic(args: argparse.Namespace) -> None:
    from dmvi.steps.synthetic import estimate_synthetic

    with resumable(args.checkpoints):
        estimate_synthetic(args.settings, args.csv, args.checkpoints, args.device, log)


def learn_synthetic(args: argparse.Namespace) -> None:
    from dmvi.steps.synthetic import learn_synthetic

    with resumable(args.checkpoints):
        learn_synthetic(args.settings, args.csv, args.checkpoints, args.device, log)


def collect_tables(args: argparse.Namespace) -> None:
    from dmvi.steps.collect_tables import collect_tables

    collect_tables(args.tables, args.output)


def find_low_posterior(args: argparse.Namespace) -> None:
    from dmvi.steps.find_low_posterior import find_low_posterior

    find_low_posterior(
        args.model,
        args.posterior,
        args.codes,
        args.data,
        args.settings,
        args.seed,
        args.output,
        args.device,
        log,
    )


def reconstruct(args: argparse.Namespace) -> None:
    from dmvi.steps.reconstruct import reconstruct

    reconstruct(args.model, args.data, args.settings, args.seed, args.output, args.device)


def train_classifier(args: argparse.Namespace) -> None:
    from dmvi.steps.train_classifier import train_classifier

    with resumable(args.checkpoints):
        train_classifier(
            args.data, args.settings, args.seed, args.output, args.checkpoints, args.device, log
        )


def score(args: argparse.Namespace) -> None:
    from dmvi.steps.score import score

    score(
        args.model,
        args.data,
        args.settings,
        args.seed,
        args.output,
        args.device,
        args.classifier,
        args.inception_weights,
        log,
    )


def score_data(args: argparse.Namespace) -> None:
    from dmvi.steps.score_data import score_data

    score_data(
        args.data,
        args.settings,
        args.seed,
        args.output,
        args.device,
        args.classifier,
        args.inception_weights,
        log,
    )


def describe_networks(args: argparse.Namespace) -> None:
    from dmvi.steps.describe import describe_networks

    describe_networks(args.latent_dim, args.width, args.output)


def describe_settings(args: argparse.Namespace) -> None:
    from dmvi.steps.describe import describe_settings

    describe_settings(args.rows, args.output)


def draw(args: argparse.Namespace) -> None:
    from dmvi.figures.base import render
    from dmvi.tables.results import Tables

    tables = Tables(args.results, args.runs, args.study)
    render(args.figure, tables, args.pdf, args.png, args.claims)


def collect_claims(args: argparse.Namespace) -> None:
    from dmvi.claims.ledger import collect

    collect(args.claims, args.csv, args.md, args.study)


def write_gallery(args: argparse.Namespace) -> None:
    from dmvi.figures.gallery import write_gallery

    write_gallery(args.figures, args.study, args.output)


def publish(args: argparse.Namespace) -> None:
    from dmvi.steps.publish import publish

    publish(read_study(args), args.folder / "config.yaml", args.folder / "results", args.output)


def preview(args: argparse.Namespace) -> None:
    from dmvi.steps.preview import preview

    preview(read_study(args), args.folder / "results", args.output)


def plan(args: argparse.Namespace) -> None:
    import yaml

    from dmvi.costs.plan import make_plan, write_plan

    study, hardware = read_study(args), yaml.safe_load(args.hardware.read_text())
    made = make_plan(study, args.folder, args.snakefile, hardware, args.targets)
    print(write_plan(made, study, hardware))


def read_study(args: argparse.Namespace):
    """The validated study of a folder."""
    import yaml

    from dmvi.study.config import load_study

    path = args.folder / "config.yaml"
    if not path.exists():
        raise DmviError(f"{path} does not exist; give the folder of a study")
    config = yaml.safe_load(path.read_text())
    return load_study(config, yaml.safe_load(args.schema.read_text()))


def log(message: str) -> None:
    """One line with the time to standard output, at once: logs are read while the job runs."""
    print(f"{datetime.now():%Y-%m-%d %H:%M:%S}  {message}", flush=True)


def optional_path(text: str) -> Path | None:
    """A path; nothing for the empty text, which is how the workflow says null."""
    return Path(text) if text else None


def parser() -> argparse.ArgumentParser:
    """The parser of `python -m dmvi`."""
    top = argparse.ArgumentParser(prog="dmvi", description=__doc__.splitlines()[0])
    commands = top.add_subparsers(required=True, metavar="STEP")
    common = {
        "data": {"type": Path, "help": "folder of a prepared data set"},
        "model": {"type": Path, "help": "model.pt"},
        "posterior": {"type": Path, "help": "posterior.npy"},
        "codes": {"type": Path, "help": "codes.npy"},
        "output": {"type": Path, "help": "folder or file to write"},
        "seed": {"type": int, "help": "seed of all that is drawn at random"},
        "device": {"default": "auto", "help": "auto, cpu, cuda or cuda:N"},
        "spec": {"type": json.loads, "help": "what to compute, as JSON"},
        "settings": {"type": json.loads, "help": "the estimator's settings, as JSON"},
        "study": {"type": json.loads, "help": "name, scale and note of the study, as JSON"},
        "checkpoints": {"type": Path, "help": "folder of the checkpoint"},
        "classifier": {"type": optional_path, "default": None, "help": "model.pt of a classifier"},
        "inception_weights": {
            "type": optional_path,
            "default": None,
            "help": "torch-fidelity's ImageNet Inception weights",
        },
    }

    def command(function, *names: str, **extra: dict) -> None:
        entry = commands.add_parser(
            function.__name__.replace("_", "-"), help=None, formatter_class=argparse.HelpFormatter
        )
        entry.set_defaults(function=function)
        for name, options in {**{n: common[n] for n in names}, **extra}.items():
            required = "default" not in options
            entry.add_argument(f"--{name.replace('_', '-')}", required=required, **options)

    command(
        prepare_data,
        "spec",
        "output",
        name={"help": "the data set's key in config.yaml"},
        raw={"type": Path, "help": "folder for downloads, shared by all studies"},
        data_dir={"type": optional_path, "default": None},
    )
    command(
        train,
        "spec",
        "seed",
        "data",
        "model",
        "device",
        "checkpoints",
        run={"help": "the run's id"},
        history={"type": Path, "help": "history.csv to write"},
        description={"type": Path, "help": "run.json to write"},
        bound={"type": Path, "help": "bound.csv to write"},
        checkpoint_every={"type": int, "default": 5000},
        checkpoint_minutes={"type": float, "default": 10.0},
        cuda_graphs={
            "type": int,
            "choices": (0, 1),
            "default": 0,
            "help": "1: give a GPU whole iterations at a time",
        },
        snapshots={
            "type": json.loads,
            "default": [],
            "help": "steps after which the model is kept, as JSON",
        },
    )
    command(encode, "model", "data", "seed", "posterior", "codes", "device")
    command(
        estimate_kl,
        "model",
        "data",
        "settings",
        "seed",
        "device",
        kl={"type": Path, "help": "kl.json to write"},
        curve={"type": Path, "help": "kl_curve.csv to write"},
        profile={"type": Path, "help": "CSV with a row per latent unit"},
        histograms={"type": Path, "help": "CSV of posterior means and variances"},
    )
    estimated = {"json": {"type": Path}, "csv": {"type": Path, "help": "values along the way"}}
    resumed = ("model", "posterior", "data", "settings", "seed", "checkpoints", "device")
    command(
        estimate_ratio,
        *resumed,
        **estimated,
        calibration={"type": Path, "help": "CSV of the classifiers' calibration curves"},
    )
    command(
        fit_density_model,
        *resumed,
        **estimated,
        name={"help": "gmm, maf or lstm"},
    )
    for function in (estimate_synthetic, learn_synthetic):
        command(function, "settings", "checkpoints", "device", csv={"type": Path})
    command(collect_tables, "output", tables={"type": Path, "nargs": "+", "help": "CSV files"})
    evaluated = ("model", "posterior", "codes", "data", "settings", "seed", "output", "device")
    command(find_low_posterior, *evaluated)
    command(reconstruct, "model", "data", "settings", "seed", "output", "device")
    command(train_classifier, "data", "settings", "seed", "output", "checkpoints", "device")
    scored = ("data", "settings", "seed", "output", "device", "classifier", "inception_weights")
    command(score, "model", *scored)
    command(score_data, *scored)
    command(
        describe_networks,
        "output",
        latent_dim={"type": int, "help": "latent size of the networks listed"},
        width={"type": int, "help": "their width"},
    )
    command(describe_settings, "output", rows={"type": json.loads, "help": "rows, as JSON"})
    command(
        draw,
        "study",
        figure={"help": "fig1, ..., table3, ..."},
        runs={"type": json.loads, "help": "run id -> seeds, as JSON"},
        results={"type": Path, "help": "the study's results folder"},
        pdf={"type": Path},
        png={"type": Path},
        claims={"type": Path, "help": "JSON file of the figure's claims"},
    )
    command(
        collect_claims,
        "study",
        claims={"type": Path, "nargs": "+", "help": "JSON files of the figures' claims"},
        csv={"type": Path},
        md={"type": Path},
    )
    command(
        write_gallery,
        "study",
        "output",
        figures={"nargs": "+", "help": "names of figures, in the order shown"},
    )
    for function in (publish, preview):
        command(
            function,
            "output",
            folder={"type": Path, "help": "folder of the study, with config.yaml and results/"},
            schema={"type": Path, "default": Path("workflow/schemas/config.schema.yaml")},
        )
    command(
        plan,
        folder={"type": Path, "default": Path(), "help": "folder of the study, with config.yaml"},
        schema={"type": Path, "default": Path("workflow/schemas/config.schema.yaml")},
        snakefile={"type": Path, "default": Path("Snakefile")},
        hardware={"type": Path, "default": Path("workflow/hardware.yaml")},
        targets={"nargs": "*", "default": [], "help": "as for snakemake; all by default"},
    )
    return top


# Not steps of the workflow, which have logs, but commands that a user types.
ON_REQUEST = (publish, preview, plan)


def main() -> None:
    args = parser().parse_args()
    try:
        args.function(args)
    except DmviError as error:
        print(f"dmvi: {error}", file=sys.stderr, flush=True)
        sys.exit(2)
    if args.function not in ON_REQUEST:
        log(f"{time.process_time():.2f} s of processor time, imports included")


if __name__ == "__main__":
    main()
    # All is written. Taking torch's modules apart one by one would take a fifth of a short job's time.
    sys.stdout.flush()
    os._exit(0)
