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


def test_c2_needs_two_seeds(results):
    fill(results, ("gaussian", "realnvp"), seeds=(0,))
    set_kl(results, 10.0)
    claim = results.decided("fig1", "C2")
    assert claim.verdict == "undecided"
    assert claim.spread == "one seed, no spread"


def test_c2_does_not_pair_networks_of_different_width(results):
    fill(results)
    for dataset in SIZES:
        results.add_run(f"{dataset}-flow", data=dataset, posterior="realnvp", width=8)
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.value) == ("undecided", None)
