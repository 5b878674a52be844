"""What the finished jobs of a study took, as Snakemake's benchmark files tell."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dmvi.study.declarations import declared_steps


@dataclass(frozen=True)
class Measured:
    """One finished job: wall time in seconds, largest resident memory in MB."""

    rule: str
    wildcards: dict[str, str]
    seconds: float
    memory_mb: float


def finished_jobs(results: Path) -> Iterator[Measured]:
    """All jobs with a benchmark file below results/benchmarks.

    Left out are jobs that resumed a checkpoint, as their time is only that of the rest, and jobs so
    short that Snakemake measured nothing.
    """
    folder = results / "benchmarks"
    for rule, step in declared_steps().items():
        names = step["wildcards"]
        if not names:
            continue  # one job of seconds
        for path in sorted((folder / rule).rglob("*.tsv")):
            parts = path.relative_to(folder / rule).with_suffix("").parts
            # A name with a dot in it has lost nothing: only `.tsv` is a suffix.
            if len(parts) != len(names):
                continue
            wildcards = dict(zip(names, parts, strict=True))
            if "seed" in wildcards:
                wildcards["seed"] = wildcards["seed"].removeprefix("seed")
            log = results / "logs" / path.relative_to(folder).with_suffix(".log")
            if log.exists() and "resumed from" in log.read_text(errors="replace"):
                continue
            with open(path, newline="") as file:
                row = next(csv.DictReader(file, delimiter="\t"), {})
            try:
                seconds, memory = float(row["s"]), float(row["max_rss"])
            except (KeyError, ValueError):
                continue
            if memory > 0:
                yield Measured(rule, wildcards, seconds, memory)
