"""How long codes are: |z| of z ~ q(z) beside that of z ~ N(0, I)."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi

from dmvi import files

STEP = {
    "version": 1,
    "wildcards": ["run", "seed"],
    "gives": {"norms": "encoder"},
    "estimators": ["norms"],
    "options": {"norms": {"bins": {"type": "integer", "minimum": 2}}},
    "gpu": False,
    "resumes": False,
}


def settings(study, run):
    """bins of the histogram."""
    return study.estimators["norms"]


def cost(costs, run):
    """One pass over the codes."""
    _, _, codes_mb = costs.encoded(run)
    return costs.cost(seconds=codes_mb / 200, memory_mb=3 * codes_mb, disk_mb=0.1)


def measure_norms(codes_path: Path, settings: dict[str, Any], output: Path) -> None:
    """Writes left, right, posterior, prior: densities of |z| / sqrt(d) in bins of equal width.

    Args:
        codes_path: codes.npy, float32 (N, d).
        settings: bins.
        output: CSV.
    """
    codes = np.load(codes_path, mmap_mode="r")
    root = np.sqrt(codes.shape[1])
    lengths = np.linalg.norm(codes, axis=1) / root
    edges = np.linspace(0, max(2.0, lengths.max()), settings["bins"] + 1)
    posterior, _ = np.histogram(lengths, edges, density=True)
    prior = np.diff(chi.cdf(edges * root, codes.shape[1])) / np.diff(edges)
    table = {"left": edges[:-1], "right": edges[1:], "posterior": posterior, "prior": prior}
    files.write_csv(output, pd.DataFrame(table))
