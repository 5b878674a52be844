"""Figure 22: what the likelihood changes: reconstructions, samples and the KL."""

from dmvi.claims.decide import mean_and_spread
from dmvi.claims.published import PUBLISHED
from dmvi.figures.base import span
from dmvi.tables.distinctions import distinctions
from dmvi.tables.results import LIKELIHOOD_LABELS
from dmvi.tables.scores import entry, skipped

TITLE = "The likelihood's effect on reconstructions, samples and KL(q(z)‖p(z))"
SOURCES = {
    "run": (
        "run.json",
        "kl.json",
        "quality.json",
        "originals.npy",
        "reconstructions.npy",
        "samples.npy",
        "scores.json",
    )
}
SHOWS_DATA = True  # images of the data, which not every data set's terms allow to pass on
SEEDS = "all"
SELECT = {"builder": "cifar10", "model": "vae", "posterior": "gaussian"}
EXCEPT = {"tags": "open"}  # settings varied for table 8
CAPTION = (
    "Test images once, then a column per likelihood: their reconstructions above, samples below. A "
    "likelihood with more freedom spends it on the details of the image: compare the upper pictures with "
    "the test images. If the codes leave the prior for it (larger KL), samples do not gain. Pictures of "
    "the first seed; numbers are means over seeds."
)

COLUMNS, ROWS = 5, 6  # images per panel
MOST = 4  # panels side by side


def sample_sizes(tables) -> str:
    runs = [(run, seed) for run in _compared(tables) for seed in run.seeds]
    quality, draws, samples = (
        [tables.json(*run, name)[key] for run in runs]
        for name, key in (
            ("quality.json", "n_reconstructions"),
            ("kl.json", "n"),
            ("scores.json", "n_samples"),
        )
    )
    return " ".join(
        [
            f"KL from {span(draws)} z; reconstruction error (mean square, pixels in [0, 1]) of "
            f"{span(quality)} test images; distances of {span(samples)} samples to data: "
            "independent Wasserstein critic (W) and sliced Wasserstein (SW), lower is better.",
            *skipped(tables, ("critic",)),
        ]
    )


def draw(tables):
    from dmvi.figures import style

    groups: dict[tuple, list] = {}  # originals are the same for all runs of a data set
    for run in _compared(tables):
        groups.setdefault((run.data, run.latent_dim), []).append(run)
    counts = [1 + len(runs) for runs in groups.values()]
    columns = min(MOST, max(counts))
    blocks = [(runs, -(-(1 + len(runs)) // columns)) for runs in groups.values()]
    width = style.WIDTH
    high = width / columns * ROWS / COLUMNS
    figure = style.new_figure(sum(n for _, n in blocks) * (2 * high + 0.95), width)
    grid = figure.add_gridspec(sum(n for _, n in blocks), 1)
    top = 0
    for runs, count in blocks:
        places = [
            grid[top + row, 0].subgridspec(2, columns)[:, column]
            for row in range(count)
            for column in range(columns)
        ]
        top += count
        pair = places[0].subgridspec(2, 1)
        originals = tables.array(runs[0], runs[0].seeds[0], "originals.npy")
        axes = figure.add_subplot(pair[1, 0])
        if len(originals) >= 2 * ROWS * COLUMNS:
            style.show(axes, style.mosaic(originals[ROWS * COLUMNS :], ROWS, COLUMNS))
            axes.set_xlabel("further test images")
        else:
            axes.axis("off")
        axes = figure.add_subplot(pair[0, 0])
        style.show(axes, style.mosaic(originals, ROWS, COLUMNS))
        axes.set_xlabel("test images")
        axes.set_title(
            f"{tables.short_title(runs[0].data)}\nd = {runs[0].latent_dim}\n\n",
            linespacing=1.15,
        )
        for place, run in zip(places[1:], runs, strict=False):
            pair = place.subgridspec(2, 1)
            for i, name in enumerate(("reconstructions", "samples")):
                axes = figure.add_subplot(pair[i, 0])
                _show(axes, tables, run, name)
                axes.set_xlabel(_words(tables, run, name))
                if i == 0:
                    axes.set_title(_heading(tables, run), linespacing=1.15)
    return figure


def _show(axes, tables, run, name: str) -> None:
    from dmvi.figures import style

    style.show(axes, style.mosaic(tables.array(run, run.seeds[0], f"{name}.npy"), ROWS, COLUMNS))


def _case(run) -> tuple:
    """What a heading says of a run, its data and latent size included."""
    return (run.data, run.latent_dim, run.likelihood, run.beta, run.budget)


def _heading(tables, run) -> str:
    """Likelihood, training, our KL and the paper's."""
    label = LIKELIHOOD_LABELS.get(run.likelihood, run.likelihood)
    if run.beta != 1:
        label += f", β = {run.beta:g}"
    alike = [r for r in _compared(tables) if _case(r) == _case(run)]
    if len(alike) > 1:
        label += f" ({distinctions(alike)[run.name]})"
    kl = mean_and_spread(tables.per_seed(run, "kl.json", "value"))
    stated = {row.id: row.value for row in PUBLISHED if tables.kind(run.data) == "CIFAR-10"}
    paper = stated.get(f"kl_{run.likelihood}")
    theirs = f"paper: {paper:g} nats" if paper else "paper: no number"
    return f"{label}\n{run.budget_text} (steps × width)\nKL {kl} nats\n{theirs}"


def _words(tables, run, name: str) -> str:
    """What a panel shows, with the number that judges it."""
    import numpy as np

    if name == "reconstructions":
        error = np.mean(tables.per_seed(run, "quality.json", "reconstruction_mse"))
        return f"reconstructions, error {error:.4f}"
    distances = ""
    for key, letters in (("critic", "W"), ("sliced_wasserstein", "SW")):
        values = [v for seed in run.seeds if (v := _score(tables, run, seed, key)) is not None]
        if values:
            distances += f", {letters} {np.mean(values):#.3g}"
    return f"samples{distances}"


def _score(tables, run, seed: int, name: str) -> float | None:
    found = entry(tables, run, seed, name)
    return None if found is None else found["value"]


def _compared(tables) -> list:
    """Runs that differ from another in their likelihood alone; all runs if no two do."""
    likelihoods: dict[tuple, set] = {}
    for run in tables.runs:
        likelihoods.setdefault((run.data, run.latent_dim, run.beta), set()).add(run.likelihood)
    several = [
        run for run in tables.runs if len(likelihoods[run.data, run.latent_dim, run.beta]) > 1
    ]
    return several or tables.runs
