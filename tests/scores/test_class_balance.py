"""Class mismatch, against distributions whose divergence is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from scipy.stats import entropy

from dmvi.errors import DmviError
from dmvi.scores import classes
from dmvi.scores.functions.class_balance import class_mismatch
from dmvi.scores.scoring import Images, scores_of

P = np.array([0.4, 0.3, 0.2, 0.1])


def test_large_samples_give_the_divergence():
    q = np.array([0.1, 0.2, 0.3, 0.4])
    found = class_mismatch(q * 10**7, P * 10**7)
    assert found.value == pytest.approx(entropy(P, q), abs=1e-5)
    assert found.l1 == pytest.approx(np.abs(P - q).sum())
    assert found.l2 == pytest.approx(np.linalg.norm(P - q))
    assert (found.n, found.classes) == (10**7, 4)


def test_samples_of_the_data_give_zero_on_average_and_its_sd_is_theirs():
    rng = np.random.default_rng(0)
    draws = [
        class_mismatch(rng.multinomial(2000, P), rng.multinomial(1000, P), seed=i)
        for i in range(200)
    ]
    values = np.array([found.value for found in draws])
    assert abs(values.mean()) < 4 * values.std() / np.sqrt(len(values))
    assert draws[0].bias == pytest.approx(1.5 * (1 / 2000 + 1 / 1000))
    assert values.mean() + draws[0].bias > 0.8 * draws[0].bias  # which the plain one is off by


def test_the_sd_is_that_of_repeated_draws():
    rng, q = np.random.default_rng(1), np.array([0.25, 0.25, 0.25, 0.25])
    found = [class_mismatch(rng.multinomial(500, q), rng.multinomial(500, P)) for _ in range(300)]
    spread = np.std([one.value for one in found])
    assert np.mean([one.sd for one in found]) == pytest.approx(spread, rel=0.15)


def test_a_class_without_samples_is_dear_but_finite():
    found = class_mismatch([1000, 1000, 1000, 0], [750, 750, 750, 750])
    assert 1 < found.value < 0.25 * np.log(2 * 3000 * 0.25) + 1
    with pytest.raises(DmviError, match="0 samples"):
        class_mismatch([0, 0], [1, 1])
    with pytest.raises(DmviError, match="one per class"):
        class_mismatch([1, 2, 3], [1, 2])


def test_the_score_counts_what_the_classifier_says(monkeypatch, tmp_path):
    """A classifier that reads the class from the first pixel."""
    rng = np.random.default_rng(0)
    sides = {}
    for name, shares in (("compared", [0.5, 0.5, 0.0]), ("test", [0.2, 0.3, 0.5])):
        images = np.zeros((400, 28, 28, 1), np.uint8)
        images[:, 0, 0, 0] = np.repeat([0, 1, 2], (400 * np.array(shares)).astype(int))
        sides[name] = rng.permutation(images)

    network = SimpleNamespace(spec={"classes": 3})

    def probabilities(network, images, progress):
        return np.eye(3)[images[:, 0, 0, 0]]

    monkeypatch.setattr(classes, "classifier_for", lambda *_: network)
    monkeypatch.setattr(classes, "class_probabilities", probabilities)
    (tmp_path / "model.pt").write_bytes(b"")
    images = Images(
        alone=sides["compared"],
        compared=sides["compared"],
        valid=sides["test"],
        test=sides["test"],
        seed=0,
        device=torch.device("cpu"),
        classifier=tmp_path / "model.pt",
        log=lambda _: None,
    )
    found = scores_of(images, {"classes": {}})["class_mismatch"]
    assert found["counts"] == [200, 200, 0]
    assert found["l1"] == pytest.approx(1.0)
    assert found["value"] == class_mismatch([200, 200, 0], [80, 120, 200]).value
