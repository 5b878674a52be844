"""The step: against quadrature, resumed, gated, and refused where there is no likelihood."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.estimators import annealing, schedules
from dmvi.estimators.gate import gate
from dmvi.estimators.pairing import over_chains
from dmvi.estimators.quadrature import log_marginal
from dmvi.estimators.start import GaussianStart
from dmvi.models import make_model
from dmvi.steps.estimate_likelihood import STEP, _summary, estimate_likelihood
from dmvi.steps.trained import load_model
from dmvi.study.declarations import declared_models
from dmvi.training import checkpoint

DEFAULTS = {key: rules["default"] for key, rules in STEP["options"]["likelihood"].items()}
SMALL = {"temperatures": 6, "leapfrog": 2, "images": 6, "simulated": 6, "pilot": 3, "draws": 20}
SETTINGS = {**DEFAULTS, **SMALL}


@pytest.fixture
def black_and_white(dataset):
    """The data set with pixels that are 0 or 255."""
    rng = np.random.default_rng(0)
    images = np.where(rng.random((128, 28, 28, 1)) < 0.2, 255, 0).astype(np.uint8)
    files.write_array(dataset / "images.npy", images)
    meta = files.read_json(dataset / "meta.json")
    meta["sha256"]["images.npy"] = files.sha256(dataset / "images.npy")
    files.write_json(dataset / "meta.json", meta)
    return dataset


@pytest.fixture
def saved(tmp_path, spec):
    """Writes an untrained model whose images depend on z, and returns its path."""

    def save(scale=18.0, **options):
        torch.manual_seed(0)
        name = options.get("model", "vae")
        own = {key: rules["default"] for key, rules in declared_models()[name]["options"].items()}
        whole = {**own, **spec, **options}
        model = make_model(whole, (28, 28, 1)).eval()
        weights = model.state_dict()
        for key in weights:
            if key.startswith("generator") and weights[key].ndim > 1:
                weights[key] *= scale
        content = {"spec": json.dumps(whole), "image_shape": [28, 28, 1]}
        checkpoint.save(tmp_path / "model.pt", content | {"model": weights})
        return tmp_path / "model.pt"

    return save


def run(model, data, folder, settings=SETTINGS, log=lambda line: None):
    """Runs the step; its three files as json and tables."""
    paths = [folder / name for name in ("likelihood.json", "likelihood.csv", "bdmc.csv")]
    estimate_likelihood(model, data, settings, 0, folder.parent / "kept", *paths, "cpu", log=log)
    return files.read_json(paths[0]), pd.read_csv(paths[1]), pd.read_csv(paths[2])


def test_annealing_agrees_with_quadrature_where_both_can_be_done(saved, black_and_white, tmp_path):
    settings = {**SETTINGS, "temperatures": 60, "chains": 8, "start": "prior"}
    found, table, bounds = run(saved(latent_dim=1), black_and_white, tmp_path / "out", settings)
    assert list(table.columns) == ["image", "ais", "is", "elbo", "ess", "acceptance", "quadrature"]
    assert list(bounds.columns) == ["image", "lower", "upper"]
    assert (len(table), len(bounds)) == (6, 6)
    assert found["method"] == "quadrature"
    assert found["value"] == pytest.approx(table["quadrature"].mean())
    assert np.median(np.abs(table["ais"] - table["quadrature"])) < 0.2
    assert table["quadrature"].std() > 0.3, "the decoder must depend on the image"
    assert (table["elbo"] < table["quadrature"] + 1e-3).all()
    assert found["elbo"]["kind"] == "ELBO"
    assert found["settings"] == settings


@pytest.mark.slow
def test_bounds_of_a_likelihood_that_sums_to_less_than_one(saved, dataset, tmp_path):
    """Forward and reverse agree on what was simulated, by the likelihood over its sum."""
    path = saved(latent_dim=1, likelihood="quantized_normal", scale=8.0)
    settings = {**SETTINGS, "temperatures": 40, "start": "prior"}
    found, table, bounds = run(path, dataset, tmp_path / "out", settings)
    assert found["gate"]["open"]
    assert abs((bounds["upper"] - bounds["lower"]).mean()) < 0.5
    assert found["method"] in ("quadrature", "ais")
    np.testing.assert_allclose(table["ais"].mean(), table["quadrature"].mean(), atol=0.5)
    # Quadrature of the same images: without the sum, the reverse estimate is no bound at all.
    model = load_model(saved(latent_dim=1, likelihood="quantized_normal"), torch.device("cpu"))
    generator = torch.Generator().manual_seed(1)
    z = torch.randn(6, 1, generator=generator)
    x = model.simulate(z, generator)
    start = GaussianStart.prior(6, 1, x)
    steps = torch.full((39,), 0.3, dtype=torch.float64)
    off = {}
    for name in ("log_normalised", "log_likelihood"):
        one = getattr(model, name)
        exact = log_marginal(
            lambda points, one=one: torch.stack(
                [one(image.expand(len(points), 1, 28, 28), points) for image in x], 1
            ),
            1,
            like=x,
        )
        upper = annealing.reverse(
            over_chains(one, x, 8),
            start,
            schedules.sigmoid(40),
            steps,
            leapfrog=2,
            chains=8,
            posterior_draws=z,
            generator=generator,
        )
        off[name] = (upper.log_p - exact.log_p).mean().item()
    assert -1 < off["log_normalised"] < 3
    assert off["log_likelihood"] < -10


def test_both_starts_share_the_chains(saved, black_and_white, tmp_path, monkeypatch):
    calls = []
    for name in ("forward", "reverse"):
        real = getattr(annealing, name)

        def counted(likelihood, start, *others, real=real, name=name, **settings):
            at_prior = bool((start.mean == 0).all() and (start.std == 1).all())
            calls.append((name, at_prior, settings["chains"]))
            return real(likelihood, start, *others, **settings)

        monkeypatch.setattr(annealing, name, counted)
    settings = {**SETTINGS, "chains": 7, "temperatures": 120, "start": "both"}
    found, table, _ = run(saved(latent_dim=1), black_and_white, tmp_path / "out", settings)
    halves = [(False, 4), (True, 3)]
    expected = [(n, *half) for n in ("forward", "reverse", "forward") for half in halves]
    assert calls == expected
    assert np.median(np.abs(table["ais"] - table["quadrature"])) < 0.3
    assert (table["ess"] <= 7).all()
    assert found["settings"]["start"] == "both"


def test_one_image_at_the_grid_s_edge_does_not_discard_quadrature():
    """What decides is the error of the mean: 1 of 32 images with a share of .02 at the edge."""
    zeros = torch.zeros(32, dtype=torch.float64)
    part = {key: zeros - 90.0 for key in ("ais", "is", "elbo", "quadrature")}
    part |= {"ess": zeros + 3.0, "acceptance": zeros + 0.6, "grid_error": zeros.clone()}
    opening = gate(zeros, zeros + 0.1)
    for error, method in ((0.02, "quadrature"), (0.5, "ais")):
        part["grid_error"][8] = error
        assert _summary(part, opening, "ELBO")["method"] == method


def test_importance_sampling_is_of_the_encoder_where_chains_start_at_the_prior(
    saved, black_and_white, tmp_path
):
    path = saved(latent_dim=1)
    found = {
        start: run(path, black_and_white, tmp_path / start / "out", {**SETTINGS, "start": start})[0]
        for start in ("curvature", "prior", "both")
    }
    errors = {s: abs(v["is"]["value"] - v["quadrature"]["value"]) for s, v in found.items()}
    assert max(errors.values()) < 0.5, errors


def test_a_closed_gate_leaves_no_value(saved, black_and_white, tmp_path):
    settings = {**SETTINGS, "temperatures": 1, "start": "prior"}
    lines = []
    found, table, _ = run(saved(), black_and_white, tmp_path / "out", settings, lines.append)
    assert not found["gate"]["open"]
    assert "more than 1" in found["gate"]["reason"]
    assert found["value"] is found["standard_error"] is found["method"] is None
    assert found["quadrature"] == {"value": None, "standard_error": None}
    assert table["quadrature"].isna().all()
    assert any("no likelihood: forward and reverse differ" in line for line in lines)
    assert not any("start: both" in line for line in lines)
    settings = {**SETTINGS, "temperatures": 1}
    run(saved(), black_and_white, tmp_path / "curvature" / "out", settings, lines.append)
    assert any("`start: both`" in line for line in lines)


def test_an_interrupted_job_ends_with_the_same_bytes(saved, black_and_white, tmp_path, monkeypatch):
    path = saved()
    settings = {**SETTINGS, "chains": 64, "temperatures": 3}  # four images per part
    whole = tmp_path / "one" / "out"
    run(path, black_and_white, whole, settings)
    forward, calls = annealing.forward, []

    def stops(*arguments, **options):
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return forward(*arguments, **options)

    monkeypatch.setattr(annealing, "forward", stops)
    broken = tmp_path / "two" / "out"
    with pytest.raises(KeyboardInterrupt):
        run(path, black_and_white, broken, settings)
    assert not broken.exists()
    monkeypatch.setattr(annealing, "forward", forward)
    kept = {p: p.stat().st_mtime_ns for p in (tmp_path / "two/kept").rglob("*.pt")}
    assert sorted(p.stem for p in kept) == [
        "simulated-0",
        "simulated-4",
        "steps-curvature",
        "test-0",
    ]
    damaged = next(p for p in kept if p.stem == "simulated-4")
    damaged.write_bytes(damaged.read_bytes()[:100])
    lines = []
    run(path, black_and_white, broken, settings, lines.append)
    assert any("computed again" in line for line in lines)
    for name in ("likelihood.json", "likelihood.csv", "bdmc.csv"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()
    unchanged = [p.stem for p, time in kept.items() if p.stat().st_mtime_ns == time]
    assert sorted(unchanged) == ["simulated-0", "steps-curvature", "test-0"]


def test_nothing_of_another_model_or_setting_is_used_again(saved, black_and_white, tmp_path):
    folder = tmp_path / "out"
    first, *_ = run(saved(), black_and_white, folder)
    second, *_ = run(saved(latent_dim=5), black_and_white, folder)
    third, *_ = run(saved(latent_dim=5), black_and_white, folder, {**SETTINGS, "leapfrog": 3})
    assert len({found["ais"]["value"] for found in (first, second, third)}) == 3
    assert len(list((tmp_path / "kept").iterdir())) == 3


@pytest.mark.parametrize("model", ["aae", "avb", "infovae_mmd"])
def test_every_model_with_a_likelihood_has_one(saved, black_and_white, tmp_path, model):
    options = {"posterior": "implicit"} if model == "avb" else {}
    options |= {"code_width": 8} if model == "aae" else {}
    found, table, _ = run(saved(model=model, **options), black_and_white, tmp_path / "out")
    assert np.isfinite(table[["ais", "is", "elbo"]]).all().all()
    assert found["elbo"]["kind"] == ("estimate by a classifier" if model == "avb" else "ELBO")


def test_what_is_no_probability_is_refused(saved, dataset, tmp_path):
    with pytest.raises(DmviError, match="'bernoulli', which is no probability of grey pixels"):
        run(saved(), dataset, tmp_path / "out")
    with pytest.raises(DmviError, match="'dcgan' model, which has no explicit likelihood"):
        run(saved(model="dcgan"), dataset, tmp_path / "out")
