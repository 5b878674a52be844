"""Copies a finished study's figures, claims and small tables, with their provenance, to be committed."""

import gzip
import os
import platform
import shutil
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image

from dmvi import files
from dmvi.data.registry import BUILDERS
from dmvi.environment import checkout_commit, processor_name
from dmvi.errors import DmviError
from dmvi.figures.base import render
from dmvi.progress import told
from dmvi.report.beside import check_own
from dmvi.report.collect_claims import collect_claims
from dmvi.report.compared import Compared
from dmvi.report.drawn_faces import DrawnFaces, can_stand_in
from dmvi.report.kept import NOTHING, SUFFIXES, Kept, keep
from dmvi.report.page.write import write
from dmvi.report.previews import save_small
from dmvi.report.write_gallery import write_gallery
from dmvi.steps.provenance import summary, trainings
from dmvi.study.config import Study
from dmvi.study.declared_figures import declared_figures
from dmvi.study.experiments import experiments

LARGEST_TABLE = 300_000  # bytes; larger tables and all arrays stay out of the repository
LARGEST_PLAIN = 60_000  # bytes; larger tables are compressed, which pandas reads as they are
DRAWN = ("history.csv", "bound.csv")  # by the study's page, as text
FACES = "celeba"  # the builder of private pictures for which drawn faces can stand
LARGEST_PICTURE = 100_000  # bytes; larger PNGs are given a palette
CLAIMS = ("claims.csv", "claims.md")
HEAD = (
    "Figures, claims and small tables of a finished run. What produced them (each training's commits, "
    "machines and seconds, seeds, data and their checksums) is in [provenance.json](provenance.json) "
    "and [config.yaml](config.yaml). Photographs of CelebA are left out."
)
LIBRARIES = ("torch", "torchvision", "zuko", "numpy", "scikit-learn", "snakemake")


def _private(meta: dict) -> bool:
    """Whether a data set's images may not be passed on; nothing is known of an unknown builder's."""
    info = BUILDERS.get(meta["builder"])
    return not meta["standin"] and (info is None or not info.publishable)


def publish(
    study: Study,
    config_path: Path,
    results: Path,
    output: Path,
    log: Callable[[str], None] = print,
    keep_before: bool = False,
) -> None:
    """Writes `output` anew from a study's `results`; a folder of before stays until all is written.

    With `keep_before`, figures that `results` lack are taken over from that folder, or drawn from the
    tables of both (`dmvi.report.kept`).

    CelebA's terms forbid passing its photographs on, so a figure that shows images of the data
    (`SHOWS_DATA`) is drawn again without them: with drawn faces that go through the models in their
    place (`dmvi.report.drawn_faces`), or without the runs on real CelebA.

    Raises:
        DmviError: the study is not finished; the message has the command that finishes it. Or a number
            that the paper states, and that a figure of the study shows, has no outcome. Or as `keep`.
    """
    kept = keep(study, results, output) if keep_before else NOTHING
    _check_finished(study, config_path.parent, results, kept)
    if not keep_before:
        check_own(Compared.of_study(study, results, whole=True))
    metas = {p.parent.name: files.read_json(p) for p in sorted(results.glob("data/*/meta.json"))}
    private = {name: meta["builder"] for name, meta in metas.items() if _private(meta)}
    with files.replaced_folder(output) as folder:
        kept.copy_to(folder)
        for figure in told(kept.joined, "drawing from tables of before and now", "figure"):
            kept.draw(figure, study, results, folder)
        _write_claims(study, results, folder, kept)
        redrawn = _write_figures(study, results, folder, private, log, kept)
        shutil.copy2(config_path, folder / "config.yaml")
        left_out = _copy_tables(results, folder, study)
        log("tables copied; reading who trained what")
        trained = trainings(study, results)
        models = {
            f"{name}/seed{seed}": results / f"runs/{name}/seed{seed}/model.pt"
            for name, run in study.runs.items()
            for seed in run.seeds
        }
        there = [name for name, path in models.items() if path.exists()]
        totals = summary(trained)
        provenance = kept.join(
            {
                "written": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
                "study": study.config["study"],
                "runs": {name: list(run.seeds) for name, run in study.runs.items()},
                "training": totals,
                "trainings": trained,
                "figures": _here(),
                "data": metas,
                "classifiers": {
                    path.parent.name: files.read_json(path)
                    for path in sorted(results.glob("classifiers/*/classifier.json"))
                },
                "model_sha256": {
                    name: files.sha256(models[name])
                    for name in told(there, "checksums of models", "model")
                },
                "minutes_of_last_attempts": _minutes(results / "benchmarks"),
                "figures_without_celeba_photographs": redrawn,
                "tables_left_out_for_size": left_out,
            }
        )
        files.write_json(folder / "provenance.json", provenance)
        if keep_before:  # of which some numbers are those of before
            check_own(Compared.of_study(study, folder, whole=True))
        write(study, config_path.parent, folder, folder / "index.html", embed=False, log=log)
    totals = provenance["training"]
    recorded = totals["trainings"] - len(totals["without_record"])
    log(
        f"{output} is complete: {len(study.figures)} figures"
        + (f" ({len(kept.figures)} of them as published before)" if kept.figures else "")
        + f", {recorded} of {totals['trainings']} "
        f"trainings with a record of who trained them ({totals['recorded_seconds'] / 3600:.2f} hours)"
    )


def _check_finished(study: Study, folder: Path, results: Path, kept: Kept) -> None:
    """Refuses a study of which a figure or the claims are missing, before anything is touched."""
    new = [f for f in study.figures if f not in kept.figures and f not in kept.joined]
    needed = [f"{figure}{suffix}" for figure in new for suffix in SUFFIXES]
    needed += [f"claims/{figure}.json" for figure in new] if kept.folder else CLAIMS
    missing = [name for name in needed if not (results / name).exists()]
    if missing:
        others = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DmviError(
            f"{results / missing[0]}{others} does not exist, so the study is not finished; "
            f"`snakemake --cores all --directory {folder} all` makes what is missing"
        )


def _write_claims(study: Study, results: Path, output: Path, kept: Kept) -> None:
    """Each figure's claims, and the ledger of all: that of the results, or, where figures are kept, one
    that is collected anew."""
    paths = [output / f"claims/{figure}.json" for figure in study.figures]
    for path in paths:
        own = results / f"claims/{path.name}"
        if path.stem not in (*kept.figures, *kept.joined) and own.exists():
            path.parent.mkdir(exist_ok=True)
            shutil.copy2(own, path)
    if kept.folder:
        collect_claims(paths, *(output / name for name in CLAIMS), study.config["study"])
    else:
        for name in CLAIMS:
            shutil.copy2(results / name, output)


def _write_figures(
    study: Study,
    results: Path,
    output: Path,
    private: dict[str, str],
    log: Callable[[str], None],
    kept: Kept = NOTHING,
) -> list[str]:
    """Copies the figures, and draws again those that would show the data sets `private`, with their
    builders: returns these."""
    redrawn, stood_in = [], []
    for number, figure in enumerate(study.figures, 1):
        if figure in kept.figures:
            log(f"figure {number} of {len(study.figures)}: {figure}, as published before")
            _lessen(output / f"{figure}.png")
            continue
        if figure in kept.joined:
            log(f"figure {number} of {len(study.figures)}: {figure}, from tables of before and now")
            _lessen(output / f"{figure}.png")
            continue
        data = {run: study.runs[run].spec["data"] for run in study.figures[figure]}
        if set(data.values()) & set(private) and declared_figures()[figure].shows_data:
            log(f"figure {number} of {len(study.figures)}: {figure}, again without photographs")
            seeds = study.figure_seeds(figure)
            faces = {name for name, of in private.items() if of == FACES and can_stand_in(figure)}
            shown_runs = {
                r: s for r, s in seeds.items() if data[r] in faces or data[r] not in private
            }
            redrawn.append(figure)
            stood_in += [figure] if faces & {data[run] for run in shown_runs} else []
            if shown_runs:
                tables = DrawnFaces(results, shown_runs, study.config["study"], faces)
                targets = [output / f"{figure}{suffix}" for suffix in SUFFIXES]
                render(figure, tables, *targets, output / "redrawn.json")
                (output / "redrawn.json").unlink()
        else:
            log(f"figure {number} of {len(study.figures)}: {figure}")
            for suffix in SUFFIXES:
                shutil.copy2(results / f"{figure}{suffix}", output)
        _lessen(output / f"{figure}.png")
    shown = [figure for figure in study.figures if (output / f"{figure}.png").exists()]
    missing = [figure for figure in study.figures if figure not in shown]
    head = HEAD + (f" In {', '.join(stood_in)} drawn faces stand for them." if stood_in else "")
    head += f" Left out for the same reason: {', '.join(missing)}." if missing else ""
    head += _kept_words(kept)
    write_gallery(shown, study.config["study"], output / "README.md", head, output / CLAIMS[0])
    return redrawn


def _kept_words(kept: Kept) -> str:
    """Which figures were published first at which time."""
    times: dict[str, list[str]] = defaultdict(list)
    for figure, origin in kept.figures.items():
        times[origin["written"]].append(figure)
    return "".join(
        f" Published at {time} and unchanged since (their results were not at hand for this publication): "
        f"{', '.join(figures)}."
        for time, figures in times.items()
    )


def _lessen(path: Path) -> None:
    """Gives a large PNG a palette: what is published is kept for ever, and the PDF beside it is exact."""
    if path.exists() and path.stat().st_size > LARGEST_PICTURE:
        with Image.open(path) as picture:
            small = None if picture.mode == "P" else picture.convert("RGB")
        if small:
            save_small(small, path)


def _here() -> dict[str, Any]:
    """The checkout and machine that publish: those of the figures that were drawn again, and, where
    a study was finished and published in one go, of all of them."""
    return {
        "commit": checkout_commit(),
        "hardware": _hardware(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "python": platform.python_version(),
    }


def _copy_tables(results: Path, output: Path, study: Study) -> list[str]:
    """Copies JSON and CSV tables of the study's runs; returns the kinds that are too large.

    Of an experiment those that are collected from all of its jobs, not each job's own.
    """
    left_out = set()
    runs = [results / f"runs/{n}/seed{s}" for n, run in study.runs.items() for s in run.seeds]
    folders = {results / name: "*" for name in experiments()}
    folders |= {folder: "**/*" for folder in (results / "tables", results / "data", *runs)}
    for folder, below in folders.items():
        for path in sorted([*folder.glob(f"{below}.csv"), *folder.glob(f"{below}.json")]):
            if path.name == "meta.json":
                continue  # in the provenance
            if path.stat().st_size > LARGEST_TABLE:
                left_out.add(path.name)
                continue
            target = output / path.relative_to(results)
            target.parent.mkdir(parents=True, exist_ok=True)
            if path.stat().st_size > LARGEST_PLAIN and path.name not in DRAWN:
                target = target.with_name(f"{target.name}.gz")
                target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
            else:
                shutil.copy2(path, target)
    return sorted(left_out)


def _minutes(benchmarks: Path) -> dict[str, dict[str, float]]:
    """Rule -> jobs, and the sums of their wall and CPU minutes, from Snakemake's benchmarks.

    A benchmark is of a job's last attempt: of a training that was interrupted, `trainings` has more.
    """
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
    import torch

    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {"cpu": processor_name(), "cores": os.cpu_count(), "gpus": gpus}
