"""Slurm's own daemons die while a study runs. Not beside other tests: they would feel it too."""

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from real_slurm import HERE, MODEL, RUN, await_until, short_config


def pid(daemon: str) -> int:
    return int(Path(RUN / f"{daemon}.pid").read_text())


@pytest.fixture
def accounting():
    """The cluster with slurmdbd, for one test; then it is as it was."""
    subprocess.run([HERE / "start", "--accounting"], check=True)
    yield
    subprocess.run([HERE / "start"], check=True)


def test_the_accounting_daemon_dies(accounting, new_study, uninterrupted):
    study = new_study(short_config())
    asked = ["sacct", "-X", "-n"]
    head = study.start(MODEL, "results/runs/plain/seed0/kl.json")
    study.await_checkpoint()
    assert subprocess.run(asked, capture_output=True).returncode == 0
    os.kill(pid("slurmdbd"), signal.SIGKILL)
    head.finish(300)
    assert subprocess.run(asked, capture_output=True).returncode != 0
    assert {job.state for job in study.jobs()} == {"COMPLETED"}
    assert study.read(MODEL) == uninterrupted.result()


def test_the_controller_is_away_for_a_while(new_study, uninterrupted):
    study = new_study(short_config())
    head = study.start(MODEL)
    study.await_checkpoint()
    controller = psutil.Process(pid("slurmctld"))
    controller.terminate()
    try:
        # Longer than the plugin's five questions at ten per second would last.
        await_until("a status query fails", 60, lambda: not answers())
        time.sleep(30)
    finally:
        await_until("slurmctld has ended", 20, lambda: ended(controller))
        subprocess.run(["slurmctld"], check=True)
    head.finish(300)
    assert [job.state for job in study.jobs("train")] == ["COMPLETED"]
    assert study.read(MODEL) == uninterrupted.result()


def answers() -> bool:
    """Whether the controller does."""
    return subprocess.run(["scontrol", "ping"], capture_output=True).returncode == 0


def ended(process: psutil.Process) -> bool:
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
