"""D1 and figure 30 follow their tables."""

import numpy as np
import pandas as pd
import pytest

from dmvi import files
from dmvi.claims.declared import decide_claims
from dmvi.figures import fig30
from dmvi.figures.base import render
from dmvi.tables.results import Tables


@pytest.fixture
def world(tmp_path):
    """Writes the tables of both objectives; gives D1."""

    def made(kls, far, seeds=(0, 1, 2), information=0.6, **attributes):
        meta = {"builder": "two_points", "title": "Two points", "standin": False, "note": ""}
        files.write_json(tmp_path / "data/points/meta.json", meta)
        for model in ("vae", "infovae_mmd"):
            for seed in seeds:
                folder = tmp_path / f"runs/{model}/seed{seed}"
                run = {"run": model, "seed": seed, "data": "points", "model": model}
                run |= {"latent_dim": 1, "iterations": 10, "width": 4}
                run |= {"posterior": "gaussian", "likelihood": "quantized_normal"}
                run |= attributes.get(model, {})
                files.write_json(folder / "run.json", run)
                images = [{"value": v, "share": 0.5, "mean": 0, "std": 1} for v in (64, 191)]
                summary = {"kl": kls[model] + 0.01 * seed, "far_mass": far[model] + 1e-3 * seed}
                average = summary["kl"] + (information if seed == 0 else 0.6)
                summary |= {"avg_kl": average, "images": images}
                files.write_json(folder / "points.json", summary)
                z = np.linspace(-4, 4, 50)
                columns = ("prior", "marginal", "posterior_64", "posterior_191")
                curves = {"z": z, **dict.fromkeys(columns, np.exp(-0.5 * z**2))}
                files.write_csv(folder / "points_curves.csv", pd.DataFrame(curves))
                pixels = {"value": np.arange(256), "probability": np.full(256, 1 / 256)}
                files.write_csv(folder / "points_pixels.csv", pd.DataFrame(pixels))
        runs = {model: list(seeds) for model in ("vae", "infovae_mmd")}
        tables = Tables(tmp_path, runs, {"name": "t", "scale": "demo"})
        (claim,) = decide_claims("fig30", tables)
        return claim, tables

    return made


APART, NEAR = {"vae": 0.9, "infovae_mmd": 0.05}, {"vae": 0.1, "infovae_mmd": 0.05}
FAR, FEW = {"vae": 0.3, "infovae_mmd": 0.1}, {"vae": 0.1, "infovae_mmd": 0.3}


@pytest.mark.parametrize(
    ("kls", "far", "seeds", "verdict"),
    [
        (APART, FAR, (0, 1, 2), "holds"),
        (NEAR, FAR, (0, 1, 2), "fails"),
        (APART, FEW, (0, 1, 2), "fails"),
        (APART, FAR, (0,), "undecided"),
    ],
)
def test_d1(world, kls, far, seeds, verdict):
    claim, _ = world(kls, far, seeds)
    assert (claim.id, claim.source, claim.verdict) == ("D1", "infovae", verdict)
    assert claim.value == pytest.approx(kls["vae"] - kls["infovae_mmd"])
    assert claim.seeds == len(seeds)


def test_d1_does_not_compare_other_budgets(world):
    claim, _ = world(APART, FAR, vae={"iterations": 20})
    assert claim.verdict == "undecided"
    assert "unequal budgets" in claim.value_text


def test_d1_is_not_asked_of_codes_that_do_not_tell_the_points_apart(world):
    claim, _ = world(APART, FAR, information=0.1)
    assert claim.verdict == "undecided"
    assert "I(x;z) at least 0.1 against 0.1 nats" in claim.value_text


def test_figure_30_names_what_has_collapsed():
    collapsed, learnt = {"kl": 0.01, "avg_kl": 0.03}, {"kl": 0.378, "avg_kl": 1.061}
    assert fig30._told(collapsed) == "collapsed: I(x;z) 0.02"
    assert fig30._told(learnt) == "KL 0.38, I(x;z) 0.68"


def test_figure_30_draws(world, tmp_path):
    _, tables = world(APART, FAR)
    paths = [tmp_path / name for name in ("a.pdf", "a.png", "a.json")]
    render("fig30", tables, *paths)
    assert paths[0].read_bytes().startswith(b"%PDF")
    assert len(files.read_json(paths[2])) == 1
