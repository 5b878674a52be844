"""The documents' table of models says what their files declare."""

import re
from pathlib import Path

import pytest

from dmvi.study.declarations import declared_models

REPOSITORY = Path(__file__).parents[2]
TEXT = "\n".join(
    path.read_text()
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
)
# Rows "| title | equations | source | `models/NAME.py` |".
ROWS = dict(
    reversed(match.groups())
    for match in re.finditer(r"^(\| .* \| `models/(\w+)\.py` \|)$", TEXT, re.M)
)


def row(name):
    declared = declared_models()[name]
    equations = "<br>".join(text.replace("|", "\\|") for text in declared["equations"])
    return f"| {declared['title']} | {equations} | {declared['source']} | `models/{name}.py` |"


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_the_file_declares(name):
    assert ROWS[name] == row(name)


def test_every_model_of_a_paper_has_a_row():
    """Models of one's own, which name no paper, need none."""
    missing = [
        row(name) for name, own in declared_models().items() if own["paper"] and name not in ROWS
    ]
    assert not missing
