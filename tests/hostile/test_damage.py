"""Damaged results: each kind is found where it is read, and answered by the file's name and a command."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.steps.encode import encode
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.train import train
from dmvi.steps.trained import load_model, open_encoded, open_posterior
from dmvi.tables.reading import read_array, read_table_csv, read_table_json
from dmvi.training import checkpoint

CPU = torch.device("cpu")
SETTINGS = {"samples": None, "curve_sizes": [10, 50], "curve_samples": 20}


def flipped(path, part=0.5):
    """One bit in the middle of a file becomes another."""
    content = bytearray(path.read_bytes())
    content[int(len(content) * part)] ^= 1
    path.write_bytes(content)


def cut(path, share=0.6):
    """The file ends in its middle."""
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def cut_at_a_line(path, rows=1):
    """The last rows of a table are gone; what is left is a whole table."""
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-rows]))


def emptied(path):
    path.write_bytes(b"")


def foreign(path):
    """A valid file of the kind, with other content."""
    if path.suffix == ".pt":
        torch.save({"epoch": 3, "weights": torch.zeros(5)}, path)
    elif path.suffix == ".npy":
        np.save(path, np.zeros((3, 2), np.float32))
    elif path.suffix == ".json":
        path.write_text('{"hello": 1}\n')
    else:
        path.write_text("hello,world\n1,2\n")


def foreign_list(path):
    torch.save([1, 2, 3], path)


def text(path):
    path.write_text("<html>404</html>\n")


def folder_in_its_place(path):
    path.unlink()
    path.mkdir()


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A small trained, encoded and estimated run; its data set lies in `data`."""
    folder = tmp_path_factory.mktemp("trained")
    rng = np.random.default_rng(0)
    data = folder / "data"
    files.write_array(data / "images.npy", rng.integers(0, 256, (128, 28, 28, 1), dtype=np.uint8))
    files.write_array(data / "labels.npy", np.full(128, -1, np.int64))
    meta = {
        "builder": "mnist",
        "title": "noise",
        "standin": True,
        "image_shape": [28, 28, 1],
        "splits": {"train": [0, 96], "valid": [96, 112], "test": [112, 128]},
        "sha256": {name: files.sha256(data / name) for name in ("images.npy", "labels.npy")},
    }
    files.write_json(data / "meta.json", meta)
    training(folder, 12)
    encode(folder / "model.pt", data, 0, folder / "posterior.npy", folder / "codes.npy", "cpu")
    names = ("kl.json", "kl_curve.csv", "profile.csv", "profile_histograms.csv")
    paths = [folder / name for name in names]
    estimate_kl(folder / "model.pt", data, SETTINGS, 0, *paths, "cpu", log=lambda _: None)
    return folder


@pytest.fixture
def copy(trained, tmp_path):
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def training(folder, iterations, log=lambda _: None):
    spec = {
        **{"model": "vae", "data": "noise", "posterior": "gaussian", "likelihood": "bernoulli"},
        **{"latent_dim": 4, "width": 4, "iterations": iterations, "batch_size": 16},
        **{"learning_rate": 1e-3, "adam_betas": [0.5, 0.9], "precision": "float32"},
        **{"log_every": 4, "bound_every": 4, "bound_images": 16},
    }
    names = ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
    paths = [folder / name for name in names]
    train(spec, "tiny", 0, folder / "data", *paths, checkpoint_every=4, device="cpu", log=log)


READERS = {
    "model.pt": lambda path: load_model(path, CPU),
    "posterior.npy": lambda path: open_posterior(path, 128),
    "codes.npy": lambda path: open_encoded(path, 128),
    "data/images.npy": lambda path: open_dataset(path.parent),
    "data/labels.npy": lambda path: open_dataset(path.parent),
    "data/meta.json": lambda path: open_dataset(path.parent),
    "kl.json": lambda path: read_table_json(path, "kl.json"),
    "kl_curve.csv": lambda path: read_table_csv(path, "kl_curve.csv"),
    "bound.csv": lambda path: read_table_csv(path, "bound.csv"),
    "profile.csv": lambda path: read_table_csv(path, "profile.csv"),
    "profile_histograms.csv": lambda path: read_table_csv(path, "profile_histograms.csv"),
}
BINARY = (flipped, cut, emptied, foreign, text)
TABLE = (cut, cut_at_a_line, emptied, foreign, text)
CASES = [
    *(("model.pt", damage) for damage in (*BINARY, foreign_list, folder_in_its_place)),
    *(("posterior.npy", damage) for damage in BINARY),
    *(("codes.npy", damage) for damage in BINARY),
    *(("data/images.npy", damage) for damage in BINARY),
    *(("data/labels.npy", damage) for damage in BINARY),
    *(("data/meta.json", damage) for damage in (cut, emptied, foreign, text)),
    *(("kl.json", damage) for damage in (cut, emptied, foreign, text)),
    *(("kl_curve.csv", damage) for damage in TABLE),
    *(("bound.csv", damage) for damage in TABLE),
    *(("profile.csv", damage) for damage in TABLE),
    *(("profile_histograms.csv", damage) for damage in TABLE),
]


@pytest.mark.parametrize(("name", "damage"), CASES, ids=lambda v: getattr(v, "__name__", str(v)))
def test_damage_is_one_sentence_with_the_file(copy, name, damage):
    path = copy / name
    READERS[name](path)  # whole, it is read
    damage(path)
    with pytest.raises(DmviError) as caught:
        READERS[name](path)
    sentence = str(caught.value)
    assert path.name in sentence
    assert "\n" not in sentence
    assert "snakemake" in sentence or "again" in sentence
    assert "diverged" not in sentence


@pytest.mark.parametrize("damage", [flipped, cut, emptied, foreign, foreign_list, text])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(copy, tmp_path, damage):
    whole = tmp_path / "whole"
    shutil.copytree(copy / "data", whole / "data")
    training(whole, 24)
    damage(copy / "checkpoints/checkpoint.pt")
    messages = []
    training(copy, 24, messages.append)
    assert any("going on from the one before it" in message for message in messages)
    assert any(message.endswith("at step 8") for message in messages), messages
    for name in ("model.pt", "history.csv", "bound.csv", "run.json"):
        assert (copy / name).read_bytes() == (whole / name).read_bytes(), name
    attempts = json.loads((copy / "checkpoints/attempts.json").read_text())
    assert [(a["from_step"], a["to_step"]) for a in attempts] == [(0, 12), (8, 24)]
    assert (copy / "checkpoints/checkpoint.damaged.pt").exists()


def test_two_damaged_checkpoints_are_one_sentence(copy):
    for name in ("checkpoint.pt", "checkpoint.previous.pt"):
        flipped(copy / "checkpoints" / name)
    with pytest.raises(DmviError, match=r"checkpoint\.pt .*no whole checkpoint before it; delete"):
        training(copy, 24)
    assert (copy / "checkpoints/checkpoint.previous.pt").exists()


def test_the_checkpoint_before_is_used_where_the_last_is_gone(copy):
    (copy / "checkpoints/checkpoint.pt").unlink()
    messages = []
    training(copy, 12, messages.append)
    assert any(message.endswith("at step 8") for message in messages)


def test_two_checkpoints_are_kept_and_no_more(copy):
    folder = copy / "checkpoints"
    assert {path.name for path in folder.iterdir()} == {
        *("checkpoint.pt", "checkpoint.previous.pt", "attempts.json", "lock")
    }
    steps = [checkpoint.load(folder / f"checkpoint{word}.pt")["step"] for word in ("", ".previous")]
    assert steps == [12, 8]


def test_what_a_diverged_training_wrote_is_not_called_damaged(copy):
    table = pd.read_csv(copy / "bound.csv")
    table["bound"] = np.inf
    table.to_csv(copy / "bound.csv", index=False)
    with pytest.raises(DmviError, match="diverged"):
        read_table_csv(copy / "bound.csv", "bound.csv")


def test_arrays_of_figures_are_read_whole(copy):
    files.write_array(copy / "samples.npy", np.zeros((9, 28, 28, 1), np.uint8))
    cut(copy / "samples.npy")
    with pytest.raises(DmviError, match=r"samples\.npy is not a plain numpy array .*snakemake"):
        read_array(copy / "samples.npy")
