"""C1 and C2 follow their tables: the paper's number, and the distance of codes from the prior."""

import pytest
from example_study import SIZES, around, fill, set_kl, two_sample

from dmvi.claims.code_distances import NOT_TOLD_APART_P, TOLD_APART_P
from dmvi.figures.base import figure_module


def set_codes(results, mmd2, sliced=0.2, runs=None, seeds=None, n=10_000):
    """Gives codes these distances; their nulls are 0 ± 2e-6 and .015 ± .001, on 10,000 codes."""

    def new(codes):
        found = {"mmd2_imq": two_sample(mmd2, 0.0, 2e-6, n)}
        found["sliced_wasserstein"] = two_sample(sliced, 0.015, 0.001, n)
        return {**codes, "two_sample": {**codes["two_sample"], **found}}

    results.change_json("codes.json", new, runs, seeds)


def test_c1_wants_codes_that_are_told_from_the_prior(results):
    """In many dimensions KL = avgKL - log N is above 0 even where q(z) is the prior."""
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, 2.0, lower=1.9)
    set_codes(results, 0.0, 0.2)  # one statistic is enough
    assert results.decided("fig1", "C1").verdict == "holds"
    set_codes(results, 0.0, 0.015, ["celeba-realnvp"])
    claim = results.decided("fig1", "C1")
    assert (claim.verdict, claim.value) == ("fails", pytest.approx(2.0))
    assert "codes told from the prior in 5 of 6 runs" in claim.value_text
    assert claim.verdicts["CelebA (10k subset)"] == "fails"
    assert claim.verdicts["CIFAR-10"] == "holds"
    set_codes(results, 0.0, 0.015, ["celeba-realnvp"], n=500)  # too few codes to say so
    assert results.decided("fig1", "C1").verdict == "undecided"
    set_codes(results, 0.0, 0.0165, ["celeba-realnvp"])  # p = .07
    assert results.decided("fig1", "C1").verdict == "undecided"
    set_codes(results, 0.0, 0.015, ["celeba-realnvp"], seeds=[0])
    set_codes(results, 1e-3, 0.2, ["celeba-realnvp"], seeds=[1, 2])  # seeds disagree
    assert results.decided("fig1", "C1").verdict == "undecided"


def test_c2_wants_a_distance_that_is_not_reduced(results):
    fill(results, ("gaussian", "realnvp"))
    flows = [f"{dataset}-realnvp" for dataset in SIZES]
    set_kl(results, around(10.0))
    for seed, noise in enumerate((0.99, 1.0, 1.01)):
        set_codes(results, 1e-3 * noise, seeds=[seed])
    assert results.decided("fig1", "C2").verdict == "holds"
    set_codes(results, 0.25e-3, runs=flows[:1])  # half the distance
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.value) == ("fails", pytest.approx(1.0))
    assert "of distances: ColorMNIST stand-in (scikit-learn digits) 0.5" in claim.value_text
    set_codes(results, -1e-6, runs=flows[:1])  # the prior itself
    assert results.decided("fig1", "C2").verdict == "fails"
    set_codes(results, 1e-3 * 0.81, runs=flows[:1])  # at the threshold
    for seed, noise in enumerate((0.97, 1.0, 1.03)):
        set_codes(results, 0.81e-3 * noise, runs=flows[:1], seeds=[seed])
    assert results.decided("fig1", "C2").verdict == "undecided"
    set_codes(results, 1e-5)  # all of them five sds from the null: too noisy to compare
    assert results.decided("fig1", "C2").verdict == "undecided"


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


def test_how_a_training_was_watched_is_no_setting_that_c2_pairs_by(results):
    fill(results, ("gaussian", "realnvp"))
    set_kl(results, around(10.0))
    watched = {"bound_every": 7, "bound_images": 70, "log_every": 9}
    results.change_json("run.json", lambda run: {**run, **watched}, ["celeba-realnvp"])
    assert results.decided("fig1", "C2").verdict == "holds"


def test_c1_states_both_halves_of_its_rule(results):
    fill(results, ("gaussian", "realnvp"))
    statistic = results.decided("fig1", "C1").statistic
    assert "avgKL − log N > 0" in statistic
    assert f"p ≤ {TOLD_APART_P}" in statistic
    assert f"p > {NOT_TOLD_APART_P} by both" in statistic


def test_c2_does_not_pair_networks_of_different_width(results):
    fill(results)
    for dataset in SIZES:
        results.add_run(f"{dataset}-flow", data=dataset, posterior="realnvp", width=8)
    claim = results.decided("fig1", "C2")
    assert (claim.verdict, claim.value) == ("undecided", None)
