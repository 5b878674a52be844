"""Figure 19: learning a Gaussian by a classifier's ratio in few dimensions."""

from dmvi.experiments.synthetic.figures import synthetic_learning

TITLE = "Learning a Gaussian from a classifier's ratio, in few dimensions"
SOURCES = {"study": ("synthetic/learning.csv", "synthetic/exact.csv")}
SEEDS = "all"
SELECT = {}
CAPTION = (
    "The second Gaussian starts as the first but for a shift, and is trained on the classifier's "
    "logit, which stands in for log q/p. Solid: the KL between the two in closed form; dashed: what "
    "the classifier takes it to be. Dash-dotted: the KL where the exact log q/p stands in the "
    "classifier's place, with the same start, noise, optimiser and rate; where it falls and the solid "
    "line does not, the classifier is at fault, where neither falls, the optimiser. Below the dotted "
    "line the pair is nearer than at the start: learning works where a line falls, and diverges where "
    "it rises above the dotted one. A cross ends a seed whose numbers were no longer finite."
)


def sample_sizes(tables) -> str:
    return synthetic_learning.learning_sizes(tables, small=True)


def draw(tables):
    return synthetic_learning.draw_learning(tables, small=True)
