"""How fast are the searches of the low-posterior step, beside their matrix products alone?

    PYTHONPATH=src python benchmarks/neighbours.py --output neighbours.json

- The prior draws of lowest log q(z): `low_posterior.find`, at 4,096 draws against 50,000 posteriors,
  beside the float64 products of its log densities, in the same tiles.
- The images nearest to decoded samples: `neighbours.nearest`, 100 queries among 60,000 images of
  32 x 32 x 3, beside its float64 products, in the same tiles, on images converted beforehand.
"""

import argparse
import math

import common
import kl
import numpy as np
import torch

from dmvi.estimators import low_posterior, neighbours
from dmvi.estimators.mixtures import GaussianMixture
from dmvi.files import write_json

DRAWS, POSTERIORS, LATENT_DIM = 4096, 50_000, 64
QUERIES, IMAGES, PIXELS = 100, 60_000, (32, 32, 3)


def lowest(sd: float, repeats: int, device: str) -> dict:
    """The row of `low_posterior.find` for posteriors of standard deviation sd."""
    generator = torch.Generator().manual_seed(0)
    mean = math.sqrt(1 - sd**2) * torch.randn(POSTERIORS, LATENT_DIM, generator=generator)
    mixture = GaussianMixture(mean.to(device), torch.full_like(mean, 2 * math.log(sd)).to(device))
    taken = common.seconds(
        {
            "find": lambda: low_posterior.find(
                mixture, draws=DRAWS, keep=100, generator=torch.Generator().manual_seed(0)
            ),
            "products": kl.products(POSTERIORS, DRAWS, LATENT_DIM, mixture.tile, device),
        },
        repeats,
        device,
    )
    case = f"{DRAWS:,} draws, {POSTERIORS:,} posteriors, d = {LATENT_DIM}, sd {sd}"
    reference = "its float64 products, s"
    return common.row("low-posterior search, s", case, taken["find"], reference, taken["products"])


def nearest(repeats: int) -> dict:
    """The row of `neighbours.nearest`, which runs on the CPU on any machine."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (IMAGES, *PIXELS), dtype=np.uint8)
    queries = rng.integers(0, 256, (QUERIES, *PIXELS), dtype=np.uint8)
    values = math.prod(PIXELS)
    q = queries.reshape(QUERIES, values).astype(np.float64)
    tile = neighbours.TILE_BYTES // (8 * values)
    x = images[:tile].reshape(-1, values).astype(np.float64)

    def products() -> None:
        for start in range(0, IMAGES, tile):
            q @ x[: IMAGES - start].T

    taken = common.seconds(
        {"nearest": lambda: neighbours.nearest(queries, images), "products": products}, repeats
    )
    case = f"{QUERIES} queries, {IMAGES:,} images of {values:,} values"
    reference = "its float64 products, s"
    return common.row("nearest images, s", case, taken["nearest"], reference, taken["products"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", default="neighbours.json", help="JSON file to write")
    parser.add_argument("--device", default="cpu", help="cpu or cuda; nearest images use the CPU")
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    rows = [lowest(sd, arguments.repeats, arguments.device) for sd in kl.SDS]
    rows.append(nearest(arguments.repeats))
    for row in rows:
        print(common.line(row))
    write_json(arguments.output, {"machine": common.machine(arguments.device), "rows": rows})


if __name__ == "__main__":
    main()
