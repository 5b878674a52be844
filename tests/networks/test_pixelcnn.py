"""The autoregressive decoder: what a pixel sees, that probabilities sum to 1, and its samples."""

from itertools import product

import pytest
import torch
import torch.nn.functional as F

from dmvi.networks.pixelcnn import PixelCNN


def made(channels=1, context=2, maps=4, layers=2, seed=0):
    torch.manual_seed(seed)
    network = PixelCNN(channels, context, maps, layers).double()
    for parameter in network.parameters():  # biases too
        parameter.data.add_(0.1 * torch.randn_like(parameter))
    return network


def test_a_pixel_sees_those_before_it_and_all_that_it_can_reach():
    network, side = made(maps=8, layers=1), 9
    x, context = torch.rand(1, 1, side, side).double(), torch.rand(1, 2, side, side).double()
    before = network(x, context)
    for row, column in ((0, 0), (3, 4), (8, 8), (4, 0), (2, 8)):
        changed = x.clone()
        changed[0, 0, row, column] += 0.7
        moved = (network(changed, context) - before)[0, 0].abs() > 1e-12
        order = torch.arange(side * side).view(side, side)
        assert not moved[order <= row * side + column].any()
        if (row, column) == (3, 4):
            assert moved[3, 5]
            assert moved[3 + network.reach, 4]
            assert not moved[3 + network.reach + 1 :].any()


def test_a_pixel_sees_the_latents_maps_at_its_own_place():
    network = made()
    x, context = torch.rand(1, 1, 6, 6).double(), torch.rand(1, 2, 6, 6).double()
    changed = context.clone()
    changed[0, :, 2, 3] += 1.0
    moved = (network(x, changed) - network(x, context))[0, 0].abs() > 1e-12
    assert moved[2, 3]
    assert not moved[:2].any()
    assert not moved[2, :3].any()


@pytest.mark.parametrize("channels", [1, 2])
def test_the_probabilities_of_all_small_images_sum_to_one(channels):
    network, side = made(channels), 2
    context = torch.randn(1, 2, side, side).double()
    images = torch.tensor(list(product([0.0, 1.0], repeat=channels * side * side))).double()
    images = images.view(-1, channels, side, side)
    logits = network(images, context.expand(len(images), -1, -1, -1))
    log_p = -F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)
    assert log_p.exp().sum().item() == pytest.approx(1.0, abs=1e-12)


def test_samples_have_the_models_frequencies():
    """All 16 images of 2 x 2 pixels, against their probabilities."""
    network = made().float()
    context = torch.randn(1, 2, 2, 2)
    images = torch.tensor(list(product([0.0, 1.0], repeat=4))).view(-1, 1, 2, 2)
    logits = network(images, context.expand(16, -1, -1, -1))
    log_p = -F.binary_cross_entropy_with_logits(logits, images, reduction="none").flatten(1).sum(1)
    n = 20_000
    generator = torch.Generator().manual_seed(0)
    drawn = network.sample(context.expand(n, -1, -1, -1), generator).flatten(1)
    place = (drawn @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()
    found = torch.bincount(place, minlength=16) / n
    error = (log_p.exp() * (1 - log_p.exp()) / n).sqrt()
    assert ((found - log_p.exp()).abs() < 4.5 * error).all()


def test_the_window_that_sampling_looks_through_changes_nothing():
    """Each pixel of a sample is drawn with the probability that a pass over the whole image gives."""
    network = made(maps=6, layers=1)
    side = 12  # larger than the window
    context = torch.randn(2, 2, side, side).double()
    seen = []
    bernoulli = torch.bernoulli

    def spy(p, generator=None):
        seen.append(p.clone())
        return bernoulli(p, generator=generator)

    torch.bernoulli = spy
    try:
        x = network.sample(context, torch.Generator().manual_seed(1)).double()
    finally:
        torch.bernoulli = bernoulli
    whole = network(x, context).sigmoid().float()
    assert len(seen) == side * side
    torch.testing.assert_close(torch.stack(seen, -1).view(2, 1, side, side), whole)
    assert set(x.unique().tolist()) == {0.0, 1.0}
