"""Moments of codes, probes on few labels, entropies from neighbours."""

import math

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dmvi.errors import DmviError
from dmvi.estimators import code_statistics
from dmvi.estimators.neighbour_entropy import neighbour_entropy
from dmvi.estimators.probes import probe


def spread(d, seed=0):
    a = np.random.default_rng(seed).normal(size=(d, d))
    return a @ a.T / d + 0.5 * np.eye(d)


def test_log_determinant_of_codes_is_unbiased_with_an_honest_error():
    d, n = 8, 100
    covariance = spread(d)
    exact = np.linalg.slogdet(covariance)[1]
    rng, factor = np.random.default_rng(1), np.linalg.cholesky(covariance)
    found = [code_statistics.of_codes(rng.normal(size=(n, d)) @ factor.T) for _ in range(300)]
    values = np.array([f.logdet for f in found])
    assert found[0].bias == pytest.approx(-d * (d + 1) / (2 * n))
    assert found[0].logdet_sd == pytest.approx(math.sqrt(2 * d / n))
    assert values.std() == pytest.approx(found[0].logdet_sd, rel=0.15)
    # Second-order terms remain, .03 here; the plain estimate is off by .36.
    assert values.mean() == pytest.approx(exact, abs=0.08)
    assert found[0].logdet_per_latent == found[0].logdet / d


def test_gaussian_posteriors_need_no_sampling_and_have_less_noise():
    rng = np.random.default_rng(2)
    d, n = 5, 200
    of_means = spread(d, 1) * 0.3
    factor = np.linalg.cholesky(of_means)
    exact = np.linalg.slogdet(of_means + 0.6 * np.eye(d))[1]
    values = []
    for _ in range(300):
        log_variance = np.full((n, d), math.log(0.6))
        parameters = np.concatenate([rng.normal(size=(n, d)) @ factor.T, log_variance], 1)
        found = code_statistics.of_gaussian_posteriors(parameters.astype(np.float32))
        values.append(found.logdet)
    assert np.mean(values) == pytest.approx(exact, abs=4 * np.std(values) / math.sqrt(300) + 0.005)
    assert np.std(values) == pytest.approx(found.logdet_sd, rel=0.15)
    assert found.logdet_sd < 0.6 * math.sqrt(2 * d / n)
    assert -d * (d + 1) / (2 * n) < 2 * found.bias < 0
    # The same in blocks.
    whole = code_statistics.of_gaussian_posteriors(parameters)
    original, code_statistics.VALUES_AT_ONCE = code_statistics.VALUES_AT_ONCE, 64
    try:
        assert code_statistics.of_gaussian_posteriors(parameters).logdet == pytest.approx(
            whole.logdet, rel=1e-10
        )
    finally:
        code_statistics.VALUES_AT_ONCE = original


def test_moments_of_the_prior_and_of_another_normal():
    rng = np.random.default_rng(3)
    prior = code_statistics.of_codes(rng.normal(size=(20_000, 4)))
    assert abs(prior.logdet) < 4 * prior.logdet_sd
    assert prior.trace == pytest.approx(1.0, abs=0.02)
    assert prior.kl_gauss < 0.003
    other = code_statistics.of_codes(1e4 + 2.0 * rng.normal(size=(20_000, 4)))
    assert other.logdet == pytest.approx(8 * math.log(2), abs=4 * other.logdet_sd)
    assert other.mean_norm == pytest.approx(2e4, rel=1e-4)
    expected = 0.5 * (16 + 4e8 - 4 - 8 * math.log(2))
    assert other.kl_gauss == pytest.approx(expected, rel=1e-3)
    assert set(other.to_json()) >= {"logdet", "bias", "kl_gauss"}


def test_moments_that_do_not_exist_are_refused():
    codes = np.random.default_rng(0).normal(size=(10, 3))
    with pytest.raises(DmviError, match="more codes than latents"):
        code_statistics.of_codes(codes[:3])
    with pytest.raises(DmviError, match="singular"):
        code_statistics.of_codes(np.stack([codes[:, 0], codes[:, 0]], 1))
    with pytest.raises(DmviError, match="not finite"):
        code_statistics.of_codes(np.where(codes > 1, np.nan, codes))
    with pytest.raises(DmviError, match=r"\(N, 2 d\)"):
        code_statistics.of_gaussian_posteriors(codes)
    with pytest.raises(DmviError, match="at least 2"):
        code_statistics.of_gaussian_posteriors(codes[:1, :2])


def clusters(n, classes, separation, rng):
    labels = rng.integers(0, classes, n)
    return separation * np.eye(classes)[labels] + rng.normal(size=(n, classes)), labels


@pytest.mark.parametrize("classifier", ["rbf", "linear", "logistic"])
def test_probes_reach_the_error_of_the_best_classifier(classifier):
    """Two unit normals 2 apart in projection: Bayes error Phi(-1)."""
    rng = np.random.default_rng(0)
    codes, labels = clusters(4000, 2, math.sqrt(2), rng)
    test_codes, test_labels = clusters(4000, 2, math.sqrt(2), rng)
    few, many = probe(
        codes, labels, test_codes, test_labels, sizes=(20, 400), classifiers=[classifier]
    )
    best = 0.5 * math.erfc(1 / math.sqrt(2))
    assert many.mean == pytest.approx(best, abs=0.02)
    assert many.mean <= few.mean < 0.3
    assert (few.labels, many.labels, many.test, len(many.errors)) == (20, 400, 4000, 5)
    assert many.sd == pytest.approx(np.std(many.errors, ddof=1))


def test_probes_on_digits_use_only_their_labels_and_depend_on_the_seed():
    images, labels = load_digits(return_X_y=True)
    arguments = (images[:1000], labels[:1000], images[1000:], labels[1000:])
    chosen = {"sizes": (100,), "classifiers": ("rbf",), "draws": 2}
    first = probe(*arguments, **chosen)
    assert 0.03 < first[0].mean < 0.2
    assert first == probe(*arguments, **chosen)
    assert first != probe(*arguments, seed=1, **chosen)
    shuffled = np.random.default_rng(0).permutation(labels[:1000])
    chance = probe(images[:1000], shuffled, *arguments[2:], **chosen)
    assert chance[0].mean > 0.8
    hidden = np.where(np.arange(1000) < 500, labels[:1000], -1)  # unlabelled ones are no class
    assert probe(images[:1000], hidden, *arguments[2:], **chosen)[0].mean < 0.25


def test_impossible_probes_are_refused():
    codes, labels = clusters(60, 3, 2.0, np.random.default_rng(0))
    test = (codes, labels)
    for arguments, message in (
        ({"sizes": (10,)}, "multiple"),
        ({"sizes": (6,)}, "at least 3 per class"),
        ({"sizes": (90,)}, "a class has only"),
        ({"classifiers": ("forest",)}, "'forest' is no classifier"),
        ({"draws": 0}, "draws is 0"),
    ):
        with pytest.raises(DmviError, match=message):
            probe(codes, labels, *test, **arguments)
    with pytest.raises(DmviError, match="60 codes have 59 labels"):
        probe(codes, labels[:59], *test)
    with pytest.raises(DmviError, match="1 classes"):
        probe(codes, np.zeros(60, int), *test, sizes=(9,))


@pytest.mark.parametrize("k", [1, 3])
def test_neighbour_entropy_in_closed_form(k):
    rng = np.random.default_rng(0)
    normal = rng.normal(size=(4000, 2)) @ np.array([[2.0, 0.0], [1.0, 0.5]])
    exact = math.log(2 * math.pi * math.e) + math.log(1.0)
    value, error = neighbour_entropy(normal, k)
    assert value == pytest.approx(exact, abs=3 * error + 0.02)
    uniform = rng.random((4000, 1)) * 3
    value, error = neighbour_entropy(uniform, k)
    assert value == pytest.approx(math.log(3), abs=3 * error + 0.01)
    assert error == pytest.approx(1.28 / math.sqrt(4000 * k), rel=0.3)


def test_neighbour_entropy_moves_with_scale_and_is_biased_in_ten_dimensions():
    rng = np.random.default_rng(1)
    scales = np.array([1.0] * 5 + [0.2] * 5)
    z = rng.normal(size=(1000, 10)) * scales
    value = neighbour_entropy(z)[0]
    assert neighbour_entropy(3 * z + 7)[0] == pytest.approx(value + 10 * math.log(3))
    exact = 5 * math.log(2 * math.pi * math.e)
    assert neighbour_entropy(z / scales)[0] == pytest.approx(exact, abs=0.25)
    exact += np.log(scales).sum()
    larger = neighbour_entropy(rng.normal(size=(4000, 10)) * scales)[0]
    assert value - exact == pytest.approx(1.5, abs=0.3)
    assert larger - exact == pytest.approx(1.0, abs=0.2)
    with pytest.raises(DmviError, match="copies"):
        neighbour_entropy(np.zeros((10, 2)))
    with pytest.raises(DmviError, match="more than k"):
        neighbour_entropy(z[:3])
