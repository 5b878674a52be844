"""Ours beside the published numbers: read from what studies have published, nothing typed in."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from dmvi import files
from dmvi.claims import explanations
from dmvi.claims.decide import interval
from dmvi.claims.outcomes import NOT_RUN, STUDIES, Ours, check_complete
from dmvi.claims.published import CLASSIFIER_STEPS, PUBLISHED, published, rows_of
from dmvi.claims.settled import settled
from dmvi.errors import DmviError
from dmvi.report.compared import IMAGES, Compared, described, runs_of
from dmvi.study.settings import paper_iterations
from dmvi.tables.reading import read_table_csv

STANDIN = "stand-in data"
REFERENCE = Path(__file__).parents[3] / "results/reference"  # in a checkout of the repository


def ours_of(study: Compared, beside: Sequence[Compared] = ()) -> dict[str, Ours]:
    """id -> our number, for every published one, from a study's results, published or not.

    A number that the study does not have, or has with other settings than the published row, is not
    comparable, and says why.

    Args:
        beside: studies whose results explain numbers of this one, in place of what is published of them.

    Raises:
        DmviError: a number's explanation (`dmvi.claims.explanations`) names a run that the study lacks.
    """
    explained = _explanations(study, {of.name: of.folder for of in beside})
    found: dict[str, Ours] = {}
    for row in PUBLISHED:
        words = explained.get(row.id, {})
        if row.id.startswith("table"):
            table, number = row.id.split("_row")
            found[row.id] = _classifier_kl(study, table, int(number), words)
        elif runs_of(row.id):
            found[row.id] = _kl(study, row.id, words)
        else:
            found[row.id] = _image_classifier(study, words)
    return found


def beside(reference: Path) -> dict[str, dict[str, Ours]]:
    """id -> study -> our number, for those of STUDIES that are published below `reference`.

    Raises:
        DmviError: a study does not have a number that one of its figures shows; or as `ours_of`.
    """
    studies = _published(reference)
    ours = _joined(studies)
    names = [study.name for study in studies]
    check_complete(ours, names, {study.name: study.owed for study in studies})
    return ours


def beside_published(own: Compared, reference: Path) -> dict[str, dict[str, Ours]]:
    """id -> study -> our number: `own` as its results are now, first or in its column, and those of
    STUDIES that are published below `reference`; none where there is no such folder."""
    others = [study for study in _published(reference) if study.name != own.name]
    order = {name: place for place, name in enumerate(STUDIES)}
    return _joined(sorted([own, *others], key=lambda study: order.get(study.name, -1)))


def check_own(study: Compared) -> None:
    """Refuses to publish a study that lacks an outcome of a published number.

    Raises:
        DmviError: naming the numbers; or as `ours_of`.
    """
    ours = {id: {study.name: number} for id, number in ours_of(study).items()}
    check_complete(ours, [study.name], {study.name: study.owed})


def _published(reference: Path) -> list[Compared]:
    return [
        Compared.of_published(reference / name)
        for name in STUDIES
        if (reference / name / "provenance.json").exists()
    ]


def _joined(studies: list[Compared]) -> dict[str, dict[str, Ours]]:
    of = {study.name: ours_of(study, studies) for study in studies}
    return {row.id: {name: of[name][row.id] for name in of} for row in PUBLISHED}


def _explanations(study: Compared, beside: Mapping[str, Path]) -> dict[str, dict[str, str]]:
    """id -> the words of `Ours` for what is explained in this study, as far as its run is there."""
    found = {}
    for (name, row), explanation in explanations.EXPLANATIONS.items():
        published(row)
        if name != study.name:
            continue
        other = explanation.study
        folder = study.folder
        if other:
            folder = beside.get(other, _published_beside(study) / other)
        if _has(folder, explanation.run):
            shown_by = f"{explanation.run} of {other}" if other else explanation.run
            found[row] = {"explanation": explanation.why, "shown_by": shown_by}
        elif study.whole:
            among = f"the published results of {other}" if other else "its results"
            raise DmviError(
                f"{row} of study {name} is explained by run {explanation.run}, which is not among {among}: "
                "publish that run too, or correct claims/explanations.py"
            )
    return found


def _published_beside(study: Compared) -> Path:
    """The folder of published studies: where this one is published, or the checkout's."""
    return study.folder.parent if (study.folder / "provenance.json").exists() else REFERENCE


def _has(folder: Path, run: str) -> bool:
    """Whether results hold a run, or "classifiers/DATA"."""
    if run.startswith("classifiers/"):
        return run.removeprefix("classifiers/") in described(folder, "classifiers")
    return any(folder.glob(f"runs/{run}/seed*/run.json"))


def _seeds(folder: Path, row: str, table: str) -> list[tuple[dict, dict]]:
    """(run.json, the table) of every seed that has both, of the run that a published number is about."""
    places = _places(folder, row, table)
    return [(files.read_json(p / "run.json"), files.read_json(p / table)) for p in places]


def _places(folder: Path, row: str, table: str) -> list[Path]:
    for run in runs_of(row):
        places = sorted((folder / "runs" / run).glob("seed*"))
        if found := [p for p in places if (p / "run.json").exists() and (p / table).exists()]:
            return found
    return []


def _kl(study: Compared, row: str, words: dict[str, str]) -> Ours:
    seeds = _seeds(study.folder, row, "kl.json")
    if not seeds:
        return Ours(None, None, "", incomparable=NOT_RUN)
    value, half = _mean([kl["value"] for _, kl in seeds])
    data = _data(study, seeds)
    incomparable = STANDIN if data.get("standin") else ""
    upper, _ = _mean([kl["avg_kl"] for _, kl in seeds])
    settings = f"{_about(seeds)}, its upper bound avgKL {upper:.4g}"
    return Ours(value, half, settings, _share(data, seeds), incomparable=incomparable, **words)


def _classifier_kl(study: Compared, table: str, row: int, words: dict[str, str]) -> Ours:
    seeds = _seeds(study.folder, table, f"density_ratio/{table}.json")
    rows = [tables["estimates"] for _, tables in seeds]
    stated = rows_of(table)
    if not rows:
        return Ours(None, None, "", incomparable=NOT_RUN)
    if len(rows[0]) != len(stated) or not all(
        row.agrees(estimate["settings"]) for row, estimate in zip(stated, rows[0], strict=True)
    ):
        why = "this study's rows have other settings than the paper's"
        return Ours(None, None, "", incomparable=why)
    estimates = [of_seed[row - 1] for of_seed in rows]
    value, half = _mean([estimate["value"] for estimate in estimates])
    settings = estimates[0]["settings"]
    steps = min(estimate["settings"]["iterations"] for estimate in estimates)
    length = f"{steps:,} of {CLASSIFIER_STEPS:,} steps"
    data = _data(study, seeds)
    reasons = [STANDIN if data.get("standin") else "", _restless(study.folder, table, row, length)]
    return Ours(
        value,
        half,
        f"{settings['layers']} layers, {length}; VAE: {_about(seeds)}",
        _share(data, seeds),
        steps / CLASSIFIER_STEPS,
        incomparable="; ".join(reason for reason in reasons if reason),
        **words,
    )


def _restless(folder: Path, table: str, row: int, length: str) -> str:
    """Why a row's estimates, one per seed, have not settled, as `dmvi.claims.settled` decides it; ""
    where all have."""
    outcomes = []
    for place in _places(folder, table, f"density_ratio/{table}.json"):
        curves = place / f"density_ratio/{table}.csv"
        if not curves.exists():
            return f"{curves.name}, which says whether the estimate has settled, is not there"
        courses = read_table_csv(curves, f"density_ratio/{curves.name}")
        outcomes.append(settled(courses[courses["setting"] == row - 1]))
    if False in outcomes:
        return f"the estimate still moves after {length}"
    if None in outcomes:
        return "too few estimates along training to say whether it has settled"
    return ""


def _image_classifier(study: Compared, words: dict[str, str]) -> Ours:
    found = described(study.folder, "classifiers").get(IMAGES)
    if found is None:
        return Ours(None, None, "", incomparable=NOT_RUN)
    error, n = found["test_error"], found["n_test"]
    half = 1.96 * math.sqrt(error * (1 - error) / n)
    settings = study.image_classifier
    # Its width is on record in the config only, which may have been changed since.
    same = settings.get("epochs") == found["epochs"] and "width" in settings
    width = f"width {settings['width']}" if same else "width not on record"
    return Ours(
        100 * error,
        100 * half,
        f"{found['num_parameters'] / 1e6:.2g} million parameters",
        brief=f"{width}, {found['epochs']} epochs",
        incomparable=STANDIN if described(study.folder, "data")[IMAGES].get("standin") else "",
        **words,
    )


def _mean(values: list[float]) -> tuple[float, float | None]:
    """Mean over seeds and half of its 95 % interval; None with one seed.

    The estimate's own error says nothing about another training: at many latents it is next to 0.
    """
    if len(values) > 1:
        return interval(values)
    return values[0], None


def _data(study: Compared, seeds: list[tuple[dict, dict]]) -> dict:
    """The description of the data set that all of them were trained on."""
    return described(study.folder, "data")[seeds[0][0]["data"]]


def _share(data: dict, seeds: list[tuple[dict, dict]]) -> float | None:
    whole = paper_iterations(data["builder"])
    return None if whole is None else min(run["iterations"] for run, _ in seeds) / whole


def _about(seeds: list[tuple[dict, dict]]) -> str:
    run = seeds[0][0]
    count = f"{len(seeds)} seeds" if len(seeds) > 1 else "1 seed"
    return (
        f"d = {run['latent_dim']}, width {run['width']}, rate {run['learning_rate']:g}, "
        f"{run['precision']}, {count}"
    )
