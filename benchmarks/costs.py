"""How fast is this machine? The rates of the cost model (workflow/hardware.yaml), measured.

    OMP_NUM_THREADS=1 PYTHONPATH=src python benchmarks/costs.py --output costs.json
    PYTHONPATH=src python benchmarks/costs.py --device cuda --output costs-gpu.json

Times updates of models of many sizes, and the float64 log densities of mixtures, each as the best of
several repeats, and fits the rates to them: seconds = FLOPs / rate + values / rate + weights / rate +
calls x overhead, least squares of the logarithm. Prints the block to paste into hardware.yaml, and how
far off the fit is. With --studies it also compares the costs with the measured times of finished
studies (results/benchmarks): their jobs had shared a machine.
"""

import argparse
import math
import os
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import spec_of
from scipy.optimize import least_squares

from dmvi.costs.sizes import code_discriminator, coupling_flow, encoder, generator
from dmvi.costs.work import (
    ADAM_ACCESSES,
    CALLS_PER_UPDATE,
    Work,
    flow_density,
    forward,
    gaussian_density,
    iteration_work,
    passes,
)
from dmvi.distributions.posteriors.realnvp import RealNVPFamily
from dmvi.estimators.density_ratio import RatioClassifier
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture
from dmvi.files import write_json
from dmvi.models import make_model
from dmvi.networks import make_encoder, make_generator
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.training.engine import make_optimizers
from dmvi.training.iteration import Iteration
from dmvi.training.reproducibility import set_up

REPOSITORY = Path(__file__).parents[1]
NAMES = ("flops", "single_flops", "values", "weights", "call")
# Where the fit starts, and what it keeps to where the measurements do not say: flops, values and
# weights per second, seconds per call.
START = {
    "cpu": {"flops": 5e10, "single_flops": 1e10, "values": 1e9, "weights": 1e9, "call": 1e-5},
    "cuda": {"flops": 1e13, "single_flops": 1e13, "values": 5e10, "weights": 5e10, "call": 1e-5},
}
PULL = 0.03  # of the start, in standard deviations of a logarithm, against one of each measurement

SIZES = {"latent_dim": 50, "width": 32}
RUNS: list[tuple[str, int, dict[str, Any]]] = [  # model, image size, what differs from `SIZES`
    ("vae", 28, {"width": 8}),
    ("vae", 28, {"width": 64}),
    ("vae", 28, {"width": 32, "latent_dim": 1000}),
    ("vae", 28, {"width": 32, "latent_dim": 10000}),
    ("vae", 32, {"width": 8}),
    ("vae", 32, {"width": 64}),
    ("vae", 32, {"width": 16, "posterior": "realnvp"}),
    ("vae", 32, {"width": 16, "likelihood": "categorical", "batch_size": 16}),
    ("vae", 64, {"width": 8, "latent_dim": 1000}),
    ("vae", 64, {"width": 8, "latent_dim": 5000}),
    ("vae", 64, {"width": 16}),
    ("vae", 64, {"width": 32, "batch_size": 32}),
    ("aae", 28, {"width": 32}),
    ("aae", 32, {"width": 16, "code_layers": 5, "code_width": 2000}),
    ("avb", 28, {"width": 16}),
    ("avb_ac", 32, {"width": 16}),
    ("veegan", 64, {"width": 8}),
    ("vgh", 32, {"width": 16}),
    ("vgh_plus_plus", 28, {"width": 16, "code_width": 100}),
    ("dcgan", 64, {"width": 16}),
    ("dcgan", 32, {"width": 64}),
    ("wgan_gp", 28, {"width": 8, "critic_steps": 1}),
    ("wgan_gp", 64, {"width": 8, "critic_steps": 1}),
]
RATIOS = [(50, 3, 1000), (128, 5, 1000), (10, 2, 64)]  # latents, layers, width
FORWARD = [
    (28, 64, 50),
    (32, 16, 128),
    (64, 16, 128),
    (28, 32, 10000),
]  # image size, width, latents
MIXTURES = [(10, 2048, 20000), (50, 2048, 20000), (128, 2048, 10000), (1000, 512, 4096)]
FLOWS = [(10, 64, 1024), (50, 64, 1024), (128, 64, 512)]


class OneBatch:
    """The same batch, again and again."""

    def __init__(self, x: torch.Tensor) -> None:
        self.x = x

    def next(self) -> torch.Tensor:
        return self.x


def best(function: Callable[[], object], device: torch.device, budget: float) -> float:
    """Seconds of the fastest call, of as many as fit into `budget` seconds, three at least."""
    times = []
    began = time.perf_counter()
    while len(times) < 4 or time.perf_counter() - began < budget:
        start = time.perf_counter()
        function()
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        times.append(time.perf_counter() - start)
    return min(times[1:])  # the first warms up


def updates(precision: str, device: torch.device, budget: float):
    """(what, work, seconds) of one iteration of every case."""
    set_up(0, precision)
    for name, size, changes in RUNS:
        shape = (size, size, 3)
        spec = spec_of(name, **{**SIZES, **changes}, precision=precision)
        model = make_model(spec, shape).to(device)
        x = torch.rand(spec["batch_size"], 3, size, size, device=device)
        yield (
            f"{name} {size} {changes}",
            iteration_work(spec, shape),
            _update(model, OneBatch(x), spec, device, budget),
        )
    if precision != "float32":
        return
    for latent_dim, layers, width in RATIOS:
        spec = spec_of("vae", **SIZES)
        classifier = RatioClassifier(CodeDiscriminator(latent_dim, layers, width)).to(device)
        batch = OneBatch(torch.randn(64, latent_dim, device=device))
        sizes = code_discriminator(latent_dim, layers, width)
        work = passes(sizes, 64, 6)
        work += Work(weights=ADAM_ACCESSES * sizes.parameters, calls=CALLS_PER_UPDATE)
        seconds = _update(classifier, batch, spec, device, budget)
        yield f"classifier {latent_dim} {layers} {width}", work, seconds
    for size, width, latent_dim in FORWARD:
        shape = (size, size, 3)
        network = make_encoder(shape, 2 * latent_dim, width).to(device).eval()
        x = torch.rand(128, 3, size, size, device=device)
        work = forward(encoder(size, 3, 2 * latent_dim, width), 128)
        yield f"encode {size} {width} {latent_dim}", work, _forward(network, x, device, budget)
        network = make_generator(shape, latent_dim, 3, width).to(device).eval()
        z = torch.randn(128, latent_dim, device=device)
        work = forward(generator(size, latent_dim, 3, width), 128)
        yield f"decode {size} {width} {latent_dim}", work, _forward(network, z, device, budget)


def _update(model, batches: OneBatch, spec: dict, device: torch.device, budget: float) -> float:
    players = model.players()
    optimizers = make_optimizers(players, spec)
    return best(Iteration(players, optimizers, batches, spec["precision"]), device, budget)


def _forward(network, x: torch.Tensor, device: torch.device, budget: float) -> float:
    with torch.no_grad():
        return best(lambda: network(x), device, budget)


def densities(device: torch.device, budget: float):
    """(what, work, seconds) of log densities of mixtures of Gaussians."""
    generator_ = torch.Generator().manual_seed(0)
    for latent_dim, points, components in MIXTURES:
        mean = 0.9 * torch.randn(components, latent_dim, generator=generator_)
        mixture = GaussianMixture(mean.to(device), torch.full_like(mean, -2.0).to(device))
        z, own = mixture.sample(torch.arange(points), generator_)
        seconds = best(
            lambda m=mixture, z=z, own=own: m.log_density(z, torch.arange(len(z)), own),
            device,
            budget,
        )
        what = f"Gaussians {latent_dim} {points} {components}"
        yield what, gaussian_density(points, components, latent_dim), seconds


def flows(device: torch.device, budget: float):
    """(what, work, seconds) of log densities of mixtures of flows."""
    generator_ = torch.Generator().manual_seed(0)
    for latent_dim, points, components in FLOWS:
        family = RealNVPFamily(latent_dim, 4, (128, 128))
        parameters = torch.randn(components, 2 * latent_dim, generator=generator_)
        mixture = FlowMixture(family, parameters.to(device))
        z, own = mixture.sample(torch.arange(points), generator_)
        seconds = best(
            lambda m=mixture, z=z, own=own: m.log_density(z, torch.arange(len(z)), own),
            device,
            budget,
        )
        work = flow_density(points, components, coupling_flow(latent_dim, 4, (128, 128)))
        yield f"flows {latent_dim} {points} {components}", work, seconds


def fit(rows: list[tuple[str, Work, float]], start: dict[str, float]) -> dict[str, float]:
    """The rates that explain the seconds best, by relative error."""
    counts = np.array([[w.padded, w.single, w.values, w.weights, w.calls] for _, w, _ in rows])
    seconds = np.log([second for _, _, second in rows])
    guess = np.log([*(1 / start[name] for name in NAMES[:-1]), start["call"]])

    def residuals(logs: np.ndarray) -> np.ndarray:
        return np.concatenate([np.log(counts @ np.exp(logs)) - seconds, PULL * (logs - guess)])

    costs = np.exp(least_squares(residuals, guess).x)
    values = [*(1 / costs[:-1]), costs[-1]]
    return {name: float(f"{value:.2g}") for name, value in zip(NAMES, values, strict=True)}


def predicted(work: Work, rates: dict[str, float]) -> float:
    return work.seconds(rates) + work.calls * rates["call"]


def off(factors: list[float]) -> dict[str, float]:
    """How far predicted / measured is from 1."""
    logs = [abs(math.log(factor)) for factor in factors]
    return {
        "n": len(factors),
        "median_ratio": round(statistics.median(factors), 2),
        "typical_factor": round(math.exp(statistics.median(logs)), 2),
        "worst_factor": round(math.exp(max(logs)), 2),
        "within_factor_2": round(sum(log <= math.log(2) for log in logs) / len(logs), 3),
    }


def fastest(rounds: list[list[tuple[str, Work, float]]]) -> list[tuple[str, Work, float]]:
    """The best time of each case: the rounds lie apart, so that a busy neighbour spoils one only."""
    return [
        (what, work, min(repeat[i][2] for repeat in rounds))
        for i, (what, work, _) in enumerate(rounds[0])
    ]


def measure(
    device: torch.device, precisions: list[str], budget: float, rounds: int
) -> dict[str, Any]:
    """Fitted rates and the measurements behind them."""
    start, fitted, table = START[device.type], {}, []
    groups = {name: partial(updates, name, device, budget) for name in precisions}
    groups["float64"] = partial(densities, device, budget)
    groups["float64_flow"] = partial(flows, device, budget)
    for name, group in groups.items():
        rows = fastest([list(group()) for _ in range(rounds)])
        fitted[name] = fit(rows, start)
        ratios = []
        for what, work, seconds in rows:
            ratio = predicted(work, fitted[name]) / seconds
            ratios.append(ratio)
            row = {"rates": name, "case": what, "seconds": seconds, "predicted": ratio * seconds}
            table.append(row)
            print(f"{name:13s} {what:60s} {seconds * 1e3:9.2f} ms, predicted x {ratio:.2f}")
        fitted[name]["typical_factor"] = off(ratios)["typical_factor"]
    return {"rates": fitted, "measurements": table}


def compare(folder: Path) -> list[dict[str, Any]]:
    """Predicted and measured seconds and memory of the finished jobs of a study."""
    # Only here: a machine whose rates are measured may lack what reads a study.
    import yaml

    from dmvi.costs.measured import finished_jobs
    from dmvi.costs.model import Costs
    from dmvi.study.config import load_study

    hardware = yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())
    schema = REPOSITORY / "workflow/schemas/config.schema.yaml"
    config = yaml.safe_load((folder / "config.yaml").read_text())
    costs = Costs(load_study(config, yaml.safe_load(schema.read_text())), hardware)
    rows = []
    for job in finished_jobs(folder / "results"):
        if job.rule == "prepare_data":
            continue  # it is a download, or none
        if job.wildcards.get("run", next(iter(costs.study.runs))) not in costs.study.runs:
            continue
        cost = costs.of(job.rule, **job.wildcards)
        rows.append(
            {
                "job": " ".join([job.rule, *job.wildcards.values()]),
                "rule": job.rule,
                "seconds": job.seconds,
                "predicted_seconds": round(cost.seconds, 1),
                "max_rss_mb": job.memory_mb,
                "predicted_mb": round(cost.memory_mb),
            }
        )
    return rows


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """How far off the predictions are, by rule and in all."""
    groups: dict[str, list] = {}
    for row in rows:
        groups.setdefault(row["rule"], []).append(row)
        groups.setdefault("all", []).append(row)
    return {
        rule: {
            **off([row["predicted_seconds"] / row["seconds"] for row in group]),
            "total_seconds": round(sum(row["seconds"] for row in group)),
            "total_predicted": round(sum(row["predicted_seconds"] for row in group)),
            "memory_worst_underestimate": round(
                max(row["max_rss_mb"] / row["predicted_mb"] for row in group), 2
            ),
        }
        for rule, group in groups.items()
    }


def block(rates: dict[str, dict[str, float]]) -> list[str]:
    """The lines to paste into workflow/hardware.yaml."""
    lines = ["  measured: true"]
    for name, found in rates.items():
        # With a dot: YAML takes 1e-05 for a text.
        numbers = ", ".join(f"{key}: {found[key]:.1e}" for key in NAMES)
        lines.append(f"  {name}: {{{numbers}}}")
    return lines


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="costs.json", help="JSON file to write")
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--budget", type=float, default=0.6, help="seconds per case")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")
    parser.add_argument(
        "--studies", type=Path, nargs="*", default=[], help="folders of finished studies"
    )
    parser.add_argument("--note", help="kept in the file")
    parser.add_argument("--only-studies", action="store_true", help="measure no rates")
    arguments = parser.parse_args(given)
    device = torch.device(arguments.device)
    result: dict[str, Any] = {"torch": torch.__version__, "processor": platform.machine()}
    if arguments.note:
        result["note"] = arguments.note
    if not arguments.only_studies:
        if device.type == "cpu":
            torch.set_num_threads(1)
            precisions = ["float32", "bfloat16"]
        else:
            result["gpu"] = torch.cuda.get_device_name(device)
            precisions = ["float32", "tf32", "bfloat16"]
        result |= measure(device, precisions, arguments.budget, arguments.rounds)
        print(f"\nworkflow/hardware.yaml, under {'gpu' if device.type == 'cuda' else 'cpu'}:")
        print("\n".join(block(result["rates"])))
    result["studies"] = {}
    for folder in arguments.studies:
        rows = compare(folder)
        far = [row for row in rows if not 0.5 <= row["predicted_seconds"] / row["seconds"] <= 2]
        result["studies"][folder.resolve().name] = {"summary": summary(rows), "far": far}
        print(f"\n{folder}: predicted / measured seconds")
        for rule, about in summary(rows).items():
            print(f"  {rule:20s} {about}")
    write_json(arguments.output, result)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
