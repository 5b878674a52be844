"""Panels and claims that Figures 3, 13, 14 and 15 share: likelihood bounds, and maps of latents."""

from dmvi.claims.decide import (
    above,
    agree,
    auc,
    below,
    bootstrap,
    by_dataset,
    over_seeds,
    tally,
    verdict,
)
from dmvi.claims.ledger import claim
from dmvi.figures.base import cells, group, span

BOUNDS = "low_posterior/bounds.csv"
ORDERED = 0.9  # AUC above which the bound tells data from low-posterior samples
REVERSED = 0.5  # AUC below which low-posterior samples have the higher bound
SCATTERED = 0.5  # median neighbour rank, relative to that of randomly chosen draws

# --- likelihood bounds ---


def draw_bounds(axes, tables, run, columns: float) -> None:
    from dmvi.figures import style

    seeds = [
        {
            name: group(table, name, BOUNDS)["bound"]
            for name in ("data", "neighbour", "low_posterior")
        }
        for table in (tables.csv(run, seed, BOUNDS) for seed in run.seeds)
    ]
    style.histograms(axes, seeds, "likelihood bound (ELBO)  [nats]")
    style.panel_title(axes, tables.heading(run), columns)


def bound_legend(axes, columns: int) -> None:
    from dmvi.figures import style

    names = ("data", "neighbour", "low_posterior")
    style.legend_panel(axes, style.group_handles(names), columns)


def bound_sizes(tables) -> str:
    counts = _counts(tables, BOUNDS)
    return (
        f"Bounds of {span(counts['data'])} training images, {span(counts['low_posterior'])} "
        "low-posterior samples and their neighbours."
    )


def bound_claim(tables, figure: str, kinds: tuple[str, ...], reverse: bool = False):
    """C6: the bound orders data above low-posterior samples; or, reversed, below them."""
    aucs = {}
    for run in tables.runs:
        if tables.kind(run.data) in kinds:
            for seed in run.seeds:
                bounds = tables.csv(run, seed, BOUNDS)
                data, low = (
                    group(bounds, name, BOUNDS)["bound"] for name in ("data", "low_posterior")
                )
                aucs.setdefault((run.data, run.latent_dim, run.name), []).append(auc(data, low))
    outcomes = [
        agree(below(*pair, REVERSED) if reverse else above(*pair, ORDERED) for pair in pairs)
        for pairs in aucs.values()
    ]
    datasets = list(dict.fromkeys(case[0] for case in aucs))
    values = {case: [value for value, _ in pairs] for case, pairs in aucs.items()}
    means = {case: sum(numbers) / len(numbers) for case, numbers in values.items()}
    if reverse:
        statement = (
            f"On {' and '.join(kinds)}, low-posterior samples look more likely than the data."
        )
        threshold = f"below {REVERSED}"
    else:
        statement = f"On {' and '.join(kinds)}, the likelihood bound ranks data above bad samples."
        threshold = f"above {ORDERED}"
    worst = (max if reverse else min)(means.values(), default=None)
    return claim(
        tables,
        datasets,
        id="C6",
        figure=figure,
        statement=statement,
        statistic="AUC, the share of pairs in which the data image has a higher bound than the "
        f"low-posterior sample, {threshold} by two standard errors for every latent size and seed. "
        "The value is the AUC furthest from what is claimed (mean over seeds).",
        value=worst,
        value_text=f"AUC: {by_dataset(tables, means)}{tally(outcomes)}"
        if means
        else "no such data set",
        paper="no number survives",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, kinds),
        spread=over_seeds(values),
    )


# --- latents ---


def draw_embedding(axes, tables, run, columns: float) -> None:
    from dmvi.figures import style

    name = "low_posterior/embedding.csv"
    table = tables.csv(run, run.seeds[0], name)
    for layer, (size, alpha) in {
        "prior": (3, 0.5),
        "posterior": (3, 0.5),
        "low_posterior": (9, 1.0),
    }.items():
        rows = group(table, layer, name)
        axes.scatter(
            rows["x"],
            rows["y"],
            size,
            color=style.GROUPS[layer][1],
            alpha=alpha,
            marker="^" if layer == "low_posterior" else "o",
            linewidths=0.25 if layer == "low_posterior" else 0,
            edgecolors="black" if layer == "low_posterior" else "none",
        )
    axes.set(xticks=[], yticks=[], box_aspect=1)
    axes.set_xlabel("t-SNE of latents (no unit)")
    axes.spines[:].set_visible(True)
    axes.spines[:].set_color("#c0c0c0")
    style.panel_title(axes, tables.heading(run), columns, margin=0.2)


def embedding_legend(axes, columns: int) -> None:
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    handles = [
        Line2D(
            [],
            [],
            linestyle="",
            marker="^" if name == "low_posterior" else "o",
            color=style.GROUPS[name][1],
            markeredgecolor="black" if name == "low_posterior" else style.GROUPS[name][1],
            markeredgewidth=0.4,
            markersize=4.5,
            label="low-posterior latents" if name == "low_posterior" else style.GROUPS[name][0],
        )
        for name in ("prior", "posterior", "low_posterior")
    ]
    style.legend_panel(axes, handles, columns)


def embedding_sizes(tables) -> str:
    counts = _counts(tables, "low_posterior/embedding.csv", first=True)
    draws = _counts(tables, "low_posterior/log_q.csv", first=True)["prior"]
    return (
        f"t-SNE (first seed) of {span(counts['prior'])} prior draws, {span(counts['posterior'])} "
        f"codes and the {span(counts['low_posterior'])} latents of lowest log q(z) among "
        f"{span(draws)} prior draws."
    )


def scatter_claim(tables, figure: str, kinds: tuple[str, ...] = ("ColorMNIST",)):
    """C7: low-posterior latents are scattered over the prior rather than in a few clusters."""
    import math

    import numpy as np

    ratios = {}
    for run in tables.runs:
        for seed in run.seeds:
            ranks = tables.csv(run, seed, "low_posterior/ranks.csv")["rank"]
            log_q = tables.csv(run, seed, "low_posterior/log_q.csv")
            draws = len(group(log_q, "prior", "low_posterior/log_q.csv"))
            expected = math.log(2) * draws / len(ranks)
            medians = bootstrap(ranks, np.median) / expected
            low, high = np.percentile(medians, [2.5, 97.5])
            outcome = True if low >= SCATTERED else False if high < SCATTERED else None
            if len(ranks) < 10:
                outcome = None
            ratios.setdefault((run.data, run.latent_dim, run.name), []).append(
                (float(np.median(ranks)) / expected, outcome)
            )
    outcomes = [agree(outcome for _, outcome in pairs) for pairs in ratios.values()]
    datasets = list(dict.fromkeys(case[0] for case in ratios))
    values = {case: [value for value, _ in pairs] for case, pairs in ratios.items()}
    means = {case: sum(numbers) / len(numbers) for case, numbers in values.items()}
    return claim(
        tables,
        datasets,
        id="C7",
        figure=figure,
        statement="The latents of bad samples are scattered over the prior"
        f" ({' and '.join(kinds)}), not gathered in one place.",
        statistic="For each of the m low-posterior latents: the rank of the nearest other one "
        "among all K prior draws, sorted by distance. If the m were picked at random its median "
        f"would be about ln 2 · K / m; scattered means at least {SCATTERED} of that (95 % "
        "bootstrap interval) for every latent size and seed. The value is the smallest such ratio "
        "(mean over seeds).",
        value=min(means.values(), default=None),
        value_text=f"relative median rank: {by_dataset(tables, means)}{tally(outcomes)}",
        paper="no number survives",
        verdict=verdict(outcomes, {tables.kind(dataset) for dataset in datasets}, kinds),
        spread=over_seeds(values),
    )


def panels(tables, draw_panel, draw_legend, height: float):
    """One panel per run, with a legend below: Figures 14 and 15."""
    from dmvi.figures import style

    rows, columns, places = cells(tables)
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(height * rows + (0.35 if columns > 1 else 0.6), width)
    legend = 0.35 if columns > 1 else 0.6
    grid = figure.add_gridspec(rows + 1, columns, height_ratios=[height] * rows + [legend])
    for row, column, run in places:
        draw_panel(
            figure.add_subplot(grid[row, column]), tables, run, style.WIDTH / width * columns
        )
    draw_legend(figure.add_subplot(grid[-1, :]), 3 if columns > 1 else 1)
    return figure


def _counts(tables, name: str, first: bool = False) -> dict[str, list[int]]:
    """Rows per group of a table, over runs and seeds."""
    counts: dict[str, list[int]] = {}
    for run in tables.runs:
        for seed in run.seeds[:1] if first else run.seeds:
            for key, count in tables.csv(run, seed, name)["group"].value_counts().items():
                counts.setdefault(key, []).append(int(count))
    return counts
