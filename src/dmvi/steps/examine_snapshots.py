"""What the paper's numbers are along training: KL, bounds and low-posterior samples of every snapshot."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dmvi import files
from dmvi.data.dataset import Dataset, open_dataset
from dmvi.estimators import low_posterior, neighbours, pixels
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.ranking import auc
from dmvi.models import Model
from dmvi.steps.bounds import bound_table
from dmvi.steps.encode import encoded
from dmvi.steps.snapshot_files import each_snapshot
from dmvi.steps.trained import decode_images, load_model, posterior_mixture
from dmvi.training.reproducibility import choose_device

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"snapshots": "Gaussian posterior with snapshots"},
    "estimators": ["kl", "low_posterior", "bounds"],
    "gpu": True,
    "resumes": False,
}
ACTIVE = 0.01  # nats of KL(q(z_j|x) || p(z_j)) on average: a unit with more is active
COLUMNS = (
    *("step", "kl", "standard_error", "avg_kl", "lower", "elbo", "active_units"),
    *("bound_auc", "bound_auc_error", "neighbour_auc", "neighbour_auc_error"),
    *("cost_auc", "cost_auc_error"),
    *(f"{what}_{group}" for what in ("ink", "near_white") for group in ("low_posterior", "data")),
)


def settings(study, run):
    """steps, and what the estimates of a finished run use: samples of the KL, draws and keep, images
    and samples of the bounds."""
    block, chosen = study.estimators, study.runs[run]
    wanted = chosen.how["snapshots"]
    return {
        "steps": sorted(step for step in wanted if step <= chosen.spec["iterations"]),
        "kl_samples": block["kl"]["curve_samples"],
        **block["low_posterior"],
        **block["bounds"],
    }


def cost(costs, run):
    """For each snapshot: encoding, densities of z ~ q(z) and of the prior's draws, bounds, neighbours."""
    import math

    from dmvi.costs.work import forward, products

    wanted, (spec, shape, sizes) = settings(costs.study, run), costs.spec(run)
    gpus = costs.gpus_of(run)
    train, valid, _ = costs.images(spec["data"])
    points = wanted["kl_samples"] + wanted["draws"] + min(1000, wanted["draws"])
    encoding, parameters, _ = costs.encoded(run)
    pictures = wanted["images"] + 3 * wanted["keep"]
    both = sizes["encoder"] + sizes["posterior"] + sizes["generator"]
    nearest = products(2.0 * wanted["keep"] * (train + valid) * math.prod(shape))
    seconds = (
        costs.seconds(encoding + forward(both, pictures * wanted["samples"]), gpus)
        + costs.seconds(costs.density(run, points, train + valid), gpus, precision="float64")
        + costs.seconds(nearest, precision="float64")
    )
    memory = costs.model_mb(run) + costs.all_images_mb(run) + 2 * parameters + 500
    return costs.cost(seconds * max(1, len(wanted["steps"])), memory, 0.1, gpus)


def examine_snapshots(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    checkpoints: Path,
    output: Path,
    device: str = "auto",
    log: Callable[[str], None] = print,
) -> None:
    """Writes a row per snapshot, with the columns COLUMNS; KLs and bounds in nats.

    elbo is the mean over the bounds of training images. The areas under the curve are P(a > b) of the
    bounds of data (a) and low-posterior samples (b), of data and the samples' nearest neighbours, and of
    KL(q(z|x) || p(z)) of neighbours (a) and data (b); their errors are two standard errors. ink and
    near_white are means over images. Each snapshot is examined with the same random numbers.

    Args:
        settings: see the function of that name.
        checkpoints: the training's folder, in which the snapshots lie. One that is not there (its run
            was trained before it was asked for) has no row, and the log says so.

    Raises:
        DmviError: the posterior is not Gaussian, or there is no snapshot at all.
    """
    chosen = choose_device(device)
    dataset = open_dataset(data)
    model = load_model(model_path, chosen)
    rows = []
    for step, _ in each_snapshot(checkpoints, settings["steps"], model, seed, dataset, log):
        rows.append(
            {"step": step, **_row(model, dataset, settings, seed, chosen, model_path, output)}
        )
        log(f"step {step:,}: KL {rows[-1]['kl']:.3f} nats, {rows[-1]['active_units']} active units")
    files.write_csv(output, pd.DataFrame(rows, columns=list(COLUMNS)))


@torch.no_grad()
def _row(
    model: Model,
    dataset: Dataset,
    settings: dict[str, Any],
    seed: int,
    device: torch.device,
    model_path: Path,
    output: Path,
) -> dict[str, float]:
    images = dataset.train_valid
    generator = torch.Generator().manual_seed(seed)
    with encoded(model, images, device, model_path, output.parent) as parameters:
        mixture = posterior_mixture(model, parameters, device)
        kl = marginal_kl(mixture, samples=settings["kl_samples"], seed=seed)
        low = low_posterior.find(
            mixture, draws=settings["draws"], keep=settings["keep"], generator=generator
        )
        active = active_units(parameters)
    bad = decode_images(model, low.latents)
    nearest, _ = neighbours.nearest(bad, images)
    train = dataset.split("train")
    rng = np.random.default_rng(seed)
    count = min(settings["images"], len(train))
    groups = {
        "low_posterior": bad,
        "neighbour": images[nearest],
        "data": train[np.sort(rng.choice(len(train), count, replace=False))],
    }
    tables = {k: bound_table(model, v, settings["samples"], device) for k, v in groups.items()}
    looks = pixels.image_statistics(groups).groupby("group")[["ink", "near_white"]].mean()
    row = {
        "kl": kl.value,
        "standard_error": kl.standard_error,
        "avg_kl": kl.avg_kl,
        "lower": kl.lower,
        "elbo": tables["data"]["bound"].mean(),
        "active_units": active,
    }
    pairs = {
        "bound": ("bound", "data", "low_posterior"),
        "neighbour": ("bound", "data", "neighbour"),
        "cost": ("kl", "neighbour", "data"),
    }
    for name, (column, a, b) in pairs.items():
        row[f"{name}_auc"], row[f"{name}_auc_error"] = auc(tables[a][column], tables[b][column])
    for what in ("ink", "near_white"):
        for group in ("low_posterior", "data"):
            row[f"{what}_{group}"] = looks.loc[group, what]
    return row


def active_units(parameters: np.ndarray, rows: int = 4096) -> int:
    """Latent units whose KL(q(z_j|x) || N(0, 1)), mean over images, is above ACTIVE nats.

    Args:
        parameters: (N, 2 d) = [mean | log variance].
    """
    latent_dim = parameters.shape[1] // 2
    total = np.zeros(latent_dim)
    for start in range(0, len(parameters), rows):
        block = np.asarray(parameters[start : start + rows], np.float64)
        mean, log_variance = block[:, :latent_dim], block[:, latent_dim:]
        total += 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(0)
    return int((total / len(parameters) > ACTIVE).sum())
