"""Experiments: found by their folder, and enough for a study."""

import copy
from pathlib import Path

import pytest
import yaml

from dmvi.costs.model import Costs
from dmvi.errors import DmviError
from dmvi.study.config import load_study
from dmvi.study.declarations import declared_step
from dmvi.study.declared_figures import declared_figures
from dmvi.study.experiments import experiments
from dmvi.study.settings import settings_rows

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
HARDWARE = yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())
DEMO = yaml.safe_load((REPOSITORY / "studies/demo/config.yaml").read_text())


@pytest.fixture
def config():
    """A study of pairs of Gaussians: no data, no runs, no estimators."""
    return {
        "study": {"name": "gaussians", "scale": "demo"},
        "synthetic": copy.deepcopy(DEMO["synthetic"]),
        "figures": {"fig18": {}, "fig19": {}, "fig20": {}},
    }


def test_every_experiment_has_a_schema_that_admits_no_unknown_key():
    assert "synthetic" in experiments()
    for name, module in experiments().items():
        assert module.SCHEMA["additionalProperties"] is False
        assert any(figure.experiment == name for figure in declared_figures().values())


def test_a_study_may_hold_experiments_only(config):
    study = load_study(config, SCHEMA)
    assert study.figures == {"fig18": [], "fig19": [], "fig20": []}
    assert (dict(study.runs), study.data, study.figure_seeds("fig18")) == ({}, {}, {})
    assert {row["setting"] for row in settings_rows(study)} == {"optimizer"}
    costs = Costs(study, HARDWARE)
    assert costs.of("run_synthetic", kind="learning", setting="d10-lr0.001").seconds > 0
    assert (costs.threads_of(), costs.gpus_asked()) == (4, 1)
    config["defaults"] = {"threads": 2, "gpu": 0}
    costs = Costs(load_study(config, SCHEMA), HARDWARE)
    assert (costs.threads_of(), costs.gpus_asked()) == (2, 0)


@pytest.mark.parametrize(
    ("added", "words"),
    [
        ({"figures": {"fig1": {}}}, "figures.fig1 draws runs, but config.yaml has no key 'runs'"),
        (
            {"runs": {"mine": {"data": "celeba"}}},
            "config.yaml has runs, but lacks the key 'data' that they are trained on",
        ),
        ({"synthetics": {}}, "unknown key 'synthetics'; its keys are data, .*, study, synthetic$"),
    ],
)
def test_what_such_a_study_lacks_is_named(config, added, words):
    with pytest.raises(DmviError, match=words):
        load_study({**config, **added}, SCHEMA)


def test_a_block_is_needed_only_by_what_reads_it():
    """A figure that is not asked for needs no settings; a job that is asked for all the same does."""
    config = copy.deepcopy(DEMO)
    config["figures"] = {"fig5": {}, "fig7": {}}
    del config["estimators"]
    study = load_study(config, SCHEMA)
    with pytest.raises(DmviError, match=r"needs the key 'estimators.kl', which config.yaml lacks"):
        declared_step("estimate_kl")["settings"](study, "celeba_gaussian")
    config["figures"] = {"fig1": {}}
    words = "figures.fig1 reads kl.json, but config.yaml has no key 'estimators.kl'; add it, or"
    with pytest.raises(DmviError, match=words):
        load_study(config, SCHEMA)
