"""Figure 31: log det Cov of q(z) against the number of training images, ELBO and InfoVAE."""

from dmvi.claims.info_codes import GAUSSIAN_DECODER
from dmvi.claims.published import LOGDET, LOGDET_IMAGES, LOGDET_SOURCE
from dmvi.figures.base import span
from dmvi.figures.objectives import LOOKS, colour
from dmvi.tables.objectives import CODES, OBJECTIVES, moments, training_images

TITLE = "How far codes spread: log det Cov of q(z) against the number of training images"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "codes.json")}
SEEDS = "all"
SELECT = {"tags": "sizes", "model": ["vae", "infovae_mmd"]}
CAPTION = (
    "0 is the prior's. With a decoder whose variance is learnt the ELBO gains by moving codes apart, so that "
    "q(z) grows wider than the prior, the more the fewer images there are to keep apart; InfoVAE's "
    "divergence holds it. Filled: codes of the training images, hollow: of test images. Grey marks are the "
    "authors' numbers, read by eye from their plot, at another network and training length: compare shapes."
)
PUBLISHED_LATENT_DIM = 5
BESIDE = 1.15  # the authors' marks, so far to the right of ours
PALE = "#9a9a9a"
STYLES = {"train": ("-", "full"), "test": ("--", "none")}


def sample_sizes(tables) -> str:
    ns = [training_images(tables, run) for run in tables.runs]
    tests = [
        tables.json(run, seed, CODES)["moments"]["test"]
        for run in tables.runs
        for seed in run.seeds
    ]
    counts = [found["n"] for found in tests if found]
    text = f"{span(ns)} training images; marks are seeds, lines their means"
    if counts:
        text += f"; test codes of {span(counts)} images"
    return f"{text}. Bias of the first order removed. Grey: {LOGDET_SOURCE}."


def draw(tables):
    from matplotlib.lines import Line2D

    from dmvi.figures import style

    groups: dict[tuple, list] = {}
    for run in tables.runs:
        groups.setdefault((run.latent_dim, run.likelihood), []).append(run)
    width = style.WIDTH if len(groups) > 1 else 5.0
    figure = style.new_figure(3.4, width)
    grid = figure.add_gridspec(2, len(groups), height_ratios=[2.8, 0.5])
    for column, ((d, likelihood), runs) in enumerate(groups.items()):
        axes = figure.add_subplot(grid[0, column])
        style.panel_title(axes, f"d\u00a0=\u00a0{d}, {_title(likelihood)}", len(groups), width)
        _panel(axes, tables, runs)
        axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
        axes.set_xscale("log")
        ns = {training_images(tables, run) for run in runs}
        if (d, likelihood) == (PUBLISHED_LATENT_DIM, GAUSSIAN_DECODER):
            _published(axes)
            ns |= set(LOGDET_IMAGES)
        ns = sorted(ns)
        axes.set_xticks(ns, [f"{n:,}" for n in ns])
        axes.minorticks_off()
        axes.set_xlabel("training images")
        if column == 0:
            axes.set_ylabel("log det Cov of q(z)")
    models = [model for model in OBJECTIVES if any(run.model == model for run in tables.runs)]
    handles = [
        Line2D(
            [], [], color=colour(model), marker=LOOKS[model][1], linestyle=line, fillstyle=fill,
            markersize=4.5, label=f"{OBJECTIVES[model]}, {split}",
        )
        for model in models
        for split, (line, fill) in STYLES.items()
    ]  # fmt: skip
    handles += [
        Line2D(
            [], [], color=PALE, marker="o", linestyle="", fillstyle=fill, markersize=4.5,
            label=f"the authors', {split}",
        )
        for split, (_, fill) in STYLES.items()
    ]  # fmt: skip
    style.legend_panel(figure.add_subplot(grid[1, :]), handles, 3)
    return figure


def _published(axes) -> None:
    """The authors' values, each a little to the right of its number of images."""
    for (model, split), values in LOGDET.items():
        axes.plot(
            [BESIDE * n for n in LOGDET_IMAGES], values, LOOKS[model][1], color=PALE,
            fillstyle=STYLES[split][1], markersize=4, linestyle="", zorder=1,
        )  # fmt: skip


def _title(likelihood: str | None) -> str:
    from dmvi.tables.results import LIKELIHOOD_LABELS

    return LIKELIHOOD_LABELS.get(likelihood, "no likelihood")


def _panel(axes, tables, runs) -> None:
    for model in OBJECTIVES:
        own = sorted(
            (run for run in runs if run.model == model), key=lambda r: training_images(tables, r)
        )
        for split, (line, fill) in STYLES.items():
            points = [
                (training_images(tables, run), found)
                for run in own
                if (found := moments(tables, run, split, "logdet")) is not None
            ]
            means = [(n, sum(values) / len(values)) for n, values in points]
            axes.plot(*zip(*means, strict=True), line, color=colour(model)) if means else None
            for n, values in points:
                axes.plot(
                    [n] * len(values), values, LOOKS[model][1], color=colour(model), fillstyle=fill,
                    markersize=4, linestyle="", zorder=3,
                )  # fmt: skip
