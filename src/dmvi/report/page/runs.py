"""Every run of a study as columns: its settings, how far it came, its numbers, curves and log."""

import csv
import math
from pathlib import Path
from typing import Any

from dmvi.errors import DmviError
from dmvi.files import read_json
from dmvi.progress import told
from dmvi.report.page.pictures import Pictures
from dmvi.study.config import Study
from dmvi.tables.models import model_title
from dmvi.tables.scores import METRICS

POINTS = 60  # of a curve
LINES = 6  # of a log's end
DIGITS = 4
# Shown as columns of the table; all other settings stand in the run's own view.
SHOWN = ("model", "data", "latent_dim", "posterior", "likelihood", "width", "iterations")


def columns_of_runs(
    study: Study, results: Path, pictures: Pictures, folder: str
) -> dict[str, list[Any]]:
    """Column -> a value per run and seed, None where there is none.

    Args:
        results: of the study, or the folder that it is published in.
        folder: of the study, as commands name it.

    Returns:
        run, seed, state ("finished", "not finished", "not begun"), the settings of `SHOWN`, kl with
        kl_low and kl_high in nats (avgKL - log N and avgKL), a column per score, minutes (of the
        last attempt of its training; of all attempts where results are published); title of the
        model; settings (all of them, as text); tags; curves ({name: [[step, value], ...]}); log (its
        last lines); command; samples and reconstructions (pictures).
    """
    recorded = _table(results / "provenance.json").get("trainings", {}).get("runs", {})
    rows = [
        _row(study, results, name, seed, pictures, folder, recorded)
        for name, seed in told(_trainings(study), "reading runs", "run")
    ]
    names = dict.fromkeys(key for row in rows for key in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _trainings(study: Study) -> list[tuple[str, int]]:
    return [(name, seed) for name, run in study.runs.items() for seed in run.seeds]


def _row(
    study: Study,
    results: Path,
    name: str,
    seed: int,
    pictures: Pictures,
    folder: str,
    recorded: dict[str, Any],
) -> dict[str, Any]:
    run, place = study.runs[name], results / f"runs/{name}/seed{seed}"
    made = f"results/runs/{name}/seed{seed}"
    row: dict[str, Any] = {"run": name, "seed": seed, "state": _state(results, name, seed)}
    row |= {key: _plain(run.spec.get(key)) for key in SHOWN}
    row |= _kl(place) | _scores(place) | {"minutes": _minutes(results, name, seed, recorded)}
    row["title"] = model_title(run.spec["model"])
    row["settings"] = {key: _plain(value) for key, value in run.spec.items() if key not in SHOWN}
    row["tags"] = list(run.tags)
    row["curves"] = _curves(place / "history.csv") | _curves(place / "bound.csv", ("bound",))
    row["log"] = _tail(results / f"logs/train/{name}/seed{seed}.log")
    row["command"] = f"snakemake --cores all --directory {folder} {made}/model.pt"
    row["samples"] = pictures.grid(place / "samples.npy")
    row["reconstructions"] = pictures.grid(place / "reconstructions.npy")
    return row


def _state(results: Path, name: str, seed: int) -> str:
    if (results / f"runs/{name}/seed{seed}/run.json").exists():
        return "finished"
    begun = results / f"checkpoints/{name}/seed{seed}/checkpoint.pt"
    return "not finished" if begun.exists() else "not begun"


def _plain(value: Any) -> Any:
    """A setting as JSON's plain value: mappings and lists as text."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {each:g}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(str(each) for each in value)
    return value


def _short(value: float | None) -> float | None:
    """Four digits, which are as many as a reader wants; None for what is no number."""
    if value is None or not math.isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def _table(path: Path) -> dict[str, Any]:
    """A JSON table; empty where it is missing or damaged: a page of a running study shows the rest."""
    try:
        return read_json(path)
    except (OSError, ValueError, DmviError):
        return {}


def _kl(place: Path) -> dict[str, float | None]:
    kl = _table(place / "kl.json")
    keys = {"kl": "value", "kl_low": "lower", "kl_high": "upper"}
    return {name: _short(kl.get(key)) for name, key in keys.items()} if kl else {}


def _scores(place: Path) -> dict[str, float | None]:
    scores = _table(place / "scores.json").get("scores", {})
    return {key: _short(entry.get("value")) for key, entry in scores.items() if key in METRICS}


def _minutes(results: Path, name: str, seed: int, recorded: dict[str, Any]) -> float | None:
    known = recorded.get(f"{name}/seed{seed}")
    if isinstance(known, dict):  # a sentence where there is no record
        return _short(known["seconds"] / 60)
    try:
        with open(results / f"benchmarks/train/{name}/seed{seed}.tsv") as file:
            return _short(float(next(csv.DictReader(file, delimiter="\t"))["s"]) / 60)
    except (OSError, ValueError, KeyError, StopIteration):
        return None


def _curves(path: Path, wanted: tuple[str, ...] | None = None) -> dict[str, list[list[float]]]:
    """Column -> at most `POINTS` pairs of step and value, of a table with a column `step`."""
    try:
        with open(path, newline="") as file:
            rows = list(csv.DictReader(file))
    except OSError:
        return {}
    if not rows:
        return {}
    stride = -(-len(rows) // POINTS)
    kept = sorted({*range(0, len(rows), stride), len(rows) - 1})
    found: dict[str, list[list[float]]] = {}
    for name in wanted or [key for key in rows[0] if key != "step"]:
        points = [(_number(rows[i]["step"]), _short(_number(rows[i].get(name)))) for i in kept]
        whole = [[step, value] for step, value in points if None not in (step, value)]
        if whole:
            found[name] = whole
    return found


def _number(text: str | None) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _tail(path: Path) -> str:
    """The last lines of a log; a line that a bar drew again and again only as it was last."""
    try:
        text = path.read_bytes().decode(errors="replace").rstrip("\n")
    except OSError:
        return ""
    return "\n".join(line.split("\r")[-1] for line in text.split("\n")[-LINES:])
