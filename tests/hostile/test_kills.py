"""Kills, full disks and double starts: what is finished stays, and the end is the same bytes.

The steps of a tiny study run as processes of their own, forked from this one so that a start costs
nothing. They are killed by SIGKILL at random times and at random renames, then run to their end.
"""

import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from dmvi import files
from dmvi.data.preparation import prepare
from dmvi.errors import DmviError
from dmvi.steps.encode import encode
from dmvi.steps.estimate_kl import estimate_kl
from dmvi.steps.train import train

DATA = {"builder": "mnist", "source": "standin", "limit": {"train": 96, "valid": 16, "test": 16}}
SPEC = {
    **{"model": "vae", "data": "noise", "posterior": "gaussian", "likelihood": "bernoulli"},
    **{"latent_dim": 4, "width": 4, "iterations": 40, "batch_size": 16},
    **{"learning_rate": 1e-3, "adam_betas": [0.5, 0.9], "precision": "float32"},
    **{"log_every": 4, "bound_every": 10, "bound_images": 16},
}
KL = {"samples": None, "curve_sizes": [10, 50], "curve_samples": 20}
TRAINED = ("model.pt", "history.csv", "run.json", "bound.csv")
ESTIMATED = ("kl.json", "kl_curve.csv", "profile.csv", "profile_histograms.csv")
OUTPUTS = (
    *("data/images.npy", "data/labels.npy", "data/meta.json", *TRAINED),
    *("posterior.npy", "codes.npy", *ESTIMATED),
)


def chain(folder: Path) -> None:
    """Every step of which an output is missing, as Snakemake runs them again after a kill."""
    torch.set_num_threads(1)

    def missing(*names: str) -> bool:
        return not all((folder / name).exists() for name in names)

    files.clear_left(folder)  # as every command does at its start
    if missing("data/images.npy", "data/labels.npy", "data/meta.json"):
        prepare(DATA, "digits", folder / "data", folder / "raw")
    if missing(*TRAINED):
        paths = [folder / name for name in (*TRAINED, "checkpoints")]
        train(
            SPEC,
            *("tiny", 0, folder / "data", *paths),
            checkpoint_every=3,
            device="cpu",
            log=lambda _: None,
        )
    if missing("posterior.npy", "codes.npy"):
        encode(
            *(folder / "model.pt", folder / "data", 0),
            *(folder / "posterior.npy", folder / "codes.npy", "cpu"),
        )
    if missing(*ESTIMATED):
        paths = [folder / name for name in ESTIMATED]
        estimate_kl(
            *(folder / "model.pt", folder / "data", KL, 0, *paths, "cpu"), log=lambda _: None
        )


def started(work: Callable[[], None]) -> int:
    """The id of a process that does some work and ends with 0, or with 3 after a sentence."""
    if (process := os.fork()) != 0:
        return process
    code = 1
    try:
        work()
        code = 0
    except DmviError:
        code = 3
    finally:
        os._exit(code)


def ended(process: int) -> int:
    """How a process ended: its status, or minus the signal that killed it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def dying_at_rename(folder: Path, rename: int, before: bool) -> None:
    """Does the chain, and kills itself before or after its nth rename."""
    replace, count = os.replace, iter(range(1, 10_000))

    def replace_and_die(*arguments) -> None:
        last = next(count) == rename
        if last and before:
            os.kill(os.getpid(), signal.SIGKILL)
        replace(*arguments)
        if last:
            os.kill(os.getpid(), signal.SIGKILL)

    os.replace = replace_and_die
    chain(folder)


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in OUTPUTS}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """(contents of an undisturbed study, seconds that it took)."""
    folder = tmp_path_factory.mktemp("whole")
    process, began = started(lambda: chain(folder)), time.monotonic()
    assert ended(process) == 0
    return contents(folder), time.monotonic() - began


def killed(folder: Path, wanted: int, whole, seed: int) -> None:
    """Kills a study until `wanted` kills have hit; whenever one is whole, it is compared and begun anew."""
    expected, seconds = whole
    chance, hits, round_ = random.Random(seed), 0, 0
    place = folder / "0"
    while hits < wanted:
        here = place
        if chance.random() < 0.5:
            rename, before = chance.randint(1, 25), chance.random() < 0.5
            process = started(lambda: dying_at_rename(here, rename, before))  # noqa: B023
        else:
            process = started(lambda: chain(here))  # noqa: B023
            time.sleep(chance.random() * seconds)
            os.kill(process, signal.SIGKILL)
        status = ended(process)
        assert status in (0, -signal.SIGKILL)
        hits += status != 0
        if status == 0:
            assert contents(place) == expected
            round_ += 1
            place = folder / str(round_)
    assert ended(started(lambda: chain(place))) == 0
    assert contents(place) == expected
    assert not [path for path in folder.rglob(".*") if path.is_file()], "left-over files"


def test_a_few_kills_change_no_byte(whole, tmp_path):
    killed(tmp_path, 5, whole, 1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2])
def test_many_kills_change_no_byte(whole, tmp_path, seed):
    killed(tmp_path, 50, whole, seed)


def test_two_starts_at_once_change_no_byte(whole, tmp_path):
    """Of two trainings of one run one goes on, and the other says who holds the folder."""
    expected, _ = whole
    processes = [started(lambda: chain(tmp_path)) for _ in range(2)]
    statuses = sorted(ended(process) for process in processes)
    assert statuses[0] == 0 or statuses == [3, 3], statuses
    assert ended(started(lambda: chain(tmp_path))) == 0
    assert contents(tmp_path) == expected


@pytest.fixture
def small_disk(tmp_path):
    """A function that makes a file system of so many kilobytes, or changes its size."""
    place = tmp_path / "disk"
    place.mkdir()

    def mount(options: str) -> Path:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            pytest.skip(f"no mount here: {error}")
        if done.returncode:
            pytest.skip(f"no small disk can be mounted here: {done.stderr.strip()}")
        return place

    yield mount
    subprocess.run(["umount", "-l", str(place)], capture_output=True, check=False)


@pytest.mark.parametrize("kilobytes", [16, 120, 160, 200, 240])
def test_a_full_disk_is_a_sentence_and_loses_nothing(whole, small_disk, kilobytes):
    expected, _ = whole
    place = small_disk(f"size={kilobytes}k")
    with pytest.raises(DmviError) as caught:
        chain(place)
    assert "cannot be written (No space left on device); make room" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not list(place.rglob(".*.tmp*"))
    small_disk("remount,size=50m")
    chain(place)
    assert contents(place) == expected


def test_a_disk_that_became_read_only_is_a_sentence(whole, small_disk):
    place = small_disk("size=50m")
    prepare(DATA, "digits", place / "data", place / "raw")
    small_disk("remount,ro")
    with pytest.raises(DmviError, match="Read-only file system") as caught:
        chain(place)
    assert "\n" not in str(caught.value)


def test_what_is_being_written_is_not_removed(tmp_path):
    """Only the temporary files of dead processes are left-overs."""
    path = tmp_path / "table.csv"
    dead = tmp_path / ".table.4711.tmp.csv"
    dead.write_text("half")
    other = tmp_path / ".other.4711.tmp.csv"
    other.write_text("half")
    with files.atomic_path(path) as mine:
        assert not dead.exists()
        mine.write_text("mine")
        files.clear_left(path)
        files.clear_left(tmp_path)
        assert mine.exists()
        assert not other.exists()
    assert path.read_text() == "mine"


def test_a_kill_between_the_two_renames_of_a_checkpoint_leaves_no_second_name(tmp_path):
    """Then the kept file is the one that the next writing keeps, under two names already."""
    path, keep = tmp_path / "checkpoint.pt", tmp_path / "checkpoint.previous.pt"
    path.write_text("first")
    os.link(path, keep)  # as the kill left it
    with files.atomic_path(path, keep) as temporary:
        temporary.write_text("second")
    assert path.read_text() == "second"
    assert keep.read_text() == "first"
    assert set(tmp_path.iterdir()) == {path, keep}
