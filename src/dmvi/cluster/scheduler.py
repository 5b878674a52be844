"""A correction of Snakemake's scheduler."""

from typing import Any

DEFAULT_LIMIT = (100, 1)  # Snakemake's own: at most 100 jobs started per second


def lift_default_rate_limit(scheduler: Any) -> None:
    """Starts jobs as soon as they are ready, unless the user set --max-jobs-per-timespan.

    Under a limit Snakemake (9.27) chooses jobs anew after each job that ends, and for each time that
    it has chosen while others wait, once more a timespan later. So after n jobs it chooses n times
    per second, each time looking at the inputs of all jobs that wait. The limit it sets by itself,
    100 jobs per second, is one that no study here reaches.

    Args:
        scheduler: Snakemake's `workflow.scheduler`, before it starts.
    """
    limiter = scheduler.job_rate_limiter
    if limiter is not None and (limiter.max_jobs, limiter.timespan) == DEFAULT_LIMIT:
        scheduler.job_rate_limiter = None
