"""Figure 20: learning a Gaussian by a classifier's ratio in many dimensions."""

from dmvi.experiments.synthetic.figures import synthetic_learning

LIKE = "fig19"
TITLE = "Learning a Gaussian from a classifier's ratio, in many dimensions"


def sample_sizes(tables) -> str:
    return synthetic_learning.learning_sizes(tables, small=False)


def draw(tables):
    return synthetic_learning.draw_learning(tables, small=False)
