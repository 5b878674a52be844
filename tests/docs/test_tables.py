"""Tables in the documents say what the code declares."""

import re

from blocks import REPOSITORY

import dmvi
from dmvi.study.declarations import declared_models


def test_every_row_of_the_table_of_models_is_what_the_models_file_declares():
    """A row per model of a paper; a model of one's own, which names no paper, needs none."""
    page = (REPOSITORY / "docs/models.md").read_text()
    rows = re.findall(r"^\| .* \| `models/(\w+)\.py` \|$", page, re.MULTILINE)
    assert len(rows) == len(set(rows))
    assert {name for name, own in declared_models().items() if own["paper"]} <= set(rows)
    for name in rows:
        declared = declared_models()[name]
        equations = "<br>".join(text.replace("|", "\\|") for text in declared["equations"])
        row = f"| {declared['title']} | {equations} | {declared['source']} | `models/{name}.py` |"
        assert f"\n{row}\n" in page


def test_every_figure_of_the_demo_is_in_the_gallery():
    page = (REPOSITORY / "docs/gallery.md").read_text()
    shown = re.findall(r'<img src="\.\./results/reference/demo/(\w+)\.png"', page)
    drawn = {path.stem for path in (REPOSITORY / "results/reference/demo").glob("*.png")}
    assert len(shown) == len(set(shown))
    assert set(shown) == drawn


def test_the_ten_lines_of_the_library_are_ten():
    page = (REPOSITORY / "docs/library.md").read_text()
    lines = page.split("# The ten lines:\n")[1].split("# What they say:\n")[0].splitlines()
    assert len(lines) == 10
    for function in dmvi.__all__:
        assert any(f"{function}(" in line for line in lines), function
