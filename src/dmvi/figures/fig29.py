"""Figure 29: samples of every model on CIFAR-10."""

from dmvi.figures import sample_grids

LIKE = "fig27"
TITLE = "Samples of every model on CIFAR-10"
SELECT = {"tags": "compare", "builder": "cifar10"}


def sample_sizes(tables) -> str:
    return sample_grids.shown_sizes(tables)


def draw(tables):
    return sample_grids.draw_samples(tables, data=True)
