"""Scores as the tables hold them: the best run, errors, collapse; and the order of models."""

import pytest

from dmvi.figures.base import figure_module
from dmvi.tables import scores
from dmvi.tables.models import in_order, model_title


def test_best_run_is_the_lowest_mean_critic_distance(results):
    results.compare(("vae", "dcgan"), ["cifar10"], settings=3)
    results.set_score("critic", 5.0, ["vae"], ["cifar10"], step=-0.1)  # the last is best
    results.set_score("critic", 5.0, ["dcgan"], ["cifar10"], step=0.1)
    tables = results.tables(figure_module("fig29"))
    chosen = scores.best_runs(tables, "cifar10")
    assert {m: run.name for m, run in chosen.items()} == {
        "vae": "cifar10-vae-2",
        "dcgan": "cifar10-dcgan-0",
    }
    assert scores.chosen_runs(tables) == (
        "Best runs by the critic: CIFAR-10: VAE (learning rate\u00a00.0003), "
        "DCGAN (learning rate\u00a00.0001)."
    )
    inception = scores.settings(tables, "cifar10", "inception_cifar10")["vae"]
    top = scores.best(inception, scores.METRICS["inception_cifar10"])
    assert top.mean == max(setting.mean for setting in inception)


def test_best_run_without_a_critic_goes_by_sliced_wasserstein(results):
    results.compare(("vae",), ["cifar10"], settings=2)

    def change(content):
        content["scores"]["critic"] = {"skipped": "too few images."}
        return content

    results.change_json("scores.json", change)
    results.set_score("sliced_wasserstein", 0.1, ["vae"], ["cifar10"], step=0.5)
    tables = results.tables(figure_module("fig29"))
    assert scores.best_runs(tables, "cifar10")["vae"].name == "cifar10-vae-1"
    assert scores.chosen_runs(tables) == (
        "Best runs by the sliced Wasserstein distance to test images: CIFAR-10: VAE (learning "
        "rate\u00a00.0002)."
    )
    assert scores.entry(tables, tables.runs[0], 0, "critic") is None
    assert scores.entry(tables, tables.runs[0], 0, "no such score") is None
    reasons = scores.skipped(tables, ("critic", "sliced_wasserstein"))
    assert reasons == ["Independent Wasserstein critic skipped: too few images."]
    text = figure_module("fig29").sample_sizes(tables)
    assert "critic skipped: too few images." in text


def test_standard_error_of_a_setting():
    one = scores.Setting(None, (0,), (5.0,), (0.3,))
    assert (one.mean, one.sd, one.standard_error) == (5.0, 0.3, 0.3)
    three = scores.Setting(None, (0, 1, 2), (4.0, 5.0, 6.0), (0.3, 0.3, 0.3))
    assert (three.mean, three.sd) == (5.0, 1.0)
    assert three.standard_error == pytest.approx(1 / 3**0.5)
    quiet = scores.Setting(None, (0, 1), (5.0, 5.0), (0.3, 0.3))  # never below the score's own
    assert quiet.standard_error == pytest.approx(0.3 / 2**0.5)


def test_unknown_spread_is_no_collapse(results):
    results.compare(("vae",), ["cifar10"])

    def change(content):
        del content["scores"]["spread"]
        return content

    results.change_json("scores.json", change)
    tables = results.tables(figure_module("fig29"))
    assert scores.spread_ratio(tables, tables.runs[0], 0) is None
    assert not scores.collapsed(tables, tables.runs[0], 0)


def test_models_come_in_a_fixed_order_and_unknown_ones_last():
    assert in_order(["zebra", "wgan_gp", "vae", "vae", "aardvark"]) == [
        "vae",
        "wgan_gp",
        "aardvark",
        "zebra",
    ]
    assert model_title("vgh_plus_plus") == "VGH++"
    assert model_title("zebra") == "zebra"
