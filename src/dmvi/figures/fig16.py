"""Figure 16: samples and reconstructions of VAE and AAE with many latents, on ColorMNIST."""

from dmvi.figures import large_latents

TITLE = "VAE and AAE with large latent spaces: ColorMNIST"
SOURCES = large_latents.SOURCES
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "first"
SELECT = {"tags": "large", "builder": ["color_mnist", "stacked_mnist"], "model": ["vae", "aae"]}
CAPTION = large_latents.CAPTION


def sample_sizes(tables) -> str:
    return large_latents.picture_sizes(tables)


def draw(tables):
    return large_latents.draw_pictures(tables)
