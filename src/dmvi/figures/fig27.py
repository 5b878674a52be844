"""Figure 27: samples of every model on ColorMNIST."""

from dmvi.figures import sample_grids
from dmvi.figures.base import Sources

TITLE = "Samples of every model on ColorMNIST"
SOURCES = Sources(run=("run.json", "samples.npy", "scores.json"), data=("meta.json", "scores.json"))
SEEDS = "all"
SELECT = {"tags": "compare", "builder": ["color_mnist", "stacked_mnist"]}
CAPTION = sample_grids.CAPTION


def sample_sizes(tables) -> str:
    return sample_grids.shown_sizes(tables)


def draw(tables):
    return sample_grids.draw_samples(tables)
