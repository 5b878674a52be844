"""Table 8: which of the settings that the paper leaves open moves its two KLs, and by how much."""

from dmvi.figures.variations import LIKELIHOODS, PAPER, last_common_step, nearest, variations

TITLE = "What the paper leaves open: KL(q(z)‖p(z)) on CIFAR-10 by setting"
SOURCES = {"run": ("run.json", "snapshots.csv")}
SEEDS = "all"
SELECT = {
    "tags": ["open", "open_base"],
    "kind": "vae",
    "posterior": "gaussian",
    "likelihood": ["bernoulli", "quantized_normal"],
}
CAPTION = (
    "Each row departs from the base in one setting, all after the same number of iterations: the base may "
    "have been trained further since. The factor is what C3 is about. The last column is the sum of "
    "squared logarithms of both KLs over the published ones: 0 would be both of them. This table "
    "is ours, not the paper's."
)


def sample_sizes(tables) -> str:
    steps = last_common_step(tables)
    smallest = (
        "Where no smallest σ is said, it is exp(−6) = 0.0025 of a pixel's range; a Bernoulli likelihood has "
        "none, and its KL there (in brackets) is the base's."
    )
    return f"In nats, after {steps:,} iterations. {smallest} {_guess(tables)}"


def draw(tables):
    from dmvi.figures.print_table import print_table

    names = [f"KL, {title}" for title in ("Bernoulli", "QuantizedNormal")]
    header = ["setting", names[0], "moved by", names[1], "moved by", "factor", "Σ log²"]
    published = [f"{PAPER[name]:.1f}" for name in LIKELIHOODS]
    factor = PAPER[LIKELIHOODS[1]] / PAPER[LIKELIHOODS[0]]
    rows: list = [["published", published[0], "", published[1], "", f"{factor:.2f}", "0"]]
    found = variations(tables)
    for variation in found:
        cells = [cell for name in LIKELIHOODS for cell in _cells(variation, found[0], name)]
        words = f"base: {variation.words}" if variation.is_base else variation.words
        rows.append(
            [
                words.removesuffix(": "),
                *cells,
                _number(variation.factor),
                _number(variation.distance, 3),
            ]
        )
    return print_table(header, rows, right=tuple(range(1, len(header))))


def _cells(variation, base, likelihood: str) -> list[str]:
    """The KL, and by how much the setting moves it: "+2.1 (+6 %)"."""
    value, before = variation.kls.get(likelihood), base.kls.get(likelihood)
    if value is None:
        return ["–", "–"]
    if likelihood not in variation.varied:
        return [f"({value:.1f})", "–"]
    if variation.is_base or before is None:
        return [f"{value:.1f}", "–"]
    share = f" ({_signed(100 * (value / before - 1), 0)}\u00a0%)" if before > 0 else ""
    return [f"{value:.1f}", _signed(value - before, 1) + share]


def _guess(tables) -> str:
    """Which setting comes nearest to both published KLs, in words."""
    found = variations(tables)
    best = nearest(found)
    if best is None:
        return "No setting has both KLs yet."
    name = "the base" if best.is_base else f"the one with {best.words}"
    return (
        f"Of these {sum(v.distance is not None for v in found)} settings, {name} comes nearest to both "
        "published values: a guess at the paper's, no more."
    )


def _signed(value: float, digits: int) -> str:
    return f"{value:+.{digits}f}".replace("-", "−")


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
