"""Asking a training loop to stop: time limits and preemption arrive as signals."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager


class StopRequest:
    """Becomes true when one of the awaited signals arrives."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __bool__(self) -> bool:
        return self.signal is not None


@contextmanager
def stop_on_signal(*signals: int) -> Iterator[StopRequest]:
    """Turns the signals into a `StopRequest` for the duration of the block."""
    request = StopRequest()

    def handler(number: int, frame: object) -> None:
        request.signal = number

    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield request
    finally:
        for number, old in before.items():
            signal.signal(number, old)
