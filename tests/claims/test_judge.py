"""What one seed and missing data sets allow, and verdicts per data set."""

import math

import pytest
from example_study import fill

from dmvi.claims import judge
from dmvi.figures.base import figure_module


@pytest.mark.parametrize(
    ("pair", "outcome"),
    [
        ((0.31, 0.1), True),
        ((0.3, 0.2), None),
        ((0.05, 0.1), False),
        ((0.4, math.inf), True),  # one seed: twice the threshold
        ((0.39, math.inf), None),
        ((0.11, math.inf), None),
        ((0.1, math.inf), False),  # half of it
        ((-3.0, math.inf), False),
        ((math.nan, math.inf), None),
    ],
)
def test_over_and_under(pair, outcome):
    assert judge.over(pair, 0.2) is outcome
    assert judge.under(pair, 0.2) is (None if outcome is None else not outcome)


def test_excess_and_saving():
    assert judge.excess((1.25, 0.1)) == (0.25, 0.1)
    assert judge.saving((0.75, 0.1)) == (0.25, 0.1)


def test_verdicts_of_each_data_set_stand_alone(results):
    fill(results, datasets=("color_mnist", "cifar10"))
    tables = results.tables(figure_module("fig4"))
    found = judge.judge(tables, {("color_mnist", 1): True, ("cifar10", 1): False})
    assert found["verdict"] == "fails"
    assert list(found["verdicts"].values()) == ["holds", "fails", "not in this study"]
    found = judge.judge(tables, {("color_mnist", 1): True, ("cifar10", 1): True})
    assert found["verdict"] == "undecided"  # CelebA is missing
    kinds = ("ColorMNIST", "CIFAR-10")
    cases = {("color_mnist", 1): True, ("cifar10", 1): True}
    assert judge.judge(tables, cases, kinds)["verdict"] == "holds"
    assert judge.judge(tables, cases, (*kinds, "avb"))["verdict"] == "undecided"
    assert judge.judge(tables, cases, (*kinds, "avb"), ["avb"])["verdict"] == "holds"
    cases["cifar10", 2] = None
    assert judge.judge(tables, cases, kinds)["verdicts"]["CIFAR-10"] == "undecided"
