"""The experiment that asks the likelihood's gate on 128 real images (`benchmarks/gate.py`)."""

import sys
from pathlib import Path

import pandas as pd
import yaml

from dmvi import files
from dmvi.study.config import load_study

REPOSITORY = Path(__file__).parents[2]
sys.path.insert(0, str(REPOSITORY / "benchmarks"))

import gate  # noqa: E402


def likelihood(gap, interval):
    return {
        "n": 100,
        "settings": {"start": "prior", "temperatures": 1500},
        "gate": {"gap": gap, "interval": interval, "n": 128, "open": gap is not None and gap < 1},
        "ais": {"value": -90.125, "standard_error": 2.5},
        "is": {"value": -91.0},
        "elbo": {"value": None},
        "ess": 3.25,
        "acceptance": 0.7,
    }


def test_the_study_is_valid_and_has_the_reduced_study_s_runs_with_other_latents():
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    study = load_study(gate.config(128, (8, 32), None, "prior", 1500), schema)
    reduced = load_study(yaml.safe_load(gate.STUDY.read_text()), schema)
    assert sorted(study.runs) == ["gate-latent_dim32", "gate-latent_dim8"]
    assert study.estimators["likelihood"] == reduced.estimators["likelihood"] | {
        "images": 128,
        "simulated": 128,
        "start": "prior",
        "temperatures": 1500,
        "pilot": 32,
    }
    for latent_dim in (8, 32):
        spec = study.runs[f"gate-latent_dim{latent_dim}"].spec
        assert spec == reduced.runs["info_elbo-latent_dim10"].spec | {"latent_dim": latent_dim}


def test_rows_and_page_say_what_the_step_wrote(tmp_path):
    for latent_dim, gap, interval in ((8, 0.421, [0.06, 0.77]), (32, None, [None, None])):
        path = tmp_path / f"runs/gate-latent_dim{latent_dim}/seed0/likelihood.json"
        path.parent.mkdir(parents=True)
        files.write_json(path, likelihood(gap, interval))
        bounds = pd.DataFrame({"lower": [-90.0] * 4, "upper": [-89.75, -89.5, -89.25, -60.0]})
        bounds.to_csv(path.with_name("bdmc.csv"), index=False)
    opened, closed = gate.rows(tmp_path, (8, 32))
    assert (opened["open"], closed["open"]) == (True, False)
    assert gate.line(opened, 4) == (
        "| 8 | prior | 1,500 | 128 | 0.42 [0.06, 0.77] | 0.62 | 30.00 | 1 | open | "
        "-90.12 ± 2.50 (100 images) | -91.00 | not finite | 3.25 of 4 |"
    )
    assert "| not finite [not finite, not finite] | 0.62 | 30.00 | 1 | closed |" in gate.line(
        closed, 4
    )


def test_the_committed_page_is_what_its_table_says():
    folder = REPOSITORY / "results/reference/gate"
    page = (folder / "gate.md").read_text()
    rows = pd.read_csv(folder / "gate.csv").to_dict("records")
    cases = [(start, t, d) for start, t, latents in gate.CASES for d in latents]
    assert [(row["start"], row["temperatures"], row["latent_dim"]) for row in rows] == cases
    for row in rows:
        assert row["simulated"] == row["images"] == 128
        assert gate.line(row, 4) in page
        assert row["open"] == (row["high"] <= 1.0)
