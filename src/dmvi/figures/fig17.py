"""Figure 17: samples and reconstructions of VAE and AAE with many latents, on CelebA."""

from dmvi.figures import large_latents

TITLE = "VAE and AAE with large latent spaces: CelebA"
SOURCES = large_latents.SOURCES
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "first"
SELECT = {"tags": "large", "builder": "celeba", "model": ["vae", "aae"]}
CAPTION = large_latents.CAPTION


def sample_sizes(tables) -> str:
    return large_latents.picture_sizes(tables)


def draw(tables):
    return large_latents.draw_pictures(tables)
