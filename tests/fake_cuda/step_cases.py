"""Every step that may run on a GPU, with settings that take a second, and how to compare what it wrote."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dmvi import files
from dmvi.distributions.registry import declared_posteriors
from dmvi.experiments.synthetic.steps.run_synthetic import run_synthetic
from dmvi.models import make_model
from dmvi.steps.encode import encode
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.estimate_likelihood import estimate_likelihood
from dmvi.steps.estimate_ratio import estimate_ratio
from dmvi.steps.evaluate import evaluate
from dmvi.steps.evaluate_data import evaluate_data
from dmvi.steps.examine_snapshots import examine_snapshots
from dmvi.steps.find_low_posterior import find_low_posterior
from dmvi.steps.fit_density_model import NAMES, fit_density_model
from dmvi.steps.redraw_codes import redraw_codes
from dmvi.steps.track_codes import track_codes
from dmvi.steps.train import train
from dmvi.steps.train_classifier import train_classifier
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
LIKELIHOOD = {
    **{"temperatures": 4, "leapfrog": 2, "chains": 2, "images": 4, "simulated": 4, "pilot": 2},
    **{"schedule": "sigmoid", "start": "curvature", "draws": 6},
}
SCORES = {
    "classes": {},
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


def noise_dataset(folder: Path) -> Path:
    """A folder like results/data/{dataset}: 96 + 16 + 16 random images of 28 x 28 x 1 in three classes."""
    rng = np.random.default_rng(0)
    files.write_array(folder / "images.npy", rng.integers(0, 256, (128, 28, 28, 1), dtype=np.uint8))
    files.write_array(folder / "labels.npy", np.random.default_rng(1).integers(0, 3, 128))
    names = ("images.npy", "labels.npy")
    files.write_json(
        folder / "meta.json",
        {
            "builder": "mnist",
            "title": "noise",
            "image_shape": [28, 28, 1],
            "splits": {"train": [0, 96], "valid": [96, 112], "test": [112, 128]},
            "sha256": {name: files.sha256(folder / name) for name in names},
        },
    )
    return folder


SPEC = {
    **ADAM,
    **{"model": "vae", "data": "noise", "likelihood": "bernoulli", "latent_dim": 4, "width": 4},
    **{"iterations": 30, "batch_size": 16, "log_every": 4},
}


def save_model(path: Path, spec: dict) -> None:
    """An untrained model of a spec, as training saves it."""
    torch.manual_seed(0)
    model = make_model(spec, (28, 28, 1))
    content = {"spec": json.dumps(spec), "image_shape": [28, 28, 1]}
    checkpoint.save(path, {**content, "model": model.state_dict()})


def encoded_models(folder: Path, data: Path) -> Path:
    """Untrained VAEs with every tractable posterior as training saves them, encoded on the CPU."""
    for posterior in POSTERIORS:
        declared, own = declared_posteriors()[posterior], folder / posterior
        options = {key: rules["default"] for key, rules in declared["options"].items()}
        flow = {key: value for key, value in FLOW.items() if key in options}
        save_model(own / "model.pt", {**SPEC, **options, **flow, "posterior": posterior})
        encode(own / "model.pt", data, 0, own / "posterior.npy", own / "codes.npy", "cpu")
    return folder


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


def run_redraw_codes(posterior, folder, data, out, device):
    redraw_codes(folder / posterior / "model.pt", data, 0, out / "redrawn.npy", device)


def run_estimate_likelihood(_, folder, data, out, device):
    model = folder / "categorical/model.pt"  # a probability of grey pixels
    if not model.exists():
        save_model(model, {**SPEC, "posterior": "gaussian", "likelihood": "categorical"})
    paths = [out / name for name in ("likelihood.json", "likelihood.csv", "bdmc.csv")]
    kept = out / "checkpoints"
    estimate_likelihood(model, data, LIKELIHOOD, 0, kept, *paths, device, quiet)


def run_estimate_ratio(_, folder, data, out, device):
    paths = [folder / "gaussian" / file for file in ("model.pt", "posterior.npy")]
    written = [out / name for name in ("r.json", "r.csv", "c.csv", "checkpoints")]
    estimate_ratio(*paths, data, [RATIO], 0, *written, device, quiet)


def run_train(kind, folder, data, out, device):
    spec = json.loads(checkpoint.load(folder / "gaussian/model.pt")["spec"])
    spec |= {"iterations": 6, "log_every": 2, "bound_every": 3, "bound_images": 8}
    names = ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
    paths = [out / name for name in names]
    train(
        spec,
        "run",
        0,
        data,
        *paths,
        device=device,
        log=quiet,
        snapshots=(2, 6),
        cuda_graphs=kind == "captured",
    )


def with_snapshots(folder, data):
    if not (folder / "trained").exists():
        run_train("", folder, data, folder / "trained", "cpu")
    return folder / "trained"


def run_track_codes(_, folder, data, out, device):
    source = with_snapshots(folder, data)
    paths = source / "model.pt", data, {"steps": [2, 6]}, 0, source / "checkpoints"
    track_codes(*paths, out / "codes_curve.csv", device, quiet)


def run_examine_snapshots(_, folder, data, out, device):
    source = with_snapshots(folder, data)
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
    "estimate_likelihood": [""],
    "estimate_ratio": [""],
    "evaluate": [""],
    "evaluate_data": [""],
    "examine_snapshots": [""],
    "find_low_posterior": POSTERIORS,
    "fit_density_model": NAMES,
    "redraw_codes": ["gaussian"],
    "run_synthetic": ["estimation", "separated", "learning"],
    "track_codes": [""],
    "train": ["", "captured"],
    "train_classifier": [""],
}
CASES = [(step, kind) for step, kinds in KINDS.items() for kind in kinds]


def run(step: str, kind: str, folder: Path, data: Path, out: Path, device: str) -> None:
    """Runs a step on a device; `folder` is of `encoded_models`, and what it writes is below `out`."""
    globals()[f"run_{step}"](kind, folder, data, out, device)


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
