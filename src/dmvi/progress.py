"""Progress of long work: lines of a log, which `tail -f` can follow, or a bar on a terminal."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from typing import TextIO, TypeVar

from tqdm import tqdm

T = TypeVar("T")


class Progress:
    """A line with the share done, the rate and the time left: a heartbeat, every ten seconds at first
    and every minute after the first hour.

    Args:
        log: takes one line.
        unit: what is counted.
        start: how much was done before (a resumed training).
    """

    shortest, longest = 10.0, 60.0  # seconds between lines

    def __init__(self, log: Callable[[str], None], unit: str, start: int = 0) -> None:
        self.log, self.unit, self.start = log, unit, start
        self.began = self.last = time.monotonic()

    def due(self, done: int, total: int) -> bool:
        """Whether a line is to be written now: time has passed, or the work is finished."""
        now = time.monotonic()
        pause = min(self.longest, max(self.shortest, (now - self.began) / 60))
        return done == total or now - self.last >= pause

    def write(self, done: int, total: int, suffix: str = "") -> None:
        """Writes a line."""
        self.last = time.monotonic()
        elapsed = self.last - self.began
        meter = tqdm.format_meter(
            done, total, elapsed, initial=self.start, unit=self.unit, ncols=72
        )
        self.log(f"{meter}  {suffix}".rstrip())

    def __call__(self, done: int, total: int) -> None:
        if self.due(done, total):
            self.write(done, total)


def told(items: Sequence[T], what: str, unit: str) -> Iterator[T]:
    """The items one by one, while standard error says how far it is.

    That is a bar on a terminal, which goes when all is done, and a line every ten seconds elsewhere.
    Quick work says nothing.

    Args:
        what: is done with the items, "drawing".
        unit: what is counted.
    """
    if sys.stderr.isatty():
        yield from tqdm(items, desc=what, unit=unit, leave=False, delay=1.0)
        return
    progress = Progress(lambda line: print(f"{what}: {line}", file=sys.stderr, flush=True), unit)
    for done, item in enumerate(items):
        if done and progress.due(done, len(items)):
            progress.write(done, len(items))
        yield item


@contextmanager
def said(what: str) -> Iterator[None]:
    """Says on a terminal what is done within the block, of which nothing can be counted."""
    if not sys.stderr.isatty():
        yield
        return
    print(f"{what} ...", end="", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)  # back to its start, and away


@contextmanager
def bars_as_lines(seconds: float = 10.0) -> Iterator[None]:
    """Makes bars that other libraries draw on standard error lines of a log, unless it is a terminal.

    A bar is drawn again several times a second, in a file behind itself; of a log a line every so many
    seconds is enough.
    """
    if sys.stderr.isatty():
        yield
        return
    with redirect_stderr(_Lines(sys.stderr, seconds)):
        yield


class _Lines:
    """A stream that hands on whole lines, and of a bar, drawn after a carriage return, one at a time."""

    def __init__(self, stream: TextIO, seconds: float) -> None:
        self.stream, self.seconds = stream, seconds
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self.last = time.monotonic()

    def write(self, text: str) -> int:
        drawn = text.startswith("\r")
        now = time.monotonic()
        if not drawn:
            self.stream.write(text.replace("\r", "\n"))
        elif text.strip() and now - self.last >= self.seconds:
            self.stream.write(text.strip() + "\n")
            self.last = now
        return len(text)

    def flush(self) -> None:
        self.stream.flush()

    def isatty(self) -> bool:
        return False
