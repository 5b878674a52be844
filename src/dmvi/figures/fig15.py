"""Figure 15: the latents of Figure 3 on the other data sets."""

from dmvi.figures.latent_holes import (
    draw_embedding,
    embedding_legend,
    embedding_sizes,
    panels,
)

TITLE = "Where the low-posterior latents lie, on CelebA and CIFAR-10"
SOURCES = {
    "run": (
        "run.json",
        "low_posterior/embedding.csv",
        "low_posterior/log_q.csv",
        "low_posterior/latents.npy",
        "low_posterior/draws.npy",
    )
}
SEEDS = "all"
SELECT = {
    "builder": ["celeba", "cifar10"],
    "model": "vae",
    "posterior": "gaussian",
    "likelihood": "bernoulli",
}
CAPTION = (
    "A t-SNE of prior draws, codes of images and low-posterior latents (first seed). Scattered "
    "triangles mean that no single hole of q(z) is to blame; one clump would mean that there is "
    "one. A map of many dimensions in two is only a hint: the claim is decided by directions."
)

sample_sizes = embedding_sizes


def draw(tables):
    return panels(tables, draw_embedding, embedding_legend, 3.2 if len(tables.runs) > 1 else 4.2)
