"""Table 8: the settings that the paper leaves open, one at a time against a base."""

import copy
import math
from pathlib import Path

import pytest
import yaml

from dmvi.claims.published import PUBLISHED
from dmvi.errors import DmviError
from dmvi.figures.base import figure_module
from dmvi.figures.variations import PAPER, last_common_step, nearest, variations
from dmvi.study.config import load_study

REPOSITORY = Path(__file__).parents[2]
# KL after 5,000 and 10,000 iterations.
KLS = {
    "open-bernoulli": (30.0, 34.0),
    "open-quantized_normal": (300.0, 320.0),
    "open-bernoulli-d50": (33.0, 31.0),
    "open-quantized_normal-d50": (240.0, 250.0),
    "open-bernoulli-fast": (40.0, 44.0),
    "open-quantized_normal-fast": (390.0, 400.0),
    "open-quantized_normal-wide": (270.0, 280.0),
}


@pytest.fixture
def opened(results):
    """The example's variations, with the KLs above."""
    results.add_open()
    for run, (early, late) in KLS.items():

        def change(table, early=early, late=late):
            steps = {5000: early, 10_000: late}
            return table.assign(kl=table["step"].map(steps).fillna(1.0))

        results.change_csv("snapshots.csv", change, [run])
    return results


def tables(results):
    return results.tables(figure_module("table8"))


def cells(figure) -> list[str]:
    return [text.get_text().replace("\u00a0", " ") for text in figure.axes[0].texts]


def test_published_values_are_those_of_the_claims():
    stated = {row.id: row.value for row in PUBLISHED}
    assert PAPER["bernoulli"] == stated["kl_bernoulli"]
    assert PAPER["quantized_normal"] == stated["kl_quantized_normal"]


def test_every_setting_is_held_against_the_base(opened):
    found = {v.words.replace("\u00a0", " "): v for v in variations(tables(opened))}
    assert list(found) == [
        "d = 128, learning rate 0.0001",  # the base first
        "d = 50",
        "learning rate 0.0005",
        "smallest sigma 0.05",
    ]
    base = found.pop("d = 128, learning rate 0.0001")
    assert base.is_base
    assert not any(v.is_base for v in found.values())
    assert base.kls == {"bernoulli": 34.0, "quantized_normal": 320.0}
    assert found["d = 50"].kls == {"bernoulli": 31.0, "quantized_normal": 250.0}
    assert found["learning rate 0.0005"].factor == pytest.approx(400 / 44)
    expected = math.log(31 / 44.7) ** 2 + math.log(250 / 256.7) ** 2
    assert found["d = 50"].distance == pytest.approx(expected)
    # A Bernoulli likelihood has no sigma: there the base stands.
    wide = found["smallest sigma 0.05"]
    assert wide.kls == {"bernoulli": 34.0, "quantized_normal": 280.0}
    assert wide.varied == ("quantized_normal",)


def test_a_base_that_was_trained_further_is_read_where_the_others_ended(opened):
    """Also a setting that is only there in one likelihood has no factor, and is not the nearest."""

    def shorter(table):
        return table[table["step"] <= 5000]

    opened.change_csv("snapshots.csv", shorter, ["open-bernoulli-d50"])
    shown = tables(opened)
    assert last_common_step(shown) == 5000
    base, narrow, *_ = variations(shown)
    assert base.kls == {"bernoulli": 30.0, "quantized_normal": 300.0}
    assert narrow.kls == {"bernoulli": 33.0, "quantized_normal": 240.0}
    runs = [name for name in KLS if name != "open-bernoulli-d50"]
    _, narrow, *_ = variations(opened.tables(figure_module("table8"), run=runs))
    assert narrow.kls == {"quantized_normal": 250.0}
    assert narrow.factor is None
    assert narrow.distance is None


def test_a_kl_is_the_mean_over_seeds(results):
    results.add_open(seeds=(0, 1))
    for seed, value in ((0, 30.0), (1, 32.0)):
        results.change_csv(
            "snapshots.csv", lambda t, v=value: t.assign(kl=v), ["open-bernoulli"], [seed]
        )
    assert variations(tables(results))[0].kls["bernoulli"] == 31.0


def test_the_table_prints_them_and_names_a_guess(opened, drawn):
    shown = tables(opened)
    text = cells(drawn("table8", shown))
    for cell in ("44.7", "256.7", "5.74", "34.0", "320.0", "9.41", "(34.0)", "−3.0 (−9 %)"):
        assert cell in text
    assert "−70.0 (−22 %)" in text
    assert text.count("–") == 3  # the base moves nothing, and sigma nothing of Bernoulli's
    assert nearest(variations(shown)).words.replace("\u00a0", " ") == "smallest sigma 0.05"
    words = figure_module("table8").sample_sizes(shown).replace("\u00a0", " ")
    assert "after 10,000 iterations" in words
    assert "Of these 4 settings, the one with smallest sigma 0.05 comes nearest to both" in words
    assert words.endswith("a guess at the paper's, no more.")


def test_what_cannot_be_compared_is_one_sentence(opened):
    opened.add_run(
        "open-twice", (0,), ("open",), data="cifar10", latent_dim=50, learning_rate=5e-4,
        iterations=20_000,
    )  # fmt: skip
    with pytest.raises(DmviError, match="none could be the base"):
        variations(tables(opened))
    some = ["open-bernoulli", "open-bernoulli-d50"]
    with pytest.raises(DmviError, match="several could be the base"):
        variations(opened.tables(figure_module("table8"), run=some))
    opened.change_csv("snapshots.csv", lambda t: t.assign(step=t["step"] + 1), some[:1])
    with pytest.raises(DmviError, match="no step is among the snapshots of all"):
        last_common_step(opened.tables(figure_module("table8"), run=some))


def test_bases_differ_in_their_likelihood_alone(opened):
    opened.change_json("run.json", lambda run: {**run, "width": 8}, ["open-bernoulli"])
    runs = ["open-bernoulli", "open-quantized_normal"]
    with pytest.raises(DmviError, match="none could be the base"):
        variations(opened.tables(figure_module("table8"), run=runs))


def test_runs_of_the_evidence_study_are_in_their_own_table_alone():
    """Whatever else the study's figures select, with and without these runs: the same."""
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    config = yaml.safe_load((REPOSITORY / "studies/paper_cpu/config.yaml").read_text())
    without = copy.deepcopy(config)
    del without["figures"]["table8"]
    without["runs"] = {k: v for k, v in config["runs"].items() if "open" not in v.get("tags", ())}
    study, before = load_study(config, schema), load_study(without, schema)
    varied = {name for name, run in study.runs.items() if "open" in run.tags}
    assert set(study.runs) == {*before.runs, *varied}
    assert varied
    assert {
        name: runs for name, runs in study.figures.items() if name != "table8"
    } == before.figures
    bases = {name for name, run in study.runs.items() if "open_base" in run.tags}
    assert set(study.figures["table8"]) == bases | varied
    for name in study.figures["table8"]:
        assert 20_000 in study.runs[name].how["snapshots"]
