"""Finds prior samples of low posterior density, and compares their images with the data."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.estimators import low_posterior, neighbours, pixels
from dmvi.estimators.embedding import tsne
from dmvi.steps.bounds import bound_table
from dmvi.steps.trained import (
    decode_images,
    load_model,
    open_encoded,
    open_posterior,
    posterior_mixture,
)
from dmvi.training.reproducibility import choose_device, set_up

STEP = {
    "version": 2,  # 2: neighbours of ordinary samples
    "wildcards": ["run", "seed"],
    "gives": {
        "low_posterior/": "posterior with a density",
        "low_posterior/bounds": "bound on the likelihood",
    },
    "estimators": ["low_posterior", "bounds", "embedding"],
    "gpu": True,
    "resumes": False,
}


# Of one point of a t-SNE among n, per log2 n, on the processor of hardware.yaml.
TSNE_SECONDS = 4.5e-4


def settings(study, run):
    """draws and keep of Algorithm 1, images and samples of the bounds, points of the t-SNE."""
    block = study.estimators
    return {**block["low_posterior"], **block["bounds"], **block["embedding"]}


def cost(costs, run):
    """Densities of all draws, bounds, nearest images and the t-SNE."""
    import math

    from dmvi.costs.work import MB, Work, forward, products

    spec, shape, sizes = costs.spec(run)
    gpus, estimators = costs.gpus_of(run), costs.estimators
    low, bounds = estimators["low_posterior"], estimators["bounds"]
    train, valid, _ = costs.images(spec["data"])
    n, pixels = train + valid, math.prod(shape)
    draws = low["draws"] + min(1000, low["draws"])
    density = costs.density(run, draws, n)
    pictures = bounds["images"] + 4 * low["keep"]
    both = sizes["encoder"] + sizes["posterior"] + sizes["generator"]
    bound = forward(both, pictures * bounds["samples"]) + costs.means(run, 2 * low["keep"])
    # Nearest images, ranks and the map: on the CPU on any machine.
    nearest = products(4.0 * low["keep"] * n * pixels, values=6.0 * n * pixels)
    ranks = Work(values=low["keep"] * low["draws"] * spec["latent_dim"])
    points = 2 * estimators["embedding"]["points"] + low["keep"]
    seconds = (
        costs.seconds(density, gpus, precision=costs.density_precision(run))
        + costs.seconds(bound, gpus)
        + costs.seconds(nearest + ranks, precision="float64")
        + TSNE_SECONDS * points * math.log2(points)
    )
    _, parameters, codes = costs.encoded(run)
    latents = low["draws"] * spec["latent_dim"] * 4 / MB
    memory = costs.model_mb(run) + 2 * parameters + codes + 8 * latents + 300
    memory += costs.evaluation_mb(run)
    disk = 2 * latents + costs.image_mb(spec["data"], 3 * low["keep"])
    return costs.cost(seconds, memory, disk, gpus)


def find_low_posterior(
    model_path: Path,
    posterior_path: Path,
    codes_path: Path,
    data: Path,
    settings: dict[str, Any],
    seed: int,
    output: Path,
    device: str,
    log: Callable[[str], None] = print,
) -> None:
    """Algorithm 1 of Rosca et al. (2018), and every table that compares its samples with data.

    `settings`: `draws` K prior samples, `keep` m of them, `images` training images and `samples`
    posterior samples per image in the likelihood bounds, `points` prior samples and as many codes in
    the t-SNE map. Writes into the folder `output`.
    """
    chosen = choose_device(device)
    set_up(seed)
    model = load_model(model_path, chosen)
    dataset = open_dataset(data)
    images = dataset.train_valid
    parameters = open_posterior(posterior_path, len(dataset.images))
    mixture = posterior_mixture(model, parameters[: len(images)], chosen)
    generator = torch.Generator().manual_seed(seed)

    found = low_posterior.find(
        mixture, draws=settings["draws"], keep=settings["keep"], generator=generator
    )
    log(f"{settings['keep']} of {settings['draws']} prior samples have the lowest log q(z)")
    count = min(1000, settings["draws"])
    log_q = low_posterior.log_density_table(found, mixture, generator=generator, codes=count)
    ordinary = np.setdiff1d(np.arange(len(found.draws)), found.selected)[: settings["keep"]]
    groups = {
        "low_posterior": decode_images(model, found.latents),
        "standard": decode_images(model, found.draws[ordinary]),
    }
    nearest = {
        name: neighbours.nearest(groups[of], images)
        for name, of in (("neighbour", "low_posterior"), ("standard_neighbour", "standard"))
    }
    groups |= {name: images[index] for name, (index, _) in nearest.items()}
    rng = np.random.default_rng(seed)
    train = dataset.split("train")
    chosen_data = np.sort(
        rng.choice(len(train), min(settings["images"], len(train)), replace=False)
    )
    groups["data"] = train[chosen_data]

    bounds = []
    for name, group in groups.items():
        bounds.append(bound_table(model, group, settings["samples"], chosen))
        bounds[-1].insert(0, "group", name)
        log(f"{name}: likelihood bound {bounds[-1]['bound'].mean():.2f} nats on average")

    files.write_array(output / "latents.npy", found.latents)
    files.write_array(output / "draws.npy", found.draws)
    files.write_array(output / "images.npy", groups["low_posterior"])
    files.write_array(output / "standard_latents.npy", found.draws[ordinary])
    files.write_array(output / "standard_images.npy", groups["standard"])
    files.write_csv(output / "log_q.csv", log_q)
    files.write_csv(output / "ranks.csv", low_posterior.nearest_rank(found.latents, found.draws))
    files.write_array(output / "neighbours.npy", groups["neighbour"])
    for name, file in (("neighbour", "neighbours"), ("standard_neighbour", "standard_neighbours")):
        index, distance = nearest[name]
        table = {"rank": np.arange(len(index)), "index": index, "distance": distance}
        files.write_csv(output / f"{file}.csv", pd.DataFrame(table))
    files.write_csv(output / "bounds.csv", pd.concat(bounds, ignore_index=True))
    files.write_csv(output / "pixels.csv", pixels.histogram(groups))
    files.write_csv(output / "images.csv", pixels.image_statistics(groups))
    codes = open_encoded(codes_path, len(dataset.images))[: len(images)]
    embedding = embed(found.draws, found.latents, codes, settings["points"], seed)
    files.write_csv(output / "embedding.csv", embedding)


def embed(
    draws: np.ndarray, latents: np.ndarray, codes: np.ndarray, points: int, seed: int
) -> pd.DataFrame:
    """The t-SNE of `points` prior draws, as many codes z ~ q(z), and the low-posterior latents."""
    rng = np.random.default_rng(seed)
    index = np.sort(rng.choice(len(codes), min(points, len(codes)), replace=False))
    groups = {"prior": draws[:points], "posterior": codes[index], "low_posterior": latents}
    return tsne(groups, seed=seed)
