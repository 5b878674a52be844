"""What stays of a folder published before, where a study's results do not have all of its figures any more.

A long study is computed in stages, and a machine may go with the results of the first ones. What was
published of them is whole: figures, claims, small tables, and who made them. It is kept figure by figure,
and a run's tables are of one training: a figure is kept only with the runs that it was drawn from. One that
shows runs of both is drawn anew where all that it reads are small tables.
"""

import gzip
import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from dmvi import files
from dmvi.errors import DmviError
from dmvi.figures.base import render
from dmvi.steps.provenance import OF_THE_RUN, summary
from dmvi.study.config import Study
from dmvi.study.declared_figures import declared_figures
from dmvi.tables.results import Tables

SUFFIXES = (".pdf", ".png")
PLAIN = (".json", ".csv")  # what is published of a run's tables
# Between a published run.json and the config: a run is lengthened.
MAY_DIFFER = (*OF_THE_RUN, "iterations")
REDRAWN = "figures_without_celeba_photographs"
BY_DATA = ("classifiers", "data")  # what a provenance has by data set; all else is by run


@dataclass(frozen=True)
class Kept:
    """What is taken over from `folder`; nothing where it is None.

    Attributes:
        figures: figure -> when, by which checkout and on which machine it was published first.
        joined: figures that are drawn from tables of `folder` and of the results.
        runs: "RUN/seedS" of those whose tables are taken over.
    """

    folder: Path | None = None
    figures: dict[str, dict[str, Any]] = field(default_factory=dict)
    joined: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()

    def copy_to(self, output: Path) -> None:
        """Copies figures, their claims, and tables that `output` does not have."""
        for name in self.figures:
            for suffix in SUFFIXES:
                shutil.copy2(self.folder / f"{name}{suffix}", output)
        claims = [self.folder / f"claims/{name}.json" for name in self.figures]
        for path in (*claims, *self._tables()):
            target = output / path.relative_to(self.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy2(path, target)

    def draw(self, figure: str, study: Study, results: Path, output: Path) -> None:
        """Draws a figure of `joined` and decides its claims."""
        seeds = study.figure_seeds(figure)
        with TemporaryDirectory() as place:
            root = Path(place)
            for name, of_run in seeds.items():
                for seed in of_run:
                    source = self.folder if f"{name}/seed{seed}" in self.runs else results
                    for table in declared_figures()[figure].sources.run:
                        path = f"runs/{name}/seed{seed}/{table}"
                        _copy_plain(source / path, root / path)
            before = files.read_json(self.folder / "provenance.json")["data"]
            for name, meta in {**before, **_metas(results)}.items():
                files.write_json(root / f"data/{name}/meta.json", meta)
            tables = Tables(root, seeds, study.config["study"])
            targets = (f"{figure}.pdf", f"{figure}.png", f"claims/{figure}.json")
            render(figure, tables, *(output / target for target in targets))

    def join(self, provenance: dict[str, Any]) -> dict[str, Any]:
        """The provenance of what is new, with that of what is kept: of runs, of image classifiers and of
        data sets that the results do not have."""
        if self.folder is None:
            return provenance
        before = files.read_json(self.folder / "provenance.json")
        trained = {
            kind: self._of_runs(before["trainings"].get(kind, {}), kind in BY_DATA) | new
            for kind, new in provenance["trainings"].items()
        }
        models = self._of_runs(before["model_sha256"]) | provenance["model_sha256"]
        joined = {"trainings": trained, "training": summary(trained), "model_sha256": models}
        joined |= {key: {**before[key], **provenance[key]} for key in BY_DATA}
        redrawn = set(before[REDRAWN]) & set(self.figures)
        joined[REDRAWN] = sorted(redrawn | set(provenance[REDRAWN]))
        return {**provenance, **joined, "kept": self.figures}

    def _of_runs(self, entries: dict[str, Any], whole: bool = False) -> dict[str, Any]:
        """Those named "RUN/seedS" or "RUN/seedS/..." of the runs that are kept; all where `whole`."""
        return {
            name: value
            for name, value in entries.items()
            if whole or "/".join(name.split("/")[:2]) in self.runs
        }

    def _tables(self) -> Iterator[Path]:
        if self.folder is None:
            return
        for path in sorted(self.folder.glob("*/**/*")):
            part = path.relative_to(self.folder).parts
            if not path.is_file() or part[0] == "claims":
                continue
            if part[0] != "runs" or "/".join(part[1:3]) in self.runs:
                yield path


NOTHING = Kept()


def keep(study: Study, results: Path, published: Path) -> Kept:
    """The figures of a study that `results` lack, as far as `published` helps, with the runs that it has.

    Raises:
        DmviError: `published` is not a published folder, or of a version that kept no claims; a figure
            would be kept that shows a run of other settings than the config's, or one that `results` hold
            too, trained anew; or data differ.
    """
    if not (published / "provenance.json").exists():
        raise DmviError(
            f"{published} has no provenance.json, so there is nothing published to keep figures of; publish "
            "without --keep"
        )
    before = files.read_json(published / "provenance.json")
    _check_data(results, before["data"], published)
    figures, joined = [], []
    for name in study.figures:
        if _drawn(results, name):
            continue
        runs = [
            f"runs/{run}/seed{seed}"
            for run, seeds in study.figure_seeds(name).items()
            for seed in seeds
        ]
        new = any((results / run / "run.json").exists() for run in runs)
        if new and _tables_of(name, runs, results, published):
            _check_settings(study, results, published, name)
            joined.append(name)
        elif _drawn(published, name):
            _check_claims(published, name)
            _check_runs(study, results, published, name)
            figures.append(name)
    runs = tuple(
        f"{name}/seed{seed}"
        for name, run in study.runs.items()
        for seed in run.seeds
        if (published / f"runs/{name}/seed{seed}/run.json").exists()
        and not (results / f"runs/{name}/seed{seed}/run.json").exists()
    )
    origin = {"written": before["written"], **before["figures"]}
    earlier = before.get("kept", {})
    kept = {name: earlier.get(name, origin) for name in figures}
    return Kept(published, kept, tuple(joined), runs)


def _tables_of(figure: str, runs: list[str], results: Path, published: Path) -> bool:
    """Whether a figure reads small tables of its runs alone, and there are all of them: of a run in the
    results these, else the published ones."""
    sources = declared_figures()[figure].sources
    if sources.study or set(sources.data) - {"meta.json"}:
        return False
    if any(not table.endswith(PLAIN) for table in sources.run):
        return False
    places = [results if (results / run / "run.json").exists() else published for run in runs]
    return all(
        _plain(place / run / table)
        for place, run in zip(places, runs, strict=True)
        for table in sources.run
    )


def _plain(path: Path) -> Path | None:
    """A table, as it is or compressed; None if there is neither."""
    found = (path, path.with_name(f"{path.name}.gz"))
    return next((each for each in found if each.exists()), None)


def _copy_plain(path: Path, target: Path) -> None:
    found = _plain(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    data = found.read_bytes()
    target.write_bytes(gzip.decompress(data) if found != path else data)


def _metas(results: Path) -> dict[str, Any]:
    return {p.parent.name: files.read_json(p) for p in sorted(results.glob("data/*/meta.json"))}


def _check_claims(published: Path, figure: str) -> None:
    if not (published / f"claims/{figure}.json").exists():
        raise DmviError(
            f"{published}/claims/{figure}.json does not exist, so {figure} cannot be kept with its verdicts; "
            f"draw {figure} again"
        )


def _drawn(folder: Path, figure: str) -> bool:
    return all((folder / f"{figure}{suffix}").exists() for suffix in SUFFIXES)


def _check_runs(study: Study, results: Path, published: Path, figure: str) -> None:
    for name, seeds in study.figure_seeds(figure).items():
        for seed in seeds:
            place = f"runs/{name}/seed{seed}/run.json"
            if (results / place).exists():
                raise DmviError(
                    f"{figure} cannot be kept as it was published: {results / place} is of a training that "
                    f"it does not show; draw {figure} again, or publish from results without that run"
                )
            if not (published / place).exists():
                raise DmviError(
                    f"{figure} cannot be kept: it would now show {name}, seed {seed}, which "
                    f"{published} does not have; draw it again, or select its runs in config.yaml as before"
                )
    _check_settings(study, results, published, figure)


def _check_settings(study: Study, results: Path, published: Path, figure: str) -> None:
    for name, seeds in study.figure_seeds(figure).items():
        for seed in seeds:
            place = f"runs/{name}/seed{seed}/run.json"
            if (results / place).exists():
                continue
            was = _settings(files.read_json(published / place))
            now = _settings(study.runs[name].spec)
            if was != now:
                keys = sorted(key for key in was | now if was.get(key) != now.get(key))
                raise DmviError(
                    f"{figure} cannot be kept: {name} was published with {keys[0]} {was.get(keys[0])!r}, and "
                    f"config.yaml has {now.get(keys[0])!r}; draw it again"
                )


def _settings(spec: dict[str, Any]) -> dict[str, Any]:
    """As JSON has them."""
    return {k: v for k, v in json.loads(json.dumps(spec)).items() if k not in MAY_DIFFER}


def _check_data(results: Path, before: dict[str, Any], published: Path) -> None:
    for name, now in _metas(results).items():
        if name in before and now.get("sha256") != before[name].get("sha256"):
            raise DmviError(
                f"{results}/data/{name}/meta.json has other checksums than the data set {name} that "
                f"{published} was made of: figures of both would not be of the same data"
            )
