"""Figure 1: the Monte Carlo KL(q(z) || p(z)) of VAEs with Gaussian and with flow posteriors."""

from dmvi.figures.base import span

TITLE = "KL(q(z)‖p(z)) of VAEs, by Monte Carlo"
SOURCES = {"run": ("run.json", "kl.json", "kl_curve.csv")}
SEEDS = "all"
SELECT = {"kind": "vae", "posterior": ["gaussian", "realnvp"], "likelihood": "bernoulli"}
EXCEPT = {"tags": "large"}  # thousands of latents have figures of their own
CAPTION = (
    "Top: the divergence between the aggregate posterior and the prior, for every latent size; dots are "
    "seeds. It lies between avgKL − log N (black tick) and avgKL (grey tick) by definition. In high "
    "dimensions it sits close to the black tick whatever the encoder does, because the mixture has finitely "
    "many components: do not read a large value as a bad encoder alone. Bottom: the same value for "
    "mixtures of fewer images, and (hollow) the lower bound E log r(z) − log p(z), where r is the mixture of "
    "the held-out images' posteriors; a bound below 0 says nothing and is drawn at 0."
)


def sample_sizes(tables) -> str:
    kls = [tables.json(run, seed, "kl.json") for run in tables.runs for seed in run.seeds]
    held = [kl["heldout"] for kl in kls]
    low, high = (f(kl["value"] for kl in held) for f in (min, max))
    return (
        f"Bars: mean over seeds, whiskers ± 1 sd, dots single seeds. Each value from "
        f"{span([kl['n'] for kl in kls])} z; q(z) is the mixture over "
        f"N = {span([kl['components'] for kl in kls])} training and validation images. Hollow: lower "
        f"bound from the mixture over {span([kl['components'] for kl in held])} test images "
        f"({low:.1f} to {high:.1f} nats), drawn at 0 where it is negative."
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
    figure = style.new_figure(4.5 * blocks + 0.5, width)
    grid = figure.add_gridspec(
        2 * blocks + 2, columns, height_ratios=[2.3, 2.2] * blocks + [0.25, 0.25]
    )
    for i, (dataset, runs) in enumerate(datasets.items()):
        row, column = 2 * (i // columns), i % columns
        bars = figure.add_subplot(grid[row, column])
        style.panel_title(bars, tables.title(dataset), columns, width)
        _bars(bars, tables, runs, colours)
        curve = figure.add_subplot(grid[row + 1, column])
        _curves(curve, tables, runs, colours)
        if column == 0:
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
        Line2D(
            [], [], color="black", marker="o", markerfacecolor="white", linestyle="", markersize=4,
            label="hollow: bound from held-out images",
        ),
    ]  # fmt: skip
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 3)
    return figure


def _bars(axes, tables, runs, colours):
    import numpy as np

    sizes = sorted({run.latent_dim for run in runs})
    hues = {  # of every latent size, in the legend's order
        size: [
            c for c in colours if c in {tables.labels[r.name] for r in runs if r.latent_dim == size}
        ]
        for size in sizes
    }
    width = 0.8 / max(2, *map(len, hues.values()))
    for run in runs:
        label = tables.labels[run.name]
        present = hues[run.latent_dim]
        x = sizes.index(run.latent_dim) + (present.index(label) - (len(present) - 1) / 2) * width
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
    axes.set_xlim(-0.6, len(sizes) - 0.4)
    axes.set_xticks(range(len(sizes)), [f"{size}" for size in sizes])
    axes.set_xlabel("latent size d")
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
        parts, heldout = [], []
        for seed in run.seeds:
            kl = tables.json(run, seed, "kl.json")
            parts.append(tables.csv(run, seed, "kl_curve.csv"))
            heldout.append((kl["heldout"]["components"], kl["heldout"]["value"]))
        values = pd.concat(parts).groupby("components")["value"]
        mean, low, high = values.mean(), values.min(), values.max()
        axes.plot(mean.index, mean, color=colour, marker=marker, markersize=3)
        axes.fill_between(mean.index, low, high, color=colour, alpha=0.2, linewidth=0)
        points = pd.DataFrame(heldout, columns=["n", "value"]).mean()
        bound = max(0.0, points["value"])  # a bound below 0 says nothing
        axes.plot(
            points["n"], bound, color=colour, marker=marker, markersize=4.5,
            markerfacecolor="white", linestyle="", zorder=4, clip_on=False,
        )  # fmt: skip
        seen += [*mean, bound]
    axes.set_xscale("log")
    style.plain_numbers(axes.xaxis)
    axes.set_xlabel("images in the mixture, N")
    low, high = min(0.0, *seen), max(seen)
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
