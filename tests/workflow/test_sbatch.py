"""What `--profile slurm` asks of sbatch, recorded by stand-ins for Slurm's commands."""

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from tiny_study import Study, tiny_config

# Records its arguments and makes what the CPU job would; a job's number tells squeue how it ended.
SBATCH = """
import json, os, pathlib, sys
log = pathlib.Path(os.environ["STANDIN_LOG"])
lines = log.read_text().splitlines() if log.exists() else []
with log.open("a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
good = "rule_prepare_data" in " ".join(sys.argv)
if good:
    made = [f"data/patches/{name}" for name in ("images.npy", "labels.npy", "meta.json")]
    for name in [*made, "benchmarks/prepare_data/patches.tsv"]:
        path = pathlib.Path("results") / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
print(len(lines) + (100 if good else 900))
"""
# Nothing is left of an earlier start; jobs under 900 have succeeded, the others have failed.
SQUEUE = """
import sys
if "--me" not in sys.argv:
    for number in (*range(100, 110), *range(900, 910)):
        print(f"{number}|{'COMPLETED' if number < 900 else 'FAILED'}")
"""
STANDINS = {
    "sbatch": SBATCH,
    "squeue": SQUEUE,
    "scontrol": "print('MaxArraySize = 1001'); print('MinJobAge = 300 sec')",
    "sinfo": "print('cpu*')",
    "sacct": "raise SystemExit(1)",
    "sacctmgr": "raise SystemExit(1)",
    "scancel": "",
}


@pytest.fixture(scope="module")
def calls(tmp_path_factory):
    """The sbatch calls of a data set (which succeeds) and of a training on a GPU, tried twice."""
    folder = tmp_path_factory.mktemp("sbatch")
    for name, text in STANDINS.items():
        path = folder / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!{sys.executable}\n{text}\n")
        path.chmod(0o755)
    config = tiny_config()
    config["runs"]["plain"] |= {"gpu": 1, "threads": 3, "minutes": 30, "mem_mb": 5000}
    study = Study(folder / "study", config)
    study.cores = ("--profile", "slurm")
    data = study.folder / "results/data/digits"
    data.mkdir(parents=True)
    for name in ("images.npy", "labels.npy", "meta.json"):
        (data / name).touch()
    log = folder / "calls.jsonl"
    changes = {"PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "STANDIN_LOG": str(log)}
    with pytest.MonkeyPatch.context() as patch:
        for key, value in changes.items():
            patch.setenv(key, value)
        study.snakemake(
            *("--retries", "1", "--latency-wait", "1"),
            "--slurm-init-seconds-before-status-checks=1",
            "results/data/patches/meta.json",
            "results/runs/plain/seed0/model.pt",
            check=False,
        )
    calls = [Call(json.loads(line)) for line in log.read_text().splitlines()]
    return {"folder": study.folder, "calls": calls}


class Call:
    """One sbatch call: option -> value, an option without one -> True."""

    def __init__(self, arguments: list[str]) -> None:
        self.options: dict[str, str | bool] = {}
        words = iter([*arguments, "--"])
        last = next(words)
        for word in words:
            name, equals, value = last.partition("=")
            if equals and name.startswith("--"):
                self.options[name], last = value, word
            elif word.startswith("-"):
                self.options[last], last = True, word
            else:
                self.options[last], last = word, next(words)
        self.rule = self.options["--comment"]


def of_rule(calls, rule):
    return [call.options for call in calls["calls"] if call.rule.startswith(f"rule_{rule}")]


def test_a_training_asks_for_its_gpu_cores_memory_and_minutes(calls):
    first = of_rule(calls, "train")[0]
    assert first["-p"] == "gpu"
    assert first["--gpus"] == "1"
    assert first["--cpus-per-task"] == "3"
    assert (first["-t"], first["--mem"]) == ("30", "5000")


def test_a_second_attempt_asks_for_more_memory_and_minutes(calls):
    trainings = of_rule(calls, "train")
    assert [(call["-t"], call["--mem"]) for call in trainings] == [("30", "5000"), ("60", "10000")]


def test_a_training_is_told_before_its_limit_and_requeued(calls):
    for call in of_rule(calls, "train"):
        assert call["--signal"] == "TERM@120"
        assert call["--requeue"] is True


def test_a_job_without_gpu_goes_to_the_default_partition(calls):
    (call,) = of_rule(calls, "prepare_data")
    assert call["-p"] == "cpu"
    assert not {"--gpus", "--gres", "--signal"} & set(call)
    assert call["--requeue"] is True
    assert int(call["--mem"]) >= 1000, "Snakemake itself needs 300"
    assert int(call["-t"]) >= 10


def test_jobs_are_found_again_by_name_folder_and_log(calls):
    names = {call.options["--job-name"] for call in calls["calls"]}
    assert len(names) == 1
    assert names.pop().startswith("dmvi_")
    for call in calls["calls"]:
        assert call.options["-D"] == str(calls["folder"])
        log = Path(call.options["--output"])
        assert log.parent.parent.parent == calls["folder"] / "results/logs/slurm"
        assert log.name == "%j.log"


def test_a_job_does_not_try_again_by_itself(calls):
    for call in calls["calls"]:
        inner = shlex.split(call.options["--wrap"])
        assert inner[inner.index("--retries") + 1] == "0"
        assert "--no-hooks" in inner, "the guard of a start must not run inside a job"
