"""Figure 26: reconstructions of VGH++ and VAE on CIFAR-10."""

from dmvi.figures import reconstructions

LIKE = "fig25"
TITLE = "Reconstructions of VAE and VGH++ on CIFAR-10"
SELECT = {"tags": "compare", "builder": "cifar10", "model": ["vae", "vgh_plus_plus"]}


def sample_sizes(tables) -> str:
    return reconstructions.reconstruction_sizes(tables)


def draw(tables):
    return reconstructions.draw_reconstructions(tables)
