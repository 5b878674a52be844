"""A study as one HTML page: what holds, what does not, why; every figure, claim and run."""

from collections.abc import Callable
from pathlib import Path

from dmvi.study.folder import SCHEMA, read_study

STEP = {"version": 1, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def cost(costs):
    """Small tables, and pictures made smaller."""
    return costs.small()


def write_page(
    folder: Path = Path(),
    results: Path | None = None,
    output: Path | None = None,
    embed: bool = True,
    schema: Path = SCHEMA,
    log: Callable[[str], None] = print,
) -> None:
    """Writes `index.html` of a study, finished or not; it opens from disk, without a server or a network.

    Args:
        folder: of the study, with config.yaml.
        results: what is shown; `results` of the study unless named, or the folder it is published in.
        output: the page; `index.html` in `results` unless named.
        embed: 1 puts the pictures into the page, 0 links to those beside it.

    Raises:
        DmviError: the page would be larger than 15 MB; or a damaged table, naming it.
    """
    from dmvi.report.page.write import write

    study, results = read_study(folder, schema), results or folder / "results"
    write(study, folder, results, output or results / "index.html", embed, log)
