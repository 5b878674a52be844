"""Figure 17: samples and reconstructions of VAE and AAE with many latents, on CelebA."""

from dmvi.figures import large_latents

LIKE = "fig16"
TITLE = "VAE and AAE with large latent spaces: CelebA"
SELECT = {"tags": "large", "builder": "celeba", "model": ["vae", "aae"]}


def sample_sizes(tables) -> str:
    return large_latents.picture_sizes(tables)


def draw(tables):
    return large_latents.draw_pictures(tables)
