"""VAE and AAE with many latents, side by side: Figures 16 and 17."""

from dmvi.figures.base import span
from dmvi.figures.numerals import nats
from dmvi.tables.latent_sizes import by_latent_size, code_network_labels

COLUMNS, ROWS = 6, 4  # images per panel
MAX_RUNS = 3  # side by side


def draw_pictures(tables):
    from dmvi.figures import style

    blocks = [
        (key, runs[i : i + MAX_RUNS])
        for key, runs in by_latent_size(tables.runs).items()
        for i in range(0, len(runs), MAX_RUNS)
    ]
    names, size = code_network_labels(tables), COLUMNS * ROWS
    columns = 1 + max(len(runs) for _, runs in blocks)
    width = style.WIDTH if columns > 2 else 4.5
    height = width / columns * ROWS / COLUMNS + 0.3
    figure = style.new_figure(len(blocks) * (2 * height + 0.1), width)
    grid = figure.add_gridspec(2 * len(blocks), columns)

    def panel(row: int, column: int, run, name: str, title: str, skip: int = 0):
        axes = figure.add_subplot(grid[row, column])
        images = tables.array(run, run.seeds[0], name)[skip:]
        style.show_grid(axes, images, ROWS, COLUMNS)
        axes.set_title(style.wrap(title, width / columns - 0.06, 8), linespacing=1.1)

    for block, ((dataset, d), runs) in enumerate(blocks):
        shown = tables.shown_images(dataset)
        title = f"{tables.short_title(dataset)}:\n{shown}"
        panel(2 * block, 0, runs[0], "originals.npy", title)
        if len(tables.array(runs[0], runs[0].seeds[0], "originals.npy")) > size:
            panel(2 * block + 1, 0, runs[0], "originals.npy", f"further {shown}", size)
        else:
            figure.add_subplot(grid[2 * block + 1, 0]).axis("off")
        for column, run in enumerate(runs, 1):
            error = tables.per_seed(run, "quality.json", "reconstruction_mse")[0]
            title = f"{names[run.name]}\nd\u00a0=\u00a0{d:,}, error\u00a0{error:#.3g}"
            panel(2 * block, column, run, "reconstructions.npy", title)
            kl = tables.json(run, run.seeds[0], "kl.json")
            title = (
                f"samples, KL\u00a0=\u00a0{nats(kl['value'])}\u00a0nats\n"
                f"(avgKL\u00a0−\u00a0log\u00a0N\u00a0=\u00a0{nats(kl['lower'])})"
            )
            panel(2 * block + 1, column, run, "samples.npy", title)
    return figure


def picture_sizes(tables) -> str:
    counts, draws, components = (
        [tables.json(run, seed, name)[key] for run in tables.runs for seed in run.seeds]
        for name, key in (
            ("quality.json", "n_reconstructions"),
            ("kl.json", "n"),
            ("kl.json", "components"),
        )
    )
    return (
        f"Error (mean square; pixels in [0, 1]) of {span(counts)} test images; KL from "
        f"{span(draws)} z, q(z) is the mixture over N = {span(components)} training and "
        "validation images. One seed, so no spread."
    )
