"""Who trained a checkpoint: one record per attempt, kept beside it.

A long training is interrupted, moved between machines and continued by later commits. What a study
publishes of its provenance is read from here, not from the machine that publishes.
"""

import platform
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from dmvi.environment import checkout_commit, processor_name
from dmvi.files import read_json, write_json

NAME = "attempts.json"


class Attempt:
    """The record of the attempt that is running; written whenever its checkpoint is.

    An attempt that adds no step leaves no record. A record holds identity, commit (a "+" behind it:
    with uncommitted changes), machine, threads, torch, began (UTC), from_step, to_step, seconds by the
    clock and cpu_seconds of this process: where other work shares the processor, the first says little.
    """

    def __init__(self, folder: Path, identity: str, start: int, device: torch.device) -> None:
        self.path = folder / NAME
        self.before = read_attempts(folder)
        self.began, self.cpu_began = time.monotonic(), time.process_time()
        on_gpu = device.type == "cuda"
        self.record: dict[str, Any] = {
            "identity": identity,
            "commit": checkout_commit(),
            "machine": torch.cuda.get_device_name(device) if on_gpu else processor_name(),
            "threads": torch.get_num_threads(),
            "torch": torch.__version__,
            "python": platform.python_version(),
            "began": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
            "from_step": start,
        }

    def reached(self, step: int) -> None:
        """The checkpoint of `step` has been written."""
        self.record |= {
            "to_step": step,
            "seconds": round(time.monotonic() - self.began, 1),
            "cpu_seconds": round(time.process_time() - self.cpu_began, 1),
        }
        write_json(self.path, [*self.before, self.record])


def read_attempts(folder: Path, identity: str | None = None) -> list[dict[str, Any]]:
    """The records in a checkpoint's folder, of one identity if it is given; none where there is no file."""
    path = folder / NAME
    records = read_json(path) if path.exists() else []
    return [record for record in records if identity in (None, record["identity"])]


def made_by(records: list[dict[str, Any]], steps: int) -> list[dict[str, Any]]:
    """The attempts that the first `steps` steps of one training are from, in their order.

    It is followed backwards: before an attempt that began at step k comes the latest earlier one that
    ended there, or went beyond (a checkpoint of before its end was put back), or else, where a record
    is lost, the latest that began before k. Attempts that were superseded are left out.
    """
    chain: list[dict[str, Any]] = []
    need, earlier = steps, records
    while need > 0:
        began = [i for i, record in enumerate(earlier) if record["from_step"] < need]
        ended_there = [i for i in began if earlier[i]["to_step"] == need]
        went_beyond = [i for i in began if earlier[i]["to_step"] > need]
        candidates = ended_there or went_beyond or began
        if not candidates:
            break
        last = candidates[-1]
        chain.insert(0, earlier[last])
        need, earlier = earlier[last]["from_step"], earlier[:last]
    return chain


def missing_steps(chain: list[dict[str, Any]], steps: int) -> list[list[int]]:
    """[from, to] of the steps up to `steps` that no attempt of the chain accounts for."""
    ends = [0, *(record["to_step"] for record in chain)]
    starts = [*(record["from_step"] for record in chain), steps]
    return [[end, start] for end, start in zip(ends, starts, strict=True) if end < start]
