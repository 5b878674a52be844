"""Figure 14: the likelihood bounds of Figure 3 on the other data sets."""

from dmvi.figures.latent_holes import bound_legend, bound_sizes, draw_bounds, panels

TITLE = "Likelihood bounds of good and bad images on CelebA and CIFAR-10"
SOURCES = {"run": ("run.json", "low_posterior/bounds.csv")}
SEEDS = "all"
SELECT = {
    "builder": ["celeba", "cifar10"],
    "model": "vae",
    "posterior": "gaussian",
    "likelihood": "bernoulli",
}
CAPTION = (
    "Low-posterior samples to the right of the data are images that the model takes to be more "
    "likely than the data, though they look worse (Figure 2). Thin lines are further seeds. "
    "Bernoulli bounds are not normalised: compare them within a panel only."
)

sample_sizes = bound_sizes


def draw(tables):
    return panels(tables, draw_bounds, bound_legend, 2.3)
