"""What every figure shares: the tables it may read, the runs it was given, and how it is written.

A figure module `figN` (or `tableN`) is found by its name and holds

    TITLE    what is drawn, without the number
    SOURCES  the tables it reads; the workflow builds its inputs from them
    SEEDS    "all" or "first": the seeds of each run that are read
    SELECT   which runs it shows: {attribute: value or list of values}; "builder" is the data set's
    EXCEPT   which of these it leaves out, unless the config selects by this attribute (optional)
    CAPTION  what to look at
    draw(tables)          -> matplotlib Figure
    SHOWS_DATA            True where it shows images of the data themselves (optional)
    SHOWS_MODELS          True where it prints what the models' files declare (optional)
    sample_sizes(tables)  -> str, printed in the footer  (optional)

Adding a figure is adding such a module. What its tables decide stands in `dmvi.claims`.
"""

import importlib
import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

from dmvi.errors import DmviError
from dmvi.files import atomic_path, write_json
from dmvi.tables.results import Run, Tables


@dataclass(frozen=True)
class Sources:
    """Tables that a figure reads.

    `run` is relative to results/runs/{run}/seed{seed}/, `data` to results/data/{dataset}/, and
    `study` to results/.
    """

    run: tuple[str, ...] = ("kl.json", "run.json")
    data: tuple[str, ...] = ("meta.json",)
    study: tuple[str, ...] = ()


def cells(tables: Tables, most: int = 3) -> tuple[int, int, list[tuple[int, int, Run]]]:
    """Lays one panel per run on a grid: (rows, columns, [(row, column, run), ...]).

    A column per data set where they fit; otherwise the panels follow one another, `most` in a row.
    """
    groups = list(tables.datasets.values())
    if 1 < len(groups) <= most:
        rows = max(len(group) for group in groups)
        places = [(r, c, run) for c, group in enumerate(groups) for r, run in enumerate(group)]
        return rows, len(groups), places
    runs = tables.runs
    columns = min(most, len(runs))
    return (
        -(-len(runs) // columns),
        columns,
        [(i // columns, i % columns, run) for i, run in enumerate(runs)],
    )


def grid_shape(count: int, side: int) -> tuple[int, int]:
    """Rows and columns of a grid of images without gaps: at most `side` each, all rows full."""
    columns = max(1, min(side, count))
    return max(1, min(side, count // columns)), columns


def span(values) -> str:
    """ "10,000" or "2,000 to 10,000": the range of some counts."""
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


@cache
def figure_names() -> tuple[str, ...]:
    """All figures and tables there are: fig1, fig2, ..., table3, ..."""
    package = importlib.import_module("dmvi.figures")
    found = [module.name for module in pkgutil.iter_modules(package.__path__)]
    matches = [re.fullmatch(r"(fig|table)(\d+)", name) for name in found]
    return tuple(m[0] for m in sorted(filter(None, matches), key=lambda m: (m[1], int(m[2]))))


@cache
def figure_module(name: str) -> ModuleType:
    """The module of a figure."""
    if name not in figure_names():
        raise DmviError(f"there is no figure {name}; there are {', '.join(figure_names())}")
    return importlib.import_module(f"dmvi.figures.{name}")


def numbered_title(name: str) -> str:
    """ "Figure 12. Title" of `fig12`, "Table 3. Title" of `table3`."""
    kind, number = re.fullmatch(r"(fig|table)(\d+)", name).groups()
    return f"{'Figure' if kind == 'fig' else 'Table'} {number}. {figure_module(name).TITLE}"


def render(
    name: str, tables: Tables, pdf: str | Path, png: str | Path, claims_json: str | Path
) -> None:
    """Draws a figure; writes PDF (fonts embedded), PNG (200 dpi) and its claims (JSON).

    The bytes depend on the tables only: no dates are written.
    """
    import matplotlib

    from dmvi.claims.declared import decide_claims
    from dmvi.figures import style

    module = figure_module(name)
    claims = [claim.as_dict() for claim in decide_claims(name, tables)]
    with matplotlib.rc_context(style.RC):
        figure = module.draw(tables)
        style.frame(figure, numbered_title(name), footer(module, tables))
        figure.draw_without_rendering()  # lays the panels out, once for both files
        figure.set_layout_engine("none")
        information = {"Title": numbered_title(name), "Subject": module.CAPTION}
        with atomic_path(pdf) as path:
            figure.savefig(path, metadata={**information, "CreationDate": None})
        with atomic_path(png) as path:
            figure.savefig(path, dpi=200, metadata={"Software": None})
    write_json(claims_json, claims)


def footer(module: ModuleType, tables: Tables) -> list[str]:
    """The footer's lines: sample sizes, notes about the data, and study, scale, runs and seeds."""
    lines = [module.sample_sizes(tables)] if hasattr(module, "sample_sizes") else []
    study = f"Study {tables.study['name']}, {tables.study['scale']} scale"
    if tables.study["note"]:
        study += f" ({tables.study['note'].rstrip('.')})"
    if not tables.seeds:
        return [*lines, study]
    metas = {tables.title(dataset): tables.meta(dataset) for dataset in tables.datasets}
    lines += [
        f"{title}: {meta['note'].rstrip('.')}." for title, meta in metas.items() if meta.get("note")
    ]
    runs = [run.name for run in tables.runs]
    shown = ", ".join(runs[:6]) + (f" and {len(runs) - 6} more" if len(runs) > 6 else "")
    if module.SEEDS == "first":
        seeds = "first seed of each run"
    else:
        counts = [len(run.seeds) for run in tables.runs]
        seeds = f"{span(counts)} seed{'s' if max(counts) > 1 else ''} per run"
    return [*lines, f"{study}; {seeds}; runs: {shown}."]
