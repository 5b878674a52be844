"""Figure 13: what encoding an image costs, for data, neighbours and low-posterior samples."""

from dmvi.claims.decide import ALL_KINDS, above, agree, auc, by_dataset, over_seeds, tally, verdict
from dmvi.claims.ledger import claim
from dmvi.figures.base import group, span
from dmvi.figures.latent_holes import bound_legend, panels

TITLE = "KL(q(z|x)‖p(z)) of data, low-posterior samples and neighbours"
SOURCES = {"run": ("run.json", "low_posterior/bounds.csv", "low_posterior/neighbours.csv")}
SEEDS = "all"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "The share of the bound that an image's code costs. Neighbours to the right of the data are "
    "real images that the encoder has to place far from the prior: rare data that resemble "
    "low-posterior samples. Thin lines are further seeds."
)

BOUNDS = "low_posterior/bounds.csv"


def sample_sizes(tables) -> str:
    data, low, distinct = [], [], []
    for run in tables.runs:
        for seed in run.seeds:
            bounds = tables.csv(run, seed, BOUNDS)
            data.append(len(group(bounds, "data", BOUNDS)))
            low.append(len(group(bounds, "low_posterior", BOUNDS)))
            distinct.append(len(_neighbours(tables, run, seed)))
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
                "neighbour": _neighbours(tables, run, seed),
                "low_posterior": group(bounds, "low_posterior", BOUNDS)["kl"],
            }
        )
    style.histograms(axes, seeds, "KL(q(z|x)‖p(z))  [nats]")
    style.panel_title(axes, tables.heading(run), columns)


def _neighbours(tables, run, seed):
    """KL of the neighbours; an image that is near to several samples counts once."""
    costs = group(tables.csv(run, seed, BOUNDS), "neighbour", BOUNDS)
    table = tables.csv(run, seed, "low_posterior/neighbours.csv")
    images = table.set_index("rank")["index"]
    return costs[~costs["index"].map(images).duplicated()]["kl"]


def claims(tables):
    """C8: the neighbours cost more than the data."""
    aucs = {}
    runs = [run for run in tables.runs if tables.kind(run.data)]
    for run in runs:
        for seed in run.seeds:
            data = group(tables.csv(run, seed, BOUNDS), "data", BOUNDS)["kl"]
            case = (run.data, run.latent_dim, run.name)
            aucs.setdefault(case, []).append(auc(_neighbours(tables, run, seed), data))
    datasets = list(dict.fromkeys(run.data for run in runs))
    outcomes = [agree(above(*pair, 0.5) for pair in pairs) for pairs in aucs.values()]
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    means = {case: sum(numbers) / len(numbers) for case, numbers in values.items()}
    return [
        claim(
            tables,
            datasets,
            id="C8",
            figure="fig13",
            statement="The data nearest to low-posterior samples cost more to encode than other "
            "data.",
            statistic="AUC, the share of pairs in which the neighbour's KL(q(z|x)‖p(z)) exceeds "
            "that of a random training image, above 0.5 by two standard errors for every data "
            "set, latent size and seed; each neighbour counts once. The value is the smallest AUC "
            "(mean over seeds).",
            value=min(means.values(), default=None),
            value_text=f"AUC: {by_dataset(tables, means)}{tally(outcomes)}",
            paper="no number survives",
            verdict=verdict(
                outcomes,
                {tables.kind(dataset) for dataset in datasets},
                ALL_KINDS,
            ),
            spread=over_seeds(values),
        )
    ]
