"""C9 and C17 follow their tables."""

import pytest
from example_study import set_estimate

from dmvi.claims.declared import decide_claims
from dmvi.figures.base import figure_module

# --- C9: Figure 4 ---


def test_c9(vaes):
    set_estimate(vaes, 15.0)
    claim = vaes.decided("fig4", "C9")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(5.0)
    assert "CelebA (10k subset) 15" in claim.value_text
    assert claim.spread.endswith("(2 seeds)")
    set_estimate(vaes, 19.5, runs=["celeba"])  # 0.5 nats below, within 3 + 3 standard errors
    claim = vaes.decided("fig4", "C9")
    assert claim.verdict == "undecided"
    assert claim.value == pytest.approx(0.5)
    set_estimate(vaes, 19.3, runs=["celeba"])  # just beyond them
    assert vaes.decided("fig4", "C9").verdict == "holds"
    set_estimate(vaes, 25.0, runs=["celeba"])
    assert vaes.decided("fig4", "C9").verdict == "fails"
    set_estimate(vaes, 15.0, runs=["celeba"], seeds=[1])  # seeds disagree
    assert vaes.decided("fig4", "C9").verdict == "undecided"


def test_c9_reads_fresh_codes_not_held_out_ones(vaes):
    set_estimate(vaes, 25.0)
    vaes.change_json(
        "density_ratio/default.json",
        lambda content: {
            "estimates": [
                {**e, "heldout": {**e["heldout"], "value": 1.0}} for e in content["estimates"]
            ]
        },
    )
    assert vaes.decided("fig4", "C9").verdict == "fails"


def test_c9_needs_every_data_set(results):
    results.add_dataset("celeba")
    results.add_run("celeba", data="celeba")
    claim = results.decided("fig4", "C9")
    assert claim.verdict == "undecided"
    assert claim.value > 0


# --- C17: tables 1 and 2 ---

TABLES = [("table1", 4, 3, 1), ("table2", 5, 4, 2)]  # settings; the noisy one; its counterpart


@pytest.mark.parametrize(("table", "settings", "noisy", "calm"), TABLES)
def test_c17(vaes, table, settings, noisy, calm):
    def set_all(values, **changes):
        for i, value in enumerate(values):
            set_estimate(vaes, value, setting=i, name=table, **changes)

    values = [10.0] * settings
    set_all([*values[:noisy], 30.0])
    claim = vaes.decided(table, "C17")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(3.0)
    assert "without noise" in claim.value_text
    assert len(claim.data) == 1  # a table is about one data set
    set_all([*values[:noisy], 20.1])  # right at the threshold of 2
    assert vaes.decided(table, "C17").verdict == "undecided"
    set_all([*values[:noisy], 15.0])  # noise inflates, but the classifiers agree
    assert vaes.decided(table, "C17").verdict == "fails"
    set_all([*values[:noisy], 9.0])  # noise does the opposite
    set_estimate(vaes, 30.0, setting=0, name=table)
    assert vaes.decided(table, "C17").verdict == "fails"
    set_all([*values[:noisy], 10.2])  # noise changes nothing that is beyond the errors
    set_estimate(vaes, 30.0, setting=0, name=table)
    assert vaes.decided(table, "C17").verdict == "undecided"
    set_all([-5.0] * noisy + [-1.0])  # no classifier sees anything
    claim = vaes.decided(table, "C17")
    assert claim.verdict == "undecided"
    assert claim.value is None
    set_all([-5.0] * noisy + [50.0])  # disagreement even in the sign
    assert vaes.decided(table, "C17").verdict == "holds"
    assert noisy != calm


@pytest.mark.parametrize(("table", "settings", "noisy", "calm"), TABLES)
def test_c17_needs_noise_with_and_without(vaes, table, settings, noisy, calm):
    def drop(*left_out):
        name = f"density_ratio/{table}.json"
        vaes.change_json(
            name,
            lambda content: {
                "estimates": [e for i, e in enumerate(content["estimates"]) if i not in left_out]
            },
        )

    assert vaes.decided(table, "C17").verdict == "holds"
    drop(calm)
    assert vaes.decided(table, "C17").verdict == "undecided"
    drop(noisy - 1)
    assert vaes.decided(table, "C17").verdict != "holds"


def test_c17_needs_its_data_set(results):
    results.add_dataset("mine", builder="own")
    results.add_run("own", data="mine")
    tables = results.tables(figure_module("table1"), data="mine")
    (claim,) = decide_claims("table1", tables)
    assert (claim.verdict, claim.value, claim.value_text) == ("undecided", None, "no such runs")
