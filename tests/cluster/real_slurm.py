"""The test cluster as the tests see it: its queue, its nodes, and a study that runs on it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
from tiny_study import REPOSITORY, Study, tiny_config

HERE = Path(__file__).parent
RUN = Path("/run/dmvi-cluster")
LOGS = Path("/var/log/dmvi-cluster")
# What a test cluster needs and a real one does not: steps that take seconds are looked at after
# seconds, and files appear at once. The rest is the repository's slurm/profile.yaml.
OPTIONS = ("--slurm-init-seconds-before-status-checks=8", "--latency-wait=5", "--jobs=6")


# The partition whose jobs may be preempted; set-resources replaces all of the profile's.
LOW = ("--set-resources", "train:slurm_partition=low", "train:slurm_extra='--signal=TERM@120'")


# What most tests train: the run of `long_config`.
MODEL = "results/runs/plain/seed0/model.pt"


def long_config(seconds: float) -> dict:
    """The tiny study with a training that takes about so long, and checkpoints every 2 s."""
    config = tiny_config()
    steps = 500 * round(seconds * 150 / 500)
    config["runs"]["plain"] |= {
        "iterations": steps,
        "bound_every": steps,
        "log_every": 100,
        "checkpoint_every": 300,
    }
    return config


def short_config() -> dict:
    """A training of about 15 s: long enough to be interrupted after its first checkpoint."""
    return long_config(15)


def slurm(*command: str) -> str:
    """What a Slurm command prints."""
    return subprocess.run(
        command, check=True, text=True, stdout=subprocess.PIPE, timeout=60
    ).stdout.strip()


@dataclass(frozen=True)
class Job:
    """A row of squeue, ended jobs of the last five minutes included."""

    id: str
    state: str
    rule: str  # rule_NAME_wildcards_VALUES, which Snakemake writes into the comment
    node: str
    began: str
    ended: str
    folder: str


# States in which a job will do nothing more.
ENDED = ("COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "PREEMPTED", "OUT_OF_MEMORY")


def await_until(what: str, seconds: float, condition: Callable[[], object]) -> None:
    """Waits until the condition holds; fails after so many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.3)


def nodes_up() -> set[str]:
    """The nodes that answer and take jobs."""
    states = dict(line.split() for line in slurm("sinfo", "-h", "-N", "-o", "%N %t").splitlines())
    return {node for node, state in states.items() if "down" not in state and "*" not in state}


def end_abruptly(process: psutil.Process) -> None:
    """SIGKILL for a process and all that it started."""
    for one in [*process.children(recursive=True), process]:
        try:
            one.kill()
        except psutil.NoSuchProcess:
            continue


def crash(node: str) -> None:
    """What a node's power cut does: its slurmd and everything of its jobs are gone at once."""
    running = slurm("squeue", "-h", "-w", node, "-o", "%i").split()
    daemon = psutil.Process(int((RUN / f"slurmd-{node}.pid").read_text()))
    assert daemon.name() == "slurmd"
    steps = [
        process
        for process in psutil.process_iter(["name", "cmdline"])
        if any(f"slurmstepd: [{job}." in " ".join(process.info["cmdline"] or []) for job in running)
    ]
    assert steps, f"no job runs on {node}"
    for process in [daemon, *steps]:
        end_abruptly(process)


class SlurmStudy(Study):
    """A study run by `snakemake --profile slurm`."""

    def start(self, *arguments: str) -> "Head":
        """Starts the process that submits, with targets and options."""
        return Head(self, arguments)

    def on_slurm(self, *arguments: str, seconds: float = 300) -> str:
        """Runs it to its end, which must be a good one; returns what it printed."""
        return self.start(*arguments).finish(seconds)

    def jobs(self, rule: str = "") -> list[Job]:
        """Its jobs, first submitted first, of the rules whose names begin like this."""
        rows = slurm("squeue", "--states=all", "-h", "-o", "%i|%T|%k|%N|%S|%e|%Z").splitlines()
        mine = [
            job for job in (Job(*row.split("|")) for row in rows) if job.folder == str(self.folder)
        ]
        found = [job for job in mine if job.rule.startswith(f"rule_{rule}")]
        return sorted(found, key=lambda job: int(job.id))

    def queued(self) -> list[Job]:
        """Its jobs that have not ended."""
        return [job for job in self.jobs() if job.state not in ENDED]

    def await_checkpoint(self, run: str = "plain", seconds: float = 120) -> Job:
        """Waits until a training of this study has a checkpoint; returns its running job."""
        path = self.folder / f"results/checkpoints/{run}/seed0/checkpoint.pt"
        await_until(f"a checkpoint of {run}", seconds, path.exists)
        (job,) = (job for job in self.jobs(f"train_wildcards_{run}") if job.state == "RUNNING")
        return job

    def await_requeue(self, job: Job) -> None:
        """Waits until Slurm has started a job again, and spares it the two minutes it would wait."""

        def runs_again() -> bool:
            (now,) = (one for one in self.jobs() if one.id == job.id)
            if now.state == "PENDING":
                # Not at once: its node may still be busy ending it. And again and again, because
                # the wait begins anew when the node has ended it.
                time.sleep(3)
                subprocess.run(["scontrol", "update", f"job={job.id}", "starttime=now"])
            return now.state in ("RUNNING", "COMPLETED") and now.began != job.began

        await_until(f"job {job.id} runs again", 240, runs_again)

    def log(self, run: str = "plain") -> str:
        """The log of a run's last attempt to train."""
        return (self.folder / f"results/logs/train/{run}/seed0.log").read_text()

    def read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def evidence(self) -> str:
        """All that may tell why a test failed, from a cluster that may be gone, too."""
        logs = sorted((self.folder / "results/logs").rglob("*.log"))
        texts = [(path, 1500) for path in logs] + [(path, 4000) for path in LOGS.glob("*.log")]
        texts += [(path, 6000) for path in self.folder.glob("head*.txt")]
        parts = [f"--- {path}\n{path.read_text()[-size:]}" for path, size in texts]
        try:
            parts += [slurm("scontrol", "show", "job", job.id) for job in self.jobs()]
            parts += [slurm("squeue", "--states=all"), slurm("sinfo", "-N")]
        except subprocess.SubprocessError as error:
            parts.append(f"--- Slurm does not answer: {error}")
        return "\n".join(parts)


class Head:
    """The process that submits a study's jobs."""

    def __init__(self, study: SlurmStudy, arguments: tuple[str, ...]) -> None:
        count = len(list(study.folder.glob("head*.txt")))
        self.output = study.folder / f"head{count}.txt"
        command = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--directory"]
        with open(self.output, "w") as file:
            self.process = subprocess.Popen(
                [*command, study.folder, *OPTIONS, *arguments],
                cwd=REPOSITORY,
                env={**os.environ, "OMP_NUM_THREADS": "1"},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def finish(self, seconds: float, good: bool = True) -> str:
        """Waits for the end, good or not, and returns what was printed."""
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.send_signal(signal.SIGINT)  # cancels its jobs
            self.process.wait(60)
            raise AssertionError(f"the study did not end within {seconds} s") from None
        assert (self.process.returncode == 0) == good, f"exit status {self.process.returncode}"
        return self.output.read_text()

    def kill(self) -> None:
        """SIGKILL, for this process alone: its jobs go on."""
        self.process.kill()
        self.process.wait()
