"""Figure 3: ColorMNIST's likelihood bounds, and where the low-posterior latents lie.

Figures 14 and 15 draw the same two panels for the other data sets.
"""

from dmvi.figures.latent_holes import (
    bound_legend,
    bound_sizes,
    draw_bounds,
    draw_embedding,
    embedding_legend,
    embedding_sizes,
)

TITLE = "Likelihood bounds of good and bad images, and their latents, on ColorMNIST"
SOURCES = {
    "run": (
        "run.json",
        "low_posterior/bounds.csv",
        "low_posterior/embedding.csv",
        "low_posterior/log_q.csv",
        "low_posterior/latents.npy",
        "low_posterior/draws.npy",
        "low_posterior/neighbours.csv",
    )
}
SEEDS = "all"
SELECT = {
    "builder": ["color_mnist", "stacked_mnist"],
    "model": "vae",
    "posterior": "gaussian",
    "likelihood": "bernoulli",
}
CAPTION = (
    "Left: if the bound told good images from bad ones, low-posterior samples would lie to the "
    "left of the data. Thin lines are further seeds. Right: a t-SNE of prior draws, codes of "
    "images and low-posterior latents (first seed); distances between distant points mean little "
    "in such a map. Bernoulli bounds are not normalised: compare them within a panel only."
)


def sample_sizes(tables) -> str:
    return f"{bound_sizes(tables)} {embedding_sizes(tables)}"


def draw(tables):
    from dmvi.figures import style

    runs = tables.runs
    figure = style.new_figure(2.5 * len(runs) + 0.6)
    grid = figure.add_gridspec(
        len(runs) + 1, 2, height_ratios=[2.5] * len(runs) + [0.6], width_ratios=[1.7, 1]
    )
    for row, run in enumerate(runs):
        draw_bounds(figure.add_subplot(grid[row, 0]), tables, run, 1.65)
        draw_embedding(figure.add_subplot(grid[row, 1]), tables, run, 2.6)
    bound_legend(figure.add_subplot(grid[-1, 0]), 1)
    embedding_legend(figure.add_subplot(grid[-1, 1]), 1)
    return figure
