"""D7, D9 and table 30 follow their tables, and print no likelihood where the gate is closed."""

import shutil

import pandas as pd
import pytest

from dmvi import files
from dmvi.claims.declared import decide_claims
from dmvi.figures import table30
from dmvi.figures.base import render
from dmvi.tables.results import Tables

MODELS = ("vae", "infovae_mmd", "infovae_stein", "infovae_adversarial")
LEVELS = {"vae": -90.0, "infovae_mmd": -87.0, "infovae_stein": -88.0, "infovae_adversarial": -89.0}


def likelihood(value, method="ais", other=-0.3, flags=(), gap=5.0, ess=3.0):
    open_ = method is not None
    pair = {"value": value, "standard_error": 1.0}
    gate = {"open": open_, "reason": "" if open_ else "closed", "gap": 0.3 if open_ else 45.0}
    return {
        "value": value if open_ else None,
        "standard_error": 1.0 if open_ else None,
        "method": method,
        "n": 64,
        "ais": pair,
        "is": {"value": value + other, "standard_error": 1.0},
        "elbo": {"value": value - 5, "standard_error": 1.0, "kind": "ELBO"},
        "quadrature": {"value": None, "standard_error": None},
        "gap": gap,
        "ess": ess,
        "acceptance": 0.65,
        "gate": {**gate, "threshold": 1.0, "n": 16},
        "flags": list(flags),
        "settings": {},
    }


@pytest.fixture
def world(tmp_path):
    """Writes the tables of some objectives; gives the claims by id, and the tables."""

    def made(
        levels=LEVELS,
        kls=None,
        seeds=(0, 1, 2),
        models=MODELS,
        changed=None,
        below=1.0,
        **attributes,
    ):
        kls = kls or {"vae": 10.0, "infovae_mmd": 2.0}
        meta = {"builder": "mnist", "title": "MNIST", "standin": False, "note": ""}
        files.write_json(tmp_path / "data/mnist/meta.json", meta)
        for model in models:
            for seed in seeds:
                folder = tmp_path / f"runs/{model}/seed{seed}"
                run = {"run": model, "seed": seed, "data": "mnist", "model": model}
                run |= {"latent_dim": 8, "iterations": 10, "width": 4, "alpha": 1.0}
                run |= {"posterior": "gaussian", "likelihood": "bernoulli", "lambda": 1000.0}
                files.write_json(folder / "run.json", run | attributes.get(model, {}))
                own = likelihood(levels[model] + 0.1 * seed, **(changed or {}).get(model, {}))
                files.write_json(folder / "likelihood.json", own)
                watched = {"step": [5, 10], "bound": [-200.0, own["elbo"]["value"] - 7]}
                watched |= dict.fromkeys(("standard_error", "fit", "divergence"), 1.0)
                files.write_csv(folder / "bound.csv", pd.DataFrame(watched))
                kl = kls.get(model, 3.0) + 0.1 * seed
                whole = dict.fromkeys(("standard_error", "n", "avg_kl", "components", "heldout"), 1)
                files.write_json(folder / "kl.json", {**whole, "value": kl, "lower": kl - below})
        runs = {model: list(seeds) for model in models}
        tables = Tables(tmp_path, runs, {"name": "t", "scale": "demo"})
        return {claim.id: claim for claim in decide_claims("table30", tables)}, tables

    return made


@pytest.mark.parametrize(
    ("mmd", "verdict"), [(-87.0, "holds"), (-90.2, "holds"), (-90.5, "undecided"), (-95.0, "fails")]
)
def test_d7(world, mmd, verdict):
    claims, _ = world({**LEVELS, "infovae_mmd": mmd})
    assert claims["D7"].verdict == verdict
    assert claims["D7"].value == pytest.approx(90.0 + mmd)
    assert claims["D7"].source == "infovae"
    assert "82.75" in claims["D7"].paper
    order = "as published" if mmd == -87.0 else "not as published"
    assert f"order of all four {order}" in claims["D7"].value_text


@pytest.mark.parametrize(
    "changed",
    [
        {"vae": {"method": None}},
        {"infovae_mmd": {"method": None}},
        {"infovae_mmd": {"other": -9.0}},
        {"vae": {"other": 9.0}},
        {"vae": {"flags": ["the chains of 1 of 64 images have failed"]}},
    ],
)
def test_d7_is_undecided_without_a_likelihood_that_can_be_trusted(world, changed):
    claims, _ = world(changed=changed)
    assert claims["D7"].verdict == "undecided"
    assert claims["D7"].value is None
    assert "no likelihood that can be trusted" in claims["D7"].value_text


def test_d7_and_d9_of_one_seed_or_other_budgets_are_undecided(world):
    claims, _ = world(seeds=(0,))
    assert {claims["D7"].verdict, claims["D9"].verdict} == {"undecided"}
    claims, _ = world(vae={"iterations": 20})
    assert {claims["D7"].verdict, claims["D9"].verdict} == {"undecided"}
    assert "unequal budgets" in claims["D9"].value_text


@pytest.mark.parametrize(("mmd", "verdict"), [(2.0, "holds"), (10.0, "undecided"), (20.0, "fails")])
def test_d9(world, mmd, verdict):
    claims, _ = world(kls={"vae": 10.0, "infovae_mmd": mmd})
    assert claims["D9"].verdict == verdict
    assert claims["D9"].value == pytest.approx(10.0 - mmd)


def test_d9_says_where_posteriors_are_spikes(world):
    claims, _ = world(below=0.02)
    assert claims["D9"].verdict == "holds"
    assert "within 0.1 nats of log N in vae, infovae_mmd: the posteriors" in claims["D9"].value_text
    claims, _ = world(below=0.2)
    assert "spikes" not in claims["D9"].value_text


def test_other_weights_of_one_seed_are_not_compared(world):
    """Runs beside the three seeds of an objective; with as many seeds none could be chosen."""
    before, tables = world()
    for seed in range(3):
        shutil.copytree(
            tables.root / f"runs/infovae_mmd/seed{seed}", tables.root / f"runs/w/seed{seed}"
        )
        described = files.read_json(tables.root / f"runs/w/seed{seed}/run.json")
        described |= {"run": "w", "lambda": 100.0}
        files.write_json(tables.root / f"runs/w/seed{seed}/run.json", described)
        kl = files.read_json(tables.root / f"runs/w/seed{seed}/kl.json")
        files.write_json(tables.root / f"runs/w/seed{seed}/kl.json", {**kl, "value": 90.0})
    for seeds, same in (([0], True), ([0, 1, 2], False)):
        more = Tables(tables.root, {**tables.seeds, "w": seeds}, tables.study)
        found = {claim.id: claim for claim in decide_claims("table30", more)}
        assert all((found[id].value == before[id].value) == same for id in ("D7", "D9"))
        assert (found["D9"].verdict == "holds") == same


def test_neither_is_decided_without_both_objectives(world):
    claims, _ = world(models=("vae",))
    assert (claims["D7"].verdict, claims["D7"].value, claims["D7"].data) == ("undecided", None, ())
    assert claims["D9"].verdict == "undecided"


def test_the_table_prints_a_bound_where_the_gate_is_closed(world, tmp_path, monkeypatch):
    suspected = {"flags": ["the chains of 1 of 64 images have failed"]}
    exact = {"method": "quadrature", **suspected}
    _, tables = world(
        changed={
            "infovae_mmd": {"method": None, "gap": None, "ess": None},
            "infovae_stein": suspected,
            "infovae_adversarial": exact,
        }
    )
    seen = []
    import dmvi.figures.print_table as printing

    draw = printing.print_table
    monkeypatch.setattr(printing, "print_table", lambda *a, **k: (seen.append(a), draw(*a, **k))[1])
    paths = [tmp_path / name for name in ("a.pdf", "a.png", "a.json")]
    render("table30", tables, *paths)
    header, (title, *rows) = seen[0]
    header = [name.replace("\n", " ") for name in header]
    assert title == "MNIST"
    table = {row[0]: dict(zip(header, row, strict=True)) for row in rows}
    assert table["ELBO"]["−log p"].startswith("89.9 ±")
    assert table["ELBO"]["published"] == "82.75"
    assert table["ELBO"]["−ELBO, validation"].startswith("101.9 ±"), "at the end of training"
    closed = table["InfoVAE, MMD"]
    assert closed["−log p"].startswith("≤ 86.9 ±")
    assert closed["−log p, IS"].startswith("≤ ")
    assert table["ELBO"]["−log p, IS"].startswith("≤ ")
    assert table["InfoVAE, Stein"]["−log p"].endswith(" †")
    assert table["InfoVAE, adversarial"]["−log p"].endswith(" (exact)")
    assert closed["BDMC gap"].endswith("closed")
    assert (closed["gap"], closed["ESS"]) == ("–", "–"), "not finite"
    assert "64 test images" in table30.sample_sizes(tables)
    meta = files.read_json(tables.root / "data/mnist/meta.json")
    files.write_json(tables.root / "data/mnist/meta.json", {**meta, "standin": True})
    table30.draw(Tables(tables.root, tables.seeds, tables.study))
    assert {row[-1] for row in seen[1][1][1:]} == {"–"}, "published values are not of stand-ins"
