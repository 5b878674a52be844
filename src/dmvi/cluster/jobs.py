"""What a study has left in Slurm's queue: a new start would submit the same jobs again."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from dmvi.errors import DmviError

SECONDS = 60  # that squeue may take
SHOWN = 10  # ids, in the message


class LeftJob(NamedTuple):
    """A job in the queue: its Slurm id and its name, which all jobs of one start share."""

    id: str
    name: str


def jobs_left(folder: str | Path, prefix: str) -> list[LeftJob]:
    """This user's jobs in the queue that an earlier start of the study submitted.

    Those are the jobs that work in the study's folder and whose names begin with the prefix that
    the Slurm profile gives to job names (`slurm-jobname-prefix`). Without squeue there are none.

    Raises:
        DmviError: squeue failed.
    """
    if shutil.which("squeue") is None:
        return []
    try:
        done = subprocess.run(
            ["squeue", "--me", "--noheader", "--format=%i|%j|%Z"],
            capture_output=True,
            text=True,
            check=True,
            timeout=SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise DmviError(f"squeue gave no answer in {SECONDS} s; start again when it does") from None
    except subprocess.CalledProcessError as error:
        said = " ".join(error.stderr.split()) or f"exit status {error.returncode}"
        raise DmviError(f"squeue failed ({said}); start again when it works") from None
    # A folder's name may hold a bar; an id cannot, and Snakemake's job names do not.
    rows = [line.split("|", 2) for line in done.stdout.splitlines()]
    return [
        LeftJob(number, name)
        for number, name, place in rows
        if name.startswith(f"{prefix}_") and os.path.realpath(place) == os.path.realpath(folder)
    ]


def refuse_jobs_left(folder: str | Path, prefix: str) -> None:
    """Stops a start that would submit again what an earlier one has left in the queue.

    Raises:
        DmviError: such jobs exist, or squeue failed.
    """
    jobs = jobs_left(folder, prefix)
    if not jobs:
        return
    ids = [job.id for job in jobs[:SHOWN]] + ["..."] * (len(jobs) > SHOWN)
    one = len(jobs) == 1
    cancel = "; ".join(f"scancel --me --name={name}" for name in sorted({job.name for job in jobs}))
    raise DmviError(
        f"{len(jobs)} {'job' if one else 'jobs'} of this study {'is' if one else 'are'} left in "
        f"Slurm's queue from an earlier start ({', '.join(ids)}), and would be submitted again: "
        f"wait until {'it has' if one else 'they have'} ended, or cancel "
        f"{'it' if one else 'them'} ({cancel}), then start again"
    )
