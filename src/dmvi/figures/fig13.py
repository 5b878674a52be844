"""Figure 13: what encoding an image costs, for data, neighbours and low-posterior samples."""

from dmvi.figures.base import span
from dmvi.figures.latent_holes import bound_legend, panels
from dmvi.tables.low_posterior import BOUNDS, neighbour_costs
from dmvi.tables.reading import group

TITLE = "KL(q(z|x)‖p(z)) of data, low-posterior samples and neighbours"
SOURCES = {"run": ("run.json", "low_posterior/bounds.csv", "low_posterior/neighbours.csv")}
SEEDS = "all"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "The share of the bound that an image's code costs. Neighbours to the right of the data are "
    "real images that the encoder has to place far from the prior: rare data that resemble "
    "low-posterior samples. Thin lines are further seeds."
)


def sample_sizes(tables) -> str:
    data, low, distinct = [], [], []
    for run in tables.runs:
        for seed in run.seeds:
            bounds = tables.csv(run, seed, BOUNDS)
            data.append(len(group(bounds, "data", BOUNDS)))
            low.append(len(group(bounds, "low_posterior", BOUNDS)))
            distinct.append(len(neighbour_costs(tables, run, seed)))
    return (
        f"{span(data)} training images, {span(low)} low-posterior samples, and the "
        f"{span(distinct)} different images among their nearest neighbours."
    )


def draw(tables):
    return panels(tables, _draw_costs, bound_legend, 2.3)


def _draw_costs(axes, tables, run, columns):
    from dmvi.figures import style

    seeds = []
    for seed in run.seeds:
        bounds = tables.csv(run, seed, BOUNDS)
        seeds.append(
            {
                "data": group(bounds, "data", BOUNDS)["kl"],
                "neighbour": neighbour_costs(tables, run, seed),
                "low_posterior": group(bounds, "low_posterior", BOUNDS)["kl"],
            }
        )
    style.histograms(axes, seeds, "KL(q(z|x)‖p(z))  [nats]")
    style.panel_title(axes, tables.heading(run), columns)
