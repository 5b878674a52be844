"""Draws prior samples, codes and low-posterior latents into one plane."""

from pathlib import Path

import numpy as np

from dmvi import files
from dmvi.analysis.embedding import tsne
from dmvi.data.dataset import open_dataset


def embed(
    draws_path: Path,
    latents_path: Path,
    codes_path: Path,
    data: Path,
    points: int,
    seed: int,
    output: Path,
) -> None:
    """Writes the t-SNE of `points` prior draws, as many codes z ~ q(z), and the low-posterior latents."""
    codes = np.load(codes_path, mmap_mode="r")[: len(open_dataset(data).train_valid)]
    rng = np.random.default_rng(seed)
    index = np.sort(rng.choice(len(codes), min(points, len(codes)), replace=False))
    groups = {
        "prior": np.load(draws_path)[:points],
        "posterior": codes[index],
        "low_posterior": np.load(latents_path),
    }
    files.write_csv(output, tsne(groups, seed=seed))
