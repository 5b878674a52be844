"""C10 and C19 follow their tables."""

import numpy as np
import pytest

KINDS = ("color_mnist", "celeba", "cifar10")


def set_bound(results, model, values, datasets=KINDS, seeds=None):
    """Gives a model's runs this bound at evenly spaced steps."""

    def change(table):
        return table.assign(bound=np.resize(values, len(table)))

    names = [n for n in results.runs if n.split("-")[:2] in [[d, model] for d in datasets]]
    results.change_csv("bound.csv", change, names, seeds)


RISING, WANDERING = np.arange(41.0), np.tile([0.0, 3.0, 1.0, 2.0], 11)


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
    assert results.decided(figure, name).verdict == "fails"


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
