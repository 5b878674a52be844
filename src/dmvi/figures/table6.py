"""Table 6: discriminators of codes, and what else tables 4 and 5 leave out."""

from dmvi.figures.table4 import draw_networks
from dmvi.figures.table4 import sample_sizes as sample_sizes

TITLE = "Discriminators of codes, VEEGAN's first, and other networks"
LIKE = "table4"
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters. "
    "VEEGAN's discriminator of pairs of image and code is the paper's table 6, of which two "
    "convolutions and a linear layer survive; it reads the maps of a discriminator of table 4. Then the "
    "code discriminator of the others, the network of an implicit posterior, and the classifier behind "
    "the Inception score."
)


def draw(tables):
    return draw_networks(tables, "table6")
