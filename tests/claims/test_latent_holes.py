"""C5, C6 and C8 follow their tables."""

import numpy as np
import pytest
from example_study import fill

# --- C5: Figure 12 ---


def brighten(
    results, by, runs=None, seeds=None, column=("ink", "near_white"), group="low_posterior"
):
    def change(table):
        for name in column:
            low = table["group"] == group
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


def test_c5_compares_with_ordinary_samples_too(results):
    fill(results)
    brighten(results, 0.3)
    brighten(results, 0.6, ["celeba-gaussian"], group="standard")
    claim = results.decided("fig12", "C5")
    assert claim.verdict == "fails"
    assert claim.verdicts["CelebA (10k subset)"] == "fails"
    assert claim.verdicts["CIFAR-10"] == "holds"
    assert claim.value == pytest.approx(-0.3, abs=0.05)


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
    shift_bounds(results, -30.0, group="neighbour")  # ordered, but not far apart
    claim = results.decided("fig3", "C6")
    assert claim.verdict == "holds"
    assert 0.6 < claim.value < 0.9
    shift_bounds(results, 0.0, seeds=[1])
    assert results.decided("fig3", "C6").verdict == "undecided"
    shift_bounds(results, 500.0)
    assert results.decided("fig3", "C6").verdict == "fails"


def test_c6_on_colormnist_is_about_the_neighbours_too(results):
    fill(results)
    shift_bounds(results, -500.0)
    shift_bounds(results, 500.0, group="neighbour")
    assert results.decided("fig3", "C6").verdict == "fails"


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


# --- C8: Figure 13 ---


def test_c8(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    assert results.decided("fig13", "C8").verdict == "holds"
    shift_bounds(results, 0.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "undecided"
    shift_bounds(results, -10.0, ["celeba-gaussian"], "kl", "neighbour")
    assert results.decided("fig13", "C8").verdict == "fails"


def test_c8_says_what_a_control_says_and_is_not_decided_by_it(results):
    """Neighbours that are cheaper than the data, but dearer than those of ordinary samples."""
    fill(results)
    shift_bounds(results, -10.0, column="kl", group="neighbour")
    shift_bounds(results, -14.0, column="kl", group="standard_neighbour")
    claim = results.decided("fig13", "C8")
    assert claim.verdict == "fails"
    assert claim.value < 0.1
    said = claim.value_text.split("over the data nearest to ordinary samples: ")[1]
    shares = [float(of.split(" ")[-1]) for of in said.split("; ")]
    assert len(shares) == 3
    assert all(0.7 < share < 1 for share in shares)


def test_c8_counts_every_neighbour_once(results):
    fill(results)
    shift_bounds(results, 10.0, column="kl", group="neighbour")
    results.change_csv("low_posterior/neighbours.csv", lambda table: table.assign(index=3))
    assert results.decided("fig13", "C8").verdict == "undecided"
