"""One page with every figure of a study and what to look at in it."""

from pathlib import Path
from typing import Any

from dmvi.files import atomic_path
from dmvi.study.declared_figures import declared_figures

STEP = {
    "version": 4,
    "wildcards": [],
    "gives": {},
    "gpu": False,
    "resumes": False,
}


def cost(costs):
    """Small tables."""
    return costs.small()


def write_gallery(figures: list[str], study: dict[str, Any], output: Path, head: str = "") -> None:
    """Writes a Markdown page that shows `figN.png` of its own folder with titles and captions.

    Args:
        figures: names of figures and tables, in the order shown.
        study: {"name", "scale", "note"}.
        output: the page, in the folder of the figures.
        head: Markdown put under the page's title.
    """
    parts = [f"# Study {study['name']}, {study['scale']} scale", study.get("note", ""), head]
    parts += ["The verdicts on the paper's claims are in [claims.md](claims.md)."]
    for name in figures:
        figure = declared_figures()[name]
        parts += [f"## {figure.numbered_title}", figure.caption]
        parts += [f"[![{name}]({name}.png)]({name}.pdf)"]
    with atomic_path(output) as temporary:
        temporary.write_text("\n\n".join(filter(None, parts)) + "\n")
