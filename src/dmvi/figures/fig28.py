"""Figure 28: samples of every model on CelebA."""

from dmvi.figures import sample_grids
from dmvi.figures.fig27 import sample_sizes as sample_sizes

LIKE = "fig27"
TITLE = "Samples of every model on CelebA"
SOURCES = {"run": ("run.json", "samples.npy", "scores.json"), "data": ("meta.json", "scores.json")}
SHOWS_DATA = False  # no photographs: CelebA's terms do not let them be passed on
SELECT = {"tags": "compare", "builder": "celeba"}


def draw(tables):
    return sample_grids.draw_samples(tables)
