"""VAE and AAE with many latents, side by side, and C12: Figures 16 and 17."""

from dmvi.claims.decide import over_seeds, tally, verdict
from dmvi.claims.ledger import claim
from dmvi.figures.base import span
from dmvi.figures.models import model_rank, model_title
from dmvi.figures.numerals import nats
from dmvi.figures.reconstructions import quality

FARTHER = 10  # the latent sizes compared differ by at least this factor
KEEPS, BREAKS = 1.2, 1.5  # error(most latents) / error(fewest): below the one, above the other
COLUMNS, ROWS = 6, 4  # images per panel
MOST = 3  # runs side by side


def sizes(runs) -> dict[tuple, list]:
    """Runs per (data set, latent size), sizes ascending; VAE first, then by code discriminator."""
    groups: dict[tuple, list] = {}
    for run in runs:
        groups.setdefault((run.data, run.latent_dim), []).append(run)
    order = list(dict.fromkeys(run.data for run in runs))
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1]))
    return {
        key: sorted(groups[key], key=lambda r: (model_rank(r.model), code_network(r), r.name))
        for key in keys
    }


def code_network(run) -> tuple[int, int]:
    """Hidden layers and units of the code discriminator, (0, 0) for a model without one."""
    return tuple(int(run.attributes.get(key, 0)) for key in ("code_layers", "code_width"))


def labels(tables) -> dict[str, str]:
    """ "AAE, C 3 × 1,000": model and code discriminator; the run's name where those are alike."""
    texts = {}
    for run in tables.runs:
        layers, width = code_network(run)
        code = f", C\u00a0{layers}\u00a0×\u00a0{width:,}" if layers else ""
        texts[run.name] = model_title(run.model) + code
    for runs in sizes(tables.runs).values():
        shared = [texts[run.name] for run in runs]
        texts |= {
            run.name: f"{text}, {run.name}"
            for run, text in zip(runs, shared, strict=True)
            if shared.count(text) > 1
        }
    return texts


def draw_pictures(tables):
    from dmvi.figures import style

    blocks = [
        (key, runs[i : i + MOST])
        for key, runs in sizes(tables.runs).items()
        for i in range(0, len(runs), MOST)
    ]
    names, size = labels(tables), COLUMNS * ROWS
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
        title = f"{tables.title(dataset)}:\ntest images"
        panel(2 * block, 0, runs[0], "originals.npy", title)
        if len(tables.array(runs[0], runs[0].seeds[0], "originals.npy")) > size:
            panel(2 * block + 1, 0, runs[0], "originals.npy", "further test images", size)
        else:
            figure.add_subplot(grid[2 * block + 1, 0]).axis("off")
        for column, run in enumerate(runs, 1):
            error = quality(tables, run, "reconstruction_mse")[0]
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


def scaling_claim(tables, figure: str, kind: str):
    """C12: with many more latents the AAE's reconstructions break and the VAE's do not."""
    groups: dict[tuple, dict] = {}  # the runs that differ in their latent size alone
    for run in tables.runs:
        if tables.kind(run.data) == kind and run.model in ("vae", "aae"):
            others = tuple(pair for pair in run.setting if pair[0] != "latent_dim")
            case = (run.data, run.model, code_network(run), others, run.likelihood)
            groups.setdefault(case, {})[run.latent_dim] = run
    ratios, outcomes, texts, spread = {}, {}, [], {}
    for case, runs in groups.items():
        few, many = min(runs), max(runs)
        if many < FARTHER * few:
            continue
        fewest, most = (quality(tables, runs[d], "reconstruction_mse") for d in (few, many))
        model, means = case[1], [sum(values) / len(values) for values in (fewest, most)]
        ratios[case] = means[1] / means[0] if means[0] > 0 else float("inf")
        outcomes[case] = _broken(ratios[case]) if model == "aae" else _kept(ratios[case])
        spread |= {(*case, few): fewest, (*case, many): most}
        name = labels(tables)[runs[many].name]
        texts.append(f"{name}: {ratios[case]:.3g} ({few:,} to {many:,} latents)")
    datasets = list(dict.fromkeys(case[0] for case in ratios))
    models = {case[1] for case in ratios}
    broken = [ratio for case, ratio in ratios.items() if case[1] == "aae"]
    return claim(
        tables,
        datasets,
        id="C12",
        figure=figure,
        statement=f"On {kind}, {FARTHER} times more latents break the AAE and not the VAE.",
        statistic="Reconstruction error with the most latents over that with the fewest, all else "
        f"alike and at least {FARTHER} times apart: above {BREAKS} a model breaks, below {KEEPS} "
        "it does not, and in between nothing is decided (one seed gives no interval). Every AAE, "
        "whatever its code discriminator, must break and every VAE must not. The value is the "
        "smallest ratio of an AAE.",
        value=min(broken, default=None),
        value_text=f"error ratio: {'; '.join(texts)}{tally(outcomes.values())}"
        if texts
        else "no two latent sizes to compare",
        paper="shown in pictures only",
        verdict=verdict(outcomes.values(), models, ("vae", "aae")),
        spread=over_seeds(spread),
    )


def _broken(ratio: float) -> bool | None:
    return None if KEEPS <= ratio <= BREAKS else ratio > BREAKS


def _kept(ratio: float) -> bool | None:
    return None if KEEPS <= ratio <= BREAKS else ratio < KEEPS
