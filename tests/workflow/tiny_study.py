"""A study small enough to run in a test, and Snakemake as a user calls it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).parents[2]


def tiny_config() -> dict:
    """Two data sets, four runs, ten figures and tables: the whole chain of steps in a minute or two."""
    return {
        "study": {"name": "tiny", "scale": "demo", "note": "for the tests"},
        "seeds": [0],
        "device": "cpu",
        "data": {
            "digits": {
                "builder": "color_mnist",
                "source": "standin",
                "limit": {"train": 200, "valid": 40, "test": 40},
            },
            "patches": {
                "builder": "cifar10",
                "source": "standin",
                "limit": {"train": 200, "valid": 40, "test": 40},
            },
        },
        "defaults": {
            "model": "vae",
            "data": "digits",
            "likelihood": "bernoulli",
            "latent_dim": 4,
            "width": 4,
            "iterations": 20,
            "batch_size": 16,
            "learning_rate": 1e-3,
            "adam_betas": [0.5, 0.9],
            "precision": "float32",
            "flow_transforms": 2,
            "flow_hidden": [8],
            "log_every": 5,
            "bound_every": 10,
            "bound_images": 20,
            "threads": 1,
            "gpu": 0,
        },
        "runs": {
            "plain": {"tags": ["main"]},
            "flow": {"posterior": "realnvp"},
            "gan": {"model": "dcgan", "data": "patches", "tags": ["compare"]},
            "hybrid": {
                "model": "vgh",
                "data": "patches",
                "code_width": 8,
                "tags": ["compare"],
            },
        },
        "estimators": {
            "kl": {
                "samples": None,
                "flow_samples": 20,
                "large_samples": 20,
                "curve_sizes": [10, 100],
                "curve_samples": 20,
            },
            "density_ratio": {
                "layers": 1,
                "width": 8,
                "iterations": 20,
                "batch_size": 8,
                "learning_rate": 1e-3,
                "adam_betas": [0.5, 0.9],
                "precision": "float32",
                "gradient_penalty": 0,
                "activation_noise": 0,
                "dropout": 0,
                "every": 10,
                "samples": 50,
                "tables": {
                    "table1": [{}, {"activation_noise": 1.0}, {"gradient_penalty": 1.0}],
                    "table2": [{}, {"dropout": 0.5}],
                },
            },
            "density_models": {
                "samples": 50,
                "adam_betas": [0.5, 0.9],
                "precision": "float32",
                "gmm": {"components": 2, "iterations": 4, "fit_samples": 100, "every": 2},
                "maf": {
                    "transforms": 1,
                    "hidden": [8],
                    "iterations": 10,
                    "batch_size": 16,
                    "learning_rate": 1e-3,
                    "every": 5,
                },
                "lstm": {
                    "width": 4,
                    "iterations": 10,
                    "batch_size": 16,
                    "learning_rate": 1e-3,
                    "every": 5,
                },
            },
            "codes": {"replicates": 39, "labels": [30], "draws": 1},
            "low_posterior": {"draws": 100, "keep": 10},
            "bounds": {"images": 20, "samples": 1},
            "embedding": {"points": 30},
            "reconstructions": {"grid": 9, "images": 20},
            "samples": {"images": 40, "grid": 9},
            "scores": {
                "inception": {"data": ["patches"], "splits": 2},
                "critic": {
                    "data": ["patches"],
                    "steps": 5,
                    "width": 4,
                    "batch_size": 8,
                    "learning_rate": 1e-3,
                    "penalty": 10,
                    "seeds": 1,
                    "images": 40,
                },
            },
            "classifier": {
                "width": 4,
                "epochs": 1,
                "batch_size": 32,
                "learning_rate": 0.1,
                "weight_decay": 5e-4,
                "flip": True,
                "precision": "float32",
            },
        },
        "synthetic": {
            "dims": [1, 3],
            "widths": [8, 8],
            "seeds": 2,
            "members": 3,
            "learning_rates": [1e-3],
            "spread": 0.1,
            "layers": 1,
            "batch_size": 8,
            "adam_betas": [0.5, 0.9],
            "precision": "float32",
            "samples": 50,
            "estimation": {"shifts": [1.0, 2.0], "iterations": 10, "every": 5},
            "learning": {"shift": 1.0, "iterations": 10, "every": 5},
            "separated": {"kls": [1.0], "classifiers": [], "iterations": 10, "every": 5},
        },
        "figures": {
            "fig1": {"select": {"kind": "vae"}},
            "fig2": {},
            "fig4": {},
            "fig6": {"select": {"tags": "main"}},
            "fig8": {},
            "fig18": {},
            "fig29": {},
            "table1": {},
            "table3": {},
            "table7": {},
        },
    }


class Study:
    """A study's folder, its config, and Snakemake run on it."""

    cores = ("--cores", "1")  # how it is run, unless a test wants it otherwise

    def __init__(self, folder: Path, config: dict | None = None) -> None:
        self.folder = folder
        self.config = config or tiny_config()
        folder.mkdir(parents=True, exist_ok=True)
        self.write()

    def write(self, **options) -> None:
        text = yaml.safe_dump(self.config, sort_keys=options.get("sort_keys", False))
        (self.folder / "config.yaml").write_text(text)

    def _command(self, *arguments: str) -> list:
        command = [sys.executable, "-m", "snakemake", *self.cores, "--directory", self.folder]
        return [*command, *arguments]

    @property
    def _process(self) -> dict:
        return {"cwd": REPOSITORY, "env": {**os.environ, "OMP_NUM_THREADS": "1"}}

    def snakemake(self, *arguments: str, check: bool = True) -> str:
        """What Snakemake prints; it must succeed unless `check` is False."""
        done = subprocess.run(
            self._command(*arguments),
            **self._process,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if check:
            assert done.returncode == 0, done.stdout[-3000:]
        else:
            assert done.returncode != 0, "this was meant to fail"
        return done.stdout

    def started(self, *arguments: str) -> subprocess.Popen:
        """Snakemake on its way; what it prints can be read from its standard output."""
        return subprocess.Popen(
            self._command(*arguments),
            **self._process,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def killed_after(self, seconds: float, *arguments: str) -> bool:
        """Whether Snakemake still ran when it and all of its jobs were killed by SIGKILL."""
        process = subprocess.Popen(
            self._command(*arguments),
            **self._process,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait() == -signal.SIGKILL

    def plan(self, *targets: str) -> dict[str, int]:
        """Jobs per rule that Snakemake would run now; empty if nothing is to be done."""
        printed = self.snakemake("-n", *targets)
        if "Nothing to be done" in printed:
            return {}
        table = printed.split("Job stats:")[-1]
        rows = re.findall(r"^(\w+) +(\d+)$", table, re.MULTILINE)
        return {rule: int(count) for rule, count in rows if rule != "total"}
