import pytest
import torch
from torch import nn

from dmvi.networks.vgg import VGG


@pytest.mark.parametrize("size", [28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_logits(size, channels):
    network = VGG(channels, 7, width=4).eval()
    assert network(torch.rand(2, channels, size, size)).shape == (2, 7)


def test_has_the_first_ten_convolutions_of_vgg16():
    network = VGG(3, 10, width=64)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    maps = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512]
    assert [c.out_channels for c in convolutions] == maps
    # 9 in out per convolution, 2 per map of batch norm, and the linear layer
    weights = sum(9 * a * b for a, b in zip([3, *maps], maps, strict=False))
    expected = weights + 2 * sum(maps) + 512 * 10 + 10
    assert sum(p.numel() for p in network.parameters()) == expected


def test_first_activations_neither_vanish_nor_explode():
    torch.manual_seed(0)
    logits = VGG(3, 10, width=16)(torch.rand(64, 3, 32, 32))
    assert 0.01 < logits.std(0).mean().item() < 3
