"""C3, C4 and C18 follow their tables."""

import pytest
from example_study import around, set_kl


def likelihoods(results, seeds=(0, 1, 2)):
    results.add_dataset("cifar10")
    for likelihood in ("bernoulli", "quantized_normal", "categorical"):
        results.add_run(likelihood, data="cifar10", likelihood=likelihood, seeds=seeds)


def test_c3(results):
    likelihoods(results)
    set_kl(results, around(40.0))
    assert results.decided("fig22", "C3").verdict == "fails"
    set_kl(results, around(80.0), ["quantized_normal"])
    assert results.decided("fig22", "C3").verdict == "undecided"
    set_kl(results, around(230.0), ["quantized_normal"])
    claim = results.decided("fig22", "C3")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(5.75)
    assert "256.7" in claim.paper


def test_c4_is_about_the_categorical_likelihood(results):
    likelihoods(results)
    set_kl(results, around(40.0))
    assert results.decided("fig22", "C4").verdict == "fails"
    set_kl(results, around(230.0), ["categorical"])
    claim = results.decided("fig22", "C4")
    assert (claim.verdict, claim.value) == ("holds", pytest.approx(5.75))
    assert results.decided("fig22", "C3").verdict == "fails"


@pytest.mark.parametrize(
    ("kl", "verdict"), [(170.0, "holds"), (90.0, "undecided"), (39.0, "fails")]
)
def test_c3_of_one_seed_wants_twice_the_threshold(results, kl, verdict):
    likelihoods(results, seeds=(0,))
    set_kl(results, 40.0)
    set_kl(results, kl, ["quantized_normal"])
    claim = results.decided("fig22", "C3")
    assert (claim.verdict, claim.seeds) == (verdict, 1)


def test_c4_does_not_compare_other_budgets(results):
    likelihoods(results)
    results.add_run("short", data="cifar10", likelihood="categorical", iterations=800)
    results.runs = {name: s for name, s in results.runs.items() if name != "categorical"}
    assert results.decided("fig22", "C4").verdict == "undecided"


def test_c3_needs_both_likelihoods(results):
    results.add_dataset("cifar10")
    results.add_run("alone", data="cifar10")
    claim = results.decided("fig22", "C3")
    assert (claim.verdict, claim.value, claim.data) == ("undecided", None, ())


@pytest.mark.parametrize(
    ("error", "distance", "verdict"),
    [
        (0.5, 1.0, "holds"),
        (0.5, 3.0, "holds"),
        (2.0, 1.0, "fails"),  # reconstructs worse
        (0.5, 0.5, "fails"),  # samples better
        (0.9, 1.0, "undecided"),
        (1.0, 1.0, "fails"),
        (0.5, 0.9, "undecided"),
    ],
)
def test_c18(results, error, distance, verdict):
    likelihoods(results)
    for run, factors in {"bernoulli": (1, 1), "quantized_normal": (error, distance)}.items():
        new_error, new_distance = (around(0.1 * factor) for factor in factors)

        def change_error(quality, new=new_error):
            return {**quality, "reconstruction_mse": new(0)}

        def change_distance(scores, new=new_distance):
            scores["scores"]["critic"]["value"] = new(0)
            return scores

        results.change_json("quality.json", change_error, [run])
        results.change_json("scores.json", change_distance, [run])
    assert results.decided("fig22", "C18").verdict == verdict


def test_c18_is_open_without_the_critic(results):
    likelihoods(results)
    for run, factor in {"bernoulli": 1, "quantized_normal": 0.5}.items():
        error = around(0.1 * factor)
        results.change_json(
            "quality.json", lambda q, error=error: {**q, "reconstruction_mse": error(0)}, [run]
        )

    def skip(scores):
        scores["scores"]["critic"] = {"skipped": "there are too few images."}
        return scores

    results.change_json("scores.json", skip, ["bernoulli"])
    claim = results.decided("fig22", "C18")
    assert claim.verdict == "undecided"
    assert "distance ratio unknown" in claim.value_text
