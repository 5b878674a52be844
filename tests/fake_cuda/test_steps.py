"""Every step that may run on a GPU, run from end to end on a pretended one and on a CPU.

What they write must agree; the files whose lines wait for the GPU are those below, so that a new one
shows; and no step that trains waits more often because it trains for longer.
"""

import pytest
import step_cases
from pretended import pretended_gpu
from step_cases import (
    CASES,
    CLASSIFIER,
    DENSITIES,
    KINDS,
    PAIRS,
    RATIO,
    SCORES,
    assert_agree,
    run,
    written,
)

from dmvi.steps.fit_density_model import NAMES
from dmvi.study.declarations import declared_scores, declared_steps


@pytest.fixture
def data(tmp_path):
    return step_cases.noise_dataset(tmp_path / "data")


@pytest.fixture
def folder(tmp_path, data):
    return step_cases.encoded_models(tmp_path / "models", data)


def test_every_step_that_may_run_on_a_gpu_is_here():
    assert set(KINDS) == {name for name, step in declared_steps().items() if step["gpu"]}
    assert set(SCORES) == set(declared_scores())
    assert set(DENSITIES) == set(NAMES)


# Step -> the files of src/dmvi that wait for the GPU in it: to write, or once in a window of steps, a
# batch of images or a tile of the mixture.
MIXTURE = {"estimators/mixtures.py", "estimators/streaming.py", "estimators/estimate.py"}
WAITING = {
    "encode": {"steps/encode.py"},
    "estimate_kl": MIXTURE | {"steps/encode.py", "estimators/marginal_kl.py"},
    "estimate_ratio": {"training/journal.py", "estimators/density_ratio.py"},
    "evaluate": {
        *("steps/trained.py", "steps/reconstructing.py"),
        *("scores/functions/critic.py", "scores/functions/classifier.py"),
    },
    "evaluate_data": {"scores/functions/critic.py", "scores/functions/classifier.py"},
    "examine_snapshots": {
        *MIXTURE,
        *("steps/encode.py", "steps/bounds.py", "steps/trained.py"),
        *("estimators/marginal_kl.py", "estimators/low_posterior.py"),
    },
    "find_low_posterior": {
        *MIXTURE,
        *("steps/bounds.py", "steps/trained.py", "estimators/low_posterior.py"),
    },
    "fit_density_model": {
        *MIXTURE,
        *("steps/fit_density_model.py", "training/journal.py"),
        *("estimators/density_models.py", "estimators/diagonal_gmm.py"),
    },
    "run_synthetic": {
        *("training/journal.py", "experiments/synthetic/estimation.py"),
        "experiments/synthetic/gaussians.py",
    },
    "estimate_likelihood": {"estimators/start.py", "steps/kept_parts.py"},
    "redraw_codes": {"steps/trained.py"},
    "track_codes": {"estimators/two_sample.py", "steps/encode.py", "steps/track_codes.py"},
    "train": {
        *("training/journal.py", "training/snapshots.py", "estimators/tracked_bound.py"),
        "steps/train.py",
    },
    "train_classifier": {"steps/train_classifier.py", "scores/functions/classifier.py"},
}


@pytest.mark.parametrize(("step", "kind"), CASES, ids=map(" ".join, CASES))
def test_a_step_runs_on_a_gpu_as_on_a_cpu(step, kind, folder, data, tmp_path):
    run(step, kind, folder, data, tmp_path / "cpu", "cpu")
    with pretended_gpu() as machine:
        run(step, kind, folder, data, tmp_path / "gpu", "cuda")
    assert machine.calls > 10
    assert {file for _, file, _ in machine.reads} <= WAITING[step]
    assert_agree(written(tmp_path / "gpu"), written(tmp_path / "cpu"))


# What is changed so that there are twice as many updates, and as many rows as before.
LONGER = {
    "estimate_ratio": (RATIO, {"iterations": 12, "every": 6}),
    "fit_density_model maf": (DENSITIES["maf"], {"iterations": 8, "every": 4}),
    "fit_density_model lstm": (DENSITIES["lstm"], {"iterations": 8, "every": 4}),
    "run_synthetic separated": (PAIRS, {"iterations": 10, "every": 6}),
    "train_classifier": (CLASSIFIER, {"batch_size": 16}),
    "evaluate_data": (SCORES["critic"], {"steps": 6}),
}


@pytest.mark.parametrize("case", LONGER)
def test_more_updates_make_no_host_wait_more_often(case, folder, data, tmp_path, monkeypatch):
    step, _, kind = case.partition(" ")
    settings, changes = LONGER[case]
    found = []
    for length in ("short", "long"):
        if length == "long":
            for key, value in changes.items():
                monkeypatch.setitem(settings, key, value)
        with pretended_gpu() as machine:
            run(step, kind, folder, data, tmp_path / length, "cuda")
        found.append((machine.reads, machine.calls))
    assert found[1][1] > 1.3 * found[0][1]
    assert found[0][0] == found[1][0]
