"""Figure 103: what the KL of N codes is where that of infinitely many is 0."""

TITLE = "KL(q(z)‖p(z)) of N codes whose marginal is p(z)"
SOURCES = {"study": ("finite_mixtures/kl.csv",)}
CAPTION = (
    "Solid: the Monte Carlo KL; dashed: its lower bound, avgKL − log N. In many dimensions the two "
    "are the same, whatever the codes."
)


def draw(tables):
    from dmvi.figures import style

    table = tables.study_csv("finite_mixtures/kl.csv")
    figure = style.new_figure(3.0, 4.5)
    axes = figure.add_subplot(xscale="log", xlabel="N", ylabel="KL  [nats]")
    for colour, (dim, rows) in zip(style.COLOURS, table.groupby("dim"), strict=False):
        mean = rows.groupby("size")[["kl", "lower"]].mean()
        axes.plot(mean.index, mean["kl"], color=colour, label=f"d = {dim}")
        axes.plot(mean.index, mean["lower"], "--", color=colour)
    axes.legend()
    return figure
