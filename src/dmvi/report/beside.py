"""Ours beside the published numbers: read from what studies have published, nothing typed in."""

import math
from pathlib import Path
from typing import Any

from dmvi import files
from dmvi.claims.decide import interval
from dmvi.claims.outcomes import STUDIES, Ours
from dmvi.claims.published import CLASSIFIER_STEPS, PUBLISHED, rows_of
from dmvi.claims.settled import settled
from dmvi.study.settings import paper_iterations
from dmvi.tables.reading import read_table_csv

# The run that each published number is about; its name is the same in every study.
KL_RUNS = {"kl_bernoulli": "cifar10_gaussian", "kl_quantized_normal": "cifar10_quantized_normal"}
TABLE_RUNS = {1: "color_mnist_gaussian", 2: "cifar10_gaussian"}
NOT_RUN = "not computed in this study yet"


def ours_of(folder: Path) -> dict[str, Ours]:
    """id -> our number, for every published one, from a study's results, published or not.

    A number that the study does not have, or has with other settings than the published row, is not
    comparable, and says why.
    """
    found: dict[str, Ours] = {}
    for row in PUBLISHED:
        if row.id in KL_RUNS:
            found[row.id] = _kl(folder, KL_RUNS[row.id])
        elif row.id.startswith("table"):
            table, number = (int(part) for part in row.id.removeprefix("table").split("_row"))
            found[row.id] = _classifier_kl(folder, table, number)
        else:
            found[row.id] = _classifier_error(folder)
    return found


def beside(reference: Path) -> dict[str, dict[str, Ours]]:
    """id -> study -> our number, for those of STUDIES that are published below `reference`."""
    published = [name for name in STUDIES if (reference / name / "provenance.json").exists()]
    of = {name: ours_of(reference / name) for name in published}
    return {row.id: {name: of[name][row.id] for name in published} for row in PUBLISHED}


def described(folder: Path, what: str) -> dict[str, dict[str, Any]]:
    """Name -> the description of each "data" set or image classifier ("classifiers"): of a published
    study its provenance has them, of results they stand in files of their own."""
    if (folder / "provenance.json").exists():
        return files.read_json(folder / "provenance.json")[what]
    name = {"data": "meta.json", "classifiers": "classifier.json"}[what]
    return {path.parent.name: files.read_json(path) for path in folder.glob(f"{what}/*/{name}")}


def _seeds(folder: Path, run: str, table: str) -> list[tuple[dict, dict]]:
    """(run.json, the table) of every seed that has both."""
    found = []
    for path in sorted((folder / "runs" / run).glob("seed*")):
        if (path / "run.json").exists() and (path / table).exists():
            found.append((files.read_json(path / "run.json"), files.read_json(path / table)))
    return found


def _kl(folder: Path, run: str) -> Ours:
    seeds = _seeds(folder, run, "kl.json")
    if not seeds:
        return Ours(None, None, "", incomparable=NOT_RUN)
    value, half = _mean([kl["value"] for _, kl in seeds])
    return Ours(value, half, _about(seeds), _share(folder, seeds))


def _classifier_kl(folder: Path, table: int, row: int) -> Ours:
    seeds = _seeds(folder, TABLE_RUNS[table], f"density_ratio/table{table}.json")
    rows = [tables["estimates"] for _, tables in seeds]
    stated = rows_of(f"table{table}")
    if not rows:
        return Ours(None, None, "", incomparable=NOT_RUN)
    if len(rows[0]) != len(stated) or not all(
        row.agrees(estimate["settings"]) for row, estimate in zip(stated, rows[0], strict=True)
    ):
        why = "this study's rows have other settings than the paper's"
        return Ours(None, None, "", incomparable=why)
    estimates = [of_seed[row - 1] for of_seed in rows]
    value, half = _mean([e["value"] for e in estimates])
    settings = estimates[0]["settings"]
    steps = min(estimate["settings"]["iterations"] for estimate in estimates)
    length = f"{steps:,} of {CLASSIFIER_STEPS:,} steps"
    return Ours(
        value,
        half,
        f"{settings['layers']} layers, {length}; VAE: {_about(seeds)}",
        _share(folder, seeds),
        steps / CLASSIFIER_STEPS,
        incomparable=_restless(folder, table, row, length),
    )


def _restless(folder: Path, table: int, row: int, length: str) -> str:
    """Why a row's estimates, one per seed, have not settled, as `dmvi.claims.settled` decides it; ""
    where all have."""
    outcomes = []
    for path in sorted(
        (folder / "runs" / TABLE_RUNS[table]).glob(f"seed*/density_ratio/table{table}.json")
    ):
        curves = path.with_suffix(".csv")
        if not curves.exists():
            return f"{curves.name}, which says whether the estimate has settled, is not there"
        courses = read_table_csv(curves, f"density_ratio/{curves.name}")
        outcomes.append(settled(courses[courses["setting"] == row - 1]))
    if False in outcomes:
        return f"the estimate still moves after {length}"
    if None in outcomes:
        return "too few estimates along training to say whether it has settled"
    return ""


def _classifier_error(folder: Path) -> Ours:
    found = described(folder, "classifiers").get("cifar10")
    if found is None:
        return Ours(None, None, "", incomparable=NOT_RUN)
    error, n = found["test_error"], found["n_test"]
    half = 1.96 * math.sqrt(error * (1 - error) / n)
    about = f"{found['num_parameters'] / 1e6:.2g} million parameters, {found['epochs']} epochs"
    return Ours(100 * error, 100 * half, about)


def _mean(values: list[float]) -> tuple[float, float | None]:
    """Mean over seeds and half of its 95 % interval; None with one seed.

    The estimate's own error says nothing about another training: at many latents it is next to 0.
    """
    if len(values) > 1:
        return interval(values)
    return values[0], None


def _share(folder: Path, seeds: list[tuple[dict, dict]]) -> float | None:
    run = seeds[0][0]
    meta = described(folder, "data")[run["data"]]
    whole = paper_iterations(meta["builder"])
    return None if whole is None else min(run["iterations"] for run, _ in seeds) / whole


def _about(seeds: list[tuple[dict, dict]]) -> str:
    run = seeds[0][0]
    count = f"{len(seeds)} seeds" if len(seeds) > 1 else "1 seed"
    return (
        f"d = {run['latent_dim']}, width {run['width']}, rate {run['learning_rate']:g}, "
        f"{run['precision']}, {count}"
    )
