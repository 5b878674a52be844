"""How the figures look: sizes, colours, panels, grids of images, title and footer."""

from functools import cache

from dmvi.errors import DmviError

WIDTH = 7.0  # inches, the text width of a printed page
TEXT = 7  # points, the smallest text anywhere

RC = {
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same on every machine
    "font.size": TEXT,
    "axes.titlesize": 8,
    "axes.labelsize": TEXT,
    "xtick.labelsize": TEXT,
    "ytick.labelsize": TEXT,
    "legend.fontsize": TEXT,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.axisbelow": True,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "lines.linewidth": 1.2,
    "hatch.linewidth": 0.6,
    "pdf.fonttype": 42,
    "image.interpolation": "none",
    "svg.hashsalt": "dmvi",
}

# seaborn's palette "colorblind", written out because importing seaborn takes a second.
COLOURS = (
    *("#0173b2", "#de8f05", "#029e73", "#d55e00", "#cc78bc"),
    *("#ca9161", "#fbafe4", "#949494", "#ece133", "#56b4e9"),
)
GREY = "#6f6f6f"
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")

# Groups of images and latents: label, colour, line style. Grey print still tells the lines apart.
GROUPS = {
    "data": ("data", COLOURS[0], "-"),
    "low_posterior": ("low-posterior samples", COLOURS[3], "--"),
    "neighbour": ("data nearest to low-posterior samples", COLOURS[2], ":"),
    "standard": ("ordinary samples", COLOURS[4], "-."),
    "standard_neighbour": ("data nearest to ordinary samples", COLOURS[4], "-."),
    "prior": ("prior p(z)", COLOURS[7], "-"),
    "posterior": ("aggregate posterior q(z)", COLOURS[0], "-"),
}


def new_figure(height: float, width: float = WIDTH):
    """An empty figure of this size in inches; title and footer are added around it later."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    figure.get_layout_engine().set(w_pad=0.05, h_pad=0.04, wspace=0.03, hspace=0.02)
    return figure


@cache
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Width of one line of text in inches."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(family=RC["font.family"], weight=weight, size=size)
    return text_to_path.get_text_width_height_descent(text, font, ismath=False)[0] / 72


def wrap(text: str, width: float, size: float, weight: str = "normal") -> str:
    """Breaks `text` at its spaces (not at no-break spaces) into lines of at most `width` inches."""
    lines: list[str] = []
    for paragraph in text.split("\n"):
        line = ""
        for word in paragraph.split(" "):
            longer = f"{line} {word}".strip()
            if line and text_width(longer, size, weight) > width:
                lines.append(line)
                line = word
            else:
                line = longer
        lines.append(line)
    return "\n".join(lines)


def balanced(text: str, width: float, size: float) -> str:
    """`wrap`, with lines of about equal width."""
    best = wrap(text, width, size)
    while "\n" in best and width > 0.5:
        width -= 0.05
        narrower = wrap(text, width, size)
        if narrower.count("\n") > best.count("\n"):
            break
        best = narrower
    return best


def frame(figure, title: str, footer: list[str]) -> None:
    """Grows the figure by a title above and a footer below what is drawn."""
    width, height = figure.get_size_inches()
    margin = 0.08
    title = wrap(title, width - 2 * margin, 9, "bold")
    # On a screen, glyphs are up to 3 % wider than on paper, for which `wrap` counts.
    footer = "\n".join(wrap(line, 0.97 * (width - 2 * margin), TEXT) for line in footer)
    top = 0.155 * (title.count("\n") + 1) + 0.1
    bottom = 0.125 * (footer.count("\n") + 1) + 0.14
    total = height + top + bottom
    figure.set_size_inches(width, total)
    figure.get_layout_engine().set(rect=(0, bottom / total, 1, height / total))
    left = margin / width
    figure.text(left, 1 - 0.06 / total, title, va="top", size=9, weight="bold", linespacing=1.15)
    figure.text(left, 0.05 / total, footer, va="bottom", size=TEXT, color=GREY, linespacing=1.15)


def panel_title(axes, text: str, columns: float, width: float = WIDTH, margin: float = 0.4) -> None:
    """A panel's title, broken to the width of one of `columns` panels less a margin in inches.

    Titles are centred over the axes, so those of two panels side by side do not meet.
    """
    axes.set_title(balanced(text, width / columns - margin, 8), linespacing=1.1)


def plain_numbers(axis) -> None:
    """Labels a log axis 0.1, 1, 10 instead of powers, whose exponents are too small to read."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(numticks=6))
    axis.set_major_formatter(
        FuncFormatter(lambda x, _: f"{x:,.0f}" if x >= 1 else f"{x:.5f}".rstrip("0"))
    )
    axis.set_minor_formatter(NullFormatter())


def legend_panel(axes, handles, columns: int) -> None:
    """Turns a panel into a legend, as many entries in a row as `columns`."""
    axes.axis("off")
    axes.legend(
        handles=handles, loc="center", ncols=columns, borderpad=0, columnspacing=1.4, handlelength=2
    )


def group_handles(names):
    """Legend entries of groups of images."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=colour, linestyle=line, linewidth=1.4, label=label)
        for label, colour, line in (GROUPS[name] for name in names)
    ]


def mosaic(images, rows: int, columns: int, colour=(255, 255, 255)):
    """One picture of the first rows * columns images, row by row, in frames of a colour.

    Args:
        images: uint8 (n, H, W, C), C 1 or 3.
    """
    import numpy as np

    if images.ndim != 4 or images.shape[-1] not in (1, 3) or images.dtype != np.uint8:
        raise DmviError(
            "a grid of images needs uint8 (n, height, width, 1 or 3), "
            f"not {images.dtype} {images.shape}"
        )
    _, height, width, _ = images.shape
    gap = max(1, round(height / 16))
    canvas = np.full((rows * (height + gap) + gap, columns * (width + gap) + gap, 3), 255, np.uint8)
    shown = images[: rows * columns]
    corners = [
        (i // columns * (height + gap), i % columns * (width + gap)) for i in range(len(shown))
    ]
    for y, x in corners:
        canvas[y : y + height + 2 * gap, x : x + width + 2 * gap] = colour
    for (y, x), image in zip(corners, shown, strict=True):
        canvas[y + gap : y + gap + height, x + gap : x + gap + width] = image
    return canvas


def show(axes, picture) -> None:
    """Draws a picture pixel by pixel, without axes."""
    axes.imshow(picture, interpolation="none")
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def show_grid(axes, images, rows: int, columns: int) -> None:
    """Shows the first images, at most `rows` of `columns` each, without empty rows."""
    rows = min(rows, -(-len(images) // columns))
    show(axes, mosaic(images, rows, min(columns, len(images))))


def histograms(axes, seeds: list[dict], xlabel: str, bins: int = 24) -> None:
    """Histograms of {group: values}, one dict per seed: the first filled, the others as thin lines.

    All share their bins, which run over the middle 99 % of every group; the outermost bins hold
    what lies beyond.
    """
    import numpy as np

    limits = [np.percentile(values, [0.5, 99.5]) for groups in seeds for values in groups.values()]
    low, high = min(limit[0] for limit in limits), max(limit[1] for limit in limits)
    if low == high:
        low, high = low - 0.5, high + 0.5
    edges = np.linspace(low, high, bins + 1)
    for i, groups in enumerate(seeds):
        for name, values in groups.items():
            _, colour, line = GROUPS[name]
            share, _ = np.histogram(np.clip(values, low, high), edges, density=False)
            share = share / len(values)
            if i == 0:
                axes.stairs(share, edges, color=colour, alpha=0.22, fill=True)
                axes.stairs(share, edges, color=colour, linestyle=line, linewidth=1.2)
            else:
                axes.stairs(share, edges, color=colour, linewidth=0.6, alpha=0.6)
    axes.set(xlabel=xlabel, ylabel="share of images")
    axes.set_ylim(bottom=0)
