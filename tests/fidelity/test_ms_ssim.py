"""Our MS-SSIM is torchmetrics', wherever that one is defined."""

import pytest
import torch

from dmvi.scores.functions.ms_ssim import ms_ssim

oracle = pytest.importorskip("torchmetrics.image")


@pytest.mark.parametrize("size", [(176, 176), (180, 203)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "noise", [0.05, 0.5, 1.0, -1.0]
)  # the last one: negated, so terms are negative
def test_equals_torchmetrics(size, channels, noise):
    torch.manual_seed(0)
    a = torch.nn.functional.avg_pool2d(torch.rand(3, channels, *size), 9, 1, 4).double()
    b = 1 - a if noise < 0 else ((1 - noise) * a + noise * torch.rand_like(a)).clamp(0, 1)
    metric = oracle.MultiScaleStructuralSimilarityIndexMeasure(data_range=1.0, reduction="none")
    expected = metric(a, b)
    if noise < 0:
        assert (expected == 0).all()
    # torchmetrics keeps its exponents in float32
    torch.testing.assert_close(ms_ssim(a, b), expected, rtol=1e-7, atol=1e-9)
