"""What do CUDA graphs save? Training iterations called one by one and replayed, on a GPU, in one run.

    PYTHONPATH=src python benchmarks/graphs.py --device cuda --output graphs.json

For every model, and the VAE with a flow, at 28 x 28, 32 x 32 and 64 x 64 (width 64, batches of 64):
- steps per second of graphs against eager calls: target at least 5 times as many up to 32 x 32;
- seconds per 1,000 steps of both, with the work that the cost model counts;
- the share of the time that kernels are at work: their time in a profile over the unprofiled time,
  target 90 %;
- how far the mean losses of 100 iterations are apart, with cuDNN's deterministic algorithms.
The JSON file is written anew after each case, and with --resume the cases in it are not measured again;
a case that fails is named and makes the status 1. Without a GPU the status is 2.
"""

import argparse
import math
import os
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import common
import numpy as np
import torch
from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from dmvi.costs.work import iteration_work
from dmvi.files import read_json, write_json
from dmvi.models import make_model
from dmvi.study.declarations import declared_models
from dmvi.training.engine import make_optimizers
from dmvi.training.graph import WARM_UP, CapturedIteration, CudaGraph
from dmvi.training.iteration import Iteration
from dmvi.training.reproducibility import set_up
from dmvi.training.sampler import Sampler

LATENTS = {28: 50, 32: 128, 64: 128}  # as in config.yaml
TARGET = 5.0
BUSY = 0.9  # of the time, captured
SMALL = 32  # images up to this size have the target
TOLERANCE = 1e-3  # of a mean loss, relative to 1 + |loss|
IMAGES = 10_000
PROFILED = 10  # steps: a profile of many takes long to read

Step = Callable[[], dict[str, torch.Tensor]]


def eager_and_graph(spec: dict[str, Any], size: int, device: torch.device) -> dict[str, Step]:
    """The same training twice, from the same weights and batches."""
    images = np.random.default_rng(0).integers(0, 256, (IMAGES, size, size, 3), np.uint8)
    steps: dict[str, Step] = {}
    for name in ("eager", "graph"):
        torch.manual_seed(0)
        model = make_model(spec, (size, size, 3)).to(device).train()
        sampler = Sampler(images, spec["batch_size"], 0, device)
        players = model.players()
        optimizers = make_optimizers(players, spec)
        step: Step = Iteration(players, optimizers, sampler, spec["precision"])
        if name == "graph":
            step = CapturedIteration(step, CudaGraph(device, [sampler.generator]))
        steps[name] = step
    return steps


def repeated(step: Step, count: int) -> Callable[[], None]:
    def block() -> None:
        for _ in range(count):
            step()

    return block


def kernel_seconds(step: Step, count: int) -> float:
    """Seconds per step in which at least one kernel ran, by the profiler."""
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as recorded:
        repeated(step, count)()
        torch.cuda.synchronize()
    spans = sorted(
        (event.time_range.start, event.time_range.end)
        for event in recorded.events()
        # Annotations such as "Optimizer.step" are shown on the device too, but are no kernels.
        if event.device_type == DeviceType.CUDA and not getattr(event, "is_user_annotation", False)
    )
    busy, until = 0.0, 0.0
    for start, end in spans:
        busy += max(0.0, end - max(start, until))
        until = max(until, end)
    return busy * 1e-6 / count


def mean_losses(step: Step, count: int) -> dict[str, float]:
    """Of the first `count` iterations."""
    torch.manual_seed(1)
    losses = [{name: term.clone() for name, term in step().items()} for _ in range(count)]
    return {name: float(np.mean([row[name].item() for row in losses])) for name in losses[0]}


def difference(spec: dict[str, Any], size: int, device: torch.device, count: int) -> float:
    """The largest difference of a mean loss between graph and eager calls, relative to 1 + |loss|."""
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = False, True
    steps = eager_and_graph(spec, size, device)
    eager, graph = (mean_losses(steps[name], count) for name in ("eager", "graph"))
    torch.backends.cudnn.benchmark, torch.backends.cudnn.deterministic = True, False
    return max(abs(graph[name] - loss) / (1 + abs(loss)) for name, loss in eager.items())


def spec_at(name: str, size: int, precision: str, width: int = 64) -> dict[str, Any]:
    """The run of a model, or of a model and its posterior ("vae realnvp")."""
    model, *posterior = name.split()
    changes: dict[str, Any] = {"posterior": posterior[0]} if posterior else {}
    changes |= {"width": width, "latent_dim": LATENTS[size], "precision": precision}
    return common.spec_of(model, **changes)


def measure(name: str, size: int, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """The rows of one model at one size."""
    device = torch.device(arguments.device)
    spec = spec_at(name, size, arguments.precision, arguments.width)
    case = f"{name}, {size} x {size}, {arguments.precision}"
    steps = eager_and_graph(spec, size, device)
    for step in steps.values():
        repeated(step, WARM_UP + 2)()  # the capture takes part in no measurement
    count = arguments.steps
    blocks = {key: repeated(step, count) for key, step in steps.items()}
    times = common.seconds(blocks, arguments.repeats, arguments.device)
    seconds = {key: value / count for key, value in times.items()}
    busy = {key: kernel_seconds(step, PROFILED) / seconds[key] for key, step in steps.items()}
    return [
        common.row(
            "steps per second",
            case,
            1 / seconds["graph"],
            "eager",
            1 / seconds["eager"],
            at_least=TARGET if size <= SMALL else None,
            model=name,
            size=size,
            seconds_per_1000_steps={key: 1000 * value for key, value in seconds.items()},
            work=asdict(iteration_work(spec, (size, size, 3))),
        ),
        common.row("kernels busy", case, busy["graph"], "target", BUSY, at_least=1.0, busy=busy),
        common.row(
            f"losses of {arguments.iterations} steps apart",
            case,
            difference(spec, size, device, arguments.iterations),
            "tolerance",
            TOLERANCE,
            at_most=1.0,
        ),
    ]


def table(rows: list[dict[str, Any]]) -> str:
    """Seconds per 1,000 steps of every case."""
    lines = [f"{'seconds per 1,000 steps':40s} {'eager':>9s} {'graph':>9s}"]
    for row in rows:
        if "seconds_per_1000_steps" in row:
            seconds = row["seconds_per_1000_steps"]
            lines.append(f"{row['case']:40s} {seconds['eager']:9.3f} {seconds['graph']:9.3f}")
    return "\n".join(lines)


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="graphs.json", help="JSON file to write")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", default="float32", help="float32, tf32 or bfloat16")
    parser.add_argument("--models", nargs="+", default=[*declared_models(), "vae realnvp"])
    parser.add_argument("--sizes", type=int, nargs="+", default=list(LATENTS), choices=LATENTS)
    parser.add_argument("--steps", type=int, default=50, help="of each measurement")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--iterations", type=int, default=100, help="whose losses are compared")
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=math.inf, help="no new case after them")
    parser.add_argument("--resume", action="store_true", help="keep the cases in the output")
    arguments = parser.parse_args(given)
    if not arguments.device.startswith("cuda") or not torch.cuda.is_available():
        print("CUDA graphs need a GPU, and torch sees none here", file=sys.stderr)
        sys.exit(2)
    os.environ.setdefault("TEARDOWN_CUPTI", "0")  # older CUDA cannot capture after a teardown
    set_up(0, arguments.precision)
    rows: list[dict[str, Any]] = []
    if arguments.resume and os.path.exists(arguments.output):
        rows = read_json(Path(arguments.output))["rows"]
    known = {(row["model"], row["size"]) for row in rows if "model" in row}
    cases = [(name, size) for size in arguments.sizes for name in arguments.models]
    cases = [case for case in cases if case not in known]
    failed, left, began = [], [], time.monotonic()
    for name, size in cases:
        if time.monotonic() - began > arguments.seconds:
            left.append(f"{name}, {size} x {size}")
            continue
        try:
            new = measure(name, size, arguments)
        except RuntimeError:  # CUDA's errors are some of them
            traceback.print_exc()
            failed.append(f"{name}, {size} x {size}")
            new = []
        for row in new:
            print(common.line(row), flush=True)
        rows += new
        result = {"machine": common.machine(arguments.device), "rows": rows, "failed": failed}
        write_json(arguments.output, result)
    if left:
        print(f"left for another start, with --resume: {'; '.join(left)}")
    print(table(rows))
    if failed:
        print(f"failed: {'; '.join(failed)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
