"""What does a job cost on a cluster, beside its work? The paper's study with every step cut to one.

    PYTHONPATH=src python benchmarks/slurm.py --output slurm.json

Takes some figures of the paper's study, all their jobs as they are, but with stand-in data, narrow
networks and one iteration each, and runs them three times on the Slurm of this machine: job by job,
each run's jobs as a Snakemake group, and without Slurm. Half of a cluster's jobs are short anyway:
what is left is the cost of a job. `tests/cluster/start` gives a Slurm where there is none.

Times that Slurm knows (submission, start, end) are whole seconds.
"""

import argparse
import csv
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import yaml
from snakemake.utils import update_config

from dmvi.files import write_json

REPOSITORY = Path(__file__).parents[1]
FIGURES = ("fig2", "fig22", "table7")
# Without evaluate: a group's members must agree on all resources that are text, and it has one of its own.
GROUPED = (
    "train",
    "encode",
    "estimate_kl",
    "estimate_ratio",
    "fit_density_model",
    "find_low_posterior",
)
SMALL_RUN = {"width": 4, "batch_size": 8, "flow_transforms": 1, "flow_hidden": [8], "gpu": 0}
SMALL_RUN |= {"bound_images": 8, "log_every": 1, "bound_every": 1, "threads": 1}
SMALL_ESTIMATORS = {
    "kl": {"samples": 20, "flow_samples": 20, "curve_sizes": [10], "curve_samples": 20},
    "density_ratio": {"width": 8, "iterations": 1, "every": 1, "samples": 20},
    "density_models": {
        "samples": 20,
        "gmm": {"components": 2, "iterations": 1, "fit_samples": 20, "every": 1},
        "maf": {"transforms": 1, "hidden": [8], "iterations": 1, "every": 1},
        "lstm": {"width": 4, "iterations": 1, "every": 1},
    },
    "low_posterior": {"draws": 40, "keep": 5},
    "bounds": {"images": 8, "samples": 1},
    "embedding": {"points": 10},
    "reconstructions": {"grid": 4, "images": 8},
    "samples": {"images": 40, "grid": 4},
    "scores": {
        "inception": {"splits": 2},
        "diversity": {"batches": 1, "batch_size": 4},
        "critic": {"steps": 1, "width": 4, "batch_size": 8, "seeds": 1, "images": 20},
    },
    "classifier": {"width": 4, "epochs": 1},
}


def one_step(config: dict) -> dict:
    """The study with the same jobs, each doing as little as it can."""
    limit = {"train": 200, "valid": 40, "test": 40}
    for spec in config["data"].values():
        spec |= {"source": "standin", "limit": limit}
    config["defaults"] |= SMALL_RUN
    for run in config["runs"].values():
        run["iterations"] = 1
    update_config(config["estimators"], SMALL_ESTIMATORS)
    config["study"] = {"name": "one step", "scale": "demo", "note": "measures jobs, not models"}
    config["device"] = "cpu"
    return config


class Watch(threading.Thread):
    """Asks squeue for all jobs, over and over: a finished one is forgotten after some minutes."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self.folder, self.jobs, self.over = folder, {}, threading.Event()

    def look(self) -> None:
        form = "%i|%T|%V|%S|%e|%Z"
        command = ["squeue", "--me", "-h", "-t", "all", "-o", form]
        for line in subprocess.run(command, capture_output=True, text=True).stdout.splitlines():
            number, state, submitted, started, ended, place = line.split("|", 5)
            if state == "COMPLETED" and os.path.realpath(place) == os.path.realpath(self.folder):
                times = [datetime.fromisoformat(text) for text in (submitted, started, ended)]
                self.jobs[number] = [(b - a).total_seconds() for a, b in pairwise(times)]

    def run(self) -> None:
        while not self.over.wait(20):
            self.look()


def run_study(folder: Path, config: dict, options: list[str]) -> dict:
    """Runs the sample once; wall seconds, the jobs' own seconds, and what Slurm says of them."""
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    targets = [f"results/{figure}.pdf" for figure in FIGURES]
    command = [sys.executable, "-m", "snakemake", *targets, "--directory", str(folder), *options]
    watch = Watch(folder)
    watch.start()
    began = time.perf_counter()
    with open(folder / "snakemake.log", "w") as log:
        done = subprocess.run(command, cwd=REPOSITORY, stdout=log, stderr=subprocess.STDOUT)
    wall = time.perf_counter() - began
    watch.over.set()
    if done.returncode:
        raise SystemExit((folder / "snakemake.log").read_text()[-3000:])
    if "--profile" in options:
        watch.look()
    work = [
        float(next(csv.DictReader(path.open(), delimiter="\t"))["s"])
        for path in (folder / "results/benchmarks").rglob("*.tsv")
    ]
    result = {"wall_seconds": wall, "steps": len(work), "step_seconds": statistics.median(work)}
    if watch.jobs:
        waited, ran = zip(*watch.jobs.values(), strict=True)
        result |= {
            "submissions": len(watch.jobs),
            "queued_seconds": statistics.median(waited),
            "elapsed_seconds": statistics.median(ran),
            "elapsed_total": sum(ran),
            "step_total": sum(work),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--slots", type=int, default=2, help="jobs at a time")
    parser.add_argument("--init-seconds", type=int, default=15, help="to the first status check")
    parser.add_argument("--only", help="one of the three variants")
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    config = one_step(yaml.safe_load((REPOSITORY / "config.yaml").read_text()))
    slurm = ["--profile", "slurm", "--jobs", str(args.slots), "--latency-wait", "5"]
    slurm += ["--slurm-init-seconds-before-status-checks", str(args.init_seconds)]
    groups = ["--groups", *(f"{rule}=run" for rule in GROUPED), "--group-components", "run=1"]
    # One partition and no signals for all: a group's members must agree on them.
    groups += ["--set-resources", "train:slurm_partition=cpu"]
    variants = {
        "without Slurm": ["--cores", str(args.slots), "--quiet"],
        "job by job": slurm,
        "a group per run": [*slurm, "--cores", "1", *groups],
    }
    results = {}
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as scratch:
        for name, options in variants.items():
            if args.only not in (None, name):
                continue
            results[name] = run_study(Path(scratch) / name.replace(" ", "_"), config, options)
            print(name, {k: round(v, 1) for k, v in results[name].items()}, flush=True)
    if args.output:
        about = {"processor": platform.processor() or platform.machine(), "cores": os.cpu_count()}
        about |= {"figures": FIGURES, "slots": args.slots, "init_seconds": args.init_seconds}
        write_json(args.output, {**about, "results": results})


if __name__ == "__main__":
    main()
