"""Figure 13: what encoding an image costs, for data, neighbours and low-posterior samples."""

from dmvi.figures.base import span
from dmvi.figures.latent_holes import panels
from dmvi.tables.low_posterior import BOUNDS, NEIGHBOURS, neighbour_costs
from dmvi.tables.reading import group

TITLE = "KL(q(z|x)‖p(z)) of data, low-posterior samples and neighbours"
SOURCES = {
    "run": (
        "run.json",
        "low_posterior/bounds.csv",
        "low_posterior/neighbours.csv",
        "low_posterior/standard_neighbours.csv",
    )
}
SEEDS = "all"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "The share of the bound that an image's code costs. Neighbours to the right of the data are "
    "real images that the encoder has to place far from the prior: rare data that resemble "
    "low-posterior samples. What lies nearest to ordinary samples is the control, ours: the nearest image to "
    "any sample of a VAE is a flat one, which is cheap to encode. Thin lines are further seeds."
)


def sample_sizes(tables) -> str:
    data, low, distinct, standard, control = [], [], [], [], []
    for run in tables.runs:
        for seed in run.seeds:
            bounds = tables.csv(run, seed, BOUNDS)
            data.append(len(group(bounds, "data", BOUNDS)))
            low.append(len(group(bounds, "low_posterior", BOUNDS)))
            distinct.append(len(neighbour_costs(tables, run, seed)))
            standard.append(len(group(bounds, "standard", BOUNDS)))
            control.append(len(neighbour_costs(tables, run, seed, "standard_neighbour")))
    return (
        f"{span(data)} training images, {span(low)} low-posterior samples, and the "
        f"{span(distinct)} different images among their nearest neighbours and {span(control)} among those "
        f"of {span(standard)} ordinary samples."
    )


def draw(tables):
    return panels(tables, _draw_costs, _legend, 2.3)


def _draw_costs(axes, tables, run, columns):
    from dmvi.figures import style

    seeds = []
    for seed in run.seeds:
        bounds = tables.csv(run, seed, BOUNDS)
        seeds.append(
            {
                "data": group(bounds, "data", BOUNDS)["kl"],
                **{name: neighbour_costs(tables, run, seed, name) for name in NEIGHBOURS},
                "low_posterior": group(bounds, "low_posterior", BOUNDS)["kl"],
            }
        )
    style.histograms(axes, seeds, "KL(q(z|x)‖p(z))  [nats]")
    style.panel_title(axes, tables.heading(run), columns)


def _legend(axes, columns: int) -> None:
    from dmvi.figures import style

    names = ("data", "neighbour", "standard_neighbour", "low_posterior")
    style.legend_panel(axes, style.group_handles(names), min(columns, 2))
