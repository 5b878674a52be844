"""Figure 102: how long codes are."""

TITLE = "Length of codes, z ~ q(z) and z ~ p(z)"
SOURCES = {"run": ("run.json", "norms.csv")}
SEEDS = "first"
SELECT = {"model": "vae", "posterior": "gaussian"}
CAPTION = "If q(z) were p(z), both lines would be the same. In many dimensions both are narrow."


def draw(tables):
    from dmvi.figures import style
    from dmvi.figures.base import cells

    rows, columns, places = cells(tables)
    figure = style.new_figure(2.0 * rows)
    for row, column, run in places:
        axes = figure.add_subplot(rows, columns, row * columns + column + 1, xlabel="|z| / √d")
        table = tables.csv(run, run.seeds[0], "norms.csv")
        for key, line in (("posterior", "-"), ("prior", "--")):
            label, colour, _ = style.GROUPS[key]
            axes.step(table["left"], table[key], line, where="post", color=colour, label=label)
        style.panel_title(axes, tables.heading(run), columns)
    axes.legend()
    return figure
