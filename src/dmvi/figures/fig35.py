"""Figure 35: an autoregressive decoder: what the latent says, with the ELBO and with InfoVAE."""

from dmvi.claims.info_codes import LABELS
from dmvi.figures.base import span
from dmvi.figures.objectives import LOOKS, colour
from dmvi.tables.objectives import CODES, ELBO, MMD, OBJECTIVES, pixel_objectives, probe_errors

TITLE = "An autoregressive decoder: what the latent says"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "bound.csv", "kl.json", "codes.json", "redrawn.npy")}
SHOWS_DATA = True
SEEDS = "all"
SELECT = {"tags": "pixels", "model": "infovae_pixelcnn"}
CAPTION = (
    "The decoder draws each pixel given those before it, and can do without z. Left: the information of z "
    "about the image (its largest value is log N), and the error of a classifier that reads few codes; "
    "marks are seeds. Right: in each row a test image, then seven images drawn from one code of it: where "
    "z is ignored they have nothing in common."
)


def sample_sizes(tables) -> str:
    images = [kl["components"] for run in tables.runs for kl in _kls(tables, run)]
    probes = [
        probe["test"]
        for run in tables.runs
        for seed in run.seeds
        for probe in tables.json(run, seed, CODES)["probes"]
    ]
    tested = f", tested on {span(probes)} images" if probes else ""
    return (
        f"I(x; z) of the mixture over {span(images)} images; probe: support vector machine (rbf) on "
        f"{LABELS:,} labelled codes{tested}. Pictures of the first seed."
    )


def _kls(tables, run) -> list[dict]:
    return [tables.json(run, seed, "kl.json") for seed in run.seeds]


def draw(tables):
    from dmvi.figures import style

    cases = pixel_objectives(tables)
    figure = style.new_figure(2.75 * max(1, len(cases)))
    if not cases:  # runs that a config names, of other models
        axes = figure.add_subplot()
        axes.text(0.5, 0.5, "no run with an autoregressive decoder", ha="center")
        axes.axis("off")
        return figure
    grid = figure.add_gridspec(len(cases), 4, width_ratios=[0.8, 0.8, 1.6, 1.6])
    for row, (case, runs) in enumerate(cases.items()):
        title = f"{tables.short_title(case[0])}, d\u00a0=\u00a0{case[1]}"
        axes = figure.add_subplot(grid[row, 0], ylabel="I(x; z)  [nats]")
        _strip(
            axes,
            {
                objective: [v for run in own for v in _information(tables, run)]
                for objective, own in runs.items()
            },
        )
        axes = figure.add_subplot(grid[row, 1], ylabel="probe: test error")
        _strip(
            axes,
            {
                objective: [v for run in own for v in probe_errors(tables, run, LABELS) or []]
                for objective, own in runs.items()
            },
        )
        for column, objective in enumerate((ELBO, MMD), 2):
            axes = figure.add_subplot(grid[row, column])
            axes.set_title(style.wrap(f"{OBJECTIVES[objective]}: {title}", 2.2, 8))
            if own := runs.get(objective):
                images = tables.array(own[0], own[0].seeds[0], "redrawn.npy")
                count, each = images.shape[:2]
                style.show(axes, style.mosaic(images.reshape(-1, *images.shape[2:]), count, each))
            else:
                axes.axis("off")
    return figure


def _information(tables, run) -> list[float]:
    return [kl["mutual_information"] for kl in _kls(tables, run)]


def _strip(axes, values: dict[str, list[float]]) -> None:
    """The numbers of each objective side by side, and their means."""
    shown = [objective for objective in (ELBO, MMD) if objective in values]
    for i, objective in enumerate(shown):
        numbers = values[objective]
        if not numbers:
            axes.text(i, 0.02, "none", ha="center", transform=axes.get_xaxis_transform())
            continue
        own, marker = colour(objective), LOOKS[objective][1]
        spots = [i + 0.12 * (k - (len(numbers) - 1) / 2) for k in range(len(numbers))]
        mean = sum(numbers) / len(numbers)
        axes.hlines(mean, i - 0.3, i + 0.3, color=own, linewidth=1.4)
        axes.plot(
            spots, numbers, marker, color=own, markeredgecolor="black", markeredgewidth=0.3,
            markersize=4, linestyle="", zorder=3,
        )  # fmt: skip
    axes.set_xlim(-0.6, len(shown) - 0.4)
    names = {ELBO: "ELBO", MMD: "InfoVAE"}
    axes.set_xticks(range(len(shown)), [names[objective] for objective in shown])
    low, high = axes.get_ylim()
    axes.set_ylim(min(0.0, low), high + 0.05 * abs(high))  # markers at the top stay whole
