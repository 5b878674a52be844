from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dmvi.errors import DmviError
from dmvi.scores.functions.inception import inception_score
from dmvi.scores.inception import _entry


def softmax(logits):
    p = np.exp(logits - logits.max(1, keepdims=True))
    return p / p.sum(1, keepdims=True)


logits = arrays(
    np.float64, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.floats(-30, 30)
)


def test_balanced_one_hots_give_the_number_of_classes():
    p = np.eye(7)[np.arange(70) % 7]
    score = inception_score(p, splits=10, shuffle_seed=None)
    assert score.value == pytest.approx(7)
    assert score.value_one_split == pytest.approx(7)
    assert score.sd == pytest.approx(0, abs=1e-12)
    assert (score.splits, score.n) == (10, 70)


def test_the_same_prediction_for_every_image_gives_one():
    p = np.tile([0.2, 0.5, 0.3], (40, 1))
    assert inception_score(p, splits=4).value == pytest.approx(1)
    assert inception_score(np.full((40, 8), 1 / 8), splits=4).value == pytest.approx(1)


def test_is_the_exponential_of_the_mean_divergence():
    p = softmax(np.random.default_rng(0).normal(size=(50, 5)))
    divergence = (p * np.log(p / p.mean(0))).sum(1).mean()
    assert inception_score(p, splits=1).value == pytest.approx(np.exp(divergence), rel=1e-12)


def test_mean_and_population_deviation_over_splits():
    p = softmax(np.random.default_rng(0).normal(size=(60, 5)))
    parts = [inception_score(part, 1).value for part in np.split(p, 3)]
    score = inception_score(p, splits=3, shuffle_seed=None)
    assert score.value == pytest.approx(np.mean(parts))
    assert score.sd == pytest.approx(np.std(parts, ddof=0))


def test_shuffling_mixes_sorted_classes_and_follows_the_seed():
    p = np.eye(10)[np.repeat(np.arange(10), 100)]  # sorted: every split holds one class
    assert inception_score(p, splits=10, shuffle_seed=None).value == pytest.approx(1)
    assert inception_score(p, splits=10, shuffle_seed=0).value > 9
    first, second = (inception_score(p, 10, shuffle_seed=seed) for seed in (0, 1))
    assert first.value != second.value
    assert first.value_one_split == second.value_one_split


def test_more_rows_than_a_tile():
    p = softmax(np.random.default_rng(0).normal(size=(9000, 3)))
    halves = (p * np.log(p / p.mean(0))).sum(1).mean()
    assert inception_score(p, 1).value == pytest.approx(np.exp(halves), rel=1e-12)


def test_the_datas_own_splits_are_as_large_as_the_models():
    """Probabilities of one distribution get one score, however many data images there are."""

    def score(rows, beside):
        p = softmax(4 * np.random.default_rng(len(rows)).normal(size=(len(rows), 100)))
        entry = _entry(SimpleNamespace(seed=0, beside=beside), p, 10, "", "")
        return entry["value"], entry["splits"], entry["n"]

    value, splits, n = score(range(5000), None)
    assert (splits, n) == (10, 5000)
    own, splits, n = score(range(1200), 5000)
    assert (splits, n) == (2, 1000)  # of 500 each; the rest is left out
    assert own == pytest.approx(value, rel=0.03)
    fewer, splits, n = score(range(1200), None)
    assert (splits, n) == (10, 1200)
    assert fewer < 0.9 * value  # splits of 120: what the reference line was
    assert score(range(300), 5000)[1:] == (1, 300)
    assert score(range(40), 40)[1:] == (10, 40)


@given(logits, st.integers(0, 5))
def test_lies_between_one_and_the_number_of_classes(logits, seed):
    p = softmax(logits)
    score = inception_score(p, splits=1 + seed % len(p), shuffle_seed=seed)
    for value in (score.value, score.value_one_split):
        assert 1 - 1e-9 <= value <= p.shape[1] + 1e-9


@given(logits)
def test_order_of_classes_and_repeated_images_do_not_matter(logits):
    p = softmax(logits)
    score = inception_score(p, 1).value
    assert inception_score(p[:, ::-1], 1).value == pytest.approx(score, rel=1e-9)
    assert inception_score(np.tile(p, (3, 1)), 1).value == pytest.approx(score, rel=1e-9)


@pytest.mark.parametrize(
    ("p", "splits", "message"),
    [
        (np.full((4, 3), 0.3), 2, "4 of 4 rows are no probabilities .* sums to 0.9"),
        (np.array([[0.5, 0.5], [1.5, -0.5]]), 1, "1 of 2 rows .* row 1, sums to 1"),
        (np.array([[0.5, 0.5], [np.nan, 1.0]]), 1, "1 of 2 rows"),
        (np.full((4, 2), 0.5), 5, "5 splits of 4 images; give 1 to 4"),
        (np.full((4, 2), 0.5), 0, "0 splits"),
        (np.full(4, 0.25), 1, r"shape \(4,\)"),
        (np.zeros((0, 3)), 1, "not empty"),
    ],
)
def test_bad_input_is_refused(p, splits, message):
    with pytest.raises(DmviError, match=message):
        inception_score(p, splits)
