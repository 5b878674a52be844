"""C1 and C2 follow their tables."""

import pytest
from example_study import SIZES, around, fill, set_kl

from dmvi.figures.base import figure_module


def test_c1(results):
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, 2.0)
    assert results.decided("fig1", "C1").verdict == "holds"
    assert results.decided("fig1", "C1").value == pytest.approx(2.0)
    set_kl(results, 0.2, ["celeba-realnvp"], error=0.1)  # within three standard errors of 0
    assert results.decided("fig1", "C1").verdict == "undecided"
    set_kl(results, 0.2, ["celeba-realnvp"], error=0.1, lower=0.05)  # but its bound decides
    assert results.decided("fig1", "C1").verdict == "holds"
    set_kl(results, 0.01, ["celeba-realnvp"])
    assert results.decided("fig1", "C1").verdict == "fails"
    set_kl(results, 2.0, ["celeba-realnvp"], seeds=[0])  # seeds disagree
    assert results.decided("fig1", "C1").verdict == "undecided"


def test_c1_needs_every_data_set_and_posterior(results):
    fill(results)
    assert results.decided("fig1", "C1").verdict == "undecided"


def test_c1_ignores_weighted_vaes(results):
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, 2.0)
    results.add_run("beta", data="celeba", model="beta_vae", beta=10.0)
    set_kl(results, 0.0, ["beta"])
    assert len(results.tables(figure_module("fig1")).runs) == 7
    assert results.decided("fig1", "C1").verdict == "holds"


def test_c2(results):
    fill(results, ("gaussian", "realnvp"))
    flows = [f"{dataset}-realnvp" for dataset in SIZES]
    set_kl(results, around(10.0))
    assert results.decided("fig1", "C2").verdict == "holds"
    set_kl(results, around(9.0), flows)  # right at the threshold
    assert results.decided("fig1", "C2").verdict == "undecided"
    set_kl(results, around(5.0), flows[:1])
    claim = results.decided("fig1", "C2")
    assert claim.verdict == "fails"
    assert claim.value == pytest.approx(0.5)
    assert "clearly against in 1" in claim.value_text


@pytest.mark.parametrize(
    ("flow", "verdict"), [(9.6, "holds"), (10.5, "holds"), (8.7, "undecided"), (7.9, "fails")]
)
def test_c2_of_one_seed_wants_twice_the_threshold(results, flow, verdict):
    fill(results, ("gaussian", "realnvp"), seeds=(0,))
    set_kl(results, 10.0)
    set_kl(results, flow, [f"{dataset}-realnvp" for dataset in SIZES])
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.seeds) == (verdict, 1)
    assert claim.spread == "one seed, no spread"


def test_a_data_set_that_is_missing_leaves_the_others_verdicts(results):
    fill(results, ("gaussian", "realnvp"), datasets=("celeba", "cifar10"))
    set_kl(results, around(10.0))
    set_kl(results, around(5.0), ["cifar10-realnvp"])
    claim = results.decided("fig1", "C2")
    assert claim.verdict == "fails"
    assert claim.verdicts == {
        "CelebA (10k subset)": "holds",
        "CIFAR-10": "fails",
        "ColorMNIST": "not in this study",
    }
    set_kl(results, around(10.0))
    assert results.decided("fig1", "C2").verdict == "undecided"


def test_c2_does_not_pair_networks_of_different_width(results):
    fill(results)
    for dataset in SIZES:
        results.add_run(f"{dataset}-flow", data=dataset, posterior="realnvp", width=8)
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.value) == ("undecided", None)
