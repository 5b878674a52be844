"""Figure 22: what the likelihood changes: reconstructions, samples and the KL."""

from dmvi.claims.decide import above, below, both, by_dataset, over_seeds, ratio, tally, verdict
from dmvi.claims.ledger import claim
from dmvi.figures.base import LIKELIHOOD_LABELS, span
from dmvi.figures.scores import entry, skipped

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

LARGER = 2.0  # KL(QuantizedNormal) / KL(Bernoulli)
NOT_BETTER = 0.9  # a critic's distance below this share of Bernoulli's is better
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


def claims(tables):
    """C3 (the KL grows) and C18 (reconstructions gain, samples do not)."""
    values: dict[tuple, dict] = {}
    for run in tables.runs:
        if tables.kind(run.data) == "CIFAR-10" and run.plain:
            for seed in run.seeds:
                numbers = {
                    **tables.json(run, seed, "quality.json"),
                    **tables.json(run, seed, "kl.json"),
                    "critic": _score(tables, run, seed, "critic"),
                }
                case = values.setdefault((run.data, run.setting), {})
                case.setdefault(run.likelihood, []).append(numbers)
    pairs = {c: v for c, v in values.items() if {"bernoulli", "quantized_normal"} <= set(v)}
    datasets = list(dict.fromkeys(case[0] for case in pairs))
    kinds = {tables.kind(dataset) for dataset in datasets}
    ratios = {
        key: {
            case: ratio(*(_known(sides[name], key) for name in ("quantized_normal", "bernoulli")))
            for case, sides in pairs.items()
        }
        for key in ("value", "reconstruction_mse", "critic")
    }

    def text(key: str) -> str:
        known = {case: value for case, (value, _) in ratios[key].items() if value == value}
        return by_dataset(tables, known) if known else "unknown"

    def listed(key: str) -> dict:
        found = {(c, n): _known(v, key) for c, s in pairs.items() for n, v in s.items()}
        return {case: values for case, values in found.items() if values}

    def means(name: str) -> str:
        sides = {case: [n["value"] for n in side[name]] for case, side in pairs.items()}
        return by_dataset(tables, {case: sum(v) / len(v) for case, v in sides.items()})

    larger = [above(*pair, LARGER) for pair in ratios["value"].values()]
    nothing = "no pair of runs to compare"
    third = claim(
        tables,
        datasets,
        id="C3",
        figure="fig22",
        statement="On CIFAR-10, a QuantizedNormal likelihood makes KL(q(z)‖p(z)) much larger than "
        "a Bernoulli likelihood does.",
        statistic=f"KL(QuantizedNormal) / KL(Bernoulli), means over seeds, above {LARGER:g} at "
        "every latent size; the 95 % interval over seeds (Welch) must lie on one side, so two "
        "seeds are the least. The value is the smallest ratio.",
        value=min((value for value, _ in ratios["value"].values()), default=None),
        value_text=f"ratio {text('value')}; Bernoulli {means('bernoulli')} nats, QuantizedNormal "
        f"{means('quantized_normal')} nats{tally(larger)}"
        if pairs
        else nothing,
        paper="44.7 against 256.7 nats, ratio 5.7",
        verdict=verdict(larger, kinds, ("CIFAR-10",)),
        spread=over_seeds(listed("value"), " nats"),
    )
    outcomes = [
        both(
            (
                below(*ratios["reconstruction_mse"][case], 1.0),
                above(*ratios["critic"][case], NOT_BETTER),
            )
        )
        for case in pairs
    ]
    eighteenth = claim(
        tables,
        datasets,
        id="C18",
        figure="fig22",
        statement="On CIFAR-10, a QuantizedNormal likelihood reconstructs better than a Bernoulli "
        "likelihood, but does not sample better.",
        statistic="Ratio QuantizedNormal / Bernoulli, means over seeds: reconstruction error "
        "below 1, and the independent critic's Wasserstein distance of samples to validation "
        f"images above {NOT_BETTER}; the 95 % intervals over seeds (Welch) must lie on one side, "
        "so two seeds are the least. The value is the largest error ratio.",
        value=max((value for value, _ in ratios["reconstruction_mse"].values()), default=None),
        value_text=f"error ratio {text('reconstruction_mse')}; distance ratio "
        f"{text('critic')}{tally(outcomes)}"
        if pairs
        else nothing,
        paper="shown in pictures only",
        verdict=verdict(outcomes, kinds, ("CIFAR-10",)),
        spread=f"error: {over_seeds(listed('reconstruction_mse'))}; distance: "
        f"{over_seeds(listed('critic'))}"
        if pairs
        else "",
    )
    return [third, eighteenth]


def _known(numbers: list[dict], key: str) -> list[float]:
    return [n[key] for n in numbers if n[key] is not None]
