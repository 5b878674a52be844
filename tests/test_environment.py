"""What logs and locks call a process, and how often long work reports."""

import os
from itertools import pairwise

from dmvi import progress
from dmvi.environment import process_name


def test_a_process_is_named_with_its_slurm_job(monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    assert process_name().startswith(f"process {os.getpid()} on ")
    assert "Slurm" not in process_name()
    monkeypatch.setenv("SLURM_JOB_ID", "123")
    assert process_name().endswith(" (Slurm job 123)")


def test_progress_is_reported_every_ten_seconds_and_later_every_minute(monkeypatch):
    now = 0.0
    monkeypatch.setattr(progress.time, "monotonic", lambda: now)
    lines = []
    report = progress.Progress(lines.append, "step")
    times = []
    for now in range(1, 3 * 3600):
        if report.due(now, 10**6):
            report.write(now, 10**6)
            times.append(now)
    pauses = [b - a for a, b in pairwise(times)]
    assert times[:3] == [10, 20, 30]
    assert max(pauses) == pauses[-1] == 60
    assert report.due(10**6, 10**6)
