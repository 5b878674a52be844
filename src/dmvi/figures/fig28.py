"""Figure 28: samples of every model on CelebA."""

from dmvi.figures import sample_grids
from dmvi.figures.base import Sources

TITLE = "Samples of every model on CelebA"
SOURCES = Sources(run=("run.json", "samples.npy", "scores.json"), data=("meta.json", "scores.json"))
SEEDS = "all"
SELECT = {"tags": "compare", "builder": "celeba"}
CAPTION = sample_grids.CAPTION


def sample_sizes(tables) -> str:
    return sample_grids.shown_sizes(tables)


def draw(tables):
    return sample_grids.draw_samples(tables)
