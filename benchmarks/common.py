"""What the benchmarks share: times taken in turn, the machine, and the rows of the table.

A row is one measured thing beside one stated reference, timed in the same run: ratios carry over
between machines, seconds do not.
"""

import os
import platform
import resource
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import torch

from dmvi.study.declarations import declared_models


def seconds(
    functions: dict[str, Callable[[], object]],
    repeats: int,
    device: str = "cpu",
    warm_up: bool = True,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Median seconds of each function, called in turn so that a busy neighbour slows all alike.

    A first round, not counted, warms up, unless that has been done. `clock` counts wall time, or
    `processor_seconds` those of processes that the functions start.
    """
    times: dict[str, list[float]] = {name: [] for name in functions}
    for repeat in range(0 if warm_up else 1, repeats + 1):
        for name, function in functions.items():
            start = clock()
            function()
            if device != "cpu":
                torch.cuda.synchronize()
            if repeat:
                times[name].append(clock() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def processor_seconds() -> float:
    """User and system seconds of all processes that this one has started and seen end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(
    measure: str,
    case: str,
    measured: float,
    reference: str,
    at: float,
    at_most: float | None = None,
    at_least: float | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A row of the table: `measured` over `at`, the reference's value, and the target if there is one.

    Args:
        measure: what is measured ("training step"), case: of what ("VAE, 32 x 32, width 64").
        reference: what `at` is the value of ("bare step").
        at_most, at_least: the target for the ratio; none for a row that only informs.
        more: further columns, kept in the JSON only.
    """
    ratio = measured / at
    met = None
    if at_most is not None:
        met = ratio <= at_most
    elif at_least is not None:
        met = ratio >= at_least
    return {
        "measure": measure,
        "case": case,
        "measured": measured,
        "reference": reference,
        "at": at,
        "ratio": ratio,
        "at_most": at_most,
        "at_least": at_least,
        "met": met,
        **more,
    }


def line(row: dict[str, Any]) -> str:
    """The row in one line, for the terminal."""
    target = ""
    if row["met"] is not None:
        sign, bound = (
            ("<=", row["at_most"]) if row["at_most"] is not None else (">=", row["at_least"])
        )
        target = f", target {sign} {bound}: {'met' if row['met'] else 'MISSED'}"
    return (
        f"{row['measure']}, {row['case']}: {row['measured']:.4g} against {row['at']:.4g} "
        f"({row['reference']}), ratio {row['ratio']:.2f}{target}"
    )


def spec_of(model: str, **changes: Any) -> dict[str, Any]:
    """A resolved run of a model: its own defaults, a middling size, and the changes."""
    declared = declared_models()[model]
    spec = {
        **{"model": model, "latent_dim": 32, "width": 16, "batch_size": 64},
        **{"flow_transforms": 4, "flow_hidden": [128, 128]},
        **{"learning_rate": 1e-4, "adam_betas": [0.5, 0.9], "precision": "float32"},
        **{"iterations": 1, "log_every": 100},
    }
    for key, choices in (("posterior", "posteriors"), ("likelihood", "likelihoods")):
        if choices in declared:
            spec[key] = declared[choices][0]
    options = {key: rules["default"] for key, rules in declared["options"].items()}
    return {**spec, **options, **changes}


def machine(device: str = "cpu") -> dict[str, Any]:
    """The hardware and software that the numbers belong to."""
    return {
        "date": date.today().isoformat(),
        "processor": processor(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpu": torch.cuda.get_device_name() if device != "cpu" else None,
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """The processor's name as Linux tells it, or its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [text.split(":", 1)[1].strip() for text in lines if text.startswith("model name")]
    return names[0] if names else platform.machine()
