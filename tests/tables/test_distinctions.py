"""Runs are told apart by their settings, in words."""

from dmvi.tables.distinctions import distinctions
from dmvi.tables.results import DrawnRun


def run(name, **changes):
    spec = {
        "run": name,
        "seed": 0,
        "data": "cifar10",
        "model": "vgh",
        "width": 64,
        "latent_dim": 128,
    }
    return DrawnRun(name, (0,), {**spec, "learning_rate": 1e-4, "iterations": 1500, **changes})


def test_what_differs_is_said_in_words():
    runs = [
        run("a", learning_rate={"discriminator": 2e-05, "generator-encoder": 1e-4}),
        run("b", learning_rate={"discriminator": 5e-4, "generator-encoder": 1e-4}),
    ]
    assert distinctions(runs) == {
        "a": "learning rate of discriminator\u00a00.00002",
        "b": "learning rate of discriminator\u00a00.0005",
    }


def test_numbers_switches_and_names_of_choices():
    runs = [
        run("a", posterior="gaussian", code_noise=True, iterations=1500),
        run("b", posterior="realnvp", code_noise=False, iterations=100_000),
    ]
    first, second = distinctions(runs).values()
    assert first == "training steps\u00a01,500, Gaussian, code noise on"
    assert second == "training steps\u00a0100,000, RNVP, code noise off"


def test_runs_of_the_same_settings_are_told_apart_by_name():
    assert distinctions([run("a"), run("b")]) == {"a": "run a", "b": "run b"}
    three = distinctions([run("a"), run("b"), run("c", width=32)])
    assert three == {"a": "width\u00a064, run a", "b": "width\u00a064, run b", "c": "width\u00a032"}


def test_one_run_needs_no_words():
    assert distinctions([run("a")]) == {"a": ""}
