"""What a model makes of two points on a line: q(z|x), q(z) and p(x) by quadrature, without sampling."""

import math
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.distributions.likelihoods.likelihood import VALUES
from dmvi.distributions.posteriors import GaussianFamily
from dmvi.errors import DmviError
from dmvi.models.autoencoder import LikelihoodAutoencoder
from dmvi.steps.trained import load_model, to_input
from dmvi.training.reproducibility import choose_device

NEED = "one pixel, one latent and a Gaussian posterior"
STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"points": "one pixel, one latent and a Gaussian posterior"},
    "gpu": False,
    "resumes": False,
}
NEAR = 10  # grey levels from a data point within which p(x) is that point's
LIMIT, PRIOR_POINTS = 8.0, 4001  # of the prior's grid: it has 1e-15 of its mass beyond
PER_STD, MOST = 16, 1_000_000  # grid points per smallest posterior sd, and in all
DRAWN = 1001  # points of the curves
CHUNK = 500  # latents decoded at a time, 256 values each


def cost(costs, run):
    """Seconds: a grid on a line."""
    return costs.small(seconds=10.0, memory_mb=900.0)


def examine_points(
    model_path: Path, data: Path, json_path: Path, curves_path: Path, pixels_path: Path
) -> None:
    """Writes what can be computed exactly of a model with one latent of images of one pixel.

    Args:
        json_path: kl = KL(q(z) || p(z)), nats, q(z) the mixture of the posteriors of the distinct
            training images in their proportions; avg_kl of these posteriors; far_mass, the mass that
            p(x) = int p(x|z) p(z) dz has more than `near` grey levels from every training image;
            and per image: value (0 to 255), share, mean, std.
        curves_path: z, prior, marginal, and a density q(z|x) per image, posterior_VALUE.
        pixels_path: value, probability: p(x) of the 256 grey levels, divided by their sum at each z
            where a likelihood has less than 1.

    Raises:
        DmviError: the model or its images are of another kind.
    """
    model = load_model(model_path, choose_device("cpu"))
    images = open_dataset(data).split("train")
    good = isinstance(model, LikelihoodAutoencoder) and isinstance(model.posterior, GaussianFamily)
    if not good or model.latent_dim != 1 or images[0].size != 1:
        raise DmviError(f"{model_path}: this needs {NEED}")
    values, counts = np.unique(images, return_counts=True)
    x = to_input(values.reshape(-1, 1, 1, 1).astype(np.uint8), torch.device("cpu"))
    parameters = model.encode(x).double().numpy()
    mean, std = parameters[:, 0], np.exp(0.5 * parameters[:, 1])
    share = counts / counts.sum()
    kl, curves = _marginal(values, share, mean, std)
    pixels = _pixels(model)
    far = (np.abs(np.arange(VALUES)[:, None] - values[None, :].astype(int)) > NEAR).all(1)
    each = 0.5 * (mean**2 + std**2 - 1.0) - np.log(std)
    summary = {
        "kl": kl,
        "avg_kl": float(share @ each),
        "far_mass": float(pixels[far].sum()),
        "near": NEAR,
        "images": [
            {"value": int(v), "share": float(p), "mean": float(m), "std": float(s)}
            for v, p, m, s in zip(values, share, mean, std, strict=True)
        ],
    }
    table = {"value": np.arange(VALUES), "probability": pixels}
    files.write_csv(pixels_path, pd.DataFrame(table))
    files.write_csv(curves_path, curves)
    files.write_json(json_path, summary)


def _log_normal(z: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    return -0.5 * ((z[:, None] - mean) / std) ** 2 - np.log(std) - 0.5 * math.log(2 * math.pi)


def _marginal(
    values: np.ndarray, share: np.ndarray, mean: np.ndarray, std: np.ndarray
) -> tuple[float, pd.DataFrame]:
    """KL(q(z) || p(z)) by the trapezoid rule, and the densities as curves."""
    low, high = (mean - 10 * std).min(), (mean + 10 * std).max()
    count = int(np.clip(PER_STD * (high - low) / std.min(), PRIOR_POINTS, MOST))
    z = np.linspace(low, high, count)
    log_q = np.logaddexp.reduce(np.log(share) + _log_normal(z, mean, std), 1)
    log_p = _log_normal(z, np.zeros(1), np.ones(1))[:, 0]
    kl = float(np.trapezoid(np.exp(log_q) * (log_q - log_p), z))
    ends = (mean - 4 * std).min(), (mean + 4 * std).max()
    shown = np.linspace(min(-4.0, ends[0]), max(4.0, ends[1]), DRAWN)
    each = np.exp(_log_normal(shown, mean, std))
    curves = {"z": shown, "prior": np.exp(_log_normal(shown, np.zeros(1), np.ones(1)))[:, 0]}
    curves["marginal"] = each @ share
    curves |= {f"posterior_{value}": each[:, i] for i, value in enumerate(values)}
    return kl, pd.DataFrame(curves)


@torch.no_grad()
def _pixels(model: LikelihoodAutoencoder) -> np.ndarray:
    """p(x) of the 256 values, float64."""
    z = torch.linspace(-LIMIT, LIMIT, PRIOR_POINTS, dtype=torch.float64)
    weights = torch.exp(-0.5 * z**2)
    weights /= weights.sum()
    x = (torch.arange(VALUES) / 255.0).view(VALUES, 1, 1, 1)
    total = torch.zeros(VALUES, dtype=torch.float64)
    for part, weight in zip(z.split(CHUNK), weights.split(CHUNK), strict=True):
        output = model.generator(part[:, None].float())
        rows = output.repeat_interleave(VALUES, 0)
        log_p = model.likelihood.log_prob(x.repeat(len(part), 1, 1, 1), rows).double()
        total += weight @ log_p.view(len(part), VALUES).softmax(1)
    return total.numpy()
