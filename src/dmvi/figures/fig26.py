"""Figure 26: reconstructions of VGH++ and VAE on CIFAR-10."""

from dmvi.figures.fig25 import draw as draw
from dmvi.figures.fig25 import sample_sizes as sample_sizes

LIKE = "fig25"
TITLE = "Reconstructions of VAE and VGH++ on CIFAR-10"
SELECT = {"tags": "compare", "builder": "cifar10", "model": ["vae", "vgh_plus_plus"]}
