"""What does training the members of an ensemble together save? One ratio per size, in one run.

    PYTHONPATH=src python benchmarks/ensemble.py --output ensemble.json

Time of a training step of all members as one (`dmvi.experiments.synthetic.ensemble`) and of the
same members in plain loops, one after another: the same batches, networks and Adam. Above 1 the
ensemble is faster; it is so where the networks are small, or the device is large. Ratios carry over
between machines of one kind, seconds do not.
"""

import argparse
import math
import platform
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch

from dmvi.experiments.synthetic.ensemble import Ensemble, NoiseBatches
from dmvi.experiments.synthetic.estimation import Estimation
from dmvi.experiments.synthetic.gaussians import gaussian_pairs
from dmvi.files import write_json
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_fake, bce_real

LAYERS, BATCH = 4, 64
SIZES = ["1,64,10", "1,64,40", "10,64,10", "10,64,40", "100,128,10", "100,256,10"]
LARGE = ["1000,256,5", "1000,512,5"]


def adam(parameters) -> torch.optim.Adam:
    return torch.optim.Adam(parameters, lr=1e-4, betas=(0.5, 0.9), fused=True)


def together(
    make: Callable[[], torch.nn.Module], members: list, dim: int, device: torch.device
) -> Callable[[], None]:
    """A step of all members as an ensemble."""
    q, p = (pair.to(device) for pair in gaussian_pairs(dim, 0.1, members))
    module = Estimation(Ensemble(make, members, device), q, p)
    batches = NoiseBatches(members, BATCH, dim, device)
    optimizer = adam(module.parameters())

    def step() -> None:
        loss = module.loss(batches.next())["cross_entropy"]
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    return step


def one_by_one(
    make: Callable[[], torch.nn.Module], members: list, dim: int, device: torch.device
) -> Callable[[], None]:
    """A step of every member by itself, in turn."""
    q, p = (pair.to(device) for pair in gaussian_pairs(dim, 0.1, members))
    networks = [make().to(device) for _ in members]
    optimizers = [adam(network.parameters()) for network in networks]
    batches = [NoiseBatches([member], BATCH, dim, device) for member in members]

    def step() -> None:
        for index, network in enumerate(networks):
            w_q, w_p = batches[index].next()[0]
            x_q = torch.addmm(q.b[index], w_q, q.A[index].T)
            x_p = torch.addmm(p.b[index], w_p, p.A[index].T)
            of_q, of_p = network(torch.cat([x_q, x_p])).chunk(2)
            loss = bce_real(of_q) + bce_fake(of_p)
            optimizers[index].zero_grad(set_to_none=True)
            loss.backward()
            optimizers[index].step()

    return step


def milliseconds(
    steps: list[Callable[[], None]], repeats: int, least: float, device: torch.device
) -> list[float]:
    """Best time of each, taken in turn so that a busy neighbour slows all of them alike."""

    def wait() -> None:
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    best = [math.inf] * len(steps)
    for repeat in range(repeats + 1):
        for index, step in enumerate(steps):
            wait()
            count, start = 0, time.perf_counter()
            while count < 3 or time.perf_counter() - start < least:
                step()
                count += 1
                if device.type == "cuda" and count % 10 == 0:
                    wait()
            wait()
            if repeat:  # the first round warms up
                best[index] = min(best[index], 1e3 * (time.perf_counter() - start) / count)
    return best


def measure(size: str, repeats: int, least: float, device: torch.device) -> dict[str, Any]:
    """Times and ratio of one size "dim,width,members"."""
    dim, width, count = map(int, size.split(","))
    members = [(seed, 1.0) for seed in range(count)]
    make = partial(CodeDiscriminator, dim, LAYERS, width)
    steps = [f(make, members, dim, device) for f in (together, one_by_one)]
    ensemble, loop = milliseconds(steps, repeats, least, device)
    return {
        **{"dim": dim, "width": width, "members": count},
        **{"ensemble_ms": ensemble, "loop_ms": loop, "loop_over_ensemble": loop / ensemble},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="ensemble.json", help="JSON file to write")
    parser.add_argument("--sizes", nargs="+", default=SIZES + LARGE, help="dim,width,members each")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--least", type=float, default=0.5, help="seconds of each measurement")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    device = torch.device(arguments.device)
    rows = []
    print(f"{LAYERS} layers, batches of {BATCH}; milliseconds for one step of all members")
    print(f"{'d':>5} {'width':>6} {'members':>8} {'ensemble':>9} {'loop':>9} {'ratio':>6}")
    for size in arguments.sizes:
        row = measure(size, arguments.repeats, arguments.least, device)
        rows.append(row)
        print(
            f"{row['dim']:>5} {row['width']:>6} {row['members']:>8} {row['ensemble_ms']:>9.2f} "
            f"{row['loop_ms']:>9.2f} {row['loop_over_ensemble']:>6.2f}",
            flush=True,
        )
    machine = {"processor": platform.machine(), "threads": arguments.threads}
    machine |= {"device": arguments.device, "torch": torch.__version__}
    write_json(arguments.output, {**machine, "results": rows})


if __name__ == "__main__":
    main()
