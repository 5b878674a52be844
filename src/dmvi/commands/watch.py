"""Shows what a running study does: which jobs run, how far each is, and what failed."""

import shutil
import sys
import time
from pathlib import Path

from dmvi.errors import DmviError
from dmvi.report.watching import Job, Now, Watched

COMMAND = {}
SILENT = 600.0  # seconds; a training writes a line every minute at least
DAY = 86_400  # seconds
SHOWN = 20  # jobs of one kind
PATH = 40  # characters of the folder's path, its end
ENDED = ("failed", "stopped", "interrupted")


def watch(folder: Path = Path(), every: float = 5.0, once: bool = False) -> None:
    """Shows which jobs of a study run now, their progress, rate and time left, and which have failed.

    It only reads, locks nothing, and ends when nothing runs any more, or with Ctrl-C. The time left of the
    whole study is what `python -m dmvi plan` prices.

    Args:
        folder: of the study, with config.yaml and results/.
        every: seconds from one table to the next.
        once: print one table and end.
    """
    if not folder.is_dir():
        raise DmviError(f"{folder} is not a folder")
    if not (folder / "config.yaml").exists():
        raise DmviError(f"{folder} holds no config.yaml, so it is no study's folder")
    if not 0 < every <= DAY:
        raise DmviError(f"--every is {every:g}; it must be above 0 and at most {DAY:,} seconds")
    if not (folder / "results/logs").is_dir() and not (folder / ".snakemake/locks").is_dir():
        raise DmviError(
            f"nothing of the study in {folder} has begun yet; "
            f"`snakemake --cores all --directory {folder} all` starts it"
        )
    watched, clear = Watched(folder), sys.stdout.isatty() and not once
    try:
        while True:
            now = time.time()
            seen = watched.look(now)
            lines = table(seen, folder, now, shutil.get_terminal_size((100, 24)).columns)
            # To the upper left corner, and what was below it away.
            print("\x1b[H\x1b[J" * clear + "\n".join(lines), flush=True)
            if once or not seen.working:
                return
            time.sleep(every)
            if not clear:
                print()
    except KeyboardInterrupt:
        return


def table(seen: Now, folder: Path, now: float, width: int) -> list[str]:
    """A study at the time `now` (seconds since 1970), as lines of at most `width` columns."""
    running, ended = seen.in_state("running"), seen.in_state(*ENDED)
    lines = [_head(seen, folder, now), _counts(seen)]
    if running:
        rows = [("running", "done", "rate", "left", "written", "")]
        rows += [_row(job, now) for job in sorted(running, key=lambda job: job.title)[:SHOWN]]
        lines += ["", *_aligned(rows), *_more(running)]
    if seen.waiting:
        places = sorted({str(Path(file).parent) for file in seen.waiting})
        count, them = len(seen.waiting), ", ".join(places[:3]) + ", ..." * (len(places) > 3)
        lines += [
            "",
            f"queued, or no line written yet: {_count(count, 'file')} to be made in {them}",
        ]
    if ended:
        lines += ["", "ended before the end, latest first (the last line of each log):"]
        lines += [f"  {job.title}: {job.state}: {job.last}" for job in ended[:SHOWN]]
        lines += _more(ended)
    quiet = [now - job.written for job in running]
    if quiet and min(quiet) > SILENT:
        lines += [
            "",
            f"No log has been written for {_time(min(quiet))}. If Snakemake was killed, start it",
            f"again: snakemake --unlock --directory {folder}, then with --rerun-incomplete.",
        ]
    return [line if len(line) <= width else line[: width - 3] + "..." for line in lines]


def _head(seen: Now, folder: Path, now: float) -> str:
    name = str(folder) if len(str(folder)) <= PATH else f"...{str(folder)[3 - PATH :]}"
    head = f"{name}, {time.strftime('%H:%M:%S', time.localtime(now))}: "
    if not seen.working:
        return f"{head}nothing runs"
    if seen.began is None:
        return f"{head}jobs run"
    head += f"Snakemake has worked for {_time(now - seen.began)}; "
    if seen.steps is not None:
        return head + "{:,} of its {:,} jobs are done".format(*seen.steps)
    return head + "{:,} of the {:,} files that it is to make are made".format(*seen.files)


def _counts(seen: Now) -> str:
    counts = {state: len(seen.in_state(state)) for state in ("running", "done", *ENDED)}
    shown = [f"{n:,} {state}" for state, n in counts.items() if n or state in ("done", "failed")]
    return f"jobs that have a log, of this start and earlier ones: {', '.join(shown)}"


def _row(job: Job, now: float) -> tuple[str, ...]:
    written = f"{_time(now - job.written)} ago"
    if job.total is None:
        return (job.title, "", "", "", written, job.last)
    done = f"{job.done:,g} of {job.total:,g} ({job.done / max(job.total, 1):.0%})"
    age = now - job.written
    left = "?" if job.left is None or age > SILENT else _time(job.left - age)
    return (job.title, done, job.rate, left, written, job.last)


def _more(jobs: list[Job]) -> list[str]:
    return [f"  ... and {len(jobs) - SHOWN} more"] * (len(jobs) > SHOWN)


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(w) if i in (0, len(row) - 1) else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]


def _time(seconds: float) -> str:
    """ "12 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(max(0.0, seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min" + f" {whole % 60} s" * (whole % 60 > 0 and whole < 600)
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _count(n: int, what: str) -> str:
    return f"{n:,} {what}{'s' if n != 1 else ''}"
