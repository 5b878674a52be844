"""Estimates KL(q(z) || p(z)) of a trained encoder by Monte Carlo, and profiles its posteriors."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.distributions.posteriors import GaussianFamily
from dmvi.estimators import profile
from dmvi.estimators.estimate import Estimate
from dmvi.estimators.marginal_kl import MarginalKL, heldout_kl, kl_curve, marginal_kl
from dmvi.estimators.mixtures import TractableMixture
from dmvi.progress import Progress
from dmvi.steps.encode import encoded
from dmvi.steps.trained import load_model, posterior_mixture, tractable_posterior
from dmvi.training.reproducibility import choose_device

STEP = {
    "version": 4,
    "wildcards": ["run", "seed"],
    "gives": {"kl": "posterior with a density", "profile": "Gaussian posterior"},
    "estimators": ["kl"],
    "gpu": True,
    "resumes": False,
}


# Latent sizes at which S codes in float64 take so much memory that S has a key of its own.
LARGE_LATENT_DIM = 1000


def settings(study, run):
    """samples (null: one z per image), curve_sizes and curve_samples: only what this run uses."""
    block, spec = study.estimators["kl"], study.runs[run].spec
    samples = block["samples"]
    if spec["posterior"] != "gaussian":
        samples = block["flow_samples"]
    elif spec["latent_dim"] >= LARGE_LATENT_DIM:
        samples = block["large_samples"]
    return {
        "samples": samples,
        "curve_sizes": block["curve_sizes"],
        "curve_samples": block["curve_samples"],
    }


def cost(costs, run):
    """Densities of all z under the mixtures, encoding and profile."""
    from dmvi.costs.work import MB, Work

    spec, _, _ = costs.spec(run)
    gpus, wanted = costs.gpus_of(run), settings(costs.study, run)
    train, valid, test = costs.images(spec["data"])
    n = train + valid
    samples = wanted["samples"]
    samples = n if samples is None else min(samples, n)
    few = min(samples, wanted["curve_samples"])
    curve = sum(size for size in wanted["curve_sizes"] if size < n)
    density = costs.density(run, samples, n) + costs.density(run, few, test + curve)
    encoding, parameters, _ = costs.encoded(run)
    # The profile of the posteriors: about ten passes over them, by numpy.
    profile = Work(values=10 * parameters * MB / 4)
    seconds = (
        costs.seconds(encoding, gpus)
        + costs.seconds(density, gpus, precision=costs.density_precision(run))
        + costs.seconds(profile, precision="float64")
        # The parameters go through a file that is deleted.
        + parameters / costs.hardware["disk_mb_per_second"]
    )
    largest = max([size for size in wanted["curve_sizes"] if size < n], default=0)
    tile = 64 * min(2**22, 4096 * spec["latent_dim"]) * 8 / MB
    memory = costs.model_mb(run) + costs.all_images_mb(run) + parameters
    if not gpus:  # copies for the curve, codes, tiles and their factors: else on the GPU
        memory += 2 * parameters * largest / n + tile
        memory += 6 * 8 * samples * spec["latent_dim"] / MB
    return costs.cost(seconds, memory, 0.1, gpus)


def estimate_kl(
    model_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    kl_path: Path,
    curve_path: Path,
    profile_path: Path,
    histograms_path: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the KL against the mixture of all training and validation posteriors with its surgery
    bounds, the lower bound that a mixture of held-out (test) posteriors gives, and its growth with N;
    and the profile of Gaussian posteriors (`dmvi.estimators.profile`), empty for others.

    It encodes the images itself, which takes seconds, so that most runs need no other job and no
    posteriors on the disk.
    """
    chosen = choose_device(device)
    model = load_model(model_path, chosen)
    tractable_posterior(model)
    dataset = open_dataset(data)
    n = len(dataset.train_valid)
    with encoded(model, dataset.images, chosen, model_path, kl_path.parent) as parameters:
        units = pd.DataFrame(columns=profile.UNIT_COLUMNS)
        histograms = pd.DataFrame(columns=profile.HISTOGRAM_COLUMNS)
        if isinstance(model.posterior, GaussianFamily):
            units, histograms = profile.posterior_profile(parameters[:n])
        files.write_csv(profile_path, units)
        files.write_csv(histograms_path, histograms)
        mixture = posterior_mixture(model, parameters[:n], chosen)
        heldout = posterior_mixture(model, parameters[dataset.span("test")], chosen)
        kl, held, curve = estimates(mixture, heldout, settings, seed, log)
    values = {**kl.to_json(), "posterior": model.spec["posterior"], "heldout": held.to_json()}
    files.write_json(kl_path, values)
    files.write_csv(curve_path, curve)


def estimates(
    mixture: TractableMixture,
    heldout: TractableMixture,
    settings: dict[str, Any],
    seed: int,
    log: Callable[[str], None],
) -> tuple[MarginalKL, Estimate, pd.DataFrame]:
    """The KL, the lower bound from held-out posteriors, and the KL over the mixture's size."""
    n = mixture.components
    samples = settings["samples"]
    samples = n if samples is None else min(samples, n)
    few = min(samples, settings["curve_samples"])
    log(f"{samples:,} z against {n:,} posteriors of {mixture.latent_dim} dimensions")
    kl = marginal_kl(mixture, samples=samples, seed=seed, progress=Progress(log, "tile"))
    log(
        f"KL {kl.value:.3f} +- {kl.standard_error:.3f} nats, between {kl.lower:.3f} and "
        f"{kl.upper:.3f}; now against {heldout.components:,} held-out posteriors"
    )
    held = heldout_kl(mixture, heldout, samples=few, seed=seed, progress=Progress(log, "tile"))
    log(f"{held.value:.3f} +- {held.standard_error:.3f} nats; now the curve over N")
    sizes = [size for size in settings["curve_sizes"] if size < n]
    curve = kl_curve(mixture, sizes, samples=few, seed=seed)
    curve.loc[len(curve)] = (n, kl.value, kl.standard_error, kl.lower)  # the whole, already known
    curve["components"] = curve["components"].astype(int)
    return kl, held, curve
