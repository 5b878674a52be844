"""The process and its environment: variables that every job should run with, and its name in logs."""

import gc
import os
import platform
import subprocess
import sys
from functools import cache
from pathlib import Path


def set_environment() -> None:
    """Sets, for this process and its children, where the package is and how memory is handled.

    - PATH: the `python` of the rules is the one that runs Snakemake, even if its virtual environment
      is not activated (a conda environment, where one is used, is put before it later).
    - PYTHONPATH: jobs use the package as it stands in the checkout, installed or not.
    - MALLOC_*: glibc gives large tensors back to the system at each free and pays for the page faults
      of the next allocation; keeping them makes training on a CPU faster.
    """
    binaries = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", os.defpath).split(os.pathsep)
    if path[0] != binaries:
        os.environ["PATH"] = os.pathsep.join([binaries, *path])
    source = str(Path(__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    if before is None or source not in before.split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [source, before]))
    os.environ.setdefault("MALLOC_MMAP_MAX_", "0")
    os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", "100000000000")


def collect_less_often() -> None:
    """Makes Python look for unused objects less often, in this process alone.

    Planning a study makes some hundred thousand objects that stay until the end: a tenth of its time.
    A process that trains should not do this: the tensors of a cycle stay until they are found.
    """
    gc.set_threshold(100_000, 20, 100)


def process_name() -> str:
    """ "process 4711 on node7 (Slurm job 123)": what to look for, and where."""
    job = os.environ.get("SLURM_JOB_ID")
    where = f"process {os.getpid()} on {platform.node()}"
    return f"{where} (Slurm job {job})" if job else where


def processor_name() -> str:
    """The model of the processor, as Linux names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()  # not Linux: the platform's own word stands


@cache
def checkout_commit() -> str:
    """The commit of the checkout that this code stands in, "+" behind it if src/ or workflow/ differ
    from it; "unknown" outside a checkout (an installed package, a copy on another machine)."""
    root = Path(__file__).parents[2]

    def git(*arguments: str) -> str | None:
        try:
            done = subprocess.run(
                ["git", "-C", str(root), *arguments], capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        return done.stdout.strip() if done.returncode == 0 else None

    commit = git("rev-parse", "HEAD")
    if not commit or git("ls-files", str(Path(__file__))) in (None, ""):
        return "unknown"
    return commit + ("+" if git("status", "--porcelain", "--", "src", "workflow") else "")
