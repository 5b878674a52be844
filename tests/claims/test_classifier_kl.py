"""C9 follows its tables."""

import pytest
from example_study import set_estimate


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
