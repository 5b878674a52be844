"""What a study does now: read from the logs of its jobs and from what Snakemake notes of jobs it has started.

Nothing is locked and nothing is written. A log whose last line is a step's usual end is of a job that is
done. One without is of a job that runs, where Snakemake has marked a file of that job as being made
(`.snakemake/incomplete`) and not taken the mark back; of one that ended early, otherwise.
"""

import os
import re
from base64 import urlsafe_b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dmvi.study.declarations import declared_steps

END = "processor time, imports included"  # last line of every step, see dmvi.cli
TAIL = 8192  # bytes of a log's end that are read
CLOCKS = 2.0  # seconds by which the clocks of two machines may differ
FRESH = 120.0  # seconds; a log written since then is of a job that runs, with or without a lock
# As `dmvi.progress` writes it: " 87%|####  | 1305/1500 [05:36<00:50,  3.88step/s]  critic/penalty 0.116"
METER = re.compile(
    r"\d+%\|.*?\| *(?P<done>[\d.]+)/(?P<total>[\d.]+) "
    r"\[[\d:]+<(?P<left>[\d:?]+), *(?P<rate>[^\]]+)\] *(?P<rest>.*)"
)
STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  ")
STEPS = re.compile(r"^(\d+) of (\d+) steps \(", re.MULTILINE)


@dataclass(frozen=True)
class Job:
    """A job that has a log.

    Attributes:
        title: its step and wildcards, "train cifar10_gaussian seed0".
        state: "done", "running", "interrupted" (a signal; its checkpoint is written), "failed" (its log
            ends in an error) or "stopped" (its log just ends: killed, or its machine was).
        log: its log's path; written: when that was last written to, in seconds since 1970.
        done, total, rate, left: of the last line of progress; left in seconds from when it was
            written; None, and "" for the rate, where there is no such line.
        last: the log's last line, without time and meter.
    """

    title: str
    state: str
    log: Path
    written: float
    done: float | None = None
    total: float | None = None
    rate: str = ""
    left: float | None = None
    last: str = ""


@dataclass(frozen=True)
class Now:
    """A study at one moment.

    Attributes:
        jobs: all that have a log, the latest written first.
        waiting: files of started jobs that have written no line: in a queue, or loading.
        working: whether Snakemake works in this folder, as far as its locks and the logs tell.
        began: when its present start took the lock, in seconds since 1970; None where it has none.
        steps: (done, all) jobs of the present start, as Snakemake's own log says; None where it does not.
        files: (made, all) files that the present start is to make; None without a lock.
    """

    jobs: list[Job]
    waiting: list[str]
    working: bool
    began: float | None
    steps: tuple[int, int] | None
    files: tuple[int, int] | None

    def in_state(self, *states: str) -> list[Job]:
        """The jobs in one of these states."""
        return [job for job in self.jobs if job.state in states]


class Watched:
    """A study's folder, looked at again and again: a log is read again only where it has changed."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.logs = folder, folder / "results/logs"
        self.noted = folder / ".snakemake"
        self.read: dict[Path, tuple[tuple[int, int], list[str]]] = {}

    def look(self, now: float) -> Now:
        """What the folder says at a time in seconds since 1970."""
        marks, locks = _marks(self.noted / "incomplete"), _locks(self.noted / "locks")
        jobs, open_ = [], []
        for path in self._paths():
            try:
                written, lines = self._tail(path)
            except OSError:
                continue  # removed while we looked
            job = self._job(path, written, lines)
            running = job.state == "stopped" and _marked(job, self._words(path), marks)
            (open_ if running else jobs).append(job)
        began = min(locks, key=lambda lock: lock[0])[0] if locks else None
        working = bool(locks) or any(now - job.written < FRESH for job in open_)
        state = "running" if working else "stopped"
        jobs += [Job(**{**vars(job), "state": state}) for job in open_]
        at_work = [self._words(job.log) for job in open_]
        return Now(
            sorted(jobs, key=lambda job: -job.written),
            [file for file in marks if working and not any(w <= _parts(file) for w in at_work)],
            working,
            began,
            None if began is None else _steps(self.noted / "log", began),
            None if began is None else self._files(locks, marks),
        )

    def _paths(self) -> Iterator[Path]:
        for step in declared_steps():
            if (path := self.logs / f"{step}.log").exists():
                yield path
            yield from (self.logs / step).rglob("*.log")

    def _words(self, path: Path) -> set[str]:
        """What a job's log and its outputs have in common: the values of its wildcards."""
        return set(path.relative_to(self.logs).with_suffix("").parts[1:])

    def _tail(self, path: Path) -> tuple[float, list[str]]:
        """When a log was written, and its last lines."""
        about = path.stat()
        key = (about.st_mtime_ns, about.st_size)
        if self.read.get(path, (None,))[0] != key:
            with open(path, "rb") as file:
                file.seek(max(0, about.st_size - TAIL))
                text = file.read(TAIL).decode(errors="replace")
            lines = [line.split("\r")[-1].rstrip() for line in text.split("\n")]
            self.read[path] = key, [line for line in lines if line]
        return about.st_mtime, self.read[path][1]

    def _job(self, path: Path, written: float, lines: list[str]) -> Job:
        title = " ".join(path.relative_to(self.logs).with_suffix("").parts)
        last = STAMP.sub("", lines[-1]) if lines else ""
        meter = None
        for line in reversed(lines):
            if meter := METER.search(line):
                break
        if found := METER.search(last):
            last = found["rest"]
        told = {"title": title, "log": path, "written": written, "last": last}
        if meter is not None:
            told |= {"done": float(meter["done"]), "total": float(meter["total"])}
            told |= {"rate": meter["rate"].strip(), "left": _seconds(meter["left"])}
        return Job(state=_ended(lines), **told)

    def _files(
        self, locks: list[tuple[float, list[str]]], marks: dict[str, float]
    ) -> tuple[int, int]:
        made = total = 0
        for taken, files in locks:
            total += len(files)
            for name in files:
                try:
                    made += name not in marks and os.stat(self.folder / name).st_mtime >= taken
                except OSError:
                    continue
        return made, total


def _ended(lines: list[str]) -> str:
    """How the process of these last lines ended; "stopped" where they do not say so."""
    last = lines[-1] if lines else ""
    if last.endswith(END):
        return "done"
    if last.endswith("is written, run again to go on"):
        return "interrupted"
    # Behind the last line of ours: an earlier attempt's error stands before those of this one.
    behind = lines[max((i for i, line in enumerate(lines) if STAMP.match(line)), default=0) :]
    if last.startswith("dmvi: ") or any(line.startswith("Traceback ") for line in behind):
        return "failed"
    return "stopped"


def _marked(job: Job, words: set[str], marks: dict[str, float]) -> bool:
    """Whether a file of this job is being made, and its log is of that attempt."""
    return any(
        words <= _parts(file) and job.written >= marked - CLOCKS for file, marked in marks.items()
    )


def _parts(file: str) -> set[str]:
    path = Path(file)
    return {*path.parts, path.stem}


def _marks(folder: Path) -> dict[str, float]:
    """File that is being made -> when its job was started or submitted.

    Snakemake names a mark after the file, in base 64, and cuts names that would be too long into
    folders that begin with "@".
    """
    found = {}
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place) / name
            joined = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            try:
                found[urlsafe_b64decode(joined).decode()] = path.stat().st_mtime
            except (OSError, ValueError):
                continue  # taken back meanwhile, or none of Snakemake's
    return found


def _locks(folder: Path) -> list[tuple[float, list[str]]]:
    """(when it was taken, the files to be made) of every start that works in this folder."""
    found = []
    for path in folder.glob("*.output.lock"):
        try:
            found.append((path.stat().st_mtime, path.read_text().splitlines()))
        except OSError:
            continue
    return found


def _steps(folder: Path, began: float) -> tuple[int, int] | None:
    """Jobs done and in all, as the log of the start that took the lock at `began` says last."""
    for path in sorted(folder.glob("*.snakemake.log"), reverse=True):
        try:
            if path.stat().st_mtime < began:
                continue
            with open(path, "rb") as file:
                file.seek(max(0, path.stat().st_size - 16 * TAIL))
                found = STEPS.findall(file.read().decode(errors="replace"))
        except OSError:
            continue
        if found:
            return int(found[-1][0]), int(found[-1][1])
    return None


def _seconds(text: str) -> float | None:
    """Of tqdm's "05:36" or "1:05:36"; None of its "?"."""
    if "?" in text:
        return None
    seconds = 0
    for part in text.split(":"):
        seconds = 60 * seconds + int(part)
    return float(seconds)
