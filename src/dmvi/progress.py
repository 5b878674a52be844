"""Progress of long work as lines of a log, which `tail -f` can follow."""

import time
from collections.abc import Callable

from tqdm import tqdm


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
