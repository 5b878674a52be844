"""What a study's trainings take on an H100 by the cost model: eager, captured, four at a time.

    PYTHONPATH=src python benchmarks/gpu_plan.py

Prints two tables as Markdown: what is assumed of the machine, a row each, and hours by model, with the
sum. Nothing here was measured; `make gpu-check` measures every row of the first table but the last two.

    eager            work + calls x call, in float32 as config.yaml has it
    captured         work + calls x captured_call: also what the GPU is busy for in an eager training
    n at a time      n trainings take as long as one alone, or as their kernels take one after the other
                     with the switches between processes, whichever is longer
    in tf32          captured, with tensor cores: `precision: tf32`, another training than in float32
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dmvi.costs.model import Costs
from dmvi.costs.work import Work, iteration_work, training_gpu_mb
from dmvi.study.config import load_study

ROOT = Path(__file__).parents[1]
GOAL_HOURS = 48
# What is assumed of an H100 (SXM, 80 GB): value, what for.
H100: dict[str, tuple[float, str]] = {
    "flops": (2.0e13, "float32 outside tensor cores: 30 % of 67 TFLOP/s"),
    "tf32_flops": (8.0e13, "in tensor cores: 16 % of 495 TFLOP/s (without sparsity)"),
    "single_flops": (1.0e13, "products with one row per image: half of that"),
    "values": (1.5e11, "12 bytes read and written for each number: 1.8 of 3.35 TB/s"),
    "weights": (3.0e11, "4 bytes each: 1.2 of 3.35 TB/s"),
    "call": (1.0e-5, "s, Python and the launch of a kernel on a fast host"),
    "captured_call": (2.5e-6, "s, the smallest kernel within a graph"),
    "switch": (1.1, "kernels of several processes take turns (no MPS): 10 % for the switches"),
    "memory_mb": (80_000, "of the GPU, of which every training has its own part"),
}


def trainings(study: Any) -> Iterator[tuple[dict[str, Any], int]]:
    """(spec, seeds) of every run."""
    for run in study.runs.values():
        yield run.spec, len(run.seeds)


def alone(work: Work, call: str, flops: str = "flops") -> dict[str, float]:
    """Seconds of some work by what it is spent on, with this overhead of a call."""
    return {
        "convolutions and products": work.padded / H100[flops][0]
        + work.single / H100["single_flops"][0],
        "other values": work.values / H100["values"][0],
        "weights": work.weights / H100["weights"][0],
        "calls": work.calls * H100[call][0],
    }


def hours(spec: dict[str, Any], shape: tuple[int, int, int], at_once: int) -> dict[str, float]:
    """Of one training; of `at_once` together, its share."""
    work = iteration_work(spec, shape) * spec["iterations"]
    eager, kernels = (sum(alone(work, name).values()) for name in ("call", "captured_call"))
    tensor_cores = sum(alone(work, "captured_call", "tf32_flops").values())
    busy = at_once * kernels * H100["switch"][0]
    return {
        "eager": eager / 3600,
        "captured": kernels / 3600,
        "eager together": max(eager, busy) / at_once / 3600,
        "captured together": max(kernels, busy) / at_once / 3600,
        "captured in tf32": tensor_cores / 3600,
    }


WAYS = ("eager", "captured", "eager together", "captured together", "captured in tf32")


def table(study: Any, costs: Costs, at_once: int) -> tuple[str, dict[str, float]]:
    """Hours by model and in all, as Markdown, and the sums."""
    by_model: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for spec, seeds in trainings(study):
        shape = costs.shape(spec["data"])
        own = by_model[spec["model"]]
        own["trainings"] += seeds
        for how, value in hours(spec, shape, at_once).items():
            own[how] += seeds * value
        memory = training_gpu_mb(spec, shape, costs.images(spec["data"])[0])
        own["memory"] = max(own["memory"], memory)
    sums = {how: sum(own[how] for own in by_model.values()) for how in ("trainings", *WAYS)}
    sums["memory"] = max(own["memory"] for own in by_model.values())
    heads = [way.replace("together", f"{at_once} at a time") for way in WAYS]
    lines = [f"| model | trainings | {' | '.join(heads)} | GPU memory of the largest |"]
    lines.append("|---|" + "---:|" * (len(WAYS) + 2))
    for name, own in [*sorted(by_model.items()), ("**in all, hours**", sums)]:
        cells = [f"{own['trainings']:.0f}", *(f"{own[how]:.1f}" for how in WAYS)]
        lines.append(f"| {name} | {' | '.join(cells)} | {own['memory'] / 1000:.1f} GB |")
    return "\n".join(lines), sums


def spent(study: Any, costs: Costs) -> str:
    """What the captured trainings' hours are spent on, in float32."""
    total: dict[str, float] = defaultdict(float)
    for spec, seeds in trainings(study):
        work = iteration_work(spec, costs.shape(spec["data"])) * spec["iterations"]
        for what, seconds in alone(work, "captured_call").items():
            total[what] += seeds * seconds / 3600
    return ", ".join(f"{what} {value:.0f} h" for what, value in total.items())


def assumptions() -> str:
    lines = ["| assumed of an H100 | | because |", "|---|---:|---|"]
    lines += [f"| {name} | {value:g} | {why} |" for name, (value, why) in H100.items()]
    return "\n".join(lines)


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", type=Path, default=ROOT, help="folder with a config.yaml")
    parser.add_argument("--at-once", type=int, default=4, help="trainings on one GPU")
    arguments = parser.parse_args(given)
    schema, hardware = (
        yaml.safe_load((ROOT / "workflow" / name).read_text())
        for name in ("schemas/config.schema.yaml", "hardware.yaml")
    )
    config = yaml.safe_load((arguments.study / "config.yaml").read_text())
    study = load_study(config, schema)
    costs = Costs(study, hardware)
    text, sums = table(study, costs, arguments.at_once)
    print(f"{assumptions()}\n\n{text}\n\nCaptured, of that: {spent(study, costs)}.\n")
    for how in WAYS:
        over = sums[how] / GOAL_HOURS
        verdict = "within" if over <= 1 else f"{over:.1f} times"
        print(f"{how}: {sums[how]:.0f} hours, {verdict} the goal of {GOAL_HOURS}")
    fits = arguments.at_once * sums["memory"] <= H100["memory_mb"][0]
    print(f"{arguments.at_once} of the largest {'fit' if fits else 'DO NOT fit'} into its memory")


if __name__ == "__main__":
    main()
