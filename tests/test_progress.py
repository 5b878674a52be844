"""Progress of long work: silent where it is quick, lines in a log, a bar on a terminal."""

import io
import sys

import pytest
from tqdm import tqdm

from dmvi import progress
from dmvi.progress import Progress, bars_as_lines, said, told


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock(monkeypatch):
    """Time, in seconds, that passes only where a test says so."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def worked(clock, seconds: float, n: int = 5) -> list[int]:
    """What came out of `told`, where each of n items takes so many seconds."""
    found = []
    for item in told(range(n), "working", "item"):
        clock[0] += seconds
        found.append(item)
    return found


def test_quick_work_says_nothing(clock, capsys):
    assert worked(clock, 0.1) == [0, 1, 2, 3, 4]
    assert capsys.readouterr().err == ""


def test_long_work_says_a_line_every_ten_seconds_in_a_log(clock, capsys):
    assert worked(clock, 6) == [0, 1, 2, 3, 4]
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("|")[-1].split()[0] for line in lines] == ["2/5", "4/5"]
    assert all(line.startswith("working: ") for line in lines)


def test_on_a_terminal_it_is_a_bar_that_goes(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setattr(progress, "tqdm", lambda *a, **k: tqdm(*a, **{**k, "delay": 0}))
    assert list(told(["a", "b"], "working", "item")) == ["a", "b"]
    drawn = sys.stderr.getvalue()
    assert "working:" in drawn
    assert "0/2" in drawn
    assert drawn.split("\r")[-2].strip() == "", "nothing of it stays"


def test_quick_work_draws_no_bar(monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert list(told(["a", "b"], "working", "item")) == ["a", "b"]
    assert sys.stderr.getvalue().strip() == ""


def test_what_cannot_be_counted_is_said_on_a_terminal_only(monkeypatch, capsys):
    with said("planning"):
        pass
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys, "stderr", Terminal())
    with pytest.raises(KeyError), said("planning"):
        raise KeyError
    assert sys.stderr.getvalue() == "planning ...\r\x1b[K"


def test_bars_of_others_become_lines_of_a_log(capsys):
    with bars_as_lines(seconds=0.0):
        for _ in tqdm(range(3), mininterval=0.0):
            pass
        print("a line of its own", file=sys.stderr)
    lines = capsys.readouterr().err.splitlines()
    assert "a line of its own" in lines
    assert sum("/3 [" in line for line in lines) >= 3
    assert all("\r" not in line for line in lines)


def test_of_a_bar_that_is_drawn_often_few_lines_are_kept(clock, capsys):
    with bars_as_lines():
        for _ in range(25):
            clock[0] += 1.0
            sys.stderr.write("\r 1/3")
    assert capsys.readouterr().err == " 1/3\n".lstrip() * 2


def test_bars_on_a_terminal_are_left_alone(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with bars_as_lines():
        assert sys.stderr is terminal


def test_a_heartbeat_slows_down_after_the_first_hour(clock):
    lines: list[str] = []
    heart = Progress(lines.append, "step")
    for step in range(1, 2000):
        clock[0] += 10
        heart(step, 10_000)
    first = [line for line in lines if int(line.split("/")[0].split("|")[-1]) <= 60]
    last = [line for line in lines if int(line.split("/")[0].split("|")[-1]) > 1940]
    assert len(first) == 60
    assert len(last) == 10, "one a minute"
