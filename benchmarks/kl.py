"""How fast is the exact log density of a Gaussian mixture? Two ratios, measured in one run.

    PYTHONPATH=src python benchmarks/kl.py --output kl.json

log_density at N = 60,000 components, against
- its own float64 matrix products alone, in the same tiles: target at most 2 (at d >= 64);
- the plain broadcast ((z[:, None] - mean[None]) / s)^2 in float32, timed on a slice that fits in
  memory and scaled by the number of pairs: target at least 50 times slower.
Ratios carry over between machines, seconds do not.
"""

import argparse
import math
import os
import platform
import time
from collections.abc import Callable

import torch

from dmvi.estimators.mixtures import GaussianMixture
from dmvi.estimators.streaming import spans
from dmvi.files import write_json

BROADCAST_POINTS, BROADCAST_COMPONENTS = 16, 20_000


def products_alone(mixture: GaussianMixture, z: torch.Tensor) -> None:
    """The matrix products of `log_density`, each into one buffer, on ready-made factors."""
    points, components = mixture.tile
    features = torch.cat([z.square(), z], 1)
    weight = torch.randn(components, 2 * z.shape[1], dtype=torch.float64).T
    const = torch.zeros(components, dtype=torch.float64)
    buffer = torch.zeros(points * components, dtype=torch.float64)
    for start, stop in spans(mixture.components, components):
        n = stop - start
        for first, last in spans(len(z), points):
            out = buffer[: (last - first) * n].view(last - first, n)
            torch.addmm(const[:n], features[first:last], weight[:, :n], out=out)


def broadcast(mixture: GaussianMixture, z: torch.Tensor) -> torch.Tensor:
    """log q(z) as one would write it first, in float32: memory S N d."""
    mean, log_var = mixture.mean, mixture.log_var
    scaled = (z[:, None] - mean[None]) / torch.exp(0.5 * log_var)[None]
    log_prob = -0.5 * (scaled.square() + log_var[None] + math.log(2 * math.pi)).sum(-1)
    return torch.logsumexp(log_prob, 1) - math.log(len(mean))


def seconds(functions: list[Callable[[], object]], repeats: int) -> list[float]:
    """Best time of each, taken in turn so that a busy neighbour slows all of them alike."""
    times = [[math.inf] for _ in functions]
    for repeat in range(repeats + 1):
        for function, record in zip(functions, times, strict=True):
            start = time.perf_counter()
            function()
            if repeat:  # the first round warms up
                record.append(time.perf_counter() - start)
    return [min(record) for record in times]


def measure(d: int, components: int, points: int, sd: float, repeats: int) -> dict[str, float]:
    """Times and ratios for codes ~ N(0, (1 - sd^2) I) with posteriors of standard deviation sd."""
    generator = torch.Generator().manual_seed(0)
    mean = torch.randn(components, d, generator=generator) * math.sqrt(1 - sd**2)
    log_var = torch.full((components, d), 2 * math.log(sd))
    mixture = GaussianMixture(mean, log_var)
    index = torch.randperm(components, generator=generator)[:points]
    z, own = mixture.sample(index, generator)
    part = mixture.subset(torch.arange(min(components, BROADCAST_COMPONENTS)))
    few = z[:BROADCAST_POINTS].float()
    density, products, naive = seconds(
        [
            lambda: mixture.log_density(z, index, own),
            lambda: products_alone(mixture, z),
            lambda: broadcast(part, few),
        ],
        repeats,
    )
    naive *= (points * components) / (len(few) * part.components)
    return {
        "latent_dim": d,
        "components": components,
        "points": points,
        "posterior_sd": sd,
        "log_density_seconds": density,
        "products_seconds": products,
        "broadcast_seconds_scaled": naive,
        "over_products": density / products,
        "broadcast_over_log_density": naive / density,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="kl.json", help="JSON file to write")
    parser.add_argument("--latent-dims", type=int, nargs="+", default=[64, 128])
    parser.add_argument("--components", type=int, default=60_000)
    parser.add_argument("--points", type=int, default=2048)
    parser.add_argument("--sd", type=float, default=0.3, help="of every posterior")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    rows = []
    for d in arguments.latent_dims:
        row = measure(d, arguments.components, arguments.points, arguments.sd, arguments.repeats)
        rows.append(row)
        print(
            f"d = {d}: log_density {row['log_density_seconds']:.2f} s, "
            f"{row['over_products']:.2f} x its products (target <= 2), "
            f"broadcast {row['broadcast_over_log_density']:.0f} x slower (target >= 50)"
        )
    machine = {"processor": platform.machine(), "threads": arguments.threads}
    write_json(arguments.output, {**machine, "torch": torch.__version__, "results": rows})


if __name__ == "__main__":
    main()
