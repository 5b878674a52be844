"""The engine's parts: sampler, journal, checkpoint files."""

import numpy as np
import pytest
import torch

from dmvi.errors import DmviError
from dmvi.training import checkpoint
from dmvi.training.journal import Journal, NonFiniteLossError
from dmvi.training.reproducibility import choose_device
from dmvi.training.sampler import Sampler

CPU = torch.device("cpu")


def numbered_images(n):
    """Image i holds the value i everywhere."""
    return np.broadcast_to(np.arange(n, dtype=np.uint8)[:, None, None, None], (n, 4, 4, 1))


def test_an_epoch_shows_every_image_once():
    sampler = Sampler(numbered_images(40), 8, 0, CPU)
    for _ in range(3):
        seen = torch.cat([sampler.next()[:, 0, 0, 0] for _ in range(5)])
        torch.testing.assert_close(seen.sort().values, torch.arange(40) / 255.0)


def test_epochs_are_shuffled_differently_and_by_the_seed():
    first, same, other = (Sampler(numbered_images(40), 8, seed, CPU) for seed in (0, 0, 1))
    a, b = first.next(), same.next()
    assert torch.equal(a, b)
    assert not torch.equal(a, other.next())
    for _ in range(4):
        first.next()
    assert not torch.equal(a, first.next())


def test_batches_are_channels_first_in_zero_to_one():
    images = np.zeros((3, 2, 4, 3), np.uint8)
    images[..., 1] = 255
    x = Sampler(images, 3, 0, CPU).next()
    assert x.shape == (3, 3, 2, 4)
    assert x.dtype == torch.float32
    torch.testing.assert_close(x.mean((0, 2, 3)), torch.tensor([0.0, 1.0, 0.0]))


def test_binarisation_has_the_pixel_as_its_mean_and_is_drawn_anew():
    images = np.full((10, 28, 28, 1), 51, np.uint8)  # 0.2
    sampler = Sampler(images, 10, 0, CPU, binarize=True)
    draws = torch.stack([sampler.next() for _ in range(20)])
    assert set(draws.unique().tolist()) == {0.0, 1.0}
    assert draws.mean().item() == pytest.approx(0.2, abs=0.01)
    assert not torch.equal(draws[0], draws[1])


def test_journal_means():
    journal = Journal(3, CPU)
    for step in range(1, 8):
        journal.add(step, {"a/x": torch.tensor(float(step)), "a/y": torch.tensor(1.0)})
    journal.close(7)
    assert [(row["step"], row["a/x"]) for row in journal.rows] == [(3, 2.0), (6, 5.0), (7, 7.0)]


def test_journal_names_the_first_bad_step_and_term():
    journal = Journal(5, CPU)
    journal.add(1, {"a/x": torch.tensor(1.0), "a/y": torch.tensor(1.0)})
    journal.add(2, {"a/x": torch.tensor(1.0), "a/y": torch.tensor(float("inf"))})
    journal.add(3, {"a/x": torch.tensor(float("nan")), "a/y": torch.tensor(1.0)})
    with pytest.raises(NonFiniteLossError, match="a/y is inf at step 2"):
        journal.check(3)


def test_checkpoint_bytes_do_not_depend_on_the_files_name(tmp_path):
    content = {"step": 3, "weights": torch.arange(5.0)}
    checkpoint.save(tmp_path / "a.pt", content)
    checkpoint.save(tmp_path / "other-name.pt", content)
    assert (tmp_path / "a.pt").read_bytes() == (tmp_path / "other-name.pt").read_bytes()
    assert list(tmp_path.glob(".*")) == []


def test_a_truncated_checkpoint_is_one_sentence(tmp_path):
    path = tmp_path / "a.pt"
    checkpoint.save(path, {"weights": torch.arange(500.0)})
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DmviError, match=r"a\.pt is not a readable checkpoint .* delete it"):
        checkpoint.load(path)


def test_a_pickled_object_is_never_run(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    torch.save({"weights": Trap()}, tmp_path / "evil.pt")
    with pytest.raises(DmviError, match="not a readable checkpoint"):
        checkpoint.load(tmp_path / "evil.pt")
    assert not (tmp_path / "ran").exists()


def test_digest_ignores_the_order_of_keys_but_no_value():
    assert checkpoint.digest({"a": 1, "b": 2}) == checkpoint.digest({"b": 2, "a": 1})
    assert checkpoint.digest({"a": 1, "b": 2}) != checkpoint.digest({"a": 2, "b": 1})


@pytest.mark.skipif(torch.cuda.is_available(), reason="speaks of machines without a GPU")
def test_a_missing_gpu_is_one_sentence():
    with pytest.raises(DmviError, match="device is 'cuda', but torch sees no GPU"):
        choose_device("cuda")
