"""Figure 19: learning a Gaussian by a classifier's ratio in few dimensions."""

from dmvi.figures import synthetic_learning

TITLE = "Learning a Gaussian from a classifier's ratio, in few dimensions"
SOURCES = synthetic_learning.SOURCES
SEEDS = "all"
SELECT = {}
CAPTION = synthetic_learning.CAPTION


def sample_sizes(tables) -> str:
    return synthetic_learning.learning_sizes(tables, small=True)


def draw(tables):
    return synthetic_learning.draw_learning(tables, small=True)
