"""Printed tables: text in columns, between rules."""

from dmvi.figures.style import TEXT, WIDTH, new_figure, text_width, wrap

MARGIN, GAP, LINE = 0.08, 0.16, 0.125  # inches: page margin, between columns, per line of text
LONG = 60  # rows: a longer table is set in two halves, side by side


def print_table(header: list[str], rows: list, right: tuple[int, ...] = ()):
    """A figure that shows a table as wide as the page.

    Args:
        header: names of the columns, in lines where they would be wide.
        rows: lists of as many texts; a string instead heads the block of rows below it.
        right: columns set flush right.
    """
    halves = [rows]
    heads = [i for i, row in enumerate(rows) if isinstance(row, str) and i > 0]
    if len(rows) > LONG and heads:
        middle = min(heads, key=lambda i: abs(i - len(rows) / 2))
        halves = [rows[:middle], rows[middle:]]
    width = (WIDTH - MARGIN * 2 - 2 * GAP * (len(halves) - 1)) / len(halves)
    parts = [_Part(header, half, width) for half in halves]
    height = max(part.height for part in parts)
    figure = new_figure(height)
    figure.get_layout_engine().set(w_pad=0, h_pad=0)
    axes = figure.add_subplot()
    axes.axis("off")
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    for i, part in enumerate(parts):
        part.draw(axes, MARGIN + i * (width + 2 * GAP), right)
    return figure


class _Part:
    """A table set in a given width: its columns' widths, and every cell's lines."""

    def __init__(self, header: list[str], rows: list, width: float):
        self.width = width
        self.columns = _widths(header, [row for row in rows if not isinstance(row, str)], width)
        self.rows = [
            wrap(row, width, TEXT, "bold").split("\n") if isinstance(row, str) else self._cells(row)
            for row in [header, *rows]
        ]
        self.heights = [
            LINE * len(row) + 0.105 if isinstance(row[0], str) else LINE * max(map(len, row)) + 0.04
            for row in self.rows
        ]
        self.height = sum(self.heights) + 0.14

    def _cells(self, row: list[str]) -> list[list[str]]:
        return [
            wrap(text, width, TEXT).split("\n")
            for text, width in zip(row, self.columns, strict=True)
        ]

    def draw(self, axes, left: float, right: tuple[int, ...]) -> None:
        starts = [left + sum(self.columns[:i]) + GAP * i for i in range(len(self.columns))]

        def rule(y: float, thickness: float) -> None:
            axes.plot([left, left + self.width], [y, y], color="black", linewidth=thickness)

        top = 0.03
        rule(top, 0.9)
        for i, (row, tall) in enumerate(zip(self.rows, self.heights, strict=True)):
            if isinstance(row[0], str):  # the head of a block
                for k, line in enumerate(row):
                    axes.text(left, top + 0.19 + LINE * k, line, weight="bold")
            else:
                weight = "bold" if i == 0 else "normal"
                for j, lines in enumerate(row):
                    flush = j in right
                    x = starts[j] + (self.columns[j] if flush else 0)
                    for k, line in enumerate(lines):
                        y = top + 0.125 + LINE * k
                        axes.text(x, y, line, ha="right" if flush else "left", weight=weight)
            top += tall
            if i == 0:
                rule(top + 0.02, 0.6)
                top += 0.04
        rule(top + 0.02, 0.9)


def _widths(header: list[str], body: list[list[str]], width: float) -> list[float]:
    """Column widths that fill `width`: the widest columns give way, or the widest takes what is left.

    None is narrower than its widest word.
    """
    least = [
        max(
            *(text_width(line, TEXT, "bold") for line in name.split("\n")),
            *(text_width(word, TEXT) for row in body for word in row[i].split(" ")),
        )
        + 0.02
        for i, name in enumerate(header)
    ]
    widths = [
        max(least[i], *(text_width(row[i], TEXT) + 0.02 for row in body))
        for i in range(len(header))
    ]
    room = width - GAP * (len(header) - 1)
    while sum(widths) > room + 1e-6:
        wide = max(range(len(widths)), key=lambda i: widths[i] - least[i])
        if widths[wide] <= least[wide]:
            break
        widths[wide] -= min(0.05, sum(widths) - room)
    widths[max(range(len(widths)), key=widths.__getitem__)] += max(0.0, room - sum(widths))
    return widths
