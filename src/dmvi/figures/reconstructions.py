"""Reconstructions of VAE and VGH++ beside the originals, and C21: Figures 25 and 26."""

from dmvi.claims.decide import (
    above,
    by_dataset,
    mean_and_spread,
    over_seeds,
    ratio,
    tally,
    verdict,
)
from dmvi.claims.ledger import claim
from dmvi.figures.base import span
from dmvi.figures.models import model_title
from dmvi.figures.scores import best_runs, chosen_runs

SHARPER = 1.1  # sharpness(VGH++) / sharpness(VAE)
NOISE = 1.25  # sharpness relative to the originals' beyond which it is noise rather than detail
COLUMNS, ROWS = 6, 8  # images per panel


def quality(tables, run, key: str) -> list[float]:
    """A number of quality.json, one per seed."""
    return [float(tables.json(run, seed, "quality.json")[key]) for seed in run.seeds]


def draw_reconstructions(tables):
    from dmvi.figures import style

    width = style.WIDTH
    kept = [len(tables.array(r, r.seeds[0], "originals.npy")) for r in tables.runs]
    rows = min(ROWS, -(-max(kept) // COLUMNS))
    figure = style.new_figure(len(tables.datasets) * (width / 3 * rows / COLUMNS + 0.62), width)
    grid = figure.add_gridspec(len(tables.datasets), 3)
    for row, dataset in enumerate(tables.datasets):
        runs = best_runs(tables, dataset)
        first = next(iter(runs.values()))
        sharpness = quality(tables, first, "sharpness_originals")[0]
        title = f"{tables.title(dataset)}: test images\nsharpness {sharpness:#.3g}"
        _panel(figure.add_subplot(grid[row, 0]), tables, first, "originals.npy", title)
        for column, (model, run) in enumerate(list(runs.items())[:2], 1):
            sharpness, error = (
                mean_and_spread(quality(tables, run, key))
                for key in ("sharpness_reconstructions", "reconstruction_mse")
            )
            title = f"{model_title(model)}\nsharpness {sharpness}\nerror {error}"
            axes = figure.add_subplot(grid[row, column])
            _panel(axes, tables, run, "reconstructions.npy", title)
    return figure


def _panel(axes, tables, run, name: str, title: str) -> None:
    from dmvi.figures import style

    images = tables.array(run, run.seeds[0], name)
    style.show_grid(axes, images, ROWS, COLUMNS)
    axes.set_title(style.wrap(title, style.WIDTH / 3 - 0.1, 8), linespacing=1.1)


def reconstruction_sizes(tables, measures: str = "Sharpness and error") -> str:
    counts = [int(n) for run in tables.runs for n in quality(tables, run, "n_reconstructions")]
    text = (
        f"{measures} (mean square; pixels in [0, 1]) of {span(counts)} test images, "
        "mean ± sd over seeds; pictures of the first seed."
    )
    return f"{text} {chosen_runs(tables)}".strip()


def sharpness_claim(tables, figure: str, kind: str):
    """C21: VGH++ reconstructs more sharply than the VAE, without drawing noise."""
    numbers, outcomes, ratios = {}, {}, {}
    for dataset in tables.datasets:
        runs = best_runs(tables, dataset)
        if tables.kind(dataset) != kind or not {"vae", "vgh_plus_plus"} <= set(runs):
            continue
        for model in ("vae", "vgh_plus_plus"):
            keys = ("sharpness_reconstructions", "sharpness_originals", "reconstruction_mse")
            numbers[dataset, model] = {key: quality(tables, runs[model], key) for key in keys}
        vae, hybrid = numbers[dataset, "vae"], numbers[dataset, "vgh_plus_plus"]
        pair = ratio(hybrid["sharpness_reconstructions"], vae["sharpness_reconstructions"])
        ratios[dataset, "ratio"] = pair[0]
        outcome = above(*pair, SHARPER)
        noisy = _mean(hybrid["sharpness_reconstructions"]) > NOISE * _mean(
            hybrid["sharpness_originals"]
        )
        outcomes[dataset] = None if outcome and noisy else outcome
    datasets = list(outcomes)
    texts = [
        f"{model_title(model)} on {tables.title(dataset)}: "
        f"{_mean(n['sharpness_reconstructions']) / _mean(n['sharpness_originals']):.2f} of the "
        f"originals' sharpness, error {_mean(n['reconstruction_mse']):.3g}"
        for (dataset, model), n in numbers.items()
    ]
    return claim(
        tables,
        datasets,
        id="C21",
        figure=figure,
        statement=f"On {kind}, VGH++ reconstructs more sharply than the VAE.",
        statistic="Mean gradient magnitude of the reconstructions, VGH++ / VAE (each by its best "
        f"run), means over seeds, above {SHARPER}; the 95 % interval over seeds (Welch) must lie "
        f"on one side, so two seeds are the least. More than {NOISE} times the originals' own "
        "sharpness is noise and decides nothing. The value is the smallest ratio.",
        value=min(ratios.values(), default=None),
        value_text=f"ratio {by_dataset(tables, ratios)}; {'; '.join(texts)}"
        f"{tally(outcomes.values())}"
        if ratios
        else "no pair of runs to compare",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), {tables.kind(d) for d in datasets}, (kind,)),
        spread=over_seeds({c: n["sharpness_reconstructions"] for c, n in numbers.items()}),
    )


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)
