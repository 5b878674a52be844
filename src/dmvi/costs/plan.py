"""What a study will take, before anything is submitted: Snakemake's plan, priced by the cost model.

Only what is left to do counts, as `snakemake -n` sees it. Imports neither torch nor pandas.
"""

import math
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from dmvi.costs.measured import finished_jobs
from dmvi.costs.model import Cost, Costs
from dmvi.errors import DmviError
from dmvi.study.config import Study

HOUR = 3600.0


@dataclass(frozen=True)
class Job:
    """A job that Snakemake would run now."""

    rule: str
    wildcards: dict[str, str]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    minutes: int  # its time limit; 0 if it asks for none
    memory_mb: int  # that it asks for


@dataclass(frozen=True)
class Sum:
    """Several jobs together."""

    jobs: int
    gpu_hours: float
    cpu_hours: float
    disk_mb: float


@dataclass(frozen=True)
class Plan:
    """The jobs to do, what each costs, and which of them each figure needs.

    Attributes:
        jobs, costs: in the same order.
        needs: figure -> positions of the jobs without which it cannot be drawn, its own among them.
        levels: of each job, how many others it comes after at most, one behind the other.
        chain: positions of the jobs of the longest chain, first to last.
        chain_seconds: of that chain, with what the scheduler adds to each job: no cluster is faster.
        local: names of the rules that run where Snakemake does.
        finished: (seconds measured, seconds expected) of the jobs that are done.
    """

    jobs: list[Job]
    costs: list[Cost]
    needs: dict[str, set[int]]
    levels: list[int]
    chain: list[int]
    chain_seconds: float
    local: frozenset[str]
    finished: list[tuple[float, float]] = field(default_factory=list)

    def total(self, which: Iterable[int] | None = None) -> Sum:
        """All jobs, or those at these positions."""
        costs = [self.costs[i] for i in (range(len(self.jobs)) if which is None else which)]
        return Sum(
            len(costs),
            sum(cost.gpus * cost.seconds for cost in costs) / HOUR,
            sum(cost.threads * cost.seconds for cost in costs) / HOUR,
            sum(cost.disk_mb for cost in costs),
        )

    def only_for(self, figure: str) -> set[int]:
        """The jobs that this figure needs and no other."""
        others = (needs for name, needs in self.needs.items() if name != figure)
        return self.needs[figure].difference(*others)

    @property
    def submitted(self) -> list[int]:
        """The jobs that are sent to a scheduler, where there is one."""
        return [i for i, job in enumerate(self.jobs) if job.rule not in self.local]


def make_plan(
    study: Study, folder: Path, snakefile: Path, hardware: dict[str, Any], targets: list[str]
) -> Plan:
    """The plan of a study's folder for some targets (`all` by default).

    Raises:
        DmviError: Snakemake refuses the study; its message is handed on.
    """
    # The target rule of no work of its own, `all`, is no job.
    jobs = [j for j in read_jobs(dry_run(folder, snakefile, targets)) if j.outputs]
    costs = Costs(study, hardware)
    local = local_rules(snakefile.read_text())
    priced = [costs.of(job.rule, **job.wildcards) for job in jobs]
    before = _dependencies(jobs)
    extra = [0 if job.rule in local else hardware["seconds_per_submission"] for job in jobs]
    lengths = [cost.seconds + more for cost, more in zip(priced, extra, strict=True)]
    chain, seconds = _longest_chain(before, lengths)
    drawn = {job.wildcards["figure"]: i for i, job in enumerate(jobs) if job.rule == "draw"}
    needs = {figure: _ancestors(i, before) for figure, i in drawn.items()}
    done = []
    again = {(job.rule, *job.wildcards.values()) for job in jobs}
    for job in finished_jobs(folder / "results"):
        if (job.rule, *job.wildcards.values()) in again:
            continue
        if "run" not in job.wildcards or job.wildcards["run"] in study.runs:
            try:
                done.append((job.seconds, costs.of(job.rule, **job.wildcards).seconds))
            except KeyError:
                continue  # of an entry that the config no longer has
    return Plan(jobs, priced, needs, _levels(before), chain, seconds, local, done)


def dry_run(folder: Path, snakefile: Path, targets: list[str]) -> str:
    """What `snakemake -n` prints."""
    command = [sys.executable, "-m", "snakemake", "-n", "--cores", "1", "--nocolor"]
    # What a killed or a running start has left half done is still to do.
    command += ["--rerun-incomplete", "--snakefile", str(snakefile), "--directory", str(folder)]
    command += targets
    # A profile in the environment would change what is printed.
    environment = {k: v for k, v in os.environ.items() if k != "SNAKEMAKE_PROFILE"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        message = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        raise DmviError(f"snakemake -n refuses this study: {' '.join(message[-3:])}")
    return done.stdout + done.stderr


def read_jobs(printed: str) -> list[Job]:
    """The jobs in the output of a dry run."""
    jobs = []
    for block in re.split(r"^\[.*\]$", printed, flags=re.MULTILINE)[1:]:
        found = re.search(r"^(?:local)?(?:rule|checkpoint) (\w+):$", block, re.MULTILINE)
        if found is None:
            continue
        entries = dict(re.findall(r"^    (\w+): (.*)$", block, re.MULTILINE))
        wildcards, resources = (_pairs(entries.get(key)) for key in ("wildcards", "resources"))
        jobs.append(
            Job(
                found[1],
                wildcards,
                _listed(entries.get("input")),
                _listed(entries.get("output")),
                _whole(resources.get("runtime")),
                _whole(resources.get("mem_mb")),
            )
        )
    return jobs


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(", ")) if text else ()


def _pairs(text: str | None) -> dict[str, str]:
    """Of "a=1, b=[2, 3], c=4"."""
    return dict(part.split("=", 1) for part in re.split(r", (?=\w+=)", text)) if text else {}


def _whole(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0


def local_rules(snakefile: str) -> frozenset[str]:
    """The rules under `localrules:`, which are never submitted."""
    found = re.search(r"^localrules:\n((?:    \w+,?\n)+)", snakefile, re.MULTILINE)
    return frozenset(re.findall(r"\w+", found[1])) if found else frozenset()


def _dependencies(jobs: list[Job]) -> list[set[int]]:
    """The positions of the jobs whose outputs each job reads."""
    maker = {path: i for i, job in enumerate(jobs) for path in job.outputs}
    return [{maker[path] for path in job.inputs if path in maker} for job in jobs]


def _ancestors(position: int, before: list[set[int]]) -> set[int]:
    found, waiting = {position}, [position]
    while waiting:
        new = before[waiting.pop()] - found
        found |= new
        waiting += new
    return found


def _levels(before: list[set[int]]) -> list[int]:
    """How many jobs must come before each, one behind the other."""
    levels = [0] * len(before)
    for i in _in_order(before):
        levels[i] = max((levels[j] + 1 for j in before[i]), default=0)
    return levels


def _in_order(before: list[set[int]]) -> Iterable[int]:
    """All positions, each behind those that must come before it."""
    return TopologicalSorter(dict(enumerate(before))).static_order()


def _longest_chain(before: list[set[int]], lengths: list[float]) -> tuple[list[int], float]:
    """Positions of the jobs of the chain that takes longest, and its length."""
    if not before:
        return [], 0.0
    end: dict[int, float] = {}
    previous: dict[int, int | None] = {}
    for i in _in_order(before):
        previous[i] = max(before[i], key=end.__getitem__, default=None)
        end[i] = lengths[i] + (0.0 if previous[i] is None else end[previous[i]])
    chain = [max(end, key=end.__getitem__)]
    seconds = end[chain[0]]
    while (earlier := previous[chain[-1]]) is not None:
        chain.append(earlier)
    return chain[::-1], seconds


def write_plan(plan: Plan, study: Study, hardware: dict[str, Any]) -> str:
    """The plan as text, at most 100 columns wide."""
    name = study.config["study"]["name"]
    if not plan.jobs:
        return f"Nothing is left to do in the study {name!r}."
    parts = [f"What is left to do in the study {name!r}: {len(plan.jobs):,} jobs", ""]
    parts += [_rules_table(plan), ""]
    if plan.needs:
        parts += [_figures_table(plan), ""]
    parts += [*_totals(plan, hardware), ""]
    parts += _notes(plan, hardware)
    return "\n".join(parts)


def _rules_table(plan: Plan) -> str:
    rows = [("rule", "jobs", "GPU-hours", "CPU-hours", "longest job", "limit", "memory", "disk")]
    depth: dict[str, int] = {}  # of the deepest job: in the order of the work
    for job, level in zip(plan.jobs, plan.levels, strict=True):
        depth[job.rule] = max(depth.get(job.rule, 0), level)
    for rule in sorted(depth, key=lambda rule: (depth[rule], rule)):
        which = [i for i, job in enumerate(plan.jobs) if job.rule == rule]
        total = plan.total(which)
        limit = max(plan.jobs[i].minutes for i in which)
        memory = max(plan.jobs[i].memory_mb for i in which)
        rows.append(
            (
                rule,
                *_work(total),
                _duration(max(plan.costs[i].seconds for i in which)),
                "here" if rule in plan.local else _duration(60 * limit),
                "" if rule in plan.local else _size(memory),
                _size(total.disk_mb),
            )
        )
    total = plan.total()
    rows.append(("total", *_work(total), "", "", "", _size(total.disk_mb)))
    return _table(rows)


def _work(total: Sum) -> tuple[str, str, str]:
    """Jobs, GPU-hours and CPU-hours."""
    return f"{total.jobs:,}", _number(total.gpu_hours), _number(total.cpu_hours)


def _figures_table(plan: Plan) -> str:
    hours = ("GPU-hours", "CPU-hours")
    rows = [("figure", "jobs alone", *hours, "jobs only its", *hours)]
    for figure, needs in plan.needs.items():
        alone, own = plan.total(needs), plan.total(plan.only_for(figure))
        rows.append((figure, *_work(alone), *_work(own)))
    head = "Each figure if it were drawn alone, and the jobs that no other figure needs:\n"
    return head + _table(rows, order=_figure_order)


def _totals(plan: Plan, hardware: dict[str, Any]) -> list[str]:
    total, count = plan.total(), len(plan.submitted)
    each = hardware["seconds_per_submission"]
    work = sum(plan.costs[i].seconds for i in plan.submitted)
    share = count * each / work if work else 0.0
    chain = [_title(plan.jobs[i]) for i in plan.chain]
    lines = [
        f"In all: {_number(total.gpu_hours)} GPU-hours, {_number(total.cpu_hours)} CPU-hours (the cores "
        f"of all jobs), {_size(total.disk_mb)} of disk.",
        f"On a cluster: {count:,} submissions. At {each:g} s of overhead each they add "
        f"{_duration(count * each)} of waiting, {share:.1%} of the work.",
        f"However many machines there are, it takes {_duration(plan.chain_seconds)} at least: "
        + " > ".join(chain),
    ]
    return [line for text in lines for line in _wrapped(text)]


def _title(job: Job) -> str:
    return " ".join([job.rule, *(v for k, v in job.wildcards.items() if k != "seed")])


def _notes(plan: Plan, hardware: dict[str, Any]) -> list[str]:
    notes = []
    for device, jobs in (("gpu", True), ("cpu", False)):
        which = [i for i, cost in enumerate(plan.costs) if (cost.gpus > 0) is jobs]
        if not which:
            continue
        about, name = hardware[device], device.upper()
        if about["measured"]:
            notes.append(
                f"The times of {len(which):,} jobs on a {name} rest on measured rates "
                f"({about['machine']})."
            )
        else:
            notes.append(
                f"The times of {len(which):,} jobs on a {name} rest on ASSUMED rates, measured on none "
                f"({about['machine']}); `make gpu-check` measures yours."
            )
    limits = hardware["limits"]
    notes.append(
        f"Limits and memory are larger than expected: {limits['minutes']} min + {limits['safety']} x "
        "the time, 1.5 x the memory, both times the attempt."
    )
    longest = 60 * limits["longest_minutes"]
    late = [i for i, cost in enumerate(plan.costs) if cost.seconds > longest]
    if late:
        names = ", ".join(_title(plan.jobs[i]) for i in late[:3]) + (", ..." if late[3:] else "")
        notes.append(
            f"{len(late):,} jobs are expected to take longer than the longest limit "
            f"({_duration(longest)}): {names}. They go on from their checkpoints in later attempts."
        )
    if plan.finished:
        measured = sum(seconds for seconds, _ in plan.finished)
        expected = sum(seconds for _, seconds in plan.finished)
        notes.append(
            f"Of what is finished, {len(plan.finished):,} jobs took {_duration(measured)} in all; "
            f"expected were {_duration(expected)}, {expected / measured:.2f} times as long."
        )
    return [line for note in notes for line in _wrapped(note)]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        text, 100, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )


def _figure_order(row: tuple[str, ...]) -> tuple[str, int]:
    name = row[0]
    return name.rstrip("0123456789"), int(re.sub(r"\D", "", name) or 0)


def _table(
    rows: list[tuple[str, ...]], order: Callable[[tuple[str, ...]], Any] | None = None
) -> str:
    head, *body = rows
    body = sorted(body, key=order) if order else body
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    lines = []
    for row in [head, *body]:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]])


def _number(value: float) -> str:
    if value == 0:
        return "-"
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 0.1 else f"{value:.3f}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{math.ceil(seconds)} s"
    if seconds < 2 * HOUR:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / HOUR:.1f} h" if seconds < 72 * HOUR else f"{seconds / HOUR / 24:.1f} d"


def _size(mb: float) -> str:
    return f"{mb:.0f} MB" if mb < 1000 else f"{mb / 1000:,.1f} GB"
