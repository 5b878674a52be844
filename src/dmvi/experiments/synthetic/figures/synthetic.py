"""What the figures about pairs of Gaussians share (18, 19, 20): looks, words and intervals."""

from dmvi.figures.numerals import count

LINES = ("-", "--", "-.", ":")


def looks(dims) -> dict[int, dict]:
    """Colour, line and marker of every dimension: in grey print, the marker tells them apart."""
    from dmvi.figures import style

    return {
        d: {
            "color": style.COLOURS[i % 10],
            "linestyle": LINES[i % len(LINES)],
            "marker": style.MARKERS[i % len(style.MARKERS)],
            "markersize": 3.5,
        }
        for i, d in enumerate(dims)
    }


def rates(table) -> list[float]:
    return sorted(float(rate) for rate in table["learning_rate"].unique())


def finished(table):
    """Rows of the trainings that reached the table's last step; the others have diverged."""
    keys = [key for key in ("dim", "learning_rate", "shift", "seed") if key in table]
    return table[table.groupby(keys)["step"].transform("max") == table["step"].max()]


def stopped_text(table, end: int | None = None) -> str:
    """ "2 of 40 trainings diverged and have no values from there on."; empty if none did.

    `end` is the step that all should have reached, that of the table unless it is a part.
    """
    keys = [key for key in ("dim", "learning_rate", "shift", "seed") if key in table]
    last = table.groupby(keys)["step"].max()
    stopped = int((last < (end or last.max())).sum())
    if not stopped:
        return ""
    return f"{stopped} of {len(last)} trainings diverged and have no values from there on."


def classifiers(table) -> str:
    """ "9,120 (d = 1), 78.0 million (d = 1,000)": parameters."""
    sizes = table.groupby("dim")["num_parameters"].max()
    return ", ".join(f"{count(n)} (d\u00a0=\u00a0{d:,})" for d, n in sizes.items())


def seeds_text(table) -> str:
    """ "10 seeds" or "2 to 10 seeds", over all settings."""
    from dmvi.figures.base import span

    keys = [key for key in ("dim", "learning_rate", "shift") if key in table]
    counts = table.groupby(keys)["seed"].nunique()
    return f"{span(list(counts))} seed{'s' if counts.max() > 1 else ''}"
