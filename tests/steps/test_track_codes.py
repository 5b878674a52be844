"""Codes along training, against those of trainings that ended at a snapshot."""

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.estimators import code_statistics
from dmvi.objectives.divergences import mmd2_to_normal
from dmvi.objectives.kernels import author_kernel
from dmvi.steps.encode import posterior_batches
from dmvi.steps.track_codes import COLUMNS, track_codes
from dmvi.steps.train import train
from dmvi.steps.trained import load_model

CPU = torch.device("cpu")
AVB = {"model": "avb", "posterior": "implicit", "noise_dim": 4}


def quiet(_):
    pass


def trained(folder, spec, dataset, iterations, snapshots=()):
    names = ("model.pt", "history.csv", "run.json", "bound.csv", "checkpoints")
    paths = [folder / name for name in names]
    spec = {**spec, "iterations": iterations}
    train(spec, "tiny", 0, dataset, *paths, device="cpu", log=quiet, snapshots=snapshots)
    return folder


def tracked(folder, dataset, steps, log=quiet):
    output = folder / "codes_curve.csv"
    paths = [folder / "model.pt", dataset, {"steps": steps}, 0, folder / "checkpoints", output]
    track_codes(*paths, "cpu", log)
    return pd.read_csv(output)


def test_a_row_is_about_the_model_that_a_shorter_training_gives(spec, dataset, tmp_path):
    table = tracked(trained(tmp_path / "a", spec, dataset, 8, (4, 8)), dataset, [4, 8])
    assert tuple(table) == COLUMNS
    assert list(table["step"]) == [4, 8]
    short = trained(tmp_path / "b", spec, dataset, 4)
    model = load_model(short / "model.pt", CPU)
    images = open_dataset(dataset).split("valid")
    batches = posterior_batches(model, images, CPU, short)
    parameters = torch.cat([values for _, values in batches])
    moments = code_statistics.of_gaussian_posteriors(parameters.numpy())
    assert table["logdet"][0] == pytest.approx(moments.logdet)
    assert table["logdet_per_latent"][0] == pytest.approx(moments.logdet / 4)
    torch.manual_seed(0)
    codes = model.sample_posterior(parameters).double()
    exact = mmd2_to_normal(codes, author_kernel(4), diagonal=False).item()
    assert table["mmd2_gaussian"][0] == pytest.approx(exact, abs=1e-9)
    assert table["logdet"][1] != table["logdet"][0]


def test_any_encoder_has_them_and_what_is_missing_is_said(spec, dataset, tmp_path):
    folder = trained(tmp_path, {**spec, **AVB}, dataset, 4, (4,))
    messages = []
    table = tracked(folder, dataset, [2, 4], messages.append)
    assert list(table["step"]) == [4]
    assert np.isfinite(table["logdet"]).all()
    assert any("no snapshot of step 2" in message for message in messages)
    with pytest.raises(DmviError, match="holds no snapshot of this training"):
        tracked(folder, dataset, [2])
