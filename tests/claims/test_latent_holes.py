"""C5 to C8 follow their tables."""

import math

import numpy as np
import pytest
from example_study import fill

# --- C5: Figure 12 ---


def brighten(results, by, runs=None, seeds=None, column=("ink", "near_white")):
    def change(table):
        for name in column:
            low = table["group"] == "low_posterior"
            data = table.loc[table["group"] == "data", name]
            table.loc[low, name] = np.resize(data.to_numpy(), low.sum()) + by
        return table

    results.change_csv("low_posterior/images.csv", change, runs, seeds)


def test_c5(results):
    fill(results)
    brighten(results, 0.3)
    assert results.decided("fig12", "C5").verdict == "holds"
    brighten(results, -0.3, ["celeba-gaussian"])
    assert results.decided("fig12", "C5").verdict == "fails"
    brighten(results, 0.3, ["celeba-gaussian"], seeds=[0])
    assert results.decided("fig12", "C5").verdict == "undecided"


def test_c5_measures_ink_on_digits_and_white_elsewhere(results):
    fill(results)
    brighten(results, 0.3, ["color_mnist-gaussian"], column=["ink"])
    brighten(results, -0.3, ["color_mnist-gaussian"], column=["near_white"])
    others = ["celeba-gaussian", "cifar10-gaussian"]
    brighten(results, 0.3, others, column=["near_white"])
    brighten(results, -0.3, others, column=["ink"])
    assert results.decided("fig12", "C5").verdict == "holds"


def test_c5_is_open_on_few_images_or_one_data_set(results):
    fill(results, datasets=["celeba"])
    brighten(results, 0.3)
    assert results.decided("fig12", "C5").verdict == "undecided"
    fill(results)
    brighten(results, 0.3)

    def few(table):
        return table[(table["group"] != "low_posterior") | (table["index"] < 5)]

    for name in ("images", "bounds"):
        results.change_csv(f"low_posterior/{name}.csv", few)
    assert results.decided("fig12", "C5").verdict == "undecided"


# --- C6: Figures 3 and 14 ---


def shift_bounds(results, by, runs=None, column="bound", group="low_posterior", seeds=None):
    """Gives a group the data's values, shifted."""

    def change(table):
        rows = table["group"] == group
        data = table.loc[table["group"] == "data", column].to_numpy()
        table.loc[rows, column] = np.resize(data, rows.sum()) + by
        return table

    results.change_csv("low_posterior/bounds.csv", change, runs, seeds)


def test_c6_on_colormnist(results):
    fill(results)
    shift_bounds(results, -500.0)
    claim = results.decided("fig3", "C6")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(1.0)
    shift_bounds(results, 0.0)
    assert results.decided("fig3", "C6").verdict == "fails"
    shift_bounds(results, -500.0, seeds=[1])
    assert results.decided("fig3", "C6").verdict == "undecided"


def test_c6_reversed_elsewhere(results):
    fill(results)
    shift_bounds(results, 500.0)
    assert results.decided("fig14", "C6").verdict == "holds"
    shift_bounds(
        results, 0.0, ["cifar10-gaussian"]
    )  # an AUC of one half, within its standard errors
    assert results.decided("fig14", "C6").verdict == "undecided"
    shift_bounds(results, -500.0, ["cifar10-gaussian"])
    assert results.decided("fig14", "C6").verdict == "fails"


def test_c6_reversed_needs_both_data_sets(results):
    fill(results, datasets=["celeba"])
    shift_bounds(results, 500.0)
    assert results.decided("fig14", "C6").verdict == "undecided"


# --- C7: Figures 3 and 15 ---


def set_ranks(results, ranks, runs=None):
    def change(table):
        return table.assign(rank=np.resize(ranks, len(table)))

    results.change_csv("low_posterior/ranks.csv", change, runs)


@pytest.mark.parametrize(("figure", "run"), [("fig3", "color_mnist"), ("fig15", "celeba")])
def test_c7(results, figure, run):
    fill(results)  # 64 of 1,000 draws: scattered latents have a median rank near 10.8
    set_ranks(results, [11])
    claim = results.decided(figure, "C7")
    assert claim.verdict == "holds"
    assert claim.value == pytest.approx(11 / (math.log(2) * 1000 / 64))
    set_ranks(results, [1, 2], [f"{run}-gaussian"])
    assert results.decided(figure, "C7").verdict == "fails"
    set_ranks(results, [1, 11], [f"{run}-gaussian"])
    assert results.decided(figure, "C7").verdict == "undecided"


# --- C8: Figure 13 ---


def test_c8(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    assert results.decided("fig13", "C8").verdict == "holds"
    shift_bounds(results, 0.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "undecided"
    shift_bounds(results, -10.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "fails"


def test_c8_counts_every_neighbour_once(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    results.change_csv("low_posterior/neighbours.csv", lambda table: table.assign(index=3))
    assert results.decided("fig13", "C8").verdict == "undecided"
