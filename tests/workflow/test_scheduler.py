"""Snakemake's scheduler, which must not take the processor while jobs wait."""

import re
import subprocess
import sys

import pytest
from snakemake.scheduling.job_scheduler import JobRateLimiter
from snakemake.settings.types import MaxJobsPerTimespan

from dmvi.cluster.scheduler import lift_default_rate_limit

JOBS = 30
SNAKEFILE = f"""
from dmvi.cluster.scheduler import lift_default_rate_limit

onstart:
    lift_default_rate_limit(workflow.scheduler)

rule all:
    input:
        expand("{{i}}.txt", i=range({JOBS})),

rule wait:
    output:
        "{{i}}.txt",
    shell:
        "sleep 0.3; touch {{output}}"
"""


class Scheduler:
    def __init__(self, limit: str | None) -> None:
        limited = limit and JobRateLimiter(MaxJobsPerTimespan.parse_choice(limit))
        self.job_rate_limiter = limited or None


@pytest.mark.parametrize(
    ("limit", "kept"), [("100/1s", False), ("10/1m", True), ("100/1m", True), (None, False)]
)
def test_only_the_limit_of_snakemake_itself_is_lifted(limit, kept):
    scheduler = Scheduler(limit)
    lift_default_rate_limit(scheduler)
    assert (scheduler.job_rate_limiter is not None) == kept


def choices(folder, *options: str) -> int:
    """How often Snakemake chooses among ready jobs in a run of the Snakefile."""
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--verbose", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return len(re.findall(r"^Ready jobs: ", done.stderr, re.MULTILINE))


def test_jobs_are_chosen_once_per_job_that_ends(tmp_path):
    assert choices(tmp_path / "lifted") <= JOBS + 2
    # The fault that this is for: when Snakemake no longer has it, the correction can go.
    assert choices(tmp_path / "limited", "--max-jobs-per-timespan", "99/1s") > 1.5 * JOBS
