"""Table 6: the networks that hybrids and metrics have besides those of tables 4 and 5."""

from dmvi.figures.table4 import draw_networks

TITLE = "Networks of the hybrids and of the metrics"
SOURCES = {"study": ("tables/networks.csv",)}
SEEDS = "first"
SELECT = {}
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters: "
    "discriminators of codes and of pairs of image and code, the encoder of an implicit posterior, "
    "and the two networks that only judge samples. Encoders, generators and image discriminators "
    "are those of tables 4 and 5."
)


def sample_sizes(tables) -> str:
    return "At the paper's width, 64, and 128 latents; the study's own widths are in table 3."


def draw(tables):
    return draw_networks(tables, "table6")
