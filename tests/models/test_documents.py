"""The README's table of models says what their files declare."""

from pathlib import Path

import pytest

from dmvi.study.declarations import declared_models

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.parametrize("name", declared_models())
def test_the_readme_has_the_models_row(name):
    declared = declared_models()[name]
    equations = "<br>".join(text.replace("|", "\\|") for text in declared["equations"])
    row = f"| {declared['title']} | {equations} | {declared['source']} | `models/{name}.py` |"
    assert row in README
