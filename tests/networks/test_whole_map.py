"""Layers between a map and one pixel against torch's convolutions, in either memory layout."""

import pytest
import torch
from torch import nn

from dmvi.networks.whole_map import MapToPixel, PixelToMap

LAYERS = [
    (MapToPixel, nn.Conv2d, (3, 6, 4, 4)),
    (PixelToMap, nn.ConvTranspose2d, (3, 6, 1, 1)),
]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(("ours", "torchs", "shape"), LAYERS)
def test_equals_torchs_convolution(ours, torchs, shape, layout):
    """Outputs, and gradients by inputs and weights, from the same first weights."""
    torch.manual_seed(0)
    layer = ours(6, 5, 4).double()
    torch.manual_seed(0)
    convolution = torchs(6, 5, 4, bias=False).double()
    assert layer.state_dict().keys() == convolution.state_dict().keys()
    assert torch.equal(layer.weight, convolution.weight)
    layer.to(memory_format=layout)
    x = torch.randn(shape, dtype=torch.double).contiguous(memory_format=layout).requires_grad_()
    y, expected = layer(x), convolution(x)
    torch.testing.assert_close(y, expected)
    torch.testing.assert_close(
        torch.autograd.grad(y.square().sum(), [x, layer.weight]),
        torch.autograd.grad(expected.square().sum(), [x, convolution.weight]),
    )


@pytest.mark.parametrize(("ours", "torchs", "shape"), LAYERS)
def test_nothing_is_copied_where_channels_are_last(ours, torchs, shape):
    """At 10,000 latents a copy of the weights would be a hundred megabytes."""
    layer = ours(6, 5, 4).to(memory_format=torch.channels_last)
    matrix = layer.weight.permute(0, 2, 3, 1).flatten(1)
    assert matrix.data_ptr() == layer.weight.data_ptr()
    x = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    assert layer(x).is_contiguous(memory_format=torch.channels_last)
