"""Table 5: the networks for 32x32 and 64x64 images."""

from dmvi.figures.table4 import draw_networks

TITLE = "Networks for 32 × 32 and 64 × 64 images (CIFAR-10, CelebA)"
SOURCES = {"study": ("tables/networks.csv",)}
SEEDS = "first"
SELECT = {}
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters. "
    "They follow the DCGAN networks of the WGAN code base."
)


def sample_sizes(tables) -> str:
    return "At the paper's width, 64, and 128 latents; the study's own widths are in table 3."


def draw(tables):
    return draw_networks(tables, "table5")
