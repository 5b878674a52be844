"""Who trained what: attempts matched to the results of real (tiny) trainings."""

import numpy as np
import pytest

from dmvi import files
from dmvi.steps.encode import encode
from dmvi.steps.estimate_ratio import estimate_ratio
from dmvi.steps.fit_density_model import fit_density_model
from dmvi.steps.provenance import NO_RECORD, summary, training, trainings
from dmvi.steps.train import train
from dmvi.steps.train_classifier import train_classifier
from dmvi.study.config import Study
from dmvi.study.runs import Run
from dmvi.training import attempts
from dmvi.training.attempts import made_by, missing_steps

GRADIENT = {
    "iterations": 10,
    "batch_size": 16,
    "learning_rate": 1e-3,
    "adam_betas": [0.5, 0.9],
    "precision": "float32",
    "every": 5,
    "samples": 40,
}
RATIO = {
    **GRADIENT,
    "layers": 1,
    "width": 8,
    "gradient_penalty": 0,
    "activation_noise": 0,
    "dropout": 0,
}
CLASSIFIER = {
    "width": 4,
    "epochs": 2,
    "batch_size": 16,
    "learning_rate": 0.1,
    "weight_decay": 5e-4,
    "precision": "float32",
    "flip": False,
}


def record(from_step, to_step, **words):
    words = {"identity": "a", "commit": "c", "machine": "m", "seconds": 1.0, **words}
    return {"from_step": from_step, "to_step": to_step, **words}


def spans(chain):
    return [(r["from_step"], r["to_step"]) for r in chain]


@pytest.mark.parametrize(
    ("records", "steps", "chain", "missing"),
    [
        ([(0, 9), (9, 30)], 30, [(0, 9), (9, 30)], []),
        ([(0, 9), (9, 30), (30, 50)], 30, [(0, 9), (9, 30)], []),  # published before it went on
        ([(0, 9), (9, 30), (0, 30)], 30, [(0, 30)], []),  # trained anew
        ([(0, 10), (0, 8), (10, 30)], 30, [(0, 10), (10, 30)], []),
        ([(0, 25), (20, 30)], 30, [(0, 25), (20, 30)], []),  # an older checkpoint was put back
        ([(0, 15), (20, 30)], 30, [(0, 15), (20, 30)], [[15, 20]]),  # killed before its record
        ([(20, 30)], 30, [(20, 30)], [[0, 20]]),  # begun before attempts were recorded
        ([(0, 20)], 30, [(0, 20)], [[20, 30]]),
        ([], 30, [], [[0, 30]]),
    ],
)
def test_the_attempts_that_a_result_is_from(records, steps, chain, missing):
    found = made_by([record(*span) for span in records], steps)
    assert spans(found) == chain
    assert missing_steps(found, steps) == missing


def test_a_training_is_described_with_its_gaps(tmp_path):
    records = [
        record(0, 7, identity="other"),
        record(0, 10, commit="c1", machine="m1", seconds=2.5, cpu_seconds=0.5),
        record(12, 20, commit="c2", machine="m1", seconds=1.5, cpu_seconds=1.0),
    ]
    files.write_json(tmp_path / attempts.NAME, records)
    described = training(tmp_path, "a", 20)
    assert described["missing_steps"] == [[10, 12]]
    assert not described["complete"]
    assert (described["seconds"], described["commits"]) == (4.0, ["c1", "c2"])
    assert described["cpu_seconds"] == 1.5
    del records[2]["cpu_seconds"]  # as older versions left it
    files.write_json(tmp_path / attempts.NAME, records)
    assert training(tmp_path, "a", 20)["cpu_seconds"] is None
    assert described["machines"] == ["m1"]
    assert spans(described["attempts"]) == [(0, 10), (12, 20)]
    assert all("identity" not in attempt for attempt in described["attempts"])
    assert training(tmp_path, "b", 20) == NO_RECORD
    assert training(tmp_path / "none", "a", 20) == NO_RECORD


@pytest.fixture
def study(spec):
    runs = {"tiny": Run("tiny", "tiny", (0, 1), {**spec, "data": "noise"}, {}, ())}
    return Study({"estimators": {"classifier": CLASSIFIER}}, runs, {})


@pytest.fixture
def results(dataset, tmp_path, study, monkeypatch):
    """A results folder with trainings of every kind, begun by one commit and ended by another."""
    root, what = tmp_path / "results", study.runs["tiny"].spec
    root.mkdir()
    files.write_array(dataset / "labels.npy", np.arange(128) % 3)
    meta = files.read_json(dataset / "meta.json")
    meta["sha256"]["labels.npy"] = files.sha256(dataset / "labels.npy")
    files.write_json(dataset / "meta.json", meta)
    data = root / "data/noise"
    data.parent.mkdir()
    dataset.rename(data)
    folder, kept = root / "runs/tiny/seed0", root / "checkpoints/tiny/seed0"
    written = [folder / name for name in ("model.pt", "history.csv", "run.json", "bound.csv")]
    quiet = {"device": "cpu", "log": lambda _: None}
    for commit, iterations in (("first", 12), ("second", 30)):
        monkeypatch.setattr(attempts, "checkout_commit", lambda commit=commit: commit)
        train({**what, "iterations": iterations}, "tiny", 0, data, *written, kept, **quiet)
    encoded = folder / "posterior.npy", folder / "codes.npy"
    encode(folder / "model.pt", data, 0, *encoded, "cpu")
    inputs = folder / "model.pt", encoded[0], data
    ratio = [folder / f"density_ratio/table1{end}" for end in (".json", ".csv", "_c.csv")]
    settings = [RATIO, {**RATIO, "iterations": 15, "layers": 2}]
    estimate_ratio(*inputs, settings, 0, *ratio, kept / "density_ratio/table1", **quiet)
    maf = {**GRADIENT, "transforms": 1, "hidden": [8]}
    gmm = {**GRADIENT, "components": 2, "fit_samples": 50}
    for name, chosen in (("maf", maf), ("gmm", gmm)):
        fitted = [folder / f"density_models/{name}{end}" for end in (".json", ".csv")]
        place = kept / "density_models" / name
        fit_density_model(*inputs, name, chosen, 0, *fitted, place, **quiet)
    images = root / "classifiers/noise", root / "checkpoints/classifiers/noise"
    train_classifier(data, CLASSIFIER, 0, *images, **quiet)
    return root


def test_every_kind_of_training_is_found_by_its_identity(results, study):
    found = trainings(study, results)
    assert set(found["runs"]) == {"tiny/seed0"}, "seed 1 has no results"
    whole = found["runs"]["tiny/seed0"]
    assert spans(whole["attempts"]) == [(0, 12), (12, 30)]
    assert (whole["complete"], whole["steps"]) == (True, 30)
    assert whole["commits"] == ["first", "second"]
    ratios = found["density_ratio"]
    assert {name: spans(entry["attempts"]) for name, entry in ratios.items()} == {
        "tiny/seed0/table1/0": [(0, 10)],
        "tiny/seed0/table1/1": [(0, 15)],
    }
    models = found["density_models"]
    assert {name: spans(entry["attempts"]) for name, entry in models.items()} == {
        "tiny/seed0/maf": [(0, 10)]
    }
    assert spans(found["classifiers"]["noise"]["attempts"]) == [(0, 12)]  # 2 epochs of 96 / 16
    totals = summary(found)
    assert totals["trainings"] == 5
    assert totals["commits"] == ["first", "second"]
    assert totals["without_record"] == totals["with_missing_steps"] == []
    every = [entry for of in found.values() for entry in of.values()]
    assert totals["recorded_cpu_seconds"] == pytest.approx(
        sum(e["cpu_seconds"] for e in every), abs=0.2
    )
    assert totals["recorded_seconds"] == pytest.approx(sum(e["seconds"] for e in every), abs=0.2)


def test_what_has_no_record_says_so(results, study):
    """Another configuration's attempts are not those of the results; nor is there a guess."""
    for path in (results / "checkpoints").rglob(attempts.NAME):
        records = files.read_json(path)
        files.write_json(path, [{**entry, "identity": "0" * 16} for entry in records])
    (results / "checkpoints/classifiers/noise" / attempts.NAME).unlink()
    found = trainings(study, results)
    assert {value for of in found.values() for value in of.values()} == {NO_RECORD}
    totals = summary(found)
    assert (totals["recorded_seconds"], totals["commits"]) == (0, [])
    assert len(totals["without_record"]) == totals["trainings"] == 5
    assert "density_ratio/tiny/seed0/table1/1" in totals["without_record"]
