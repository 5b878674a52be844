"""Figure 1: the Monte Carlo KL(q(z) || p(z)) of VAEs with Gaussian and with flow posteriors."""

from dmvi.figures.base import span

TITLE = "KL(q(z)‖p(z)) of VAEs, by Monte Carlo"
SOURCES = {"run": ("run.json", "kl.json", "kl_curve.csv", "codes.json")}
SEEDS = "all"
SELECT = {"kind": "vae", "posterior": ["gaussian", "realnvp"], "likelihood": "bernoulli"}
EXCEPT = {"tags": ["large", "open"]}  # thousands of latents, and settings varied, have their own
CAPTION = (
    "Top: the divergence between the aggregate posterior and the prior, for every latent size; dots are "
    "seeds. It lies between avgKL − log N (black tick) and avgKL (grey tick) by definition, and in high "
    "dimensions close to the black tick whatever the encoder does, because the mixture has finitely many "
    "components: do not read a large value as a bad encoder alone. Middle: the same value for mixtures of "
    "fewer images. Bottom: what sees the codes only, two distances between one code per image and the "
    "prior, in standard deviations of what they give for prior draws (grey: 90 % of these)."
)

# Distances of codes from the prior: marker and name.
DISTANCES = {
    "mmd2_imq": ("o", "squared MMD"),
    "sliced_wasserstein": ("D", "sliced Wasserstein"),
}
NULL_COLOUR = "#d0d0d0"


def sample_sizes(tables) -> str:
    kls = [tables.json(run, seed, "kl.json") for run in tables.runs for seed in run.seeds]
    codes = [tables.json(run, seed, "codes.json") for run in tables.runs for seed in run.seeds]
    of = [entry["two_sample"]["mmd2_imq"] for entry in codes]
    several = any(len(run.seeds) > 1 for run in tables.runs)
    seeds = "Bars: mean over seeds, whiskers ± 1 sd, dots single seeds." if several else "One seed."
    return (
        f"{seeds} Each value from "
        f"{span([kl['n'] for kl in kls])} z; q(z) is the mixture over "
        f"N = {span([kl['components'] for kl in kls])} training and validation images. Bottom: "
        f"{span([one['n'] for one in of])} codes of training images against "
        f"{span([one['replicates'] for one in of])} nulls; squared MMD with the kernel 2d / (2d + r²), "
        "sliced Wasserstein distance; logarithmic above 10."
    )


def draw(tables):
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    from dmvi.figures import style

    datasets = tables.datasets
    columns = min(3, len(datasets))
    blocks = -(-len(datasets) // columns)
    labels = list(dict.fromkeys(tables.labels[run.name] for run in tables.runs))
    colours = {label: style.COLOURS[i % 10] for i, label in enumerate(labels)}

    width = style.WIDTH if columns > 1 else 4.5
    marks = 0.25 if columns > 1 else 0.65  # inches: one row of marks, or three
    figure = style.new_figure(6.0 * blocks + 0.25 + marks, width)
    grid = figure.add_gridspec(
        3 * blocks + 2, columns, height_ratios=[2.3, 1.9, 1.8] * blocks + [0.25, marks]
    )
    for i, (dataset, runs) in enumerate(datasets.items()):
        row, column = 3 * (i // columns), i % columns
        bars = figure.add_subplot(grid[row, column])
        style.panel_title(bars, tables.title(dataset), columns, width)
        _bars(bars, tables, runs, colours)
        curve = figure.add_subplot(grid[row + 1, column])
        _curves(curve, tables, runs, colours)
        distances = figure.add_subplot(grid[row + 2, column])
        _distances(distances, tables, runs, colours)
        if column == 0:
            distances.set_ylabel("distance to the prior  [null sd]")
            bars.set_ylabel("KL(q(z)‖p(z))  [nats]")
            curve.set_ylabel("KL(q(z)‖p(z))  [nats]")
    handles = [
        Patch(facecolor=colour, edgecolor="black", linewidth=0.4, label=label)
        for label, colour in colours.items()
    ]
    style.legend_panel(figure.add_subplot(grid[-2, :]), handles, int(width // 1.6))
    handles = [
        Line2D([], [], color="black", linewidth=1.6, label="avgKL − log N"),
        Line2D([], [], color="#b0b0b0", linewidth=1.6, label="avgKL"),
        *(
            Line2D([], [], color=style.GREY, marker=marker, linestyle="", markersize=4, label=label)
            for marker, label in DISTANCES.values()
        ),
        Patch(facecolor=NULL_COLOUR, label="90 % of prior draws"),
    ]
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 5 if columns > 1 else 2)
    return figure


def _places(tables, runs, colours) -> tuple[dict[str, float], float, list[int]]:
    """Run -> its place along the axis, the width of each, and the latent sizes at 0, 1, ..."""
    sizes = sorted({run.latent_dim for run in runs})
    hues = {  # of every latent size, in the legend's order
        size: [
            c for c in colours if c in {tables.labels[r.name] for r in runs if r.latent_dim == size}
        ]
        for size in sizes
    }
    width = 0.8 / max(2, *map(len, hues.values()))
    places = {}
    for run in runs:
        present = hues[run.latent_dim]
        rank = present.index(tables.labels[run.name]) - (len(present) - 1) / 2
        places[run.name] = sizes.index(run.latent_dim) + rank * width
    return places, width, sizes


def _latent_sizes(axes, sizes: list[int]) -> None:
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.set_xticks(range(len(sizes)), [f"{size}" for size in sizes])
    axes.set_xlabel("latent size d")


def _distances(axes, tables, runs, colours):
    """Both distances of every seed's codes from the prior, over the range of their nulls."""
    import numpy as np
    from matplotlib.ticker import FuncFormatter

    from dmvi.figures import style

    places, width, sizes = _places(tables, runs, colours)
    for run in runs:
        spots = np.linspace(-0.12, 0.12, len(run.seeds)) * width if len(run.seeds) > 1 else [0.0]
        for i, (name, (marker, _)) in enumerate(DISTANCES.items()):
            x = places[run.name] + (i - 0.5) * 0.45 * width
            found = [tables.json(run, seed, "codes.json")["two_sample"][name] for seed in run.seeds]
            low, high = (
                np.mean(
                    [
                        (one["null_quantiles"][k] - one["null_mean"]) / one["null_sd"]
                        for one in found
                    ]
                )
                for k in (0, -1)
            )
            axes.fill_between(
                [x - 0.2 * width, x + 0.2 * width], low, high, color=NULL_COLOUR, lw=0
            )
            axes.plot(
                x + np.asarray(spots), [one["excess"] for one in found], marker, linestyle="",
                color=colours[tables.labels[run.name]], markersize=4, markeredgecolor="black",
                markeredgewidth=0.4, zorder=3, clip_on=False,
            )  # fmt: skip
    axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
    axes.set_yscale("symlog", linthresh=10, linscale=1.0)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:,.0f}"))
    axes.margins(y=0.1)
    _latent_sizes(axes, sizes)


def _bars(axes, tables, runs, colours):
    import numpy as np

    places, width, sizes = _places(tables, runs, colours)
    for run in runs:
        label, x = tables.labels[run.name], places[run.name]
        kls = [tables.json(run, seed, "kl.json") for seed in run.seeds]
        values = np.array([kl["value"] for kl in kls])
        axes.bar(
            x, values.mean(), 0.92 * width, color=colours[label], edgecolor="black", linewidth=0.4
        )
        ends = (x - 0.46 * width, x + 0.46 * width)
        for key, colour in (("avg_kl", "#b0b0b0"), ("lower", "black")):
            level = max(0.0, float(np.mean([kl[key] for kl in kls])))  # a KL is never under 0
            axes.hlines(level, *ends, color=colour, linewidth=1.6, zorder=3)
        if len(values) > 1:
            axes.errorbar(
                x,
                values.mean(),
                values.std(ddof=1),
                color="black",
                linewidth=0.8,
                capsize=2,
                zorder=4,
            )
        spots = x + np.linspace(-0.2, 0.2, len(values)) * width if len(values) > 1 else [x]
        axes.plot(
            spots, values, "o", color="white", markeredgecolor="black", markersize=2.6,
            markeredgewidth=0.5, zorder=5,
        )  # fmt: skip
    _latent_sizes(axes, sizes)
    axes.margins(y=0.08)
    axes.set_ylim(bottom=min(0.0, axes.get_ylim()[0]))


def _curves(axes, tables, runs, colours):
    import pandas as pd
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    sizes = sorted({run.latent_dim for run in runs})
    seen = []
    for run in runs:
        colour = colours[tables.labels[run.name]]
        marker = style.MARKERS[sizes.index(run.latent_dim) % len(style.MARKERS)]
        parts = [tables.csv(run, seed, "kl_curve.csv") for seed in run.seeds]
        values = pd.concat(parts).groupby("components")["value"]
        mean, low, high = values.mean(), values.min(), values.max()
        axes.plot(mean.index, mean, color=colour, marker=marker, markersize=3)
        axes.fill_between(mean.index, low, high, color=colour, alpha=0.2, linewidth=0)
        seen += list(mean)
    axes.set_xscale("log")
    style.plain_numbers(axes.xaxis)
    axes.set_xlabel("images in the mixture, N")
    low, high = min([0.0, *seen]), max(seen)
    axes.set_ylim(low, high + 0.25 * (high - low))  # with room for the legend
    handles = [
        Line2D(
            [], [], color=style.GREY, marker=style.MARKERS[i % len(style.MARKERS)], markersize=3,
            linewidth=0.8, label=f"d = {size}",
        )
        for i, size in enumerate(sizes)
    ]  # fmt: skip
    axes.legend(
        handles=handles, loc="upper right", ncols=3, columnspacing=0.8, handlelength=1.4,
        handletextpad=0.4, borderpad=0,
    )  # fmt: skip
