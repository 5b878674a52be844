"""Who made what a study publishes: the attempts of its trainings, as recorded beside their checkpoints.

An attempt is one process that trained from one step to another (`dmvi.training.attempts`). Here it is
matched to the result that is published by the identity of that result, so that the attempts of an
earlier configuration, which lie in the same folder, are not counted.
"""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from dmvi import files
from dmvi.steps import estimate_ratio, fit_density_model, train, train_classifier
from dmvi.study.config import Study
from dmvi.training.attempts import made_by, missing_steps, read_attempts

NO_RECORD = "no record: trained before attempts were recorded, or its checkpoints were removed"
OF_THE_RUN = ("run", "seed", "num_parameters")  # what run.json holds besides the spec
CLASSIFIER_SEED = 0  # of the rule train_classifier

Described = dict[str, Any] | str


def training(folder: Path, identity: str, steps: int) -> Described:
    """The attempts that made the first `steps` steps of one training, or that there is no record.

    Args:
        folder: of its checkpoint.
        identity: of the training whose result is published.
        steps: that the result was trained for.

    Returns:
        identity, steps, attempts (from_step, to_step, seconds, commit, machine, ...), complete
        (whether they account for every step) and, if not, missing_steps; seconds of all of them,
        cpu_seconds (None if an attempt did not record them), and their distinct commits and machines.
    """
    chain = made_by(read_attempts(folder, identity), steps)
    if not chain:
        return NO_RECORD
    missing = missing_steps(chain, steps)
    return {
        "identity": identity,
        "steps": steps,
        "complete": not missing,
        **({"missing_steps": missing} if missing else {}),
        "seconds": round(sum(record["seconds"] for record in chain), 1),
        "cpu_seconds": _sum(chain, "cpu_seconds"),
        "commits": _distinct(chain, "commit"),
        "machines": _distinct(chain, "machine"),
        "attempts": [
            {key: value for key, value in record.items() if key != "identity"} for record in chain
        ],
    }


def trainings(study: Study, results: Path) -> dict[str, dict[str, Described]]:
    """Kind of training -> name -> `training`, for all whose results there are.

    Kinds: runs, density_ratio (a classifier of codes each), density_models (those fitted by
    gradient) and classifiers (of images). The synthetic study is not among them.
    """
    found: dict[str, dict[str, Described]] = {
        "runs": {},
        "density_ratio": {},
        "density_models": {},
        "classifiers": {},
    }
    for name, run in study.runs.items():
        for seed in run.seeds:
            folder = results / f"runs/{name}/seed{seed}"
            if not (folder / "run.json").exists():
                continue
            described = files.read_json(folder / "run.json")
            spec = {key: value for key, value in described.items() if key not in OF_THE_RUN}
            meta = files.read_json(results / f"data/{spec['data']}/meta.json")
            kept = results / f"checkpoints/{name}/seed{seed}"
            identity = train.identity_of(spec, seed, SimpleNamespace(meta=meta))
            found["runs"][f"{name}/seed{seed}"] = training(kept, identity, spec["iterations"])
            for kind, latent in (("density_ratio", _ratios), ("density_models", _density_models)):
                for key, value in latent(folder, kept, seed, meta):
                    found[kind][f"{name}/seed{seed}/{key}"] = value
    for path in sorted(results.glob("classifiers/*/classifier.json")):
        found["classifiers"][path.parent.name] = _classifier(study, results, path)
    return found


def summary(found: dict[str, dict[str, Described]]) -> dict[str, Any]:
    """Over all trainings: seconds, distinct commits and machines, and which have gaps or no record.

    cpu_seconds are None if one is unknown.
    """
    named = {f"{kind}/{name}": value for kind, of in found.items() for name, value in of.items()}
    known = {name: value for name, value in named.items() if not isinstance(value, str)}
    attempts = [attempt for value in known.values() for attempt in value["attempts"]]
    return {
        "recorded_seconds": round(sum(value["seconds"] for value in known.values()), 1),
        "recorded_cpu_seconds": _sum(list(known.values()), "cpu_seconds"),
        "commits": _distinct(attempts, "commit"),
        "machines": _distinct(attempts, "machine"),
        "trainings": len(named),
        "with_missing_steps": [name for name, value in known.items() if not value["complete"]],
        "without_record": [name for name in named if name not in known],
    }


def _ratios(folder: Path, kept: Path, seed: int, meta: dict) -> Iterator[tuple[str, Described]]:
    for path in sorted(folder.glob("density_ratio/*.json")):
        for number, entry in enumerate(files.read_json(path)["estimates"]):
            place = kept / "density_ratio" / path.stem / str(number)
            value: Described = NO_RECORD
            if read_attempts(place) and (folder / "model.pt").exists():
                model = files.sha256(folder / "model.pt")
                identity = estimate_ratio.identity_of(entry["settings"], seed, model, meta)
                value = training(place, identity, entry["settings"]["iterations"])
            yield f"{path.stem}/{number}", value


def _density_models(
    folder: Path, kept: Path, seed: int, meta: dict
) -> Iterator[tuple[str, Described]]:
    for path in sorted(folder.glob("density_models/*.json")):
        if path.stem == "gmm":
            continue  # EM, which has no checkpoint
        place, sources = kept / "density_models" / path.stem, ("model.pt", "posterior.npy")
        value: Described = NO_RECORD
        if read_attempts(place) and all((folder / name).exists() for name in sources):
            settings, n = files.read_json(path)["settings"], meta["splits"]["valid"][1]
            paths = [folder / name for name in sources]
            identity = fit_density_model.identity_of(path.stem, settings, seed, n, *paths)
            value = training(place, identity, settings["iterations"])
        yield path.stem, value


def _classifier(study: Study, results: Path, path: Path) -> Described:
    dataset, described = path.parent.name, files.read_json(path)
    meta = files.read_json(results / f"data/{dataset}/meta.json")
    settings = study.config["estimators"]["classifier"]
    spec = {
        "title": meta.get("title", dataset),
        "image_shape": list(meta["image_shape"]),
        "classes": described["classes"],
        "width": settings["width"],
    }
    identity = train_classifier.identity_of(spec, settings, CLASSIFIER_SEED, meta)
    first, last = meta["splits"]["train"]
    steps = described["epochs"] * ((last - first) // settings["batch_size"])
    return training(results / f"checkpoints/classifiers/{dataset}", identity, steps)


def _sum(records: list[dict[str, Any]], key: str) -> float | None:
    """None if a record lacks it: those of versions that did not measure it."""
    values = [record.get(key) for record in records]
    return None if None in values else round(sum(values), 1)


def _distinct(records: list[dict[str, Any]], key: str) -> list[str]:
    return list(dict.fromkeys(record[key] for record in records))
