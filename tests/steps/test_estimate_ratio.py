"""The classifier KL of trained models: files, resuming, and encoders without a density."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.estimators.codes import CodeSampler
from dmvi.steps import estimate_ratio as module
from dmvi.steps.encode import encode
from dmvi.steps.estimate_ratio import FixedCodes, estimate_ratio, prior_batches
from dmvi.steps.train import train
from dmvi.steps.trained import load_model
from dmvi.study.declarations import declared_models
from dmvi.training.engine import Interrupted

CPU = torch.device("cpu")
SETTING = {
    "layers": 2,
    "width": 16,
    "iterations": 20,
    "batch_size": 16,
    "learning_rate": 1e-3,
    "adam_betas": [0.5, 0.9],
    "precision": "float32",
    "gradient_penalty": 0.0,
    "activation_noise": 0.0,
    "dropout": 0.0,
    "every": 8,
    "samples": 50,
}
SETTINGS = [
    SETTING,
    {**SETTING, "layers": 1, "activation_noise": 0.2, "dropout": 0.1, "gradient_penalty": 1.0},
]
NAMES = ("ratio.json", "ratio.csv", "calibration.csv")


@pytest.fixture
def trained(dataset, tmp_path, spec):
    """Trains a tiny model and encodes the data set: a folder with model.pt and posterior.npy."""

    def make(name="vae", **options):
        declared = declared_models()[name]
        resolved = {key: rules["default"] for key, rules in declared["options"].items()}
        posterior = declared.get("posteriors", [None])[0]
        rates = {player: 1e-3 for player in declared["players"]}
        resolved |= {**spec, "model": name, "posterior": posterior, "learning_rate": rates}
        resolved |= {"iterations": 3, **options}
        folder = tmp_path / name
        outputs = [folder / file for file in ("model.pt", "history.csv", "run.json", "bound.csv")]
        quiet = {"device": "cpu", "log": lambda _: None}
        train(resolved, name, 0, dataset, *outputs, folder / "checkpoints", **quiet)
        if declared["encodes"]:
            out = folder / "posterior.npy", folder / "codes.npy"
            encode(folder / "model.pt", dataset, 0, *out, "cpu")
        return folder

    return make


def run(folder, data, output, settings=SETTINGS, seed=0, log=lambda _: None):
    estimate_ratio(
        folder / "model.pt",
        folder / "posterior.npy",
        data,
        settings,
        seed,
        *(output / name for name in NAMES),
        output / "checkpoints",
        "cpu",
        log,
    )
    return files.read_json(output / "ratio.json")["estimates"]


def contents(folder):
    return {name: (folder / name).read_bytes() for name in NAMES}


def test_files_of_two_settings(trained, dataset, tmp_path):
    entries = run(trained(), dataset, tmp_path / "out")
    assert [entry["settings"] for entry in entries] == SETTINGS
    for entry in entries:
        assert (entry["n"], entry["heldout"]["n"]) == (50, 16)
        assert entry["standard_error"] > 0
        assert entry["heldout"]["standard_error"] > 0
        assert 0 <= entry["calibration_error"] <= 1
        assert entry["accuracy"] * 32 == pytest.approx(round(entry["accuracy"] * 32))
    # 4 latents, 16 units: 4 * 16 + 16, 16 * 16 + 16, 16 + 1.
    assert [entry["num_parameters"] for entry in entries] == [369, 97]
    curve = pd.read_csv(tmp_path / "out/ratio.csv")
    assert list(curve) == ["setting", "step", "estimate", "standard_error", "heldout"]
    assert curve["setting"].tolist() == [0, 0, 0, 1, 1, 1]
    assert curve["step"].tolist() == [8, 16, 20] * 2
    for i, entry in enumerate(entries):
        last = curve[curve["setting"] == i].iloc[-1]
        assert last["estimate"] == entry["value"]
        assert last["standard_error"] == entry["standard_error"]
        assert last["heldout"] == entry["heldout"]["value"]
    calibration = pd.read_csv(tmp_path / "out/calibration.csv")
    assert list(calibration) == ["setting", "predicted", "observed", "count"]
    assert calibration.groupby("setting")["count"].sum().tolist() == [32, 32]


def test_learns_a_known_kl_of_training_and_test_codes(trained, dataset, tmp_path):
    """All posteriors N(1, 0.5^2 I) of the images that q(z) holds; the test images' N(-1, 0.5^2 I)."""
    folder = trained()
    parameters = np.full((128, 8), 2 * np.log(0.5), np.float32)
    parameters[:112, :4], parameters[112:, :4] = 1, -1
    files.write_array(folder / "posterior.npy", parameters)
    (folder / "encoded.json").unlink()  # of the posteriors that the encoder gave
    setting = {**SETTING, "iterations": 300, "width": 32, "batch_size": 256, "samples": 5000}
    (entry,) = run(folder, dataset, tmp_path / "out", [{**setting, "learning_rate": 2e-3}])
    true = 4 * 0.5 * (1 + 0.25 - 1 - np.log(0.25))
    assert entry["value"] == pytest.approx(true, rel=0.15)
    assert entry["heldout"]["value"] < 0, "test codes are no codes of q(z)"
    assert entry["accuracy"] < 0.7
    assert entry["calibration_error"] > 0.2


@pytest.mark.parametrize("stop_at", [1, 9, 27])
def test_stopping_on_a_signal_and_resuming_gives_the_same_bytes(
    trained, dataset, tmp_path, monkeypatch, stop_at
):
    folder = trained()
    run(folder, dataset, tmp_path / "whole")
    original, steps = CodeSampler.next, iter(range(1, 100))

    def next_and_stop(self):
        if next(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    with monkeypatch.context() as patch:
        patch.setattr(CodeSampler, "next", next_and_stop)
        with pytest.raises(Interrupted, match=f"SIGTERM at step {stop_at % 20}"):
            run(folder, dataset, tmp_path / "parts")
    assert not (tmp_path / "parts/ratio.json").exists()
    messages = []
    run(folder, dataset, tmp_path / "parts", log=messages.append)
    resumed = [int(line.split()[-1]) for line in messages if line.startswith("resumed")]
    assert resumed == ([20, 7] if stop_at == 27 else [stop_at])
    assert contents(tmp_path / "parts") == contents(tmp_path / "whole")


def test_a_finished_classifier_is_not_trained_again(trained, dataset, tmp_path, monkeypatch):
    folder = trained()
    run(folder, dataset, tmp_path / "out")
    before = contents(tmp_path / "out")
    drawn = []
    original = CodeSampler.next
    monkeypatch.setattr(CodeSampler, "next", lambda self: drawn.append(1) or original(self))
    run(folder, dataset, tmp_path / "out")
    assert not drawn
    assert contents(tmp_path / "out") == before
    longer = [{**SETTING, "iterations": 29}]
    run(folder, dataset, tmp_path / "out", longer)
    assert len(drawn) == 9, "more iterations go on from the last checkpoint"
    run(folder, dataset, tmp_path / "fresh", longer)
    assert contents(tmp_path / "out") == contents(tmp_path / "fresh")


def test_the_seed_decides_and_the_place_in_the_list_does_not(trained, dataset, tmp_path):
    folder = trained()
    both = run(folder, dataset, tmp_path / "both")
    alone = run(folder, dataset, tmp_path / "alone", SETTINGS[1:])
    assert alone == both[1:]
    other = run(
        folder, dataset, tmp_path / "alone", SETTINGS[1:], seed=1
    )  # over seed 0's checkpoint
    assert other[0]["value"] != alone[0]["value"]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("avb", {"noise_dim": 3}),
        ("vgh", {"code_width": 8}),
        ("aae", {"code_width": 8}),
        ("vae", {"posterior": "realnvp", "flow_transforms": 2, "flow_hidden": [8]}),
    ],
)
def test_encoders_of_every_kind_are_classified(trained, dataset, tmp_path, name, options):
    folder = trained(name, **options)
    (entry,) = run(folder, dataset, tmp_path / "out", [SETTING])
    assert (entry["n"], entry["heldout"]["n"]) == (50, 16)
    assert np.isfinite([entry["value"], entry["heldout"]["value"]]).all()


def test_a_model_without_an_encoder_is_refused(trained, dataset, tmp_path):
    folder = trained("dcgan")
    with pytest.raises(DmviError, match="holds a 'dcgan' model, which has no encoder"):
        run(folder, dataset, tmp_path / "out")


def test_a_loss_that_explodes_is_refused(trained, dataset, tmp_path):
    with pytest.raises(DmviError, match=r"is nan at step .*smaller learning_rate"):
        run(trained(), dataset, tmp_path / "out", [{**SETTING, "learning_rate": 1e38}])
    assert not (tmp_path / "out/ratio.json").exists()


def test_fixed_codes_are_the_same_at_every_pass_in_bounded_batches(trained, monkeypatch):
    monkeypatch.setattr(module, "EVALUATION_BATCH", 7)
    folder = trained()
    model = load_model(folder / "model.pt", CPU)
    mean = torch.arange(16.0)[:, None].expand(16, 4) * 100
    parameters = torch.cat([mean, torch.zeros(16, 4)], 1).numpy()
    codes = FixedCodes(model, parameters, np.arange(16), 3, CPU)
    batches = list(codes)
    assert [len(z) for z in batches] == [7, 7, 2]
    noise = torch.cat(batches) - mean
    assert noise.abs().max() < 6, "one code of each posterior, in order"
    assert len(noise.flatten().unique()) == 64, "and new noise in every batch"
    torch.testing.assert_close(torch.cat(batches), torch.cat(list(codes)), rtol=0, atol=0)
    prior = list(prior_batches(codes, 4, 3))
    assert [len(z) for z in prior] == [7, 7, 2]
    assert len(torch.cat(prior).flatten().unique()) == 64


def test_training_never_sees_the_codes_of_the_estimate(trained, dataset, tmp_path, monkeypatch):
    seen = []
    original = CodeSampler.next

    def record(self):
        seen.append(original(self))
        return seen[-1]

    monkeypatch.setattr(CodeSampler, "next", record)
    kept = []
    iterate = FixedCodes.__iter__

    def remember(self):
        kept.extend(iterate(self))
        return iterate(self)

    monkeypatch.setattr(FixedCodes, "__iter__", remember)
    run(trained(), dataset, tmp_path / "out", [SETTING])
    trained_on = {tuple(z) for z in torch.cat(seen).tolist()}
    assert len(trained_on) == 20 * 16
    assert trained_on.isdisjoint(tuple(z) for z in torch.cat(kept).tolist())
