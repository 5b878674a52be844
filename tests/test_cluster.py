"""Jobs left in the queue, seen by a squeue that prints what a test wants."""

import os
import stat

import pytest

from dmvi.cluster.jobs import jobs_left, refuse_jobs_left
from dmvi.errors import DmviError


@pytest.fixture
def squeue(tmp_path, monkeypatch):
    """Puts a squeue of the given shell text first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)

    def make(text):
        path = folder / "squeue"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    return make


@pytest.fixture
def study(tmp_path):
    """A study's folder, its name as odd as a name may be, and a link to it."""
    folder = tmp_path / "a study|with a bar"
    folder.mkdir()
    (tmp_path / "link").symlink_to(folder)
    return folder


def test_only_jobs_of_this_study_count(squeue, study, tmp_path):
    rows = [
        f"11|dmvi_one|{study}",
        f"12|dmvi_one|{tmp_path / 'link'}",
        f"13|dmvi_two|{tmp_path}",
        f"14|other|{study}",
        f"15|dmvitoo_three|{study}",
    ]
    squeue("cat <<'END'\n" + "\n".join(rows) + "\nEND")
    assert [tuple(job) for job in jobs_left(study, "dmvi")] == [
        ("11", "dmvi_one"),
        ("12", "dmvi_one"),
    ]
    with pytest.raises(DmviError, match=r"^2 jobs .* are left .* \(11, 12\)") as caught:
        refuse_jobs_left(tmp_path / "link", "dmvi")
    assert str(caught.value).count("scancel --me --name=dmvi_one") == 1


def test_squeue_is_asked_for_this_users_jobs(squeue, study, tmp_path):
    squeue(f'echo "$@" > {tmp_path}/asked')
    refuse_jobs_left(study, "dmvi")
    assert (tmp_path / "asked").read_text() == "--me --noheader --format=%i|%j|%Z\n"


def test_many_jobs_are_counted_not_listed(squeue, study):
    squeue(f'for i in $(seq 300); do echo "$i|dmvi_one|{study}"; done')
    with pytest.raises(DmviError, match=r"^300 jobs .* \(1, 2, .* 10, \.\.\.\)") as caught:
        refuse_jobs_left(study, "dmvi")
    assert len(str(caught.value)) < 400


def test_an_empty_queue_or_no_squeue_refuses_nothing(squeue, study, monkeypatch):
    squeue("true")
    refuse_jobs_left(study, "dmvi")
    monkeypatch.setenv("PATH", str(study))
    assert jobs_left(study, "dmvi") == []


def test_a_squeue_that_fails_is_not_taken_for_an_empty_queue(squeue, study):
    squeue("echo slurm_load_jobs error: Unable to contact slurm controller >&2; exit 1")
    with pytest.raises(DmviError, match=r"^squeue failed \(slurm_load_jobs error: Unable"):
        refuse_jobs_left(study, "dmvi")
