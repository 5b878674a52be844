"""Density models of a trained encoder's codes: what is written, gaps, stopping and resuming."""

import json
import math
import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.estimators.codes import CodeSampler
from dmvi.estimators.diagonal_gmm import DiagonalGMM
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.models import make_model
from dmvi.steps import fit_density_model as module
from dmvi.steps.encode import encode
from dmvi.steps.fit_density_model import fit_density_model
from dmvi.steps.trained import load_model, posterior_mixture
from dmvi.study.declarations import declared_models
from dmvi.training import checkpoint
from dmvi.training.engine import Interrupted

COMMON = {"adam_betas": [0.5, 0.9], "precision": "float32", "every": 8, "samples": 300}
GRADIENT = {**COMMON, "iterations": 20, "batch_size": 32, "learning_rate": 1e-2}
SETTINGS = {
    "gmm": {**COMMON, "components": 4, "iterations": 6, "fit_samples": 500, "every": 4},
    "maf": {**GRADIENT, "transforms": 2, "hidden": [16, 16]},
    "lstm": {**GRADIENT, "width": 8},
}
LATENT_DIM = 4
KEYS = {"value", "standard_error", "n", "log_r", "log_q", "gap", "gap_standard_error", "heldout"}
NAMES = list(SETTINGS)


@pytest.fixture
def trained(dataset, tmp_path, spec):
    """A Gaussian VAE, not trained, and posteriors around a bent line: a folder to fit models in."""
    save_model(tmp_path / "run/model.pt", spec)
    rng = np.random.default_rng(0)
    t = rng.standard_normal((128, 1))
    means = np.concatenate([t, t**2, np.sin(2 * t), np.zeros_like(t)], 1)
    log_vars = np.tile([-2.0, -2.0, -2.0, 0.0], (128, 1)) + 0.1 * rng.standard_normal((128, 4))
    parameters = np.concatenate([means, log_vars], 1).astype(np.float32)
    files.write_array(tmp_path / "run/posterior.npy", parameters)
    return tmp_path / "run"


def save_model(path, spec):
    torch.manual_seed(0)
    options = declared_models()[spec["model"]]["options"]
    spec = {**{key: rules["default"] for key, rules in options.items()}, **spec}
    state = make_model(spec, (28, 28, 1)).state_dict()
    content = {"spec": json.dumps(spec), "image_shape": [28, 28, 1], "model": state}
    checkpoint.save(path, content)


def run(trained, dataset, name, out="out", seed=0, log=lambda _: None, **changes):
    folder = trained / out / name
    fit_density_model(
        trained / "model.pt",
        trained / "posterior.npy",
        dataset,
        name,
        {**SETTINGS[name], **changes},
        seed,
        folder / "fit.json",
        folder / "fit.csv",
        folder / "checkpoints",
        "cpu",
        log,
    )
    return files.read_json(folder / "fit.json"), pd.read_csv(folder / "fit.csv")


def outputs(trained, name, out="out"):
    return [(trained / out / name / file).read_bytes() for file in ("fit.json", "fit.csv")]


@pytest.mark.parametrize("name", NAMES)
def test_outputs(trained, dataset, name):
    written, curve = run(trained, dataset, name)
    assert KEYS | {"settings", "num_parameters"} <= set(written)
    assert written["settings"] == SETTINGS[name]
    assert written["n"] == 300
    assert list(curve) == ["step", "log_r", "standard_error", "heldout_log_r"]
    assert curve["step"].tolist() == ([4, 6] if name == "gmm" else [8, 16, 20])
    last = curve.iloc[-1]
    assert last["log_r"] == pytest.approx(written["log_r"], abs=1e-12)
    assert last["heldout_log_r"] == pytest.approx(written["heldout"], abs=1e-12)
    assert written["gap"] == pytest.approx(written["log_q"] - written["log_r"])
    assert written["gap"] >= -3 * written["gap_standard_error"]
    assert written["num_parameters"] > 0


def test_log_q_is_that_of_the_monte_carlo_estimator(trained, dataset):
    """E_q log p and E_q log q do not depend on the density model: only r does."""
    every = {name: run(trained, dataset, name, samples=2000)[0] for name in NAMES}
    assert len({written["log_q"] for written in every.values()}) == 1
    log_p = {round(written["log_r"] - written["value"], 9) for written in every.values()}
    assert len(log_p) == 1
    device = torch.device("cpu")
    model = load_model(trained / "model.pt", device)
    mixture = posterior_mixture(model, np.load(trained / "posterior.npy")[:112], device)
    kl = marginal_kl(mixture, samples=2000)
    for written in every.values():
        upper = written["value"] + written["gap"]
        error = math.hypot(kl.plain_standard_error, written["standard_error"])
        assert upper == pytest.approx(kl.plain, abs=4 * error)
        assert written["value"] < kl.value


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("gmm", {"components": 30, "fit_samples": 5000, "iterations": 10}),
        ("maf", {"iterations": 400}),
        ("lstm", {"iterations": 400, "width": 16}),
    ],
)
def test_fitting_closes_most_of_the_gap(trained, dataset, name, changes):
    """Codes along a bent line, which a diagonal Gaussian misses by more than a nat."""
    single, _ = run(trained, dataset, "gmm", out="single", components=1, iterations=1)
    assert single["gap"] > 1.0
    fitted, curve = run(trained, dataset, name, **changes)
    assert -3 * fitted["gap_standard_error"] <= fitted["gap"] < 0.5 * single["gap"]
    assert curve["log_r"].iloc[-1] > curve["log_r"].iloc[0]
    assert fitted["heldout"] > single["heldout"]


def test_held_out_codes_are_of_the_test_images(trained, dataset):
    parameters = np.load(trained / "posterior.npy")
    before, _ = run(trained, dataset, "gmm")
    parameters[112:, :LATENT_DIM] += 5.0  # the test images
    files.write_array(trained / "posterior.npy", parameters)
    after, _ = run(trained, dataset, "gmm", out="shifted")
    assert after["heldout"] < before["heldout"] - 10
    assert {**after, "heldout": 0} == {**before, "heldout": 0}


@pytest.mark.parametrize("name", ["maf", "lstm"])
@pytest.mark.parametrize("stop_at", [1, 11])
def test_stopping_on_a_signal_and_resuming_gives_the_same_bytes(
    trained, dataset, monkeypatch, name, stop_at
):
    run(trained, dataset, name, out="whole")
    original, steps = CodeSampler.next, iter(range(1, 100))

    def next_and_stop(self):
        if next(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    monkeypatch.setattr(CodeSampler, "next", next_and_stop)
    with pytest.raises(Interrupted, match=f"SIGTERM at step {stop_at}"):
        run(trained, dataset, name, out="parts")
    assert not (trained / "parts" / name / "fit.json").exists()
    messages = []
    run(trained, dataset, name, out="parts", log=messages.append)
    assert any(f"at step {stop_at}" in message for message in messages)
    assert outputs(trained, name, "parts") == outputs(trained, name, "whole")


@pytest.mark.parametrize("name", NAMES)
def test_a_finished_fit_is_the_same_again(trained, dataset, monkeypatch, name):
    run(trained, dataset, name)
    first = outputs(trained, name)
    if name != "gmm":  # its checkpoint is all that is read
        monkeypatch.setattr(CodeSampler, "next", None)
    run(trained, dataset, name)
    assert outputs(trained, name) == first


def test_gmm_killed_half_way_gives_the_same_bytes(trained, dataset, monkeypatch):
    run(trained, dataset, "gmm", out="whole")
    original = module.Curve.add

    def add_and_die(self, step):
        raise KeyboardInterrupt

    monkeypatch.setattr(module.Curve, "add", add_and_die)
    with pytest.raises(KeyboardInterrupt):
        run(trained, dataset, "gmm", out="parts")
    monkeypatch.setattr(module.Curve, "add", original)
    run(trained, dataset, "gmm", out="parts")
    assert outputs(trained, "gmm", "parts") == outputs(trained, "gmm", "whole")


@pytest.mark.parametrize("name", NAMES)
def test_the_seed_and_the_posteriors_decide(trained, dataset, name):
    first, _ = run(trained, dataset, name)
    other, _ = run(trained, dataset, name, out="other", seed=1)
    assert other["log_q"] != first["log_q"]
    assert other["log_r"] != first["log_r"]
    parameters = np.load(trained / "posterior.npy")
    parameters[:, :LATENT_DIM] *= 2.0
    files.write_array(trained / "posterior.npy", parameters)
    messages = []
    changed, _ = run(trained, dataset, name, log=messages.append)  # over the old checkpoint
    assert changed["log_r"] < first["log_r"]
    if name != "gmm":
        assert any("another configuration" in message for message in messages)


def test_em_sees_a_bounded_sample_in_float64_of_training_images(trained, dataset, monkeypatch):
    seen = []
    original = DiagonalGMM.fit

    def fit(self, codes, *rest):
        seen.append(codes)
        original(self, codes, *rest)
        assert self.mixture.means_.dtype == np.float64

    monkeypatch.setattr(DiagonalGMM, "fit", fit)
    parameters = np.load(trained / "posterior.npy")
    parameters[112:, :LATENT_DIM] += 100.0  # the test images
    files.write_array(trained / "posterior.npy", parameters)
    run(trained, dataset, "gmm", fit_samples=70)
    assert seen[0].shape == (70, LATENT_DIM)
    assert seen[0].max() < 50


@pytest.mark.parametrize("name", NAMES)
def test_a_realnvp_posterior_is_fitted_too(trained, dataset, spec, name):
    flow = {"posterior": "realnvp", "flow_transforms": 2, "flow_hidden": [8]}
    save_model(trained / "model.pt", {**spec, **flow})
    written, _ = run(trained, dataset, name, samples=40)
    assert written["n"] == 40
    assert written["gap"] >= -3 * written["gap_standard_error"]


def test_a_model_without_posterior_density_is_refused(trained, dataset, spec):
    save_model(trained / "model.pt", {**spec, "model": "vgh", "posterior": "deterministic"})
    encoded = trained / "posterior.npy", trained / "codes.npy"
    encode(trained / "model.pt", dataset, 0, *encoded, "cpu")
    with pytest.raises(DmviError, match="'vgh' has no posterior with a density") as caught:
        run(trained, dataset, "gmm")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("gmm", {"samples": 1}, "samples: 1 is too few"),
        ("gmm", {"fit_samples": 3}, "fit_samples is 3, which is too few for components: 4"),
    ],
)
def test_bad_settings_are_one_sentence(trained, dataset, name, changes, message):
    with pytest.raises(DmviError, match=message):
        run(trained, dataset, name, **changes)


def test_an_unknown_name_is_refused(trained, dataset):
    with pytest.raises(DmviError, match="'nice' is unknown; it must be one of gmm, maf, lstm"):
        fit_density_model(
            *(trained / "model.pt", trained / "posterior.npy", dataset, "nice", {}, 0),
            *(trained / "a.json", trained / "a.csv", trained / "checkpoints", "cpu"),
        )
