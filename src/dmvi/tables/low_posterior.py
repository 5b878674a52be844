"""Tables about low-posterior samples, as claims C5 to C8 and Figures 3 and 12 to 15 read them."""

from dmvi.tables.reading import group

BOUNDS = "low_posterior/bounds.csv"
IMAGES = "low_posterior/images.csv"
LOG_Q = "low_posterior/log_q.csv"
NEIGHBOURS = {  # group of images -> which images of the data they are
    "neighbour": "low_posterior/neighbours.csv",
    "standard_neighbour": "low_posterior/standard_neighbours.csv",
}
EMBEDDING = "low_posterior/embedding.csv"
DRAWS = "low_posterior/draws.npy"
LATENTS = "low_posterior/latents.npy"


def pixel_statistic(tables, run) -> tuple[str, str]:
    """The column of images.csv that tells thick strokes or white backgrounds, and its name.

    Mean ink on digits, the share of near-white pixels on other images; both are in [0, 1].
    """
    digits = tables.meta(run.data)["builder"].endswith("mnist")
    return ("ink", "mean ink") if digits else ("near_white", "share of near-white pixels")


def neighbours(tables, run, seed: int, name: str = "neighbour"):
    """The rows of bounds.csv about the images nearest to low-posterior samples.

    Or, for the name "standard_neighbour", to ordinary ones. An image that is nearest to several samples
    counts once.
    """
    rows = group(tables.csv(run, seed, BOUNDS), name, BOUNDS)
    images = tables.csv(run, seed, NEIGHBOURS[name]).set_index("rank")["index"]
    return rows[~rows["index"].map(images).duplicated()]


def neighbour_costs(tables, run, seed: int, name: str = "neighbour"):
    """KL(q(z|x)‖p(z)) in nats of these neighbours, each once."""
    return neighbours(tables, run, seed, name)["kl"]


def map_spread(tables, run, seed: int) -> float:
    """How widely the low-posterior latents lie in the t-SNE map, relative to the prior draws in it.

    The root mean squared distance from their centroid over that of the prior draws from theirs: about 1
    where they lie all over the map, near 0 where they are isolated to one region of it.
    """
    table = tables.csv(run, seed, EMBEDDING)
    low, prior = (
        group(table, name, EMBEDDING)[["x", "y"]].to_numpy() for name in ("low_posterior", "prior")
    )
    return float((low.var(0).sum() / prior.var(0).sum()) ** 0.5)
