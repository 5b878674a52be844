import math

import numpy as np
import pytest
import torch

from dmvi.errors import DmviError
from dmvi.networks.vgg import VGG
from dmvi.scores.functions.classifier import (
    AugmentedBatches,
    class_probabilities,
    error_rate,
    learning_rate,
    load_classifier,
)
from dmvi.training import checkpoint

CPU = torch.device("cpu")


def noise(n, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (n, 28, 28, 1), dtype=np.uint8)


def windows(image, flip):
    """All crops of the padded image (and their mirror images) as a set of bytes."""
    padded = np.pad(image, ((4, 4), (4, 4), (0, 0)), mode="reflect")
    crops = [padded[i : i + 28, j : j + 28] for i in range(9) for j in range(9)]
    return {crop.tobytes() for crop in crops + ([c[:, ::-1] for c in crops] if flip else [])}


@pytest.mark.parametrize("flip", [False, True])
def test_batches_are_crops_of_their_own_images(flip):
    images, labels = noise(10), np.arange(10)
    batches = AugmentedBatches(images, labels, 5, 0, CPU, flip)
    allowed = [windows(image, flip) for image in images]
    seen = [set() for _ in images]
    for _ in range(100):
        x, y = batches.next()
        assert x.shape == (5, 1, 28, 28)
        crops = (x * 255).round().byte().permute(0, 2, 3, 1).numpy()
        for crop, label in zip(crops, y.tolist(), strict=True):
            assert crop.tobytes() in allowed[label]
            seen[label].add(crop.tobytes())
    assert all(len(different) > 25 for different in seen)
    mirrored = [
        different - windows(image, False) for different, image in zip(seen, images, strict=True)
    ]
    assert all(bool(m) == flip for m in mirrored)


def test_an_epoch_shows_every_image_once():
    batches = AugmentedBatches(noise(12), np.arange(12), 4, 0, CPU, True)
    epochs = [torch.cat([batches.next()[1] for _ in range(3)]) for _ in range(2)]
    for epoch in epochs:
        assert sorted(epoch.tolist()) == list(range(12))
    assert not torch.equal(*epochs)


def test_batches_continue_where_they_stopped():
    whole, part, resumed = (
        AugmentedBatches(noise(12), np.arange(12), 5, 3, CPU, True) for _ in "abc"
    )
    for _ in range(3):
        whole.next(), part.next()
    resumed.load_state_dict(part.state_dict())
    for _ in range(4):
        for expected, found in zip(whole.next(), resumed.next(), strict=True):
            assert torch.equal(expected, found)


def test_batch_larger_than_the_split_is_refused():
    with pytest.raises(DmviError, match="batch_size is 16, but the training split has only 10"):
        AugmentedBatches(noise(10), np.arange(10), 16, 0, CPU, True)


def test_rate_rises_linearly_and_falls_as_a_cosine():
    rates = [learning_rate(step, 100, 0.5) for step in range(1, 101)]
    np.testing.assert_allclose(rates[:20], 0.5 * np.arange(1, 21) / 20)
    assert rates[59] == pytest.approx(0.25)
    assert rates[-1] == pytest.approx(0, abs=1e-12)
    assert math.isclose(max(rates), 0.5)
    assert learning_rate(1, 1, 0.5) == 0.5


def test_probabilities_and_errors_are_those_of_evaluation_mode():
    torch.manual_seed(0)
    network = VGG(1, 4, width=4)
    images = noise(300)
    network(torch.rand(64, 1, 28, 28))  # batch norm has averages now
    probabilities = class_probabilities(network, images)
    assert network.training
    assert probabilities.dtype == np.float64
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-12)
    # the same image gets the same probabilities whatever its batch
    np.testing.assert_allclose(
        class_probabilities(network, images[298:]), probabilities[298:], 1e-4
    )
    labels = probabilities.argmax(1)
    labels[:30] = (labels[:30] + 1) % 4
    assert error_rate(network, images, labels) == pytest.approx(0.1)


def test_a_file_that_is_no_classifier_is_refused(tmp_path):
    checkpoint.save(tmp_path / "model.pt", {"spec": "{}", "model": {}})
    with pytest.raises(DmviError, match="is no classifier"):
        load_classifier(tmp_path / "model.pt", CPU)
