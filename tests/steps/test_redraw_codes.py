"""Images of one code: the same mean each time, or draws of an autoregressive decoder."""

import json

import numpy as np
import pytest
import torch

from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError
from dmvi.models import make_model
from dmvi.steps.redraw_codes import DRAWS, IMAGES, redraw_codes
from dmvi.training import checkpoint

PIXELS = {
    **{"model": "infovae_pixelcnn", "pixel_maps": 4, "pixel_layers": 0, "kernel": "gaussian"},
    **{"alpha": 0.0, "lambda": 1.0, "prior_draws": "batch"},
}


def redrawn(spec, dataset, folder):
    torch.manual_seed(0)
    model = make_model(spec, (28, 28, 1))
    content = {"spec": json.dumps(spec), "image_shape": [28, 28, 1], "model": model.state_dict()}
    checkpoint.save(folder / "model.pt", content)
    redraw_codes(folder / "model.pt", dataset, 0, folder / "redrawn.npy", "cpu")
    return np.load(folder / "redrawn.npy")


def test_a_mean_is_the_same_each_time_and_draws_are_not(spec, dataset, tmp_path):
    test = open_dataset(dataset).split("test")[:IMAGES]
    means = redrawn(spec, dataset, tmp_path)
    assert means.shape == (IMAGES, 1 + DRAWS, 28, 28, 1)
    assert means.dtype == np.uint8
    assert np.array_equal(means[:, 0], test)
    assert (means[:, 1:] == means[:, 1:2]).all()
    assert not np.array_equal(means[0, 1], means[1, 1])  # each image's own code
    draws = redrawn({**spec, **PIXELS}, dataset, tmp_path)
    assert np.array_equal(draws[:, 0], test)
    assert set(np.unique(draws[:, 1:])) == {0, 255}
    assert not (draws[:, 1] == draws[:, 2]).all()
    assert np.array_equal(redrawn({**spec, **PIXELS}, dataset, tmp_path), draws)
    seen = redrawn({**spec, **PIXELS, "binarize": True}, dataset, tmp_path)[:, 0]
    assert set(np.unique(seen)) == {0, 255}
    assert (seen == 255).mean() == pytest.approx(test.mean() / 255, abs=0.03)


def test_a_model_without_codes_is_refused(spec, dataset, tmp_path):
    gan = {**spec, "model": "dcgan"}
    with pytest.raises(DmviError, match="holds a 'dcgan' model, which has no encoder"):
        redrawn(gan, dataset, tmp_path)
