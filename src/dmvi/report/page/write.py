"""Fills the template with what a study has, and keeps the page small."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dmvi.errors import DmviError
from dmvi.files import atomic_path
from dmvi.report.page.contents import contents
from dmvi.report.page.pictures import Pictures
from dmvi.study.config import Study

LARGEST = 15_000_000  # bytes of a page that holds its pictures
LARGEST_LINKED = 2_000_000  # of one that links to them, which is committed
TEMPLATE = Path(__file__).parent


def write(
    study: Study,
    folder: Path,
    results: Path,
    output: Path,
    embed: bool,
    log: Callable[[str], None],
) -> None:
    """Writes the page of a study; the arguments are those of the step `write_page`.

    Raises:
        DmviError: the page would be too large.
    """
    text = page(contents(study, folder, results, output, Pictures(embed), log))
    size, largest = len(text.encode()), LARGEST if embed else LARGEST_LINKED
    if size > largest:
        raise DmviError(
            f"{output} would have {size / 1e6:.1f} MB, more than {largest / 1e6:g}"
            + ("; `python -m dmvi write-page --embed 0` links the pictures" if embed else "")
        )
    with atomic_path(output) as temporary:
        temporary.write_text(text, encoding="utf-8")
    log(f"{output.name}: {size / 1e6:.1f} MB")


def page(found: dict[str, Any]) -> str:
    """The page that shows what `contents` found."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATE), autoescape=True, undefined=StrictUndefined
    )
    data = json.dumps({"runs": found["runs"]}, allow_nan=False, separators=(",", ":"))
    return environment.get_template("page.html").render(
        **found,
        style=(TEMPLATE / "page.css").read_text(encoding="utf-8"),
        script=(TEMPLATE / "page.js").read_text(encoding="utf-8"),
        data=data.replace("<", "\\u003c"),  # which could end the script; the same JSON
    )
