"""Figure 17: samples and reconstructions of VAE and AAE with many latents, on CelebA."""

from dmvi.figures.fig16 import draw as draw
from dmvi.figures.fig16 import sample_sizes as sample_sizes

LIKE = "fig16"
TITLE = "VAE and AAE with large latent spaces: CelebA"
SELECT = {"tags": "large", "builder": "celeba", "model": ["vae", "aae"]}
