"""Figure 61: whether low-posterior latents lie on one side, which a t-SNE does not show."""

from dmvi.figures.base import span
from dmvi.figures.latent_holes import panels
from dmvi.tables.low_posterior import DRAWS, LATENTS, map_spread

TITLE = "The side of the prior on which low-posterior latents lie"
SOURCES = {
    "run": (
        "run.json",
        "low_posterior/embedding.csv",
        "low_posterior/latents.npy",
        "low_posterior/draws.npy",
    )
}
SEEDS = "all"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "A figure of ours, beside the maps of Figures 3 and 15. Each low-posterior latent is placed along the "
    "mean direction of all the others, in which it has no part: latents scattered over the prior lie about "
    "0, whatever their norms, latents on one side of it to the right. Prior draws are placed along the "
    "mean direction of all of them. A t-SNE keeps near points near and says little of what lies on which "
    "side, so that latents on one side of a sphere of many dimensions can be all over its map. Thin lines "
    "are further seeds."
)


def sample_sizes(tables) -> str:
    seeds = [(run, seed) for run in tables.runs for seed in run.seeds]
    latents = [len(tables.array(run, seed, LATENTS)) for run, seed in seeds]
    draws = [len(tables.array(run, seed, DRAWS)) for run, seed in seeds]
    return f"{span(latents)} latents of lowest log q(z) among {span(draws)} prior draws."


def draw(tables):
    return panels(tables, _draw_side, _legend, 2.3)


def _draw_side(axes, tables, run, columns):
    import numpy as np

    from dmvi.estimators.directions import along_the_others
    from dmvi.figures import style

    seeds, words = [], []
    for seed in run.seeds:
        latents, draws = tables.array(run, seed, LATENTS), tables.array(run, seed, DRAWS)
        side = (latents / np.linalg.norm(latents, axis=1, keepdims=True)).mean(0)
        own = along_the_others(latents)
        seeds.append({"prior": draws @ (side / np.linalg.norm(side)), "low_posterior": own})
        words.append((np.mean(own > 0), map_spread(tables, run, seed)))
    style.histograms(axes, seeds, "along the others' mean  [prior's sd]")
    axes.set_ylabel("share of latents")
    axes.axvline(0, color="#b0b0b0", linewidth=0.6, zorder=0)
    style.panel_title(axes, tables.heading(run), columns)
    shares, spreads = zip(*words, strict=True)
    axes.set_ylim(top=1.4 * axes.get_ylim()[1])  # room for the words
    axes.text(
        0.02, 0.97,
        f"{100 * np.mean(shares):.0f} % to the right of 0;\nin the t-SNE map {np.mean(spreads):.2g} "
        "times\nas wide as prior draws",
        transform=axes.transAxes, va="top",
    )  # fmt: skip


def _legend(axes, columns: int) -> None:
    from dmvi.figures import style

    handles = style.group_handles(("prior", "low_posterior"))
    handles[1].set_label("low-posterior latents")
    style.legend_panel(axes, handles, columns)
