"""How codes spread along training: distance from the prior and log det Cov of every snapshot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.distributions.posteriors import GaussianFamily
from dmvi.errors import DmviError
from dmvi.estimators import code_statistics
from dmvi.estimators.two_sample import mmd2_to_prior
from dmvi.models.model import EncodingModel
from dmvi.objectives.kernels import KERNELS, make_kernel
from dmvi.steps.encode import posterior_batches
from dmvi.steps.snapshot_files import each_snapshot
from dmvi.steps.trained import load_encoder
from dmvi.training.reproducibility import choose_device

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"codes_curve": "encoder with snapshots"},
    "gpu": True,
    "resumes": False,
}
IMAGES = 1000  # the first validation images
COLUMNS = ("step", "mmd2_gaussian", "mmd2_imq", "logdet", "logdet_per_latent")


def settings(study, run):
    """steps of the snapshots."""
    chosen = study.runs[run]
    steps = [step for step in chosen.how["snapshots"] if step <= chosen.spec["iterations"]]
    return {"steps": sorted(steps)}


def cost(costs, run):
    """For each snapshot: encoding, kernels of all pairs, a covariance."""
    from dmvi.costs.work import forward, products

    spec, _, sizes = costs.spec(run)
    gpus, steps = costs.gpus_of(run), settings(costs.study, run)["steps"]
    encoding = costs.seconds(forward(sizes["encoder"] + sizes["posterior"], IMAGES), gpus)
    pairs, d = IMAGES * IMAGES / 2, spec["latent_dim"]
    kernels = products(2.0 * d * pairs + 2.0 * IMAGES * d * d, values=15.0 * pairs)
    seconds = encoding + costs.seconds(kernels, gpus, precision="float64")
    memory = costs.model_mb(run) + 4 * 8 * (d * d + IMAGES * d) / 1e6
    return costs.cost(seconds * max(1, len(steps)), memory, 0.1, gpus)


def track_codes(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    checkpoints: Path,
    output: Path,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> None:
    """Writes a row per snapshot, with the columns COLUMNS.

    mmd2_*: unbiased squared MMD between one code per image and N(0, I) (`dmvi.estimators.two_sample`), of
    either sign. logdet: log det Cov of q(z) over the images (`dmvi.estimators.code_statistics`), NaN
    where it has none, as with a constant latent. The images, and the random numbers of every snapshot,
    are the same.

    Args:
        settings: see the function of that name.
        checkpoints: the training's folder, in which the snapshots lie.

    Raises:
        DmviError: the model has no encoder, or there is no snapshot at all.
    """
    chosen = choose_device(device)
    dataset = open_dataset(data)
    model = load_encoder(model_path, chosen)
    rows = []
    for step, path in each_snapshot(checkpoints, settings["steps"], model, seed, dataset, log):
        rows.append({"step": step, **_row(model, dataset.split("valid")[:IMAGES], chosen, path)})
        log(f"step {step:,}: log det {rows[-1]['logdet']:.3g}, MMD² {rows[-1]['mmd2_imq']:.3g}")
    files.write_csv(output, pd.DataFrame(rows, columns=list(COLUMNS)))


@torch.no_grad()
def _row(
    model: EncodingModel, images: np.ndarray, device: torch.device, path: Path
) -> dict[str, float]:
    parameters = torch.cat([p for _, p in posterior_batches(model, images, device, path)])
    codes = model.sample_posterior(parameters)
    kernels = {name: make_kernel(name, codes.shape[1]) for name in KERNELS}
    row = {f"mmd2_{name}": value for name, value in mmd2_to_prior(codes, kernels).items()}
    try:
        if isinstance(model.posterior, GaussianFamily):
            moments = code_statistics.of_gaussian_posteriors(parameters.cpu().numpy())
        else:
            moments = code_statistics.of_codes(codes.cpu().numpy())
    except DmviError:  # constant latents, or more latents than images
        return {**row, "logdet": np.nan, "logdet_per_latent": np.nan}
    return {**row, "logdet": moments.logdet, "logdet_per_latent": moments.logdet_per_latent}
