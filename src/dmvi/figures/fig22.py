"""Figure 22: what the likelihood changes: reconstructions, samples and the KL."""

from dmvi.figures.base import span
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
CAPTION = (
    "A likelihood with more freedom spends it on the details of the image: compare the middle "
    "column with the left one. If the codes leave the prior for it (larger KL), samples in the "
    "right column do not gain. Pictures of the first seed; the KL is the mean over seeds."
)

COLUMNS, ROWS = 8, 5  # images per panel


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

    runs = _compared(tables)
    several = len({(run.data, run.latent_dim) for run in runs}) > 1
    figure = style.new_figure(len(runs) * (2.25 * ROWS / COLUMNS + 0.45))
    grid = figure.add_gridspec(len(runs), 3)
    for row, run in enumerate(runs):
        for column, (name, words) in enumerate(
            (
                ("originals", "test images"),
                ("reconstructions", "reconstructions"),
                ("samples", "samples"),
            )
        ):
            axes = figure.add_subplot(grid[row, column])
            style.show(
                axes, style.mosaic(tables.array(run, run.seeds[0], f"{name}.npy"), ROWS, COLUMNS)
            )
            axes.set_xlabel(words)
            if column == 1:
                axes.set_title(_heading(tables, run, several or row == 0))
    return figure


def _heading(tables, run, with_data: bool) -> str:
    import numpy as np

    label = LIKELIHOOD_LABELS.get(run.likelihood, run.likelihood)
    if run.beta != 1:
        label += f", β = {run.beta:g}"
    if sum((r.data, r.latent_dim, r.likelihood) == (run.data, run.latent_dim, run.likelihood)
           for r in _compared(tables)) > 1:  # fmt: skip
        label += f" ({run.name})"
    kl = [tables.json(run, seed, "kl.json")["value"] for seed in run.seeds]
    error = np.mean(
        [tables.json(run, seed, "quality.json")["reconstruction_mse"] for seed in run.seeds]
    )
    distances = ""
    for name, letters in (("critic", "W"), ("sliced_wasserstein", "SW")):
        values = [v for seed in run.seeds if (v := _score(tables, run, seed, name)) is not None]
        if values:
            distances += f", {letters} {np.mean(values):#.3g}"
    spread = f" ± {np.std(kl, ddof=1):.2f}" if len(kl) > 1 else ""
    data = f"{tables.title(run.data)}, d = {run.latent_dim}: " if with_data else ""
    return f"{data}{label}, KL = {np.mean(kl):.2f}{spread} nats, error {error:.4f}{distances}"


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
