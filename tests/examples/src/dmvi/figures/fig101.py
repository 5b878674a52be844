"""Figure 101: does a larger KL(q(z) || p(z)) buy better reconstructions?"""

TITLE = "Reconstruction error against KL(q(z)‖p(z))"
SOURCES = {"run": ("run.json", "kl.json", "quality.json")}
SEEDS = "all"  # or "first": of each run
SELECT = {"likelihood": "bernoulli"}  # which runs, unless the config says otherwise
CAPTION = "One point per run and seed. If a gap bought quality, points would fall to the right."


def draw(tables):
    from dmvi.figures import style

    figure = style.new_figure(3.0, 4.5)
    axes = figure.add_subplot(xlabel="KL(q(z)‖p(z))  [nats]", ylabel="mean squared error")
    for run in tables.runs:
        kl = tables.per_seed(run, "kl.json", "value")
        error = tables.per_seed(run, "quality.json", "reconstruction_mse")
        axes.plot(kl, error, "o", label=run.name)
    axes.legend()
    return figure
