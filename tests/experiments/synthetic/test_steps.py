"""The synthetic steps: their tables, stopping and resuming."""

import os
import signal

import numpy as np
import pandas as pd
import pytest
import yaml
from tiny_study import REPOSITORY, tiny_config

from dmvi.costs.model import Costs
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.estimation import KLTracker
from dmvi.experiments.synthetic.settings import synthetic_jobs
from dmvi.experiments.synthetic.steps.run_synthetic import LEARNERS, run_synthetic
from dmvi.study.config import load_study
from dmvi.tables.reading import COLUMNS
from dmvi.training.engine import Interrupted

SETTINGS = {
    **{"dim": 3, "learning_rate": 1e-3, "spread": 0.1, "layers": 2, "width": 8},
    **{"batch_size": 16, "iterations": 25, "every": 10, "samples": 100, "precision": "float32"},
    "adam_betas": [0.5, 0.9],
}
STEPS = {
    "estimation": {**SETTINGS, "members": [[0, 1], [1, 1], [0, 2.5], [1, 2.5]]},
    "learning": {**SETTINGS, "members": [[0, 2], [1, 2]]},
    "exact": {
        **{key: value for key, value in SETTINGS.items() if key not in ("layers", "width")},
        "members": [[0, 2], [1, 2]],
    },
    "separated": {
        **SETTINGS,
        **{"members": [[0, 1], [1, 1], [0, 2.5], [1, 2.5]], "divergence": "covariances"},
        "classifier": "main",
    },
}


@pytest.fixture(params=list(STEPS))
def study(request):
    return request.param


def run(study, folder, log=lambda _: None, **changes):
    settings = STEPS[study]
    path = folder / f"{study}.csv"
    run_synthetic(study, {**settings, **changes}, path, folder / "checkpoints", "cpu", log)
    return pd.read_csv(path)


def test_rows_and_columns(study, tmp_path):
    table = run(study, tmp_path)
    assert tuple(table) == COLUMNS[f"synthetic/{study}.csv"]
    keys = [k for k in ("shift", "kl", "seed", "step") if k in table]
    expected = {
        "estimation": [(h, s, t) for h in (1, 2.5) for s in (0, 1) for t in (10, 20, 25)],
        "learning": [(s, t) for s in (0, 1) for t in (0, 10, 20, 25)],
    }
    expected |= {"separated": expected["estimation"], "exact": expected["learning"]}
    if study == "separated":
        np.testing.assert_allclose(table["true_kl"], table["kl"], rtol=1e-4)
        assert (table["divergence"] == "covariances").all()
    expected = expected[study]
    assert [tuple(row) for row in table[keys].itertuples(index=False)] == expected
    assert (table["dim"] == 3).all()
    parameters = 0 if study == "exact" else (3 * 8 + 8) + (8 * 8 + 8) + 9
    assert (table["num_parameters"] == parameters).all()
    by_member = table.groupby(keys[:-1])["true_kl"].nunique()
    assert (by_member == (4 if study in LEARNERS else 1)).all()


def test_members_are_the_same_in_other_company(study, tmp_path):
    whole = run(study, tmp_path / "whole")
    members = STEPS[study]["members"]
    alone = [run(study, tmp_path / f"{i}", members=[m]) for i, m in enumerate(members)]
    parts = pd.concat(alone, ignore_index=True)
    pd.testing.assert_frame_equal(whole, parts, rtol=1e-3, atol=1e-5)
    assert whole["estimate"].nunique() == len(whole)


@pytest.mark.parametrize("stop_at", [7, 10])
def test_stopping_and_resuming_changes_no_byte(study, tmp_path, stop_at, monkeypatch):
    run(study, tmp_path / "whole")
    due = KLTracker.due
    calls = []

    def stop(tracker, step):
        calls.append(step)
        if len(calls) == stop_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return due(tracker, step)

    monkeypatch.setattr(KLTracker, "due", stop)
    with pytest.raises(Interrupted):
        run(study, tmp_path / "cut")
    lines = []
    run(study, tmp_path / "cut", lines.append)
    assert any(f"at step {stop_at}" in line and "resumed" in line for line in lines)
    whole, cut = ((tmp_path / name / f"{study}.csv").read_bytes() for name in ("whole", "cut"))
    assert whole == cut


def test_longer_runs_go_on(study, tmp_path):
    first = run(study, tmp_path, iterations=20)
    lines = []
    longer = run(study, tmp_path, lines.append, iterations=25)
    assert len([line for line in lines if "resumed" in line and "at step 20" in line]) == 1
    before = longer[longer["step"] <= 20].reset_index(drop=True)
    pd.testing.assert_frame_equal(before, first)
    pd.testing.assert_frame_equal(longer, run(study, tmp_path / "new"))


def test_another_setting_starts_anew(study, tmp_path):
    first = run(study, tmp_path)
    other = run(study, tmp_path, spread=0.2)
    assert not first["true_kl"].equals(other["true_kl"])
    pd.testing.assert_frame_equal(other, run(study, tmp_path / "new", spread=0.2))


def test_learning_rates_share_their_gaussians(study, tmp_path):
    slow, fast = (run(study, tmp_path / str(r), learning_rate=r) for r in (1e-4, 1e-2))
    first = slow.index[slow["step"] == 0] if study in LEARNERS else slow.index
    assert slow["true_kl"][first].equals(fast["true_kl"][first])
    assert not slow["estimate"].equals(fast["estimate"])


def test_no_dimension_is_one_sentence(study, tmp_path):
    with pytest.raises(DmviError, match="dim is 0; a Gaussian needs at least 1 dimension"):
        run(study, tmp_path, dim=0)


@pytest.mark.parametrize("kind", ["estimation", "learning", "exact"])
def test_the_plan_counts_the_checkpoints_that_stay_on_the_disk(tmp_path, kind):
    """The last and the one before it, once a job has gone on from the last."""
    config = tiny_config()
    config["synthetic"] |= {"dims": [256], "widths": [256], "layers": 2, "samples": 20}
    schema, hardware = (
        yaml.safe_load((REPOSITORY / "workflow" / name).read_text())
        for name in ("schemas/config.schema.yaml", "hardware.yaml")
    )
    study = load_study(config, schema)
    setting, job = next(iter(synthetic_jobs(study.config)[kind].items()))
    for iterations in (2, 4):
        settings = {**job, "iterations": iterations}
        run_synthetic(kind, settings, tmp_path / "a.csv", tmp_path / "kept", "cpu", lambda _: None)
    files = sorted((tmp_path / "kept").glob("*.pt"))
    assert [file.name for file in files] == ["checkpoint.previous.pt", "checkpoint.pt"]
    size = sum(file.stat().st_size for file in files) / 1e6
    planned = Costs(study, hardware).of("run_synthetic", kind=kind, setting=setting).disk_mb
    assert planned == pytest.approx(size, rel=0.3, abs=0.5)
