"""Two points by quadrature, against Monte Carlo and the model's own samples."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.data.preparation import prepare
from dmvi.errors import DmviError
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.models import make_model
from dmvi.steps.examine_points import examine_points
from dmvi.training import checkpoint


@pytest.fixture
def points(tmp_path):
    prepare({"builder": "two_points"}, "points", tmp_path / "data", tmp_path / "raw")
    return tmp_path / "data"


def saved(folder, **options):
    spec = {"model": "vae", "posterior": "gaussian", "likelihood": "quantized_normal"}
    spec |= {"latent_dim": 1, "width": 4, **options}
    torch.manual_seed(3)
    model = make_model(spec, (1, 1, 1)).eval()
    content = {"spec": json.dumps(spec), "image_shape": [1, 1, 1]}
    checkpoint.save(folder / "model.pt", content | {"model": model.state_dict()})
    return model, folder / "model.pt"


def run(path, data, folder):
    names = ("points.json", "points_curves.csv", "points_pixels.csv")
    paths = [folder / name for name in names]
    examine_points(path, data, *paths)
    return files.read_json(paths[0]), pd.read_csv(paths[1]), pd.read_csv(paths[2])


def test_against_monte_carlo(points, tmp_path):
    model, path = saved(tmp_path)
    found, curves, pixels = run(path, points, tmp_path / "out")
    x = torch.tensor([64, 191]).view(2, 1, 1, 1) / 255
    parameters = model.encode(x).detach()
    mixture = GaussianMixture.from_parameters(parameters)
    sampled = marginal_kl(mixture, samples=20_000, seed=0)
    assert found["kl"] == pytest.approx(sampled.value, abs=4 * sampled.standard_error + 1e-3)
    assert found["avg_kl"] == pytest.approx(sampled.avg_kl, rel=1e-5)
    assert found["kl"] <= found["avg_kl"]
    assert [image["value"] for image in found["images"]] == [64, 191]
    assert [image["share"] for image in found["images"]] == [0.5, 0.5]
    np.testing.assert_allclose(
        [image["mean"] for image in found["images"]], parameters[:, 0], rtol=1e-5
    )
    for column in ("marginal", "posterior_64", "posterior_191"):
        assert np.trapezoid(curves[column], curves["z"]) == pytest.approx(1, abs=1e-3)
    # p(x) by the model's own samples.
    generator = torch.Generator().manual_seed(0)
    z = torch.randn(20_000, 1, generator=generator)
    with torch.no_grad():
        grey = (model.simulate(z, generator) * 255).round().numpy().ravel()
    far = (np.abs(grey - 64) > 10) & (np.abs(grey - 191) > 10)
    assert pixels["probability"].sum() == pytest.approx(1)
    assert found["far_mass"] == pytest.approx(far.mean(), abs=0.02)
    mean = pixels["value"] @ pixels["probability"]
    assert mean == pytest.approx(grey.mean(), abs=float(grey.std()) * 4 / 20_000**0.5)


def test_other_models_are_refused(points, tmp_path):
    _, path = saved(tmp_path, latent_dim=2)
    with pytest.raises(DmviError, match="this needs one pixel, one latent and a Gaussian post"):
        run(path, points, tmp_path / "out")
