"""Table 5: generators and encoders."""

from dmvi.figures.table4 import draw_networks
from dmvi.figures.table4 import sample_sizes as sample_sizes

TITLE = "Generators and encoders, ColorMNIST's first"
LIKE = "table4"
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters. "
    "ColorMNIST's generator is the paper's table 5, of which the kinds of layers survive; kernels and "
    "maps are ours. Those for 32 × 32 and 64 × 64 images follow the DCGAN networks of the code that the "
    "paper names. Encoders are the generators transposed."
)


def draw(tables):
    return draw_networks(tables, "table5")
