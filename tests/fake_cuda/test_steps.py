"""Every step that may run on a GPU, run from end to end on a pretended one and on a CPU.

What they write must agree; the files whose lines wait for the GPU are those below, so that a new one
shows; and no step that trains waits more often because it trains for longer.
"""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from pretended import pretended_gpu

from dmvi import files
from dmvi.distributions.registry import declared_posteriors
from dmvi.experiments.synthetic.steps.run_synthetic import run_synthetic
from dmvi.models import make_model
from dmvi.steps.encode import encode
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.estimate_ratio import estimate_ratio
from dmvi.steps.evaluate import evaluate
from dmvi.steps.evaluate_data import evaluate_data
from dmvi.steps.examine_snapshots import examine_snapshots
from dmvi.steps.find_low_posterior import find_low_posterior
from dmvi.steps.fit_density_model import NAMES, fit_density_model
from dmvi.steps.train import train
from dmvi.steps.train_classifier import train_classifier
from dmvi.study.declarations import declared_scores, declared_steps
from dmvi.training import checkpoint

ADAM = {"adam_betas": [0.5, 0.9], "learning_rate": 1e-3, "precision": "float32"}
LOW = {"draws": 40, "keep": 8, "images": 12, "samples": 2}
KL = {"samples": 112, "curve_sizes": [20], "curve_samples": 20}
RATIO = {
    **ADAM,
    **{"layers": 2, "width": 8, "iterations": 6, "batch_size": 8, "every": 3, "samples": 24},
    **{"gradient_penalty": 1.0, "activation_noise": 0.2, "dropout": 0.1},
}
DENSITY = {**ADAM, "every": 2, "samples": 30, "iterations": 4, "batch_size": 8}
DENSITIES = {
    "gmm": {**DENSITY, "components": 2, "fit_samples": 60},
    "maf": {**DENSITY, "transforms": 2, "hidden": [8]},
    "lstm": {**DENSITY, "width": 4},
}
CLASSIFIER = {
    **{"width": 4, "epochs": 2, "batch_size": 32, "learning_rate": 0.05, "weight_decay": 5e-4},
    **{"precision": "float32", "flip": True},
}
SCORES = {
    "sliced_wasserstein": {},
    "spread": {},
    "inception": {"splits": 2},
    "diversity": {"batches": 1, "batch_size": 4},
    "critic": {
        **{"steps": 3, "width": 4, "batch_size": 4, "learning_rate": 1e-3, "penalty": 10},
        **{"seeds": 1, "images": 12},
    },
}
SYNTHETIC = {
    **ADAM,
    **{"dim": 3, "spread": 0.1, "layers": 2, "width": 8, "batch_size": 8, "iterations": 5},
    **{"every": 3, "samples": 50, "members": [[0, 1], [1, 2.5]]},
}
PAIRS = {**SYNTHETIC, "divergence": "covariances", "classifier": "main"}


@pytest.fixture
def labelled(dataset):
    """The data set with labels."""
    labels = np.random.default_rng(1).integers(0, 3, 128)
    files.write_array(dataset / "labels.npy", labels)
    meta = files.read_json(dataset / "meta.json")
    meta["sha256"]["labels.npy"] = files.sha256(dataset / "labels.npy")
    files.write_json(dataset / "meta.json", meta)
    return dataset


@pytest.fixture
def folder(spec, tmp_path, labelled):
    """Models of every tractable posterior as training saves them, encoded; a classifier; snapshots."""
    for posterior, declared in declared_posteriors().items():
        if not declared["tractable"]:
            continue
        own = tmp_path / posterior
        options = {key: rules["default"] for key, rules in declared["options"].items()}
        flow = {key: value for key, value in FLOW.items() if key in options}
        run = {**spec, **options, **flow, "posterior": posterior, "latent_dim": 4}
        torch.manual_seed(0)
        model = make_model(run, (28, 28, 1))
        content = {"spec": json.dumps(run), "image_shape": [28, 28, 1]}
        checkpoint.save(own / "model.pt", {**content, "model": model.state_dict()})
        encode(own / "model.pt", labelled, 0, own / "posterior.npy", own / "codes.npy", "cpu")
    return tmp_path


FLOW = {"flow_transforms": 2, "flow_hidden": [8]}
POSTERIORS = [name for name, declared in declared_posteriors().items() if declared["tractable"]]


def quiet(_):
    pass


def run_encode(posterior, folder, data, out, device):
    model = folder / posterior / "model.pt"
    encode(model, data, 0, out / "posterior.npy", out / "codes.npy", device)


def run_estimate_kl(posterior, folder, data, out, device):
    names = ("kl.json", "curve.csv", "profile.csv", "histograms.csv")
    paths = [out / name for name in names]
    estimate_kl(folder / posterior / "model.pt", data, KL, 0, *paths, device, quiet)


def run_find_low_posterior(posterior, folder, data, out, device):
    paths = [folder / posterior / name for name in ("model.pt", "posterior.npy", "codes.npy")]
    find_low_posterior(*paths, data, {**LOW, "points": 20}, 0, out, device, quiet)


def run_fit_density_model(name, folder, data, out, device):
    paths = [folder / "gaussian" / file for file in ("model.pt", "posterior.npy")]
    written = out / "fit.json", out / "fit.csv", out / "checkpoints"
    fit_density_model(*paths, data, name, DENSITIES[name], 0, *written, device, quiet)


def run_estimate_ratio(_, folder, data, out, device):
    paths = [folder / "gaussian" / file for file in ("model.pt", "posterior.npy")]
    written = [out / name for name in ("r.json", "r.csv", "c.csv", "checkpoints")]
    estimate_ratio(*paths, data, [RATIO], 0, *written, device, quiet)


def run_train(_, folder, data, out, device):
    spec = json.loads(checkpoint.load(folder / "gaussian/model.pt")["spec"])
    spec |= {"iterations": 6, "log_every": 2, "bound_every": 3, "bound_images": 8}
    names = ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
    paths = [out / name for name in names]
    train(spec, "run", 0, data, *paths, device=device, log=quiet, snapshots=(2, 6))


def run_examine_snapshots(_, folder, data, out, device):
    source = folder / "trained"
    if not source.exists():
        run_train(_, folder, data, source, "cpu")
    settings = {**{k: LOW[k] for k in LOW}, "kl_samples": 112, "steps": [2, 6]}
    paths = source / "model.pt", data
    examine_snapshots(
        *paths, settings, 0, source / "checkpoints", out / "snapshots.csv", device, quiet
    )


def run_train_classifier(_, folder, data, out, device):
    train_classifier(data, CLASSIFIER, 0, out, out / "checkpoints", device, quiet)


def classifier_of(folder, data):
    if not (folder / "classifier").exists():
        run_train_classifier(None, folder, data, folder / "classifier", "cpu")
    return folder / "classifier/model.pt"


def run_evaluate(_, folder, data, out, device):
    settings = {"samples": {"images": 16, "grid": 4}, "reconstructions": {"grid": 2, "images": 8}}
    model, network = folder / "gaussian/model.pt", classifier_of(folder, data)
    settings["scores"] = SCORES
    evaluate(model, data, settings, 0, out, out / "checkpoints", device, network, log=quiet)


def run_evaluate_data(_, folder, data, out, device):
    settings, network = {"samples": 16, "scores": SCORES}, classifier_of(folder, data)
    evaluate_data(
        data, settings, 0, out / "s.json", out / "checkpoints", device, network, log=quiet
    )


def run_run_synthetic(kind, folder, data, out, device):
    settings = {**SYNTHETIC, "members": [[0, 2], [1, 2]]} if kind == "learning" else PAIRS
    run_synthetic(kind, settings, out / "table.csv", out / "checkpoints", device, quiet)


# Step -> its kinds.
KINDS = {
    "encode": POSTERIORS,
    "estimate_kl": POSTERIORS,
    "estimate_ratio": [""],
    "evaluate": [""],
    "evaluate_data": [""],
    "examine_snapshots": [""],
    "find_low_posterior": POSTERIORS,
    "fit_density_model": NAMES,
    "run_synthetic": ["estimation", "separated", "learning"],
    "train": [""],
    "train_classifier": [""],
}
CASES = [(step, kind) for step, kinds in KINDS.items() for kind in kinds]


def test_every_step_that_may_run_on_a_gpu_is_here():
    assert set(KINDS) == {name for name, step in declared_steps().items() if step["gpu"]}
    assert set(SCORES) == set(declared_scores())
    assert set(DENSITIES) == set(NAMES)


def written(folder):
    """Every table, array and value of a folder, by path."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if "checkpoints" in name or path.name == "encoded.json":
            continue
        if path.suffix == ".csv":
            found[name] = pd.read_csv(path)
        elif path.suffix == ".npy":
            found[name] = np.load(path)
        elif path.suffix == ".json":
            found[name] = pd.json_normalize(files.read_json(path)).drop(
                columns=["seconds", "weights_sha256"], errors="ignore"
            )
        elif path.name == "model.pt":
            found[name] = checkpoint.load(path)["model"]
    return found


def assert_agree(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(found[name], value, rtol=2e-3, atol=2e-4, obj=name)
        elif isinstance(value, np.ndarray) and value.dtype == np.uint8:
            off = np.abs(found[name].astype(int) - value)
            assert off.max() <= 1, name  # of 255: rounded
        elif isinstance(value, np.ndarray):
            np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
        else:
            torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5, msg=name)


# Step -> the files of src/dmvi that wait for the GPU in it: to write, or once in a window of steps, a
# batch of images or a tile of the mixture.
MIXTURE = {"estimators/mixtures.py", "estimators/streaming.py", "estimators/estimate.py"}
WAITING = {
    "encode": {"steps/encode.py"},
    "estimate_kl": MIXTURE | {"steps/encode.py", "estimators/marginal_kl.py"},
    "estimate_ratio": {"training/journal.py", "estimators/density_ratio.py"},
    "evaluate": {
        *("steps/trained.py", "steps/reconstructing.py"),
        *("scores/functions/critic.py", "scores/functions/classifier.py"),
    },
    "evaluate_data": {"scores/functions/critic.py", "scores/functions/classifier.py"},
    "examine_snapshots": {
        *MIXTURE,
        *("steps/encode.py", "steps/bounds.py", "steps/trained.py"),
        *("estimators/marginal_kl.py", "estimators/low_posterior.py"),
    },
    "find_low_posterior": {
        *MIXTURE,
        *("steps/bounds.py", "steps/trained.py", "estimators/low_posterior.py"),
    },
    "fit_density_model": {
        *MIXTURE,
        *("steps/fit_density_model.py", "training/journal.py"),
        *("estimators/density_models.py", "estimators/diagonal_gmm.py"),
    },
    "run_synthetic": {
        *("training/journal.py", "experiments/synthetic/estimation.py"),
        "experiments/synthetic/gaussians.py",
    },
    "train": {
        *("training/journal.py", "training/snapshots.py", "estimators/tracked_bound.py"),
        "steps/train.py",
    },
    "train_classifier": {"steps/train_classifier.py", "scores/functions/classifier.py"},
}


@pytest.mark.parametrize(("step", "kind"), CASES, ids=map(" ".join, CASES))
def test_a_step_runs_on_a_gpu_as_on_a_cpu(step, kind, folder, labelled, tmp_path):
    run = globals()[f"run_{step}"]
    run(kind, folder, labelled, tmp_path / "cpu", "cpu")
    with pretended_gpu() as machine:
        run(kind, folder, labelled, tmp_path / "gpu", "cuda")
    assert machine.calls > 10
    assert {file for _, file, _ in machine.reads} <= WAITING[step]
    assert_agree(written(tmp_path / "gpu"), written(tmp_path / "cpu"))


# What is changed so that there are twice as many updates, and as many rows as before.
LONGER = {
    "estimate_ratio": (RATIO, {"iterations": 12, "every": 6}),
    "fit_density_model maf": (DENSITIES["maf"], {"iterations": 8, "every": 4}),
    "fit_density_model lstm": (DENSITIES["lstm"], {"iterations": 8, "every": 4}),
    "run_synthetic separated": (PAIRS, {"iterations": 10, "every": 6}),
    "train_classifier": (CLASSIFIER, {"batch_size": 16}),
    "evaluate_data": (SCORES["critic"], {"steps": 6}),
}


@pytest.mark.parametrize("case", LONGER)
def test_more_updates_make_no_host_wait_more_often(case, folder, labelled, tmp_path, monkeypatch):
    step, _, kind = case.partition(" ")
    settings, changes = LONGER[case]
    run, found = globals()[f"run_{step}"], []
    for length in ("short", "long"):
        if length == "long":
            for key, value in changes.items():
                monkeypatch.setitem(settings, key, value)
        with pretended_gpu() as machine:
            run(kind, folder, labelled, tmp_path / length, "cuda")
        found.append((machine.reads, machine.calls))
    assert found[1][1] > 1.3 * found[0][1]
    assert found[0][0] == found[1][0]
