"""C10 and C19 follow their tables."""

import numpy as np
import pandas as pd
import pytest

from dmvi.claims import bounds

KINDS = ("color_mnist", "celeba", "cifar10")


def set_bound(results, model, values, datasets=KINDS, seeds=None):
    """Gives a model's runs this bound at evenly spaced steps."""

    def change(table):
        return table.assign(bound=np.resize(values, len(table)))

    names = [n for n in results.runs if n.split("-")[:2] in [[d, model] for d in datasets]]
    results.change_csv("bound.csv", change, names, seeds)


# At 41 steps: one that rises and flattens, one that wanders, one that still rises.
RISING, WANDERING = 1 - np.exp(-np.arange(41.0) / 8), np.tile([0.0, 3.0, 1.0, 2.0], 11)
STILL_RISING = np.arange(41.0)


@pytest.mark.parametrize(
    ("figure", "name", "models"),
    [("fig5", "C10", ("aae", "avb", "avb_ac")), ("fig23", "C19", ("veegan",))],
)
def test_bounds_that_track_convergence(results, figure, name, models):
    results.compare(("vae", *models), seeds=(0, 1, 2))
    set_bound(results, "vae", RISING)
    for model in models:
        set_bound(results, model, WANDERING)
    claim = results.decided(figure, name)
    assert claim.verdict == "holds"
    assert abs(claim.value) < 0.2
    set_bound(results, models[0], RISING, ["celeba"], seeds=[0])  # seeds disagree
    assert results.decided(figure, name).verdict == "undecided"
    set_bound(results, models[0], RISING, ["celeba"])  # a hybrid's bound tracks
    claim = results.decided(figure, name)
    assert (claim.verdict, claim.value) == ("fails", pytest.approx(1.0))
    set_bound(results, models[0], WANDERING)
    set_bound(results, "vae", -RISING, ["cifar10"])  # the VAE's falls
    claim = results.decided(figure, name)
    assert claim.verdict == "fails"
    assert claim.verdicts["CIFAR-10"] == "fails"
    assert claim.verdicts["CelebA (10k subset)"] == "holds"


def test_nothing_is_asked_before_the_vae_has_flattened(results):
    results.compare(("vae", "aae", "avb"))
    for name in ("aae", "avb"):
        set_bound(results, name, RISING)  # it would fail
    set_bound(results, "vae", RISING)
    assert results.decided("fig5", "C10").verdict == "fails"
    set_bound(results, "vae", STILL_RISING)
    claim = results.decided("fig5", "C10")
    assert claim.verdict == "undecided"
    assert "the VAE's ELBO still moves on ColorMNIST" in claim.value_text


def test_flattened_is_a_matter_of_its_last_fifth():
    step = np.arange(1, 41)

    def curve(bound):
        return pd.DataFrame({"step": step, "bound": bound})

    assert bounds.flattened(curve(1 - np.exp(-step / 8))) is True
    assert bounds.flattened(curve(1 - np.exp(-step / 30))) is False
    assert bounds.flattened(curve(step.astype(float))) is False
    assert bounds.flattened(curve(1 - np.exp(-step / 8))[:9]) is None
    exact = np.where(step <= 34, 0.951, 1.0)
    exact[0] = 0.0
    assert bounds.flattened(curve(exact)) is True  # just below 5 %
    assert bounds.flattened(curve(np.where(exact == 0.951, 0.949, exact))) is False


def test_c10_decides_nothing_between_unequal_budgets(results):
    results.compare(("vae", "aae", "avb"))
    for name, values in (("vae", RISING), ("aae", WANDERING), ("avb", WANDERING)):
        set_bound(results, name, values)
    names = [n for n in results.runs if n.startswith("cifar10-aae")]
    results.change_json("run.json", lambda run: {**run, "iterations": 800}, names)
    claim = results.decided("fig5", "C10")
    assert claim.verdict == "undecided"
    assert claim.verdicts["CIFAR-10"] == "undecided"
    assert claim.verdicts["ColorMNIST stand-in (scikit-learn digits)"] == "holds"


def test_c10_is_open_without_avb_or_with_few_points(results):
    results.compare(("vae", "aae"))
    set_bound(results, "vae", RISING)
    set_bound(results, "aae", WANDERING)
    assert results.decided("fig5", "C10").verdict == "undecided"
    results.compare(("avb",))
    set_bound(results, "avb", WANDERING)
    assert results.decided("fig5", "C10").verdict == "holds"
    results.change_csv("bound.csv", lambda table: table[:8])
    assert results.decided("fig5", "C10").verdict == "undecided"
