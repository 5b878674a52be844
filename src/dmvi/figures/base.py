"""What every figure shares: how it is found and written, and small helpers of drawing.

A figure module `figN` (or `tableN`) declares in literals what it reads and shows (see
`dmvi.study.declared_figures`) and holds

    draw(tables)          -> matplotlib Figure
    sample_sizes(tables)  -> str, printed in the footer  (optional)

Adding a figure is adding such a module. What its tables decide stands in `dmvi.claims`.
"""

import importlib
from pathlib import Path
from types import ModuleType

from dmvi.files import atomic_path, write_json
from dmvi.study.declared_figures import declared_figures
from dmvi.study.settings import paper_iterations
from dmvi.tables.models import in_order, model_title
from dmvi.tables.results import DrawnRun, Tables


def cells(tables: Tables, most: int = 3) -> tuple[int, int, list[tuple[int, int, DrawnRun]]]:
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


def figure_module(name: str) -> ModuleType:
    """The module of a figure.

    Raises:
        DmviError: there is no such figure.
    """
    return importlib.import_module(declared_figures()[name].module)


def render(
    name: str, tables: Tables, pdf: str | Path, png: str | Path, claims_json: str | Path
) -> None:
    """Draws a figure; writes PDF (fonts embedded), PNG (200 dpi) and its claims (JSON).

    The bytes depend on the tables only: no dates are written.
    """
    import matplotlib

    from dmvi.claims.declared import decide_claims
    from dmvi.figures import style

    module, declared = figure_module(name), declared_figures()[name]
    claims = [claim.as_dict() for claim in decide_claims(name, tables)]
    with matplotlib.rc_context(style.RC):
        figure = module.draw(tables)
        style.frame(figure, declared.numbered_title, footer(name, tables))
        figure.draw_without_rendering()  # lays the panels out, once for both files
        figure.set_layout_engine("none")
        information = {"Title": declared.numbered_title, "Subject": declared.caption}
        with atomic_path(pdf) as path:
            figure.savefig(path, metadata={**information, "CreationDate": None})
        with atomic_path(png) as path:
            figure.savefig(path, dpi=200, metadata={"Software": None})
    write_json(claims_json, claims)


def footer(name: str, tables: Tables) -> list[str]:
    """The footer's lines: sample sizes, notes about the data, and study, scale, runs, seeds and length."""
    module = figure_module(name)
    lines = [module.sample_sizes(tables)] if hasattr(module, "sample_sizes") else []
    study = f"Study {tables.study['name']}, {tables.study['scale']} scale"
    if not tables.seeds:  # synthetic, or printed: the note is about data and networks of runs
        return [*lines, study]
    if tables.study["note"]:
        study += f" ({tables.study['note'].rstrip('.')})"
    metas = {tables.title(dataset): tables.meta(dataset) for dataset in tables.datasets}
    lines += [
        f"{title}: {meta['note'].rstrip('.')}." for title, meta in metas.items() if meta.get("note")
    ]
    models = in_order(run.model for run in tables.runs)
    count = len(tables.runs)
    shown = f"{count:,} run{'s' if count > 1 else ''} of {', '.join(map(model_title, models))}"
    if declared_figures()[name].seeds == "first":
        seeds = "first seed of each run"
    else:
        counts = [len(run.seeds) for run in tables.runs]
        seeds = f"{span(counts)} seed{'s' if max(counts) > 1 else ''} per run"
    length = training_length(tables) if declared_figures()[name].paper == "dmvi" else ""
    return [*lines, f"{study}; {shown}, {seeds}{length and f'; {length}'}."]


def training_length(tables: Tables) -> str:
    """ "training: CIFAR-10 10 %, ColorMNIST 20 to 50 % of the paper's iterations", of the runs drawn.

    Data sets of one share are not told apart. Those without a length in the paper, stand-ins for its
    data among them, are left out; "" if that leaves none.
    """
    shares = {}
    for dataset, runs in tables.datasets.items():
        meta = tables.meta(dataset)
        whole = None if meta["standin"] else paper_iterations(meta["builder"])
        lengths = [run.spec.get("iterations") for run in runs]
        if whole is not None and None not in lengths:
            shares[tables.title(dataset)] = _percent([length / whole for length in lengths])
    if not shares:
        return ""
    texts = set(shares.values())
    if len(texts) == 1 and len(shares) == len(tables.datasets):
        return f"training: {texts.pop()} of the paper's iterations"
    named = ", ".join(f"{title} {share}" for title, share in shares.items())
    return f"training: {named} of the paper's iterations"


def _percent(shares: list[float]) -> str:
    """ "10 %" or "0.5 to 20 %": the range of some shares, to three digits."""
    low, high = (f"{100 * share:.3g}" for share in (min(shares), max(shares)))
    return f"{low if low == high else f'{low} to {high}'}\u00a0%"
