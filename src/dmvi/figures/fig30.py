"""Figure 30: two points on a line, and what the ELBO and InfoVAE make of them."""

from dmvi.claims.two_points import LEARNT

TITLE = "Two points: posteriors, their mixture and the prior, and p(x)"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "points.json", "points_curves.csv", "points_pixels.csv")}
SELECT = {"builder": "two_points"}
CAPTION = (
    "Two grey levels (dashed), one latent, a decoder with enough capacity for both. Left of each pair: "
    "q(z|x) of both, their mixture q(z) and the prior; the further q(z) is from p(z), the more of the "
    "prior decodes to what is no data. Right: p(x) of prior samples, and its mass away from both points. "
    "Where I(x;z) is below half of log 2 (0.35 nats) the code has collapsed: both posteriors are the "
    "prior, so that KL(q(z)‖p(z)) is 0 whatever the objective, and says nothing."
)


def sample_sizes(tables) -> str:
    return "All by quadrature, without sampling; KL(q(z)‖p(z)) and I(x;z) in nats, a row per seed."


def draw(tables):
    from dmvi.figures import style
    from dmvi.tables.models import model_title

    runs = tables.runs
    rows = max(len(run.seeds) for run in runs)
    figure = style.new_figure(0.6 + 1.5 * rows)
    for column, run in enumerate(runs):
        for row, seed in enumerate(run.seeds):
            place = row * 2 * len(runs) + 2 * column + 1
            summary = tables.json(run, seed, "points.json")
            latent = figure.add_subplot(rows, 2 * len(runs), place)
            _latents(latent, tables.csv(run, seed, "points_curves.csv"), summary, style)
            title = f"{model_title(run.model)}\n" if row == 0 else ""
            latent.set_title(f"{title}{_told(summary)}")
            pixel = figure.add_subplot(rows, 2 * len(runs), place + 1)
            _pixels(pixel, tables.csv(run, seed, "points_pixels.csv"), summary, style)
            if row == rows - 1:
                latent.set_xlabel("z")
                pixel.set_xlabel("grey level x")
            if row == column == 0:
                latent.legend(loc="upper left", handlelength=1.0)
    return figure


def _told(summary) -> str:
    """KL and I(x;z) = avgKL - KL of a panel, nats."""
    information = summary["avg_kl"] - summary["kl"]
    if information < LEARNT:
        return f"collapsed: I(x;z) {information:.2f}"
    return f"KL {summary['kl']:.2f}, I(x;z) {information:.2f}"


def _latents(axes, curves, summary, style) -> None:
    names = [f"posterior_{image['value']}" for image in summary["images"]]
    for i, name in enumerate(names):
        label = "q(z|x)" if i == 0 else None
        axes.fill_between(
            curves["z"], curves[name] / len(names), color=style.COLOURS[0], alpha=0.2, label=label
        )
    for key, column, label in (("prior", "prior", "p(z)"), ("posterior", "marginal", "q(z)")):
        _, colour, line = style.GROUPS[key]
        axes.plot(
            curves["z"], curves[column], "--" if key == "prior" else line, color=colour, label=label
        )
    # A posterior may be a spike: the prior's height keeps the other curves to be seen.
    axes.set(ylim=(0, max(0.6, min(2.0, 1.1 * curves["marginal"].max()))), yticks=[])


def _pixels(axes, pixels, summary, style) -> None:
    axes.plot(pixels["value"], pixels["probability"].clip(lower=1e-6), color=style.COLOURS[0])
    for image in summary["images"]:
        axes.axvline(image["value"], color=style.GREY, linestyle="--", linewidth=0.8)
    axes.set(yscale="log", ylim=(1e-6, 1.5), xlim=(0, 255))
    axes.set_title(f"far mass {summary['far_mass']:.2g}")
