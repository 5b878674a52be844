"""What is measured of a training's snapshots, against the steps that measure finished models."""

import numpy as np
import pandas as pd
import pytest

from dmvi import files
from dmvi.errors import DmviError
from dmvi.steps import examine_snapshots as module
from dmvi.steps.encode import encode
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.examine_snapshots import COLUMNS, active_units, examine_snapshots
from dmvi.steps.find_low_posterior import find_low_posterior
from dmvi.steps.train import train

SETTINGS = {"kl_samples": 112, "draws": 60, "keep": 12, "images": 20, "samples": 2}


def quiet(_):
    pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Trains to a step, keeping snapshots; the folder."""

    def run(spec, dataset, iterations, snapshots=()):
        folder = tmp_path_factory.mktemp("run")
        names = ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
        paths = [folder / name for name in names]
        spec = {**spec, "iterations": iterations}
        train(spec, "tiny", 0, dataset, *paths, device="cpu", log=quiet, snapshots=snapshots)
        return folder

    return run


def examine(folder, dataset, steps, log=quiet):
    output = folder / "snapshots.csv"
    settings = {**SETTINGS, "steps": steps}
    examine_snapshots(
        folder / "model.pt", dataset, settings, 0, folder / "checkpoints", output, "cpu", log
    )
    return pd.read_csv(output)


def test_a_snapshot_has_the_numbers_of_a_training_that_ended_there(spec, dataset, trained):
    folder = trained(spec, dataset, 12, snapshots=(5, 12))
    table = examine(folder, dataset, [5, 12])
    assert tuple(table) == COLUMNS
    assert list(table["step"]) == [5, 12]
    short = trained(spec, dataset, 5)
    kl_settings = {"samples": 112, "curve_sizes": [20], "curve_samples": 20}
    out = [short / name for name in ("kl.json", "c.csv", "p.csv", "h.csv")]
    estimate_kl(short / "model.pt", dataset, kl_settings, 0, *out, "cpu", log=quiet)
    kl = files.read_json(short / "kl.json")
    row = table.iloc[0]
    assert row["kl"] == kl["value"]
    assert (row["avg_kl"], row["lower"]) == (kl["avg_kl"], kl["lower"])
    encode(short / "model.pt", dataset, 0, short / "posterior.npy", short / "codes.npy", "cpu")
    settings = {**{k: SETTINGS[k] for k in ("draws", "keep", "images", "samples")}, "points": 20}
    paths = [short / name for name in ("model.pt", "posterior.npy", "codes.npy")]
    find_low_posterior(*paths, dataset, settings, 0, short / "low", "cpu", log=quiet)
    looks = pd.read_csv(short / "low/images.csv").groupby("group")["ink"].mean()
    assert row["ink_low_posterior"] == pytest.approx(looks["low_posterior"])
    bounds = pd.read_csv(short / "low/bounds.csv")
    data = bounds[bounds["group"] == "data"]["bound"]
    assert row["elbo"] == pytest.approx(data.mean(), rel=0.02)  # other draws of z, other images
    assert 0 <= row["bound_auc"] <= 1


def test_the_same_random_numbers_for_every_snapshot(spec, dataset, trained):
    folder = trained(spec, dataset, 6, snapshots=(3, 6))
    both, last = examine(folder, dataset, [3, 6]), examine(folder, dataset, [6])
    pd.testing.assert_frame_equal(both.iloc[[1]].reset_index(drop=True), last)


def test_snapshots_that_are_not_there_are_named(spec, dataset, trained):
    folder = trained(spec, dataset, 6, snapshots=(3,))
    messages = []
    table = examine(folder, dataset, [2, 3, 6], messages.append)
    assert list(table["step"]) == [3]
    assert any("no snapshot of step 2, 6" in message for message in messages)
    with pytest.raises(DmviError, match="holds no snapshot of this training"):
        examine(folder, dataset, [2])


def test_active_units_by_their_kl():
    """A unit of mean 0 and variance .98 differs from the prior by .0001 nats: it is not in use."""
    means = np.zeros((50, 3), np.float32)
    means[:, 1] = np.random.default_rng(0).normal(0, 0.5, 50)
    variances = np.tile(np.log([0.98, 1.0, 0.5]), (50, 1)).astype(np.float32)
    assert active_units(np.concatenate([means, variances], 1)) == 2
    assert module.ACTIVE == 0.01
