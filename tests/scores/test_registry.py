"""What holds for every score: its file says all about it, and computes what it says."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from dmvi.costs.model import Costs
from dmvi.data.registry import BUILDERS
from dmvi.errors import DmviError
from dmvi.scores.scoring import Images, scores_of
from dmvi.study import declarations
from dmvi.study.config import load_study
from dmvi.study.declarations import declared_scores
from dmvi.tables.scores import METRICS

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
HARDWARE = yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())
PAPER = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
SCORES = declared_scores()
NAMES = list(SCORES)


def options(score: str) -> dict:
    """The least that its schema admits; a small number where any positive one will do."""
    least = {"integer": 1, "number": 1e-3}
    schemas = SCORES[score]["options"]
    return {key: rule.get("minimum", least[rule["type"]]) for key, rule in schemas.items()}


def data_of(score: str) -> str:
    """A data set of the paper's study that it is defined for."""
    defined = SCORES[score]["data"] or list(BUILDERS)
    return next(name for name, spec in PAPER["data"].items() if spec["builder"] in defined)


def asked(score: str) -> dict:
    """The paper's study, with this score on one data set."""
    config = copy.deepcopy(PAPER)
    if not SCORES[score].get("always"):
        block = {"data": [data_of(score)], **options(score)}
        config["estimators"]["scores"] = {score: block}
    return config


@pytest.fixture
def images():
    """images(score, seed): random ones, in the shape of a data set of the score."""

    def make(score: str, seed: int = 0) -> Images:
        shape = BUILDERS[PAPER["data"][data_of(score)]["builder"]].image_shape
        rng = np.random.default_rng(seed)
        alone, valid, test = (rng.integers(0, 256, (24, *shape), np.uint8) for _ in range(3))
        cpu = torch.device("cpu")
        return Images(alone, alone, valid, test, seed=0, device=cpu, log=lambda message: None)

    return make


@pytest.mark.parametrize("name", NAMES)
def test_a_score_says_what_it_is(name):
    score = SCORES[name]
    assert score["against"] in ("nothing", "data")
    assert set(score["data"] or ()) <= set(BUILDERS)
    assert set(score.get("needs", ())) <= {"classifier", "inception_weights"}
    assert score["entries"]
    for key, words in score["entries"].items():
        if words:  # it is compared in figures
            assert {"title", "axis", "higher", "data"} <= set(words) <= {*words, "towards_data"}
            assert METRICS[key].title == words["title"]


@pytest.mark.parametrize("name", NAMES)
def test_a_score_computes_its_entries_and_the_same_again(name, images):
    first = scores_of(images(name), {name: options(name)})
    assert list(first) == list(SCORES[name]["entries"])
    for entry in first.values():
        assert "skipped" in entry or np.isfinite(entry["value"])
    assert scores_of(images(name), {name: options(name)}) == first
    other = scores_of(images(name, seed=1), {name: options(name)})
    assert all("skipped" in entry or entry != first[key] for key, entry in other.items())


@pytest.mark.parametrize("name", NAMES)
def test_a_score_is_asked_for_in_a_study_and_has_a_cost(name):
    study = load_study(asked(name), SCHEMA)
    data, costs = data_of(name), Costs(study, HARDWARE)
    wanted = declarations.declared_step("evaluate_data")["settings"](study, data)["scores"]
    assert wanted[name] == options(name)
    price = SCORES[name]["cost"]
    assert 0 < price(costs, data, 100, wanted[name], 0) <= price(costs, data, 1000, wanted[name], 0)


@pytest.mark.parametrize("name", [name for name in NAMES if SCORES[name]["options"]])
def test_all_options_of_a_score_are_required_and_no_others(name):
    config = asked(name)
    key = next(iter(SCORES[name]["options"]))
    del config["estimators"]["scores"][name][key]
    with pytest.raises(DmviError, match=rf"estimators\.scores\.{name} lacks the key '{key}'"):
        load_study(config, SCHEMA)
    config = asked(name)
    config["estimators"]["scores"][name]["colour"] = 1
    with pytest.raises(DmviError, match=rf"estimators\.scores\.{name} has the unknown key 'col"):
        load_study(config, SCHEMA)


def test_a_key_of_a_score_that_nobody_reads_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "dmvi" / "scores"
    folder.mkdir(parents=True)
    own = {key: SCORES["spread"][key] for key in declarations.SCORE_KEYS[0]}
    monkeypatch.setattr(declarations, "PACKAGE", folder.parent)
    for change, words in (
        ({"trians": True}, r"scores/mine\.py: SCORE has the unknown key 'trians'; its keys are"),
        ({"entries": None}, r"scores/mine\.py: SCORE lacks the key 'entries'"),
    ):
        literal = {key: value for key, value in {**own, **change}.items() if value is not None}
        literal = {"data": None, **literal}
        (folder / "mine.py").write_text(f"SCORE = {literal!r}\n")
        declarations.literals.cache_clear()
        with pytest.raises(DmviError, match=words):
            declarations.declared_scores.__wrapped__()
    declarations.literals.cache_clear()
