"""KL(q || N(0, I)) of mixtures of N Gaussians, for several N and dimensions."""

from pathlib import Path
from typing import Any

import pandas as pd
import torch

from dmvi import files
from dmvi.estimators.marginal_kl import marginal_kl
from dmvi.estimators.mixtures import GaussianMixture

STEP = {"version": 1, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def settings(study):
    """The block of the config."""
    return study.config["finite_mixtures"]


def cost(costs):
    """Densities of all z under all mixtures."""
    from dmvi.costs.work import Work, gaussian_density

    block = settings(costs.study)
    work = Work()
    for dim in block["dims"]:
        for size in block["sizes"]:
            work += gaussian_density(block["samples"], size, dim) * block["seeds"]
    return costs.cost(costs.seconds(work, precision="float64"), memory_mb=200)


def measure_mixtures(settings: dict[str, Any], output: Path) -> None:
    """Writes dim, size, seed, kl, standard_error, lower, upper (nats).

    The means are N(0, (1 - sd²) I), so that a code of a random component is N(0, I).
    """
    rows, sd = [], settings["sd"]
    for dim in settings["dims"]:
        for size in settings["sizes"]:
            for seed in range(settings["seeds"]):
                generator = torch.Generator().manual_seed(seed)
                mean = (1 - sd**2) ** 0.5 * torch.randn(size, dim, generator=generator)
                mixture = GaussianMixture(mean, torch.full_like(mean, sd**2).log())
                kl = marginal_kl(mixture, samples=settings["samples"], seed=seed)
                values = (kl.value, kl.standard_error, kl.lower, kl.upper)
                rows.append((dim, size, seed, *values))
    columns = ["dim", "size", "seed", "kl", "standard_error", "lower", "upper"]
    files.write_csv(output, pd.DataFrame(rows, columns=columns))
