"""Figure 24: samples and reconstructions of AdversarialVB beside those of the VAE."""

from dmvi.claims.decide import (
    ALL_KINDS,
    above,
    both,
    by_dataset,
    clear,
    mean_and_spread,
    over_seeds,
    ratio,
    tally,
    verdict,
)
from dmvi.claims.ledger import claim
from dmvi.figures.models import in_order, model_title
from dmvi.figures.reconstructions import quality, reconstruction_sizes
from dmvi.figures.scores import best_runs, settings, skipped

TITLE = "AdversarialVB: reconstructions and samples, beside the VAE's"
SOURCES = {
    "run": (
        "run.json",
        "originals.npy",
        "reconstructions.npy",
        "samples.npy",
        "quality.json",
        "scores.json",
    )
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"tags": "compare", "model": ["vae", "avb", "avb_ac"]}
CAPTION = (
    "Upper row of every data set: test images and their reconstructions, with the mean squared "
    "error. Lower row: samples, with the independent critic's Wasserstein distance W. Of every "
    "model the run with the lowest W. AdversarialVB differs from the VAE in its implicit posterior "
    "alone: what is worse here comes from estimating the KL with a classifier."
)

COLUMNS, ROWS = 6, 4  # images per panel
VARIANTS = ("avb", "avb_ac")


def sample_sizes(tables) -> str:
    return " ".join([reconstruction_sizes(tables, "Error"), *skipped(tables, ("critic",))])


def draw(tables):
    from dmvi.figures import style

    models = in_order(run.model for run in tables.runs)
    columns = 1 + len(models)
    width = style.WIDTH if columns > 2 else 4.5
    height = width / columns * ROWS / COLUMNS + 0.32
    figure = style.new_figure(len(tables.datasets) * (2 * height + 0.1), width)
    blocks = figure.add_gridspec(len(tables.datasets), 1)
    for row, dataset in enumerate(tables.datasets):
        grid = blocks[row, 0].subgridspec(2, columns)
        runs = best_runs(tables, dataset)
        distances = settings(tables, dataset, "critic")

        def panel(place, run, name: str, title: str, skip: int = 0):
            axes = figure.add_subplot(place)
            images = tables.array(run, run.seeds[0], name)[skip:]
            style.show_grid(axes, images, ROWS, COLUMNS)
            axes.set_title(style.wrap(title, width / columns - 0.06, 8), linespacing=1.1)

        first = next(iter(runs.values()))
        title = f"{tables.title(dataset)}:\ntest images"
        panel(grid[0, 0], first, "originals.npy", title)
        size = ROWS * COLUMNS
        if len(tables.array(first, first.seeds[0], "originals.npy")) >= 2 * size:
            panel(grid[1, 0], first, "originals.npy", "further test images", size)
        else:
            figure.add_subplot(grid[1, 0]).axis("off")
        for model, run in runs.items():
            column = 1 + models.index(model)
            error = mean_and_spread(quality(tables, run, "reconstruction_mse"))
            title = f"{model_title(model)}\nerror {error}"
            panel(grid[0, column], run, "reconstructions.npy", title)
            chosen = _setting(distances, model, run)
            title = f"samples, W = {mean_and_spread(chosen.values)}" if chosen else "samples"
            panel(grid[1, column], run, "samples.npy", title)
    return figure


def _setting(distances: dict, model: str, run):
    """The critic's distances of a run, or None."""
    return next((s for s in distances.get(model, []) if s.run == run), None)


def claims(tables):
    """C20: AdversarialVB underperforms."""
    errors, ratios, distances, outcomes = {}, {}, {}, {}
    for dataset in tables.datasets:
        runs = best_runs(tables, dataset)
        if not tables.kind(dataset) or "vae" not in runs:
            continue
        scores = settings(tables, dataset, "critic")
        vae_error = quality(tables, runs["vae"], "reconstruction_mse")
        vae_distance = _setting(scores, "vae", runs["vae"])
        for model in VARIANTS:
            if model in runs:
                case = (dataset, model)
                error = quality(tables, runs[model], "reconstruction_mse")
                pair = ratio(error, vae_error)
                errors[case], ratios[case] = error, pair[0]
                distance = _setting(scores, model, runs[model])
                farther = None
                if distance and vae_distance:
                    distances[case] = distance.mean / vae_distance.mean
                    farther = clear(
                        (distance.mean, distance.noise), (vae_distance.mean, vae_distance.noise)
                    )
                outcomes[case] = both((above(*pair, 1.0), farther))
    datasets = list(dict.fromkeys(dataset for dataset, _ in outcomes))
    present = {tables.kind(dataset) for dataset in datasets} | {model for _, model in outcomes}
    return [
        claim(
            tables,
            datasets,
            id="C20",
            figure="fig24",
            statement="AdversarialVB underperforms the VAE: it reconstructs worse and its samples "
            "are further from the data.",
            statistic="AdversarialVB (and its adaptive contrast, where trained) against the VAE, "
            "each by its best run: reconstruction error above the VAE's (95 % Welch interval of "
            "the ratio over seeds, so two seeds are the least) and the independent critic's "
            "distance above the VAE's beyond twice the noise of the difference, on all three data "
            "sets. The value is the smallest ratio of errors.",
            value=min(ratios.values(), default=None),
            value_text=f"error ratio {by_dataset(tables, ratios)}; distance ratio "
            f"{by_dataset(tables, distances) or 'unknown'}{tally(outcomes.values())}"
            if ratios
            else "no pair of runs to compare",
            paper="shown in pictures only",
            verdict=verdict(outcomes.values(), present, (*ALL_KINDS, "avb")),
            spread=over_seeds(errors),
        )
    ]
