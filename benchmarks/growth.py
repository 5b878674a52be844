"""How the cost of a VAE's iteration grows with its latents, images, width and batch.

From each value to the next along an axis, the growth of the time is set beside that of the arithmetic:
linear in latents and batch, quadratic in the width (every layer has that many maps on either side) and
in the images' side. The ratio is below 1 where some of the cost does not grow, and well above 1 if
anything grows faster than the arithmetic. `slope` is the exponent, of time over the axis.
"""

import argparse
import math
from itertools import pairwise
from pathlib import Path

import torch
from common import line, machine, row, seconds, spec_of
from training import bare_step, noise

from dmvi.data.images import to_unit
from dmvi.files import write_json
from dmvi.models import make_model
from dmvi.training.reproducibility import set_up

BASE = {"image side": 32, "latents": 32, "width": 16, "batch": 64}
# (axis, its values, the power of them that the arithmetic grows with, what differs from BASE)
AXES: list[tuple[str, tuple[int, ...], int, dict[str, int]]] = [
    ("latents", (32, 100, 1000, 10000), 1, {}),
    ("latents", (32, 100, 1000, 10000), 1, {"image side": 28}),
    ("image side", (32, 64), 2, {}),
    ("width", (8, 16, 32, 64), 2, {}),
    ("batch", (16, 64, 256), 1, {}),
]


def step(case: dict[str, int], device: torch.device):
    """One iteration of the case's VAE on a resident batch."""
    set_up(0)
    side = case["image side"]
    spec = spec_of("vae", latent_dim=case["latents"], width=case["width"])
    model = make_model(spec, (side, side, 3)).to(device)
    images = torch.from_numpy(noise(side, count=case["batch"]))
    return bare_step(model, spec, to_unit(images.to(device)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--repeats", type=int, default=7)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    rows = []
    for axis, values, power, changes in AXES:
        base = {**BASE, **changes}
        steps = {str(value): step({**base, axis: value}, device) for value in values}
        times = seconds(steps, arguments.repeats, device.type)
        rest = ", ".join(f"{name} {value}" for name, value in base.items() if name != axis)
        for before, after in pairwise(values):
            growth = times[str(after)] / times[str(before)]
            rows.append(
                row(
                    f"growth of an iteration's time from {before} to {after} {axis}",
                    f"VAE, {rest}",
                    *(growth, "growth of the arithmetic", (after / before) ** power),
                    at_most=1.1,
                    seconds=[times[str(before)], times[str(after)]],
                    slope=math.log(growth) / math.log(after / before),
                )
            )
            print(line(rows[-1]), f"slope {rows[-1]['slope']:.2f}", flush=True)
    write_json(arguments.output, {"machine": machine(arguments.device), "rows": rows})


if __name__ == "__main__":
    main()
