"""Copies a finished study's figures, claims and small tables, with their provenance, to be committed."""

import platform
import shutil
import subprocess
from collections import defaultdict
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from dmvi import files
from dmvi.data.registry import BUILDERS
from dmvi.figures.base import render
from dmvi.report.write_gallery import write_gallery
from dmvi.study.config import Study
from dmvi.study.declared_figures import declared_figures
from dmvi.study.experiments import experiments
from dmvi.tables.results import Tables

LARGEST_TABLE = 300_000  # bytes; larger tables and all arrays stay out of the repository
HEAD = (
    "Figures, claims and small tables of a finished run. What produced them (commit, configuration, "
    "seeds, data and their checksums, hardware, minutes) is in [provenance.json](provenance.json) "
    "and [config.yaml](config.yaml). Photographs of CelebA are left out."
)
LIBRARIES = ("torch", "torchvision", "zuko", "numpy", "scikit-learn", "snakemake")


def _private(meta: dict) -> bool:
    """Whether a data set's images may not be passed on; nothing is known of an unknown builder's."""
    info = BUILDERS.get(meta["builder"])
    return not meta["standin"] and (info is None or not info.publishable)


def publish(study: Study, config_path: Path, results: Path, output: Path) -> None:
    """Writes `output` anew from a study's `results`.

    CelebA's terms forbid passing its photographs on, so a figure that shows images of the data
    (`SHOWS_DATA`) is drawn again without the runs on real CelebA.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    metas = {p.parent.name: files.read_json(p) for p in sorted(results.glob("data/*/meta.json"))}
    faces = {name for name, meta in metas.items() if _private(meta)}
    redrawn = []
    for figure in study.figures:
        private = [run for run in study.figures[figure] if study.runs[run].what["data"] in faces]
        if private and declared_figures()[figure].shows_data:
            seeds = study.figure_seeds(figure)
            public = {run: values for run, values in seeds.items() if run not in private}
            redrawn.append(figure)
            if public:
                tables = Tables(results, public, study.config["study"])
                targets = [output / f"{figure}{suffix}" for suffix in (".pdf", ".png")]
                render(figure, tables, *targets, output / "redrawn.json")
                (output / "redrawn.json").unlink()
        else:
            for suffix in (".pdf", ".png"):
                shutil.copy2(results / f"{figure}{suffix}", output)
    shown = [figure for figure in study.figures if (output / f"{figure}.png").exists()]
    missing = [figure for figure in study.figures if figure not in shown]
    head = HEAD + (f" Left out for the same reason: {', '.join(missing)}." if missing else "")
    write_gallery(shown, study.config["study"], output / "README.md", head)
    for name in ("claims.csv", "claims.md"):
        shutil.copy2(results / name, output)
    shutil.copy2(config_path, output / "config.yaml")
    left_out = _copy_tables(results, output, study)
    files.write_json(
        output / "provenance.json",
        {
            "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "commit": _git("rev-parse", "HEAD"),
            "uncommitted_changes": bool(_git("status", "--porcelain", "--", "src", "workflow")),
            "study": study.config["study"],
            "runs": {name: list(run.seeds) for name, run in study.runs.items()},
            "data": metas,
            "classifiers": {
                path.parent.name: files.read_json(path)
                for path in sorted(results.glob("classifiers/*/classifier.json"))
            },
            "model_sha256": {
                f"{name}/seed{seed}": files.sha256(results / f"runs/{name}/seed{seed}/model.pt")
                for name, run in study.runs.items()
                for seed in run.seeds
                if (results / f"runs/{name}/seed{seed}/model.pt").exists()
            },
            "hardware": _hardware(),
            "libraries": {name: version(name) for name in LIBRARIES},
            "python": platform.python_version(),
            "minutes": _minutes(results / "benchmarks"),
            "figures_without_celeba_photographs": redrawn,
            "tables_left_out_for_size": left_out,
        },
    )


def _copy_tables(results: Path, output: Path, study: Study) -> list[str]:
    """Copies JSON and CSV tables of the study's runs; returns the kinds that are too large."""
    left_out = set()
    folders = [results / f"runs/{n}/seed{s}" for n, run in study.runs.items() for s in run.seeds]
    for folder in [*(results / name for name in ("tables", "data", *experiments())), *folders]:
        for path in sorted([*folder.rglob("*.csv"), *folder.rglob("*.json")]):
            if path.name == "meta.json":
                continue  # in the provenance
            if path.stat().st_size > LARGEST_TABLE:
                left_out.add(path.name)
                continue
            target = output / path.relative_to(results)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, target)
    return sorted(left_out)


def _minutes(benchmarks: Path) -> dict[str, dict[str, float]]:
    """Rule -> jobs, and the sums of their wall and CPU minutes, from Snakemake's benchmarks."""
    sums: dict[str, dict[str, Any]] = defaultdict(lambda: {"jobs": 0, "wall": 0.0, "cpu": 0.0})
    for path in benchmarks.rglob("*.tsv"):
        row = pd.read_csv(path, sep="\t").iloc[0]
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        sums[rule]["jobs"] += 1
        sums[rule]["wall"] += float(row["s"]) / 60
        sums[rule]["cpu"] += float(row["cpu_time"]) / 60
    return {
        rule: {"jobs": s["jobs"], "wall": round(s["wall"], 2), "cpu": round(s["cpu"], 2)}
        for rule, s in sorted(sums.items())
    }


def _hardware() -> dict[str, Any]:
    import os

    import torch

    cpu = platform.processor()
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass  # not Linux: the platform's own word stands
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"cpu": cpu, "cores": os.cpu_count(), "gpus": gpus}


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip()
