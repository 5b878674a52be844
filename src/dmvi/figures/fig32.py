"""Figure 32: codes of the ELBO and of InfoVAE against the latent size: distance, spread, classes."""

from collections.abc import Sequence

from dmvi.claims.info_codes import LABELS
from dmvi.figures.base import span
from dmvi.figures.objectives import against_latent_size, objective_handles, signed_log
from dmvi.tables.objectives import class_mismatch, distances, moments, probe_errors

TITLE = "Codes and samples of the ELBO and of InfoVAE, against the latent size"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "codes.json", "scores.json")}
SEEDS = "all"
SELECT = {
    "tags": "info",
    "model": ["vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"],
}
CAPTION = (
    "Five numbers of every run; marks are seeds, bars their means. Upper row: how far q(z) is from the "
    "prior, by two kernels (the second is the one that InfoVAE's MMD is trained with, the first is not) and "
    "by the determinant of its covariance; 0 is the prior, and grey is the range of prior draws. Lower row: "
    "whether samples have the classes of the data, and what a classifier reads from few labelled codes. "
    "Lower is better throughout."
)
KERNELS = {
    "mmd2_imq": "MMD², kernel 2d / (2d + r²)",
    "mmd2_gaussian": "MMD², kernel exp(−r²/d²)",
}
FEW_LABELS = 100


def sample_sizes(tables) -> str:
    found = [one for run in tables.runs for one in distances(tables, run, "mmd2_imq")]
    return (
        f"{span([one['n'] for one in found])} codes of training images; grey: 5 to 95 % of "
        f"{span([one['replicates'] for one in found])} sets of as many prior draws. MMD² less the mean of "
        f"its null, logarithmic above the null. Probe: support vector machine (rbf) on {LABELS:,} labels, "
        f"hollow on {FEW_LABELS}."
    )


def draw(tables):
    from matplotlib.patches import Patch

    from dmvi.figures import style

    figure = style.new_figure(3.9 * len(tables.datasets))
    blocks = figure.add_gridspec(len(tables.datasets), 1)
    for block, (dataset, runs) in enumerate(tables.datasets.items()):
        grid = blocks[block, 0].subgridspec(2, 3)
        panels = [figure.add_subplot(grid[i // 3, i % 3]) for i in range(6)]
        for axes, (name, title) in zip(panels, KERNELS.items(), strict=False):
            _distance(axes, tables, runs, name)
            axes.set_title(title)
        _simple(panels[2], tables, runs, _spread, "|log det Cov of q(z)| / d")
        _simple(panels[3], tables, runs, class_mismatch, "KL of classes, data to samples  [nats]")
        few = against_latent_size(
            panels[4], runs, lambda run: probe_errors(tables, run, FEW_LABELS), hollow=True
        )
        _simple(panels[4], tables, runs, _probe, "probe: test error", few)
        panels[5].axis("off")
        handles = objective_handles([run.model for run in runs])
        handles.append(Patch(facecolor="#d0d0d0", label="90 % of prior draws"))
        panels[5].legend(
            handles=handles, loc="center", title=style.balanced(tables.title(dataset), 2.0, 8)
        )
    return figure


def _distance(axes, tables, runs, name: str) -> None:
    import numpy as np

    sizes = sorted({run.latent_dim for run in runs})
    highest = 0.0
    for i, size in enumerate(sizes):
        of = [one for r in runs if r.latent_dim == size for one in distances(tables, r, name)]
        low, high = (
            float(np.mean([one["null_quantiles"][k] - one["null_mean"] for one in of]))
            for k in (0, -1)
        )
        axes.fill_between([i - 0.45, i + 0.45], low, high, color="#d0d0d0", linewidth=0)
        highest = max(highest, abs(low), abs(high))

    def values(run):
        return [one["value"] - one["null_mean"] for one in distances(tables, run, name)]

    signed_log(axes, 2 * highest or 1e-6, against_latent_size(axes, runs, values))


def _simple(axes, tables, runs, values, title: str, others: Sequence[float] = ()) -> None:
    """A panel of one number; `others` are drawn in it already."""
    drawn = [*others, *against_latent_size(axes, runs, lambda run: values(tables, run))]
    if not drawn:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "not in this study", ha="center", transform=axes.transAxes)
    else:
        low, high = min([0.0, *drawn]), max(drawn)
        axes.set_ylim(low - 0.08 * (high - low) if low < 0 else 0.0, high + 0.08 * (high - low))
    axes.set_title(title)


def _probe(tables, run) -> list[float] | None:
    return probe_errors(tables, run, LABELS)


def _spread(tables, run) -> list[float] | None:
    found = moments(tables, run, "train", "logdet_per_latent")
    return None if found is None else [abs(value) for value in found]
