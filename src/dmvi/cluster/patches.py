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
from dataclasses import replace
from pathlib import Path
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


def open_report_on(workflow: Any, folder: Path) -> None:
    """Makes Snakemake's report open on a description, in a style, unless the command line names others.

    Without a template for it the report's first view is the graph of jobs; only the command line can name
    one (--report-metadata), or a stylesheet (--report-html-stylesheet-path), not a Snakefile.

    Args:
        workflow: Snakemake's, as a Snakefile sees it.
        folder: with landing.yaml, a template in YTE, and report.css, for Snakemake's own reporter.
    """
    with or_default("its report will open on the graph of jobs"):
        create = workflow.create_report
        wanted = {"global_report_settings", "report_settings"}
        if not wanted <= set(inspect.signature(create).parameters):
            raise OtherShapeError(f"create_report does not take {' and '.join(sorted(wanted))}")

        def create_report(
            *, report_settings: Any, global_report_settings: Any, **others: Any
        ) -> None:
            create(
                report_settings=_filled(report_settings, "stylesheet_path", folder / "report.css"),
                global_report_settings=_filled(
                    global_report_settings, "metadata_template", folder / "landing.yaml"
                ),
                **others,
            )

        workflow.create_report = create_report


def _filled(settings: Any, name: str, value: Path) -> Any:
    """Settings with a value where they have the name and nothing under it."""
    return (
        replace(settings, **{name: value}) if getattr(settings, name, value) is None else settings
    )
