"""Figure 6: which latents VAE and AAE use, and how widely their posteriors spread."""

from dmvi.claims.latent_use import ACTIVE_NATS, latent_use
from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, log_axis, nats
from dmvi.tables.latent_sizes import by_latent_size, code_network_labels
from dmvi.tables.reading import group

TITLE = "Posterior means and variances of VAE and AAE with many latents"
SOURCES = {"run": ("run.json", "kl.json", "profile.csv", "profile_histograms.csv")}
SEEDS = "first"
SELECT = {
    "tags": "large",
    "builder": ["color_mnist", "stacked_mnist"],
    "model": ["vae", "aae"],
}
CAPTION = (
    "Top: means and variances of q(z|x), over all images and latents. Bottom: the same per latent, "
    "each curve sorted on its own: its part of KL(q(z|x)‖p(z)) and its posterior variance, averaged "
    "over images. A latent is active above the dotted line; an unused latent of a VAE has a mean "
    "that stands still and variance 1, a collapsed one of an AAE carries next to no noise. C: hidden "
    "layers × units of the AAE's code discriminator."
)

LINES = ("-", "--", "-.", ":")
FLOOR = 1e-9  # smaller numbers are drawn here


def sample_sizes(tables) -> str:
    kls = [tables.json(run, seed, "kl.json") for run in tables.runs for seed in run.seeds]
    return (
        f"Over N = {span([kl['components'] for kl in kls])} training and validation images and "
        f"{span([run.latent_dim for run in tables.runs])} latents. Outermost bins hold what lies "
        f"beyond. KL(q(z)‖p(z)) by Monte Carlo from {span([kl['n'] for kl in kls])} z. One seed, so "
        "no spread."
    )


def draw(tables):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    blocks = by_latent_size(tables.runs)
    names = code_network_labels(tables)
    kinds = list(dict.fromkeys(names[run.name] for runs in blocks.values() for run in runs))
    looks = {
        name: {"color": style.COLOURS[i % 10], "linestyle": LINES[i % len(LINES)], "linewidth": 1.3}
        for i, name in enumerate(kinds)
    }
    legends = [0.3 + 0.15 * len(runs) for runs in blocks.values()]
    figure = style.new_figure(sum(legends) + 3.3 * len(blocks))
    ratios = [height for legend in legends for height in (legend, 1.65, 1.65)]
    grid = figure.add_gridspec(3 * len(blocks), 2, height_ratios=ratios)
    for i, ((dataset, d), runs) in enumerate(blocks.items()):
        top = figure.add_subplot(grid[3 * i, :])
        handles = [
            Line2D([], [], **looks[names[run.name]], label=_words(tables, run, names[run.name]))
            for run in runs
        ]
        style.legend_panel(top, handles, 1)
        style.panel_title(top, f"{tables.title(dataset)}, d\u00a0=\u00a0{d:,}", 1)
        panels = [figure.add_subplot(grid[3 * i + 1 + k // 2, k % 2]) for k in range(4)]
        for run in runs:
            look = looks[names[run.name]]
            histograms = tables.csv(run, run.seeds[0], "profile_histograms.csv")
            for axes, quantity in zip(panels[:2], ("mean", "variance"), strict=True):
                _histogram(axes, histograms, quantity, look)
            profile = tables.csv(run, run.seeds[0], "profile.csv")
            for axes, column in zip(panels[2:], ("kl", "mean_variance"), strict=True):
                _profile(axes, profile[column], look)
        _decorate(panels, d)
    return figure


def _words(tables, run, name: str) -> str:
    use = latent_use(tables, run)
    kl = tables.json(run, run.seeds[0], "kl.json")["value"]
    return (
        f"{name}: {use['active']:.1%} of latents active, median variance "
        f"{use['median']:.2g}, KL = {nats(kl)} nats"
    )


def _histogram(axes, table, quantity: str, look: dict) -> None:
    rows = table.rename(columns={"quantity": "group"})
    rows = group(rows, quantity, "profile_histograms.csv")
    edges = [*rows["left"], rows["right"].iloc[-1]]
    axes.stairs(rows["density"], edges, **look)


def _profile(axes, values, look: dict) -> None:
    ordered = values.clip(lower=FLOOR).sort_values(ascending=False)
    axes.plot(range(1, len(ordered) + 1), ordered, **look)


def _decorate(panels, d: int) -> None:
    means, variances, costs, spreads = panels
    means.set(xlabel="posterior mean", ylabel="density")
    variances.set(xlabel="posterior variance", ylabel="density per decade")
    costs.set(ylabel="KL per latent  [nats]")
    spreads.set(ylabel="mean posterior variance")
    costs.axhline(ACTIVE_NATS, color="black", linestyle=(0, (1, 1)), linewidth=1)
    for axes in (costs, spreads):
        axes.set(xlabel="latents, sorted", xlim=(1, max(2, d)))
        linear_axis(axes.xaxis, 5)
    for axis in (variances.xaxis, *(axes.yaxis for axes in panels)):
        log_axis(axis)
