"""Training of the classifier: learning, outputs, stopping and resuming."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.scores.functions.classifier import AugmentedBatches, class_probabilities, load_classifier
from dmvi.steps.train_classifier import train_classifier
from dmvi.training import checkpoint
from dmvi.training.attempts import read_attempts
from dmvi.training.engine import Interrupted
from dmvi.training.journal import NonFiniteLossError

SETTINGS = {
    "width": 4,
    "epochs": 3,
    "batch_size": 16,
    "learning_rate": 0.1,
    "weight_decay": 5e-4,
    "precision": "float32",
    "flip": False,
}
SPLITS = {"train": [0, 96], "valid": [96, 128], "test": [128, 192]}


@pytest.fixture
def stripes(tmp_path):
    """Three classes that a glance tells apart: stripes across, down, and none, in noise."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 192)
    images = rng.integers(0, 60, (192, 28, 28, 1), dtype=np.uint8)
    images[labels == 0, ::4] += 150
    images[labels == 1, :, ::4] += 150
    return write(tmp_path / "stripes", images, labels)


def write(folder, images, labels):
    files.write_array(folder / "images.npy", images)
    files.write_array(folder / "labels.npy", labels.astype(np.int64))
    hashes = {name: files.sha256(folder / name) for name in ("images.npy", "labels.npy")}
    meta = {"title": "stripes", "image_shape": list(images.shape[1:]), "splits": SPLITS}
    files.write_json(folder / "meta.json", {**meta, "sha256": hashes})
    return folder


def run(data, folder, seed=0, log=lambda _: None, **settings):
    settings = {**SETTINGS, **settings}
    train_classifier(data, settings, seed, folder, folder / "checkpoints", "cpu", log)


def outputs(folder):
    described = files.read_json(folder / "classifier.json")
    described.pop("seconds")
    return files.sha256(folder / "model.pt"), (folder / "history.csv").read_text(), described


def test_learns_and_reports_what_the_saved_network_does(stripes, tmp_path):
    run(stripes, tmp_path / "out", epochs=8)
    history = pd.read_csv(tmp_path / "out/history.csv")
    assert list(history) == ["epoch", "train_loss", "train_error", "valid_error"]
    assert history["epoch"].tolist() == list(range(1, 9))
    described = files.read_json(tmp_path / "out/classifier.json")
    assert described["test_error"] < 0.1
    assert described["valid_error"] == history["valid_error"].iloc[-1]
    assert (described["n_test"], described["classes"], described["epochs"]) == (64, 3, 8)
    assert described["weights_sha256"] == files.sha256(tmp_path / "out/model.pt")
    network = load_classifier(tmp_path / "out/model.pt", torch.device("cpu"))
    assert network.spec["title"] == "stripes"
    images, labels = (np.load(stripes / f"{name}.npy") for name in ("images", "labels"))
    predicted = class_probabilities(network, images[128:]).argmax(1)
    assert (predicted != labels[128:]).mean() == described["test_error"]
    assert described["num_parameters"] == sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("stop_at", [1, 6, 11])  # 6 steps are an epoch
def test_stopping_on_a_signal_and_resuming_gives_the_same_bytes(
    stripes, tmp_path, monkeypatch, stop_at
):
    run(stripes, tmp_path / "whole")
    original, steps = AugmentedBatches.next, iter(range(1, 100))

    def next_and_stop(self):
        if next(steps) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return original(self)

    monkeypatch.setattr(AugmentedBatches, "next", next_and_stop)
    with pytest.raises(Interrupted, match=f"SIGTERM at step {stop_at}"):
        run(stripes, tmp_path / "parts")
    assert not (tmp_path / "parts/model.pt").exists()
    messages = []
    run(stripes, tmp_path / "parts", log=messages.append)
    assert any(f"at step {stop_at}" in message for message in messages)
    assert outputs(tmp_path / "parts") == outputs(tmp_path / "whole")
    spans = [(r["from_step"], r["to_step"]) for r in read_attempts(tmp_path / "parts/checkpoints")]
    assert spans == [(0, stop_at), (stop_at, 18)]


def test_a_killed_training_goes_on_from_its_last_epoch(stripes, tmp_path, monkeypatch):
    run(stripes, tmp_path / "whole")
    original, steps = AugmentedBatches.next, iter(range(1, 100))

    def next_and_die(self):
        if next(steps) == 15:
            raise KeyboardInterrupt
        return original(self)

    monkeypatch.setattr(AugmentedBatches, "next", next_and_die)
    with pytest.raises(KeyboardInterrupt):
        run(stripes, tmp_path / "parts")
    assert checkpoint.load(tmp_path / "parts/checkpoints/checkpoint.pt")["step"] == 12
    run(stripes, tmp_path / "parts")
    assert outputs(tmp_path / "parts") == outputs(tmp_path / "whole")


def test_the_seed_and_the_settings_decide(stripes, tmp_path):
    run(stripes, tmp_path / "a", epochs=1)
    run(stripes, tmp_path / "b", epochs=1, seed=1)
    assert outputs(tmp_path / "a") != outputs(tmp_path / "b")
    messages = []
    run(stripes, tmp_path / "b", epochs=1, log=messages.append)  # seed 0 over seed 1's checkpoint
    assert any("another configuration" in message for message in messages)
    assert len(list((tmp_path / "b/checkpoints").glob("checkpoint.*.pt"))) == 1
    assert outputs(tmp_path / "a") == outputs(tmp_path / "b")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(192, -1), "images without labels.*take unlabelled out"),
        (np.zeros(192), "one class"),
    ],
)
def test_data_that_cannot_be_classified_are_refused(tmp_path, labels, message):
    data = write(tmp_path / "unlabelled", np.zeros((192, 28, 28, 1), np.uint8), labels)
    with pytest.raises(DmviError, match=message):
        run(data, tmp_path / "out")


def test_a_loss_that_explodes_is_one_sentence(stripes, tmp_path):
    with pytest.raises(NonFiniteLossError, match=r"loss is nan in epoch 1; try a smaller"):
        run(stripes, tmp_path / "out", learning_rate=1e30)
    assert not (tmp_path / "out/classifier.json").exists()
