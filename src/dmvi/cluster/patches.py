"""Corrections of Snakemake and of its Slurm plugin, made when a study starts.

Each changes something that is no public interface. Where a release no longer has it, or has it in
another shape, one line says so and the default behaviour stays: a correction never stops a start.
`tests/workflow/test_patches.py` shows the fault that each is for, and fails when it is gone: then the
correction can be deleted.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

DEFAULT_LIMIT = (100, 1)  # Snakemake's own: at most 100 jobs started per second


class OtherShapeError(Exception):
    """What a correction would change is not what it was written for."""


@contextmanager
def or_default(behaviour: str) -> Iterator[None]:
    """Whatever goes wrong in the block is one warning, which says what behaviour stays."""
    try:
        yield
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        print(
            f"warning: this Snakemake is not the one that dmvi was written for ({reason}); {behaviour}",
            file=sys.stderr,
        )


def lift_default_rate_limit(workflow: Any) -> None:
    """Starts jobs as soon as they are ready, unless the user set --max-jobs-per-timespan.

    Under a limit Snakemake (9.27) chooses jobs anew after each job that ends, and for each time that
    it has chosen while others wait, once more a timespan later. So after n jobs it chooses n times
    per second, each time looking at the inputs of all jobs that wait. The limit it sets by itself,
    100 jobs per second, is one that no study here reaches.

    Args:
        workflow: Snakemake's, as a Snakefile's `onstart` sees it.
    """
    with or_default("its scheduler will take more processor time the more jobs have ended"):
        scheduler = workflow.scheduler
        limiter = scheduler.job_rate_limiter
        if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
            scheduler.job_rate_limiter = None


def ask_for_min_job_age_once() -> None:
    """Makes Snakemake's Slurm plugin (2.8) ask the controller for MinJobAge now, and not again.

    It asks before each look at the queue. While the controller does not answer (it is restarted,
    say) the plugin then turns from squeue to sacct; without accounting that never answers, and the
    plugin drops its jobs and waits for them forever.
    """
    with or_default("while Slurm's controller is away it may turn to sacct and wait forever"):
        import snakemake_executor_plugin_slurm as plugin

        name = "get_min_job_age"
        ask = getattr(plugin, name)
        if inspect.signature(ask).parameters:
            raise OtherShapeError(f"{name} takes arguments")
        if name not in plugin.Executor.check_active_jobs.__code__.co_names:
            raise OtherShapeError(f"check_active_jobs does not call {name}")
        seconds = ask()
        if seconds is not None:
            setattr(plugin, name, lambda: seconds)
