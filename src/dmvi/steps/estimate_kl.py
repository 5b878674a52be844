"""Estimates KL(q(z) || p(z)) of a trained encoder by Monte Carlo."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.estimators.marginal_kl import heldout_kl, kl_curve, marginal_kl
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.progress import Progress
from dmvi.steps.trained import load_model, open_posterior, posterior_mixture
from dmvi.training.reproducibility import choose_device


def estimate_kl(
    model_path: Path,
    posterior_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    kl_path: Path,
    curve_path: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Writes the KL against the mixture of all training and validation posteriors with its surgery
    bounds, the lower bound that a mixture of held-out (test) posteriors gives, and its growth with N.
    """
    chosen = choose_device(device)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    parameters = open_posterior(posterior_path)
    n = len(dataset.train_valid)
    mixture = posterior_mixture(model, parameters[:n], chosen)
    heldout = posterior_mixture(model, parameters[dataset.span("test")], chosen)
    exact = isinstance(mixture, GaussianMixture)
    samples = settings["samples"] if exact else settings["flow_samples"]
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
    files.write_json(
        kl_path,
        {
            **kl.to_json(),
            "posterior": model.spec["posterior"],
            "heldout": held.to_json(),
        },
    )
    files.write_csv(curve_path, curve)
