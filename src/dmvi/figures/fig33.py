"""Figure 33: how steadily codes come to the prior: MMD and log det along training."""

from dmvi.figures.base import span
from dmvi.figures.numerals import linear_axis, log_axis
from dmvi.figures.objectives import LOOKS, colour, objective_handles
from dmvi.tables.objectives import CURVE, OBJECTIVES

TITLE = "Codes along training: the ELBO and three divergences"
PAPER = "infovae"
SOURCES = {"run": ("run.json", "codes_curve.csv")}
SEEDS = "all"
SELECT = {
    "tags": "info",
    "model": ["vae", "infovae_mmd", "infovae_stein", "infovae_adversarial"],
}
CAPTION = (
    "Each line is a training, each mark a snapshot of it. Above the squared distance between codes and prior "
    "(a value below the axis is not told from 0), below how wide the codes spread, where 0 is the prior's. "
    "A divergence that an adversary estimates moves with the adversary: look at the second half."
)
ROWS = {
    "mmd2_imq": "MMD², kernel 2d / (2d + r²)",
    "logdet_per_latent": "log det Cov of q(z) / d",
}
LOWEST = 1e-6  # of MMD² that is drawn


def sample_sizes(tables) -> str:
    counts = [len(tables.csv(run, seed, CURVE)) for run in tables.runs for seed in run.seeds]
    return (
        f"{len(counts)} trainings of {span(counts)} snapshots; one code of each of the first 1,000 "
        "validation images."
    )


def draw(tables):
    from dmvi.figures import style

    cases = list(dict.fromkeys((run.data, run.latent_dim) for run in tables.runs))
    columns = min(3, len(cases))
    blocks = -(-len(cases) // columns)
    width = style.WIDTH if columns > 1 else 4.5
    figure = style.new_figure(3.6 * blocks + 0.3, width)
    grid = figure.add_gridspec(2 * blocks + 1, columns, height_ratios=[1.8, 1.8] * blocks + [0.3])
    for i, (data, d) in enumerate(cases):
        block, column = divmod(i, columns)
        runs = [run for run in tables.runs if (run.data, run.latent_dim) == (data, d)]
        for row, (key, label) in enumerate(ROWS.items()):
            axes = figure.add_subplot(grid[2 * block + row, column])
            for model in OBJECTIVES:
                for run in (run for run in runs if run.model == model):
                    for seed in run.seeds:
                        curve = tables.csv(run, seed, CURVE)
                        values = curve[key].clip(lower=LOWEST) if row == 0 else curve[key]
                        axes.plot(
                            curve["step"], values, color=colour(model), marker=LOOKS[model][1],
                            markersize=2.2, linewidth=0.8, alpha=0.85,
                        )  # fmt: skip
            if row == 0:
                log_axis(axes.yaxis)
                title = f"{tables.short_title(data)}, d\u00a0=\u00a0{d}"
                style.panel_title(axes, title, columns, width)
                axes.tick_params(labelbottom=False)
            else:
                axes.axhline(0.0, color=style.GREY, linewidth=0.6, zorder=0)
                axes.set_xlabel("training step")
            linear_axis(axes.xaxis)
            if column == 0:
                axes.set_ylabel(label)
    handles = objective_handles([run.model for run in tables.runs])
    style.legend_panel(figure.add_subplot(grid[-1, :]), handles, 4)
    return figure
