import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dmvi.errors import DmviError
from dmvi.scores.functions import ms_ssim as module
from dmvi.scores.functions.ms_ssim import diversity, ms_ssim, pairwise_ms_ssim


def smooth(n, size, seed=0, channels=3):
    """Images with structure at several scales, uint8 (n, C, H, W)."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(n, channels, 4, 4, generator=generator)
    x = torch.nn.functional.interpolate(coarse, size, mode="bilinear")
    x = 0.8 * x + 0.2 * torch.rand(x.shape, generator=generator)
    return (x * 255).round().byte()


@pytest.mark.parametrize("size", [16, 28, 32, 64, (32, 50)])
def test_identical_images_have_one_and_others_less(size):
    a, b = smooth(4, size, 0), smooth(4, size, 1)
    torch.testing.assert_close(ms_ssim(a, a), torch.ones(4, dtype=torch.float64))
    value = ms_ssim(a, b)
    assert value.isfinite().all()
    assert ((value >= 0) & (value < 0.9)).all()


@given(st.integers(0, 10**6), st.sampled_from([16, 28, 32, 64]), st.sampled_from([1, 3]))
@settings(max_examples=30, deadline=None)
def test_symmetric_bounded_and_blind_to_mirroring(seed, size, channels):
    a, b = smooth(2, size, seed, channels), smooth(2, size, seed + 1, channels)
    value = ms_ssim(a, b)
    assert ((value >= 0) & (value <= 1)).all()
    torch.testing.assert_close(ms_ssim(b, a), value)
    torch.testing.assert_close(ms_ssim(a.mT, b.mT), value)
    if size != 28:  # pooling 7 pixels to 3 leaves out the last
        torch.testing.assert_close(ms_ssim(a.flip(3), b.flip(3)), value)


def test_more_noise_is_less_similar():
    a = smooth(1, 64).double() / 255
    noise = torch.randn(a.shape, generator=torch.Generator().manual_seed(0)).double()
    values = [ms_ssim(a, (a + sd * noise).clamp(0, 1)).item() for sd in (0.0, 0.02, 0.1, 0.4)]
    assert values == sorted(values, reverse=True)
    assert values[0] - values[-1] > 0.2


def test_bytes_and_floats_agree():
    a, b = smooth(3, 32, 0), smooth(3, 32, 1)
    torch.testing.assert_close(
        ms_ssim(a, b), ms_ssim(a / 255.0, b.double() / 255), rtol=1e-5, atol=0
    )


def test_negative_terms_count_as_zero():
    a = smooth(2, 64)
    assert (ms_ssim(a, 255 - a) == 0).all()


def test_constant_images_differ_in_luminance_alone():
    a, b = torch.full((1, 1, 64, 64), 0.2), torch.full((1, 1, 64, 64), 0.6)
    luminance = (2 * 0.2 * 0.6 + module.C1) / (0.2**2 + 0.6**2 + module.C1)
    assert ms_ssim(a, b).item() == pytest.approx(luminance ** module.WEIGHTS[-1], rel=1e-6)


@pytest.mark.parametrize(("length", "size"), [(64, 11), (8, 7), (4, 3), (1, 1)])
def test_window_is_the_whole_window_shrunk(length, size):
    """Width and standard deviation shrink together: the same weights at the same share of the window."""
    inside, mirrored = (module._window(size, length, mirror) for mirror in (False, True))
    assert inside.shape == (length - size + 1, length)
    assert mirrored.shape == (length, length)
    for matrix in (inside, mirrored):
        torch.testing.assert_close(matrix.sum(1), torch.ones(len(matrix), dtype=torch.float64))
    if size > 1:
        ratio = (inside[0, 0] / inside[0, size // 2]).log().item()
        edge = (size // 2) / (1.5 * size / 11)
        assert ratio == pytest.approx(-0.5 * edge**2)


def test_all_pairs_are_the_pairs():
    images = smooth(5, 28)
    expected = [ms_ssim(images[[i]], images[[j]]) for i, j in itertools.combinations(range(5), 2)]
    torch.testing.assert_close(pairwise_ms_ssim(images), torch.cat(expected))


def test_diversity_of_batches():
    images = smooth(23, 32).permute(0, 2, 3, 1).numpy()
    result = diversity(images, batches=3, batch_size=7)
    parts = images[:21].reshape(3, 7, 32, 32, 3)
    values = [
        1 - pairwise_ms_ssim(torch.from_numpy(part).permute(0, 3, 1, 2)).mean().item()
        for part in parts
    ]
    assert result.value == pytest.approx(np.mean(values))
    assert result.sd == pytest.approx(np.std(values, ddof=1))
    assert (result.batches, result.batch_size, result.pairs, result.n) == (3, 7, 63, 21)


def test_copies_have_no_diversity_and_zero_pairs_are_counted():
    image = smooth(1, 32).permute(0, 2, 3, 1).numpy()
    assert diversity(np.repeat(image, 12, 0), 3, 4).value == pytest.approx(0, abs=1e-9)
    half = diversity(np.concatenate([image, 255 - image, image]), 1, 3)
    assert half.zero_share == pytest.approx(2 / 3)
    assert half.value == pytest.approx(2 / 3)


@pytest.mark.parametrize(("n", "batches", "batch_size"), [(130, 2, 64), (40, 1, 40), (2, 1, 2)])
def test_fewer_images_give_fewer_or_smaller_batches(n, batches, batch_size):
    images = np.random.default_rng(0).integers(0, 256, (n, 16, 16, 1), dtype=np.uint8)
    result = diversity(images, 5, 64)
    assert (result.batches, result.batch_size) == (batches, batch_size)
    assert batches > 1 or result.sd == 0


def test_bad_input_is_refused():
    a = smooth(2, 32)
    with pytest.raises(DmviError, match="must be equal"):
        ms_ssim(a, a[:1])
    with pytest.raises(DmviError, match="H, W >= 16"):
        ms_ssim(a[:, :, :15], a[:, :, :15])
    with pytest.raises(DmviError, match=r"float32 and not all in \[0, 1\]"):
        ms_ssim(a.float(), a.float())
    with pytest.raises(DmviError, match="int64"):
        ms_ssim(a.long(), a.long())
    with pytest.raises(DmviError, match="float32"):
        diversity(np.zeros((4, 32, 32, 3), np.float32))
    with pytest.raises(DmviError, match="of 1 images"):
        diversity(np.zeros((1, 32, 32, 3), np.uint8))
