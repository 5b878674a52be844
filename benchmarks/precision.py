"""What `precision: bfloat16` saves, and whether it costs quality.

Speed: one training step of a VAE of width 64 in float32 against bfloat16. It needs a processor with
products of bfloat16 (AMX or AVX512-BF16), or a GPU.

Quality: the same VAE trained from the same seeds in either precision, and then measured in float32:
the negative ELBO of held-out images and the marginal KL of the training images. The difference of the
means is set beside the standard deviation over seeds. Two of these is the target: with three seeds
each and no difference at all, one comparison in fourteen would miss it.
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

import torch
from common import line, machine, row, seconds, spec_of
from training import bare_step, noise

from dmvi.data.dataset import Dataset, open_dataset
from dmvi.data.images import to_unit
from dmvi.data.preparation import prepare
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.files import write_json
from dmvi.models import make_model
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import set_up
from dmvi.training.sampler import Sampler

PRECISIONS = ("float32", "bfloat16")
SIZES = {"ColorMNIST network": 28, "DCGAN network": 32}
WIDTH = 64
LIMIT = {"train": 9000, "valid": 1000, "test": 1000}


def speed(device: torch.device, repeats: int) -> list[dict[str, Any]]:
    """A row for each network."""
    rows = []
    for network, size in SIZES.items():
        steps = {}
        for precision in PRECISIONS:
            spec = spec_of("vae", width=WIDTH, precision=precision)
            set_up(0, precision)
            model = make_model(spec, (size, size, 3)).to(device)
            images = torch.from_numpy(noise(size, count=spec["batch_size"]))
            steps[precision] = bare_step(model, spec, to_unit(images.to(device)))
        times = seconds(steps, repeats, device.type)
        case = f"VAE, {network}, {size} x {size}, width {WIDTH}"
        rows.append(
            row(
                *("training step in float32", case, times["float32"]),
                *("in bfloat16", times["bfloat16"]),
                at_least=1.5,
            )
        )
        print(line(rows[-1]), flush=True)
    return rows


def train_and_measure(
    dataset: Dataset, seed: int, precision: str, steps: int, device: torch.device
) -> dict[str, float]:
    """Nats: the negative ELBO of the test images, the marginal KL of the others."""
    spec = spec_of("vae", width=WIDTH, precision=precision, learning_rate=1e-3, iterations=steps)
    set_up(seed, precision)
    model = make_model(spec, dataset.image_shape).to(device)
    sampler = Sampler(dataset.split("train"), spec["batch_size"], seed, device)
    with tempfile.TemporaryDirectory() as folder:
        fit(model, sampler, spec, "x", CheckpointPolicy(Path(folder)), lambda _: None)
    model.eval()
    torch.manual_seed(0)
    with torch.no_grad():
        bounds = [model.bound_terms(x) for x in _batches(dataset.split("test"), device)]
        parameters = torch.cat([model.encode(x) for x in _batches(dataset.train_valid, device)])
    fits, divergences = (torch.cat(part).mean().item() for part in zip(*bounds, strict=True))
    kl = marginal_kl(GaussianMixture.from_parameters(parameters), samples=2000)
    return {"negative ELBO": divergences - fits, "marginal KL": kl.value}


def _batches(images, device: torch.device) -> list[torch.Tensor]:
    return [to_unit(part.to(device)) for part in torch.from_numpy(images.copy()).split(128)]


def quality(
    dataset: Dataset, title: str, seeds: int, steps: int, device: torch.device
) -> list[dict[str, Any]]:
    """A row for each measure: |difference of means| against the standard deviation over seeds."""
    measured: dict[str, list[dict[str, float]]] = {precision: [] for precision in PRECISIONS}
    for seed in range(seeds):
        for precision in PRECISIONS:
            values = train_and_measure(dataset, seed, precision, steps, device)
            measured[precision].append(values)
            print(f"seed {seed}, {precision}: {values}", flush=True)
    rows = []
    for name in measured["float32"][0]:
        values = {p: [one[name] for one in measured[p]] for p in PRECISIONS}
        means = {p: statistics.mean(values[p]) for p in PRECISIONS}
        # Pooled over the two precisions.
        spread = statistics.mean(statistics.variance(values[p]) for p in PRECISIONS) ** 0.5
        rows.append(
            row(
                f"{name}, bfloat16 minus float32, nats",
                f"VAE, {title}, width {WIDTH}, {steps} steps, {seeds} seeds",
                *(abs(means["bfloat16"] - means["float32"]), "spread over seeds", spread),
                at_most=2.0,
                means=means,
                values=values,
            )
        )
        print(line(rows[-1]), f"means {means}", flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--quick", action="store_true", help="speed alone")
    parser.add_argument("--data", type=Path, help="folder with MNIST/; else stand-in digits")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--repeats", type=int, default=15)
    arguments = parser.parse_args()
    device = torch.device(arguments.device)
    if device.type == "cpu":
        torch.set_num_threads(1)
    rows = speed(device, arguments.repeats)
    if not arguments.quick:
        with tempfile.TemporaryDirectory() as folder:
            source = "standin" if arguments.data is None else "official"
            spec = {"builder": "color_mnist", "source": source, "limit": LIMIT}
            prepare(spec, "color_mnist", Path(folder), Path(folder), arguments.data)
            title = "ColorMNIST" if arguments.data else "ColorMNIST stand-in"
            dataset = open_dataset(folder)
            rows += quality(dataset, title, arguments.seeds, arguments.steps, device)
    write_json(arguments.output, {"machine": machine(arguments.device), "rows": rows})


if __name__ == "__main__":
    main()
