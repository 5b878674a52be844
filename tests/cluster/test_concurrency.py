"""Two of everything at once: studies, starts of one study, and copies of one job."""

import os
import re
import signal

import psutil
import pytest
from real_slurm import LOW, MODEL, RUN, await_until, short_config

REFUSED = re.compile(r"^dmvi: \S+ is in use by (.+); wait for that job or cancel it$", re.MULTILINE)


def test_two_studies_at_once(new_study, uninterrupted):
    studies = [new_study(short_config(), name) for name in ("one", "two")]
    heads = [study.start(MODEL) for study in studies]
    for study, head in zip(studies, heads, strict=True):
        head.finish(300)
        assert [job.state for job in study.jobs("train")] == ["COMPLETED"]
        assert study.read(MODEL) == uninterrupted.result()


def test_two_starts_of_one_study_at_once(new_study, uninterrupted):
    study = new_study(short_config())
    heads = [study.start(MODEL) for _ in range(2)]
    await_until(
        "one start has ended", 120, lambda: any(h.process.poll() is not None for h in heads)
    )
    second, first = sorted(heads, key=lambda head: head.process.poll() is None)
    printed = second.finish(1, good=False)
    assert "Directory cannot be locked" in printed
    assert "no other Snakemake process" in printed
    assert "Traceback" not in printed
    assert "has been submitted" not in printed
    first.finish(300)
    assert [job.state for job in study.jobs("train")] == ["COMPLETED"]
    assert study.read(MODEL) == uninterrupted.result()


@pytest.fixture
def frozen():
    """Processes that a test stops and lets go on; none stays stopped."""
    stopped = []
    yield stopped
    for process in stopped:
        if process.is_running():
            process.resume()


def training_of(study) -> psutil.Process:
    """The one process that trains a run of the study."""
    (found,) = (
        process
        for process in psutil.process_iter(["cmdline"])
        if "train" in (line := process.info["cmdline"] or [])
        and "--checkpoints" in line
        and process.cwd() == str(study.folder)
        and "python" in os.path.basename(line[0])
    )
    return found


def test_a_job_is_started_again_while_its_first_copy_lives(
    new_study, uninterrupted, low_nodes, repaired, frozen
):
    """A node hangs and Slurm loses it, but what it ran is only asleep: the next node's copy of the job must
    not train beside it."""
    study = new_study(short_config())
    head = study.start(MODEL, *LOW)
    job = study.await_checkpoint()
    first = training_of(study)
    frozen.append(first)
    first.suspend()
    repaired.append(job.node)
    os.kill(int((RUN / f"slurmd-{job.node}.pid").read_text()), signal.SIGKILL)
    study.await_requeue(job)
    printed = head.finish(300, good=False)
    holders = REFUSED.findall(printed)
    assert holders, "no copy was refused"
    assert all(f"process {first.pid} " in f"{holder} " for holder in holders), holders
    assert "Traceback" not in study.log()
    assert first.is_running(), "the first copy is gone: this test tells nothing"

    # Awake again, it ends as if nothing had been; then what is left to do is done.
    first.resume()
    await_until("the first copy has ended", 180, lambda: not psutil.pid_exists(first.pid))
    await_until("the queue is empty", 120, lambda: not study.queued())
    study.on_slurm(MODEL)
    assert study.read(MODEL) == uninterrupted.result()
    assert not list((study.folder / "results/checkpoints").rglob("*damaged*"))
