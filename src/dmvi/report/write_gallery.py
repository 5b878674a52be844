"""One page with every figure of a study and what to look at in it."""

from pathlib import Path
from typing import Any

from dmvi.claims.ledger import MAIN_PAPER, PAPERS
from dmvi.files import atomic_path
from dmvi.report.verdict_table import contents, read_ledger, verdict_table
from dmvi.study.declared_figures import declared_figures

STEP = {"version": 4, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def cost(costs):
    """Small tables."""
    return costs.small()


def write_gallery(
    figures: list[str],
    study: dict[str, Any],
    output: Path,
    head: str = "",
    claims_path: Path | None = None,
) -> None:
    """Writes a Markdown page that shows `figN.png` of its own folder with titles and captions.

    Args:
        figures: names of figures and tables, in the order shown; where they are about several papers,
            each paper's stand under its name, the main one's first.
        study: {"name", "scale", "note"}.
        output: the page, in the folder of the figures.
        head: Markdown put under the page's title.
        claims_path: claims.csv; the page then begins with a table of the verdicts, and with its contents.
    """
    parts = [f"# Study {study['name']}, {study['scale']} scale", study.get("note", ""), head]
    parts += ["The verdicts on the paper's claims are in [claims.md](claims.md)."]
    declared = [declared_figures()[name] for name in figures]
    claims = [] if claims_path is None else read_ledger(claims_path)
    if claims:
        parts += [verdict_table(claims), contents(declared, claims)]
    papers = dict.fromkeys(sorted((f.paper for f in declared), key=lambda key: key != MAIN_PAPER))
    for paper in papers:
        parts += [f"# {PAPERS.get(paper, paper)}"] if len(papers) > 1 else []
        for figure in (f for f in declared if f.paper == paper):
            parts += [f'<a id="{figure.name}"></a>'] if claims else []
            parts += [f"## {figure.numbered_title}", figure.caption]
            parts += [f"[![{figure.name}]({figure.name}.png)]({figure.name}.pdf)"]
    with atomic_path(output) as temporary:
        temporary.write_text("\n\n".join(filter(None, parts)) + "\n")
