"""Table 5: generators and encoders."""

from dmvi.figures.table4 import draw_networks

TITLE = "Generators and encoders, ColorMNIST's first"
SOURCES = {"study": ("tables/networks.csv",)}
SEEDS = "first"
SELECT = {}
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters. "
    "ColorMNIST's generator is the paper's table 5, of which the kinds of layers survive; kernels and "
    "maps are ours. Those for 32 × 32 and 64 × 64 images follow the DCGAN networks of the code that the "
    "paper names. Encoders are the generators transposed."
)


def sample_sizes(tables) -> str:
    return "At full width, 64, and 128 latents; the study's own widths are in table 3."


def draw(tables):
    return draw_networks(tables, "table5")
