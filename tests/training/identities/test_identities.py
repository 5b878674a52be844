"""Trainings that earlier code began are continued by today's, to the values that it gave.

Here a training is a few steps of a tiny network; users have some that took days. A failure says
which of their properties changed: see `remake_identities.py` before making the checkpoints again.
"""

import math
import shutil

import pytest
import torch
from remake_identities import (
    HERE,
    KEPT,
    RESUMED,
    SIZES,
    exact,
    near,
    optimised,
    runs,
    shapes,
    train_in,
    unpack,
    write_data,
)

from dmvi import files
from dmvi.data.preparation import prepare
from dmvi.training import checkpoint
from dmvi.training.attempts import read_attempts
from dmvi.training.sampler import Sampler

RUNS = runs()
DISCARDED = "trainings that users have could no longer be continued; undo it, or see the changelog"
# How far other vector instructions (SSE4.1 and AVX2 against AVX-512) moved a term or weight that is
# larger than the absolute tolerance: float32 at most 1e-6, bfloat16 .02 of it (or .001).
RELATIVE = {"float32": 1e-4, "bfloat16": 5e-2}
ABSOLUTE = {"float32": 2e-5, "bfloat16": 5e-3}


def known_of(name):
    return files.read_json(HERE / f"{name}.json")


def test_every_model_has_a_checkpoint():
    kept = {path.name.removesuffix(".pt.gz") for path in HERE.glob("*.pt.gz")}
    assert kept == set(RUNS), "run tests/training/identities/remake_identities.py for a new model"
    assert {path.stem for path in HERE.glob("*.json")} == kept
    assert sum(path.stat().st_size for path in HERE.iterdir() if path.is_file()) < 1_500_000


@pytest.mark.parametrize("name", RUNS)
def test_an_earlier_training_goes_on_to_known_values(name, tmp_path):
    known, run = known_of(name), RUNS[name]
    assert run.spec == known["spec"], f"the resolved settings of {name} differ: {DISCARDED}"
    size = SIZES[run.spec["data"]][1]
    assert optimised(run.spec, (size, size, 3)) == known["optimised"], DISCARDED
    path = unpack(name, tmp_path)
    assert shapes(checkpoint.load(path)) == known["shapes"]

    messages = []
    data = write_data(tmp_path, run.spec["data"])
    train_in(tmp_path, run, data, RESUMED, messages.append)
    assert f"resumed from {path} at step {KEPT}" in messages, f"{messages}: {DISCARDED}"
    state = checkpoint.load(path)
    assert exact(state) == known["exact"], DISCARDED
    assert structure(shapes(state)) == structure(known["shapes"]), DISCARDED
    assert_near(near(state), known["near"], run.spec["precision"])


def structure(found):
    """Without the rows of tables, which grow."""
    return {name: entry for name, entry in found.items() if "/rows/" not in name}


def assert_near(found, known, precision, where=""):
    if isinstance(known, dict | list):
        keys = known if isinstance(known, dict) else range(len(known))
        assert len(found) == len(known), where
        for key in keys:
            assert_near(found[key], known[key], precision, f"{where}/{key}")
    else:
        close = math.isclose(found, known, rel_tol=RELATIVE[precision], abs_tol=ABSOLUTE[precision])
        assert close, f"{where} is {found}, was {known}: {DISCARDED}"


def test_a_finished_checkpoint_gives_the_same_model_in_zero_steps(tmp_path, monkeypatch):
    """Results move to a newer checkout by their checkpoints alone."""
    known, run = known_of("vae"), RUNS["vae"]
    data = write_data(tmp_path, run.spec["data"])
    first, second = tmp_path / "first", tmp_path / "second"
    path = unpack("vae", first)
    shutil.copytree(first / "checkpoints", second / "checkpoints")
    before = path.read_bytes()

    def no_step(self):
        raise AssertionError("a batch was drawn")

    monkeypatch.setattr(Sampler, "next", no_step)
    for folder in (first, second):
        train_in(folder, run, data, KEPT)
        assert (folder / "checkpoints/checkpoint.pt").read_bytes() == before
        assert read_attempts(folder / "checkpoints") == [], "no step, no attempt"
    assert (first / "model.pt").read_bytes() == (second / "model.pt").read_bytes()
    model = checkpoint.load(first / "model.pt")["model"]
    kept = checkpoint.load(path)["parts"]["model"]
    assert list(model) == list(kept)
    assert all(torch.equal(model[name], kept[name]) for name in kept)
    if torch.__version__ == known["torch"]:  # another one may write other bytes around the tensors
        assert files.sha256(first / "model.pt") == known["model_sha256"], DISCARDED


DIGITS = "800d8d0b1e460251a684cf42e3d562fd46271b8707417a70831095acf7406971"


def test_a_builder_gives_the_same_images(tmp_path):
    """A training's identity has its images' digest in it: other images, other trainings."""
    limit = {"train": 40, "valid": 8, "test": 8}
    spec = {"builder": "color_mnist", "source": "standin", "limit": limit}
    prepare(spec, "digits", tmp_path / "digits", tmp_path / "raw")
    digest = files.read_json(tmp_path / "digits/meta.json")["sha256"]["images.npy"]
    assert digest == DIGITS, DISCARDED
