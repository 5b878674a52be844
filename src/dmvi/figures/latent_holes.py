"""Panels that Figures 3, 13, 14 and 15 share: likelihood bounds, and maps of latents."""

from dmvi.figures.base import cells, span
from dmvi.tables.low_posterior import BOUNDS, EMBEDDING, LOG_Q
from dmvi.tables.reading import group

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


# --- latents ---


def draw_embedding(axes, tables, run, columns: float) -> None:
    from dmvi.figures import style

    table = tables.csv(run, run.seeds[0], EMBEDDING)
    for layer, (size, alpha) in {
        "prior": (3, 0.5),
        "posterior": (3, 0.5),
        "low_posterior": (9, 1.0),
    }.items():
        rows = group(table, layer, EMBEDDING)
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
    counts = _counts(tables, EMBEDDING, first=True)
    draws = _counts(tables, LOG_Q, first=True)["prior"]
    return (
        f"t-SNE (first seed) of {span(counts['prior'])} prior draws, {span(counts['posterior'])} "
        f"codes and the {span(counts['low_posterior'])} latents of lowest log q(z) among "
        f"{span(draws)} prior draws."
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
