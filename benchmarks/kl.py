"""How fast is the exact log density of a Gaussian mixture, how does it grow, how much memory?

    PYTHONPATH=src python benchmarks/kl.py --output kl.json

`log_density` at N = 60,000 components of q(z), at codes drawn from them, beside
- its own float64 matrix products alone, in the same tiles, on ready-made factors;
- the plain broadcast ((z[:, None] - mean[None]) / s)^2 in float32, timed on 16 points and
  scaled by the number of points;
- itself at other N, S (points) and d;
- and the memory that it takes, beside that of one tile and of all N x S float64 log densities.
Posterior standard deviations: at 0.3 few entries of a tile count in the logsumexp, at 0.9 all do.
"""

import argparse
import math
import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import common
import numpy as np
import torch

from dmvi.estimators.mixtures import GaussianMixture
from dmvi.estimators.streaming import spans
from dmvi.files import write_json

COMPONENTS = 60_000
LATENT_DIMS, SDS = (64, 128), (0.3, 0.9)
BROADCAST_POINTS = 16
MIB = 2**20


def case(components: int, points: int, d: int, sd: float, device: str):
    """A mixture whose q(z) is about N(0, I), and `points` codes of it with their own terms."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.empty(components, d).normal_(0, math.sqrt(1 - sd**2), generator=generator)
    log_var = torch.full((components, d), 2 * math.log(sd), device=device)
    mixture = GaussianMixture(mean.to(device), log_var)
    index = torch.arange(points) * components // points
    return mixture, mixture.sample(index, generator), index


def density(components: int, points: int, d: int, sd: float, device: str):
    """A function that computes log q(z) at `points` codes."""
    mixture, (z, own), index = case(components, points, d, sd, device)
    return lambda: mixture.log_density(z, index, own)


def products(components: int, points: int, d: int, tile: tuple[int, int], device: str):
    """A function that computes the matrix products of `log_density` into one buffer."""
    options = {"dtype": torch.float64, "device": device}
    features, weight = torch.randn(points, 2 * d + 2, **options), torch.randn(tile[1], 2 * d + 2)
    weight = weight.to(**options).T
    buffer = torch.zeros(tile[0] * tile[1], **options)

    def compute() -> None:
        for start, stop in spans(components, tile[1]):
            n = stop - start
            for first, last in spans(points, tile[0]):
                out = buffer[: (last - first) * n].view(last - first, n)
                torch.mm(features[first:last], weight[:, :n], out=out)

    return compute


def broadcast(mixture: GaussianMixture, z: torch.Tensor) -> torch.Tensor:
    """log q(z) as one would write it first, in float32: memory S N d."""
    mean, log_var = mixture.mean, mixture.log_var
    scaled = (z[:, None] - mean[None]) / torch.exp(0.5 * log_var)[None]
    log_prob = -0.5 * (scaled.square() + log_var[None] + math.log(2 * math.pi)).sum(-1)
    return torch.logsumexp(log_prob, 1) - math.log(len(mean))


def speed(points: int, repeats: int, device: str) -> list[dict]:
    """Rows: log_density over its products, and the broadcast over log_density."""
    rows = []
    for d in LATENT_DIMS:
        mixture, (z, _), _ = case(COMPONENTS, points, d, SDS[0], device)
        few = z[:BROADCAST_POINTS].float()
        functions = {sd: density(COMPONENTS, points, d, sd, device) for sd in SDS}
        functions["products"] = products(COMPONENTS, points, d, mixture.tile, device)
        functions["broadcast"] = partial(broadcast, mixture, few)
        taken = common.seconds(functions, repeats, device)
        naive = taken["broadcast"] * points / BROADCAST_POINTS
        for sd in SDS:
            name = f"N = {COMPONENTS:,}, S = {points:,}, d = {d}, sd {sd}"
            its, reference = taken[sd], "its float64 products, s"
            rows += [
                common.row("log_density, s", name, its, reference, taken["products"], at_most=1.5),
                common.row("float32 broadcast, s", name, naive, "log_density, s", its, at_least=50),
            ]
    return rows


def growth(points: int, repeats: int, device: str) -> list[dict]:
    """Rows: the slope of log time over log N, log S and log d, beside 1."""
    base = {"components": COMPONENTS, "points": points, "d": 64}
    ranges = {
        "components": [COMPONENTS // 4, COMPONENTS // 2, COMPONENTS],
        "points": [points // 2, points, 2 * points],
        "d": [64, 128, 256],
    }
    rows = []
    for name, sizes in ranges.items():
        functions = {n: density(**{**base, name: n}, sd=SDS[0], device=device) for n in sizes}
        taken = common.seconds(functions, repeats, device)
        slope = np.polyfit(np.log(sizes), np.log([taken[n] for n in sizes]), 1)[0]
        others = ", ".join(f"{key} {value:,}" for key, value in base.items() if key != name)
        text = f"{name} from {sizes[0]:,} to {sizes[-1]:,}; {others}"
        rows.append(common.row("log-log slope of time", text, slope, "linear", 1.0, seconds=taken))
    return rows


def peak_mib(points: int, d: int) -> float:
    """Peak resident memory of this process during log_density, above that before it (Linux)."""
    mixture, (z, own), index = case(COMPONENTS, points, d, SDS[0], "cpu")
    mixture.subset(torch.arange(64)).log_density(z[:64])  # loads what the library loads once
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is held now
    before = resident_mib("VmRSS")
    mixture.log_density(z, index, own)
    return resident_mib("VmHWM") - before


def resident_mib(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(text.split()[1]) for text in lines if text.startswith(field)) / 1024


def memory(points: int, device: str) -> list[dict]:
    """Rows: peak memory of log_density above its inputs, beside one tile and the whole matrix."""
    rows = []
    for d in LATENT_DIMS:
        if device == "cpu":
            # A fresh process, whose allocator gives freed memory back, so that it counts again.
            command = [sys.executable, __file__, "--points", str(points), "--peak", str(d)]
            environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
            output = subprocess.run(
                command, env=environment, check=True, capture_output=True, text=True
            )
            above = float(output.stdout)
        else:
            compute = density(COMPONENTS, points, d, SDS[0], device)
            torch.cuda.reset_peak_memory_stats()
            before = torch.cuda.memory_allocated()
            compute()
            above = (torch.cuda.max_memory_allocated() - before) / MIB
        tile = case(64, 1, d, SDS[0], device)[0].tile
        name = f"N = {COMPONENTS:,}, S = {points:,}, d = {d}"
        for reference, values in {
            "one tile, MiB": tile[0] * tile[1],
            "all N x S log densities, MiB": COMPONENTS * points,
        }.items():
            measure = "log_density above its inputs, MiB"
            rows.append(common.row(measure, name, above, reference, 8 * values / MIB))
    return rows


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="kl.json", help="JSON file to write")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--points", type=int, help="S; default 8,192, and 60,000 on a GPU")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)  # of the memory's process
    arguments = parser.parse_args(given)
    device = arguments.device
    points = arguments.points or (8192 if device == "cpu" else COMPONENTS)
    if arguments.peak:
        print(peak_mib(points, arguments.peak))
        return
    rows = speed(points, arguments.repeats, device)
    rows += growth(points // 4, arguments.repeats, device) + memory(points, device)
    for row in rows:
        print(common.line(row))
    write_json(arguments.output, {"machine": common.machine(device), "rows": rows})


if __name__ == "__main__":
    main()
