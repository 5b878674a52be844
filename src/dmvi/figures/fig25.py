"""Figure 25: reconstructions of VGH++ and VAE on CelebA."""

from dmvi.figures import reconstructions

TITLE = "Reconstructions of VAE and VGH++ on CelebA"
SOURCES = reconstructions.SOURCES
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"tags": "compare", "builder": "celeba", "model": ["vae", "vgh_plus_plus"]}
CAPTION = reconstructions.CAPTION


def sample_sizes(tables) -> str:
    return reconstructions.reconstruction_sizes(tables)


def draw(tables):
    return reconstructions.draw_reconstructions(tables)
