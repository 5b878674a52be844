"""Figure 29: samples of every model on CIFAR-10."""

from dmvi.figures.fig27 import draw as draw
from dmvi.figures.fig27 import sample_sizes as sample_sizes

LIKE = "fig27"
TITLE = "Samples of every model on CIFAR-10"
SELECT = {"tags": "compare", "builder": "cifar10"}
