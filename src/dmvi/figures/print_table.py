"""Printed tables: text in columns, between rules."""

from dmvi.figures.style import TEXT, WIDTH, new_figure, text_width, wrap

MARGIN, GAP, LINE = 0.08, 0.22, 0.125  # inches: page margin, between columns, per line of text


def print_table(header: list[str], rows: list, right: tuple[int, ...] = ()):
    """A figure that shows a table as wide as the page.

    Args:
        header: names of the columns.
        rows: lists of as many texts; a string instead heads the block of rows below it.
        right: columns set flush right.
    """
    widths = _widths(header, [row for row in rows if not isinstance(row, str)])
    starts = [MARGIN + sum(widths[:i]) + GAP * i for i in range(len(widths))]
    # Lines of every cell; headings are one line in one cell.
    cells = [
        row if isinstance(row, str) else [wrap(text, w, TEXT).split("\n") for text, w in pairs]
        for row, pairs in ((row, list(zip(row, widths, strict=False))) for row in [header, *rows])
    ]
    heights = [0.23 if isinstance(row, str) else LINE * max(map(len, row)) + 0.04 for row in cells]
    height = sum(heights) + 0.14
    figure = new_figure(height)
    figure.get_layout_engine().set(w_pad=0, h_pad=0)
    axes = figure.add_subplot()
    axes.axis("off")
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))

    def rule(y: float, thickness: float) -> None:
        axes.plot([MARGIN, WIDTH - MARGIN], [y, y], color="black", linewidth=thickness)

    top = 0.03
    rule(top, 0.9)
    for i, (row, tall) in enumerate(zip(cells, heights, strict=True)):
        if isinstance(row, str):
            axes.text(MARGIN, top + 0.19, row, weight="bold")
        else:
            weight = "bold" if i == 0 else "normal"
            for j, lines in enumerate(row):
                x, side = (starts[j] + widths[j], "right") if j in right else (starts[j], "left")
                for k, line in enumerate(lines):
                    y = top + 0.125 + LINE * k
                    axes.text(x, y, line, ha=side, weight=weight)
        top += tall
        if i == 0:
            rule(top + 0.02, 0.6)
            top += 0.04
    rule(top + 0.02, 0.9)
    return figure


def _widths(header: list[str], body: list[list[str]]) -> list[float]:
    """Column widths that fill the page: the widest columns give way, or take what is left."""
    widths = [
        max(text_width(name, TEXT, "bold"), *(text_width(row[i], TEXT) for row in body)) + 0.02
        for i, name in enumerate(header)
    ]
    least = [text_width(name, TEXT, "bold") + 0.02 for name in header]
    room = WIDTH - 2 * MARGIN - GAP * (len(header) - 1)
    while sum(widths) > room + 1e-6:
        wide = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        if widths[wide] <= least[wide]:
            break
        widths[wide] -= min(0.05, sum(widths) - room)
    widths[max(range(len(widths)), key=widths.__getitem__)] += max(0.0, room - sum(widths))
    return widths
