"""The rates of the machines at hand: workflow/hardware.yaml."""

from typing import Any

from dmvi.errors import DmviError

# What hardware.yaml holds for each device and precision; a CPU has no tf32, float32 stands for it.
RATES = ("flops", "single_flops", "values", "weights", "call")
PRECISIONS = {
    "cpu": ("float32", "bfloat16", "float64", "float64_flow"),
    "gpu": ("float32", "tf32", "bfloat16", "float64", "float64_flow"),
}


def check_hardware(hardware: dict[str, Any]) -> None:
    """Refuses a hardware.yaml in which a number is missing, or is none.

    Raises:
        DmviError: naming the key, what it holds, and what would be right.
    """
    bounds = ("safety", "minutes", "memory_mb", "longest_minutes", "largest_memory_mb")
    wanted = [f"limits.{key}" for key in bounds]
    wanted += ["disk_mb_per_second", "download_seconds", "seconds_per_submission"]
    wanted += ["gpu.captured_call"]
    for device in ("cpu", "gpu"):
        wanted += [f"{device}.{key}" for key in ("start", "memory_mb", "threads_exponent")]
        wanted += [f"{device}.{name}.{rate}" for name in PRECISIONS[device] for rate in RATES]
    for path in wanted:
        value: Any = hardware
        for key in path.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        positive = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
        if not positive or (path.rpartition(".")[2] in RATES and value == 0):
            raise DmviError(
                f"workflow/hardware.yaml: {path} is {value!r}; give a positive number, written with a "
                "dot where it has an exponent (1.0e-5)"
            )
