"""Figure 10: low-posterior samples beside ordinary ones."""

from dmvi.figures.base import Sources, cells, span

TITLE = "Low-posterior samples (left) beside ordinary samples (right)"
SOURCES = Sources(run=("run.json", "low_posterior/images.npy", "low_posterior/standard_images.npy"))
SEEDS = "first"
SELECT = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli"}
CAPTION = (
    "Left of each pair: decoded prior draws of lowest log q(z), lowest first. Right: prior draws "
    "as they come. What only the left half shows (thick strokes, white backgrounds) belongs to "
    "the holes of q(z); what both show belongs to the decoder."
)

SIDE = 8  # images per row and column


def sample_sizes(tables) -> str:
    counts = [len(images) for run in tables.runs for images in _pair(tables, run)]
    return f"{span([min(count, SIDE**2) for count in counts])} of {span(counts)} samples per panel."


def draw(tables):
    from dmvi.figures import style

    rows, columns, places = cells(tables, most=2)
    columns = max(columns, 1)
    width = style.WIDTH if columns > 1 else 5.0
    figure = style.new_figure(rows * (width / columns / 2 + 0.4), width)
    blocks = figure.add_gridspec(rows, columns)
    for row, column, run in places:
        pair = blocks[row, column].subgridspec(1, 2)
        for i, (images, label) in enumerate(
            zip(_pair(tables, run), ("low posterior", "ordinary"), strict=True)
        ):
            axes = figure.add_subplot(pair[0, i])
            side = min(SIDE, -int(-(len(images) ** 0.5) // 1))
            style.show(axes, style.mosaic(images, side, side))
            axes.set_xlabel(label)
            if i == 0:
                text = style.wrap(tables.heading(run), width / columns - 0.3, 8)
                axes.set_title(text, loc="left", linespacing=1.1)
    return figure


def _pair(tables, run):
    names = ("images.npy", "standard_images.npy")
    return [tables.array(run, run.seeds[0], f"low_posterior/{name}") for name in names]
