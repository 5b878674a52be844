"""Which checkpoint a training goes on from, and what becomes of the others: none is ever overwritten."""

import os

import pytest
import torch

from dmvi.errors import DmviError
from dmvi.training import checkpoint

ONE, TWO = "1" * 16, "2" * 16


def put(path, identity, step, age=0):
    """A checkpoint `age` seconds old."""
    content = {"identity": identity, "step": step, "parts": {"x": torch.zeros(2)}}
    checkpoint.save(path, content)
    os.utime(path, (1e9 - age, 1e9 - age))


def step_of(path):
    return checkpoint.load(path)["step"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "checkpoint.pt"


def resume(path, identity, log=lambda line: None):
    return checkpoint.resume(path, identity, log, lambda state: state["step"])


def test_two_damaged_checkpoints_in_a_row_are_both_kept(path):
    for content, step in ((b"first", 10), (b"second", 20)):
        path.write_bytes(content)
        put(checkpoint.previous(path), ONE, step)
        assert resume(path, ONE) == step
        assert not path.exists()
    assert path.with_name("checkpoint.damaged.pt").read_bytes() == b"first"
    assert path.with_name("checkpoint.damaged-2.pt").read_bytes() == b"second"


def test_a_damaged_checkpoint_stays_where_the_one_before_is_of_another_configuration(path):
    """Nothing is trained from the first step in silence, however often it is started."""
    path.write_bytes(b"damaged")
    put(checkpoint.previous(path), TWO, 10)
    for _ in range(3):
        with pytest.raises(
            DmviError, match=r"no whole checkpoint before it; delete \S*checkpoint.pt to"
        ):
            resume(path, ONE)
        assert path.read_bytes() == b"damaged"
    assert step_of(path.with_name(f"checkpoint.{TWO}.pt")) == 10


def test_the_only_checkpoint_of_another_configuration_is_set_aside_wherever_it_lies(path):
    put(checkpoint.previous(path), TWO, 10)
    assert resume(path, ONE) is None
    put(path, ONE, 5)  # the new training has begun
    put(checkpoint.previous(path), ONE, 4)
    assert resume(path, TWO) == 10
    assert step_of(path.with_name(f"checkpoint.{ONE}.pt")) == 5


def test_the_spare_of_what_was_set_aside_stays_a_spare(path):
    put(path, TWO, 20)
    put(checkpoint.previous(path), TWO, 10)
    assert resume(path, ONE) is None
    found = {file.name for file in path.parent.iterdir()}
    assert found == {f"checkpoint.{TWO}.pt", "checkpoint.previous.pt"}
    assert resume(path, TWO) == 20


def test_of_two_set_aside_the_newest_comes_back(path):
    put(path.with_name(f"checkpoint.{ONE}.pt"), ONE, 10, age=100)
    put(path, ONE, 999)
    assert resume(path, TWO) is None
    lines = []
    assert resume(path, ONE, lines.append) == 999
    assert any(f"checkpoint.{ONE}-2.pt is used again" in line for line in lines)
    assert step_of(path.with_name(f"checkpoint.{ONE}.pt")) == 10


def test_names_of_another_identity_s_are_not_taken_for_this_one_s(path):
    put(path.with_name(f"checkpoint.{TWO}-2.pt"), TWO, 10)
    assert resume(path, ONE) is None
