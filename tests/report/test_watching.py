"""What a running study does, as read from its logs and from Snakemake's notes."""

import os
import re
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from dmvi.cli import main
from dmvi.commands.watch import table
from dmvi.progress import Progress
from dmvi.report.watching import Watched

NOW = 2_000_000_000.0
END = "2033-05-18 03:33:19  12.30 s of processor time, imports included\n"


class Made:
    """A study's folder with made-up logs and notes; ages are in seconds before NOW."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.put("config.yaml", "study: {}\n", 9000)

    def put(self, name: str, text: str, age: float) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (NOW - age, NOW - age))

    def log(self, job: str, text: str, age: float) -> None:
        self.put(f"results/logs/{job}.log", text, age)

    def mark(self, file: str, age: float) -> None:
        """As Snakemake marks a file that a job has begun to make."""
        name = urlsafe_b64encode(file.encode()).decode()
        cut = [name[i : i + 254] for i in range(0, len(name), 254)]
        parts = ["@" + part for part in cut[:-1]] + cut[-1:]
        self.put(f".snakemake/incomplete/{'/'.join(parts)}", "{}", age)

    def lock(self, *files: str, age: float) -> None:
        self.put(".snakemake/locks/0.output.lock", "\n".join(files) + "\n", age)

    def states(self, now: float = NOW) -> dict[str, str]:
        return {job.title: job.state for job in Watched(self.folder).look(now).jobs}

    def shown(self, now: float = NOW) -> str:
        return "\n".join(table(Watched(self.folder).look(now), Path("mine"), now, 120))


@pytest.fixture
def made(tmp_path):
    return Made(tmp_path)


def meter(done: int, total: int, seconds: float, suffix: str) -> str:
    """A line as a training writes it."""
    lines: list[str] = []
    progress = Progress(lines.append, "step")
    progress.began -= seconds
    progress.write(done, total, suffix)
    return f"2033-05-18 03:33:10  {lines[0]}\n"


def test_a_running_training_shows_its_steps_rate_and_time_left(made):
    made.lock("results/runs/vae/seed0/model.pt", "results/fig1.pdf", age=300)
    made.mark("results/runs/vae/seed0/model.pt", 60)
    made.log("train/vae/seed0", "one\n" + meter(250, 1000, 50, "vae/kl 3.5"), 10)
    seen = Watched(made.folder).look(NOW)
    (job,) = seen.jobs
    assert (job.title, job.state, job.done, job.total) == ("train vae seed0", "running", 250, 1000)
    assert job.left == pytest.approx(150, abs=1), "750 steps at 5 a second"
    assert job.rate == "5.00step/s"
    assert job.last == "vae/kl 3.5"
    assert seen.files == (0, 2)
    shown = made.shown()
    assert "250 of 1,000 (25%)" in shown
    assert "2 min 20 s  10 s ago  vae/kl 3.5" in shown, "what has passed since is taken off"
    assert "Snakemake has worked for 5 min; 0 of the 2 files" in shown


def test_how_a_log_ends_says_how_its_job_did(made):
    made.lock("results/fig1.pdf", age=300)
    made.log("train/good/seed0", meter(9, 9, 5, "") + END, 100)
    made.log("train/refused/seed0", "dmvi: the data are damaged\n", 90)
    made.log("train/broken/seed0", "Traceback (most recent call last):\n  x\nValueError: no\n", 80)
    made.log("train/killed/seed0", meter(5, 9, 5, "vae/kl 1"), 70)
    again = "Traceback (most recent call last):\n  x\nValueError: no\n" + meter(5, 9, 5, "")
    made.log("train/again/seed0", again, 70)
    stopped = "SIGTERM at step 7; the checkpoint in results/x is written, run again to go on\n"
    made.log("train/asked/seed0", f"2033-05-18 03:33:10  {stopped}", 60)
    made.log("slurm/rule_train/1", "not one of our steps\n", 10)
    assert made.states() == {
        "train good seed0": "done",
        "train refused seed0": "failed",
        "train broken seed0": "failed",
        "train killed seed0": "stopped",
        "train again seed0": "stopped",
        "train asked seed0": "interrupted",
    }
    shown = made.shown()
    assert "train broken seed0: failed: ValueError: no" in shown
    assert "train refused seed0: failed: dmvi: the data are damaged" in shown
    assert "1 done, 2 failed, 2 stopped, 1 interrupted" in shown


def test_a_log_of_before_the_mark_is_of_an_earlier_attempt(made):
    """The job waits in a queue, or loads torch: its log is still the old one."""
    made.lock("results/runs/vae/seed0/model.pt", age=300)
    made.log("train/vae/seed0", meter(5, 9, 5, ""), 200)
    made.mark("results/runs/vae/seed0/model.pt", 60)
    seen = Watched(made.folder).look(NOW)
    assert [job.state for job in seen.jobs] == ["stopped"]
    assert seen.waiting == ["results/runs/vae/seed0/model.pt"]
    assert "queued, or no line written yet: 1 file to be made in results/runs/vae" in made.shown()
    made.log("train/vae/seed0", meter(5, 9, 5, "") + meter(6, 9, 5, ""), 30)
    seen = Watched(made.folder).look(NOW)
    assert [job.state for job in seen.jobs] == ["running"]
    assert seen.waiting == []


def test_a_mark_is_of_the_job_whose_wildcards_it_holds(made):
    made.lock("results/x", age=900)
    made.mark("results/runs/a/seed1/density_ratio/table1.json", 60)
    for job in ("a/seed1/table1", "a/seed0/table1", "a/seed1/table2", "b/seed1/table1"):
        made.log(f"estimate_ratio/{job}", "2033-05-18 03:33:10  step 3\n", 30)
    running = [title for title, state in made.states().items() if state == "running"]
    assert running == ["estimate_ratio a seed1 table1"]


def test_names_too_long_for_one_file_are_read(made):
    name = "run" + "x" * 200
    made.lock("results/x", age=900)
    made.mark(f"results/runs/{name}/seed0/model.pt", 60)
    made.log(f"train/{name}/seed0", "2033-05-18 03:33:10  begun\n", 30)
    assert made.states() == {f"train {name} seed0": "running"}


def test_files_made_before_the_start_or_being_made_are_not_counted(made):
    files = [f"results/{name}" for name in ("old", "new", "now", "missing")]
    made.lock(*files, age=300)
    for name, age in (("old", 500), ("new", 100), ("now", 50)):
        made.put(f"results/{name}", "", age)
    made.mark("results/now", 60)
    assert Watched(made.folder).look(NOW).files == (1, 4)


def test_jobs_are_counted_where_snakemakes_log_says_them(made):
    made.lock("results/a", "results/b", age=300)
    made.put(".snakemake/log/2033-05-17T000000.0.snakemake.log", "7 of 7 steps (100%) done\n", 9000)
    text = "1 of 5 steps (20%) done\nx\n3 of 5 steps (60%) done\ny\n"
    made.put(".snakemake/log/2033-05-18T000000.0.snakemake.log", text, 200)
    made.put(".snakemake/log/2033-05-18T000001.0.snakemake.log", "a dry run\n", 100)
    assert Watched(made.folder).look(NOW).steps == (3, 5)
    assert "3 of its 5 jobs are done" in made.shown()


def test_without_snakemake_nothing_runs(made):
    made.mark("results/runs/vae/seed0/model.pt", 600)
    made.log("train/vae/seed0", meter(5, 9, 5, ""), 500)
    seen = Watched(made.folder).look(NOW)
    assert not seen.working
    assert [job.state for job in seen.jobs] == ["stopped"], "its mark was left by a killed start"
    assert seen.waiting == []
    assert "nothing runs" in made.shown()


def test_a_lock_that_a_killed_snakemake_left_is_said_to_be_one(made):
    made.lock("results/runs/vae/seed0/model.pt", age=9000)
    made.mark("results/runs/vae/seed0/model.pt", 8000)
    made.log("train/vae/seed0", meter(5, 9, 5, ""), 7500)
    shown = made.shown()
    assert "No log has been written for 2 h 5 min" in shown
    assert "snakemake --unlock --directory mine" in shown


def test_a_changed_log_is_read_again_and_an_unchanged_one_is_not(made, monkeypatch):
    made.log("train/vae/seed0", "2033-05-18 03:33:10  begun\n", 100)
    watched, opened = Watched(made.folder), []
    real = open
    monkeypatch.setattr("builtins.open", lambda *a, **k: opened.append(a[0]) or real(*a, **k))
    watched.look(NOW)
    watched.look(NOW)
    assert len([path for path in opened if str(path).endswith("seed0.log")]) == 1
    made.log("train/vae/seed0", END, 1)
    assert [job.state for job in watched.look(NOW).jobs] == ["done"]


def test_lines_fit_the_terminal(made):
    made.log("train/broken/seed0", "dmvi: " + "x" * 300 + "\n", 80)
    lines = table(Watched(made.folder).look(NOW), Path("mine"), NOW, 60)
    assert max(map(len, lines)) == 60


def test_the_command_prints_one_table_and_writes_nothing(made, capsys):
    made.log("train/good/seed0", END, 100)
    before = {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")}
    main(["watch", "--folder", str(made.folder), "--once"])
    printed = capsys.readouterr().out
    assert "nothing runs" in printed
    assert "1 done, 0 failed" in printed
    assert {path: path.stat().st_mtime_ns for path in made.folder.rglob("*")} == before


def test_it_prints_again_while_something_runs_and_ends_with_it(made, capsys, monkeypatch):
    made.lock("results/runs/vae/seed0/model.pt", age=300)
    made.log("train/vae/seed0", END, 100)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        (made.folder / ".snakemake/locks/0.output.lock").unlink()

    monkeypatch.setattr("dmvi.commands.watch.time.sleep", sleep)
    main(["watch", "--folder", str(made.folder), "--every", "3"])
    assert slept == [3.0]
    printed = capsys.readouterr().out
    assert printed.count("jobs that have a log") == 2
    assert "\x1b" not in printed, "this is no terminal"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (["--folder", "nowhere"], "nowhere is not a folder"),
        (["--folder", "."], "holds no config.yaml"),
        ([], "nothing of the study in .* has begun yet; `snakemake --cores all"),
        (["--every", "0"], "--every is 0; it must be above 0 and at most 86,400 seconds"),
        (["--every", "inf"], "--every is inf; it must be"),
        (["--every", "nan"], "--every is nan; it must be"),
    ],
)
def test_bad_input_is_one_sentence(made, capsys, monkeypatch, tmp_path_factory, change, says):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    with pytest.raises(SystemExit) as stopped:
        main(["watch", "--folder", str(made.folder), *change])
    assert stopped.value.code == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    assert re.search(says, error)
