"""The files of every figure: whole, with embedded fonts, reproducible, and drawn without torch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from example_study import drawable

from dmvi.figures.base import figure_module
from dmvi.study.declared_figures import declared_figures

NAMES = drawable(declared_figures())
SOURCE = Path(__file__).parents[2] / "src"

pytestmark = pytest.mark.slow  # draws every figure

SCRIPT = """
import json, sys
from pathlib import Path
from dmvi.figures.base import figure_module, render
from dmvi.study.declared_figures import declared_figures
from dmvi.tables.results import Tables

root, out, jobs = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
for name in declared_figures():
    figure_module(name)
heavy = {"torch", "numpy", "pandas", "matplotlib", "seaborn"} & set(sys.modules)
assert not heavy, f"importing the figures imports {heavy}"
for name, runs in jobs.items():
    tables = Tables(root, runs, {"name": "test", "scale": "demo"})
    render(name, tables, out / f"{name}.pdf", out / f"{name}.png", out / f"{name}.json")
assert "torch" not in sys.modules, "drawing imports torch"
"""


def draw_all(study, out: Path, names, **environment):
    jobs = {name: study.tables(figure_module(name)).seeds for name in names}
    subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, study.root, out, json.dumps(jobs)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
    )


@pytest.fixture(scope="module")
def drawn(full_study, tmp_path_factory):
    """Every figure of the full study, drawn by a fresh process that must not import torch."""
    out = tmp_path_factory.mktemp("drawn")
    draw_all(full_study, out, NAMES, PYTHONHASHSEED="1")
    return out


@pytest.mark.parametrize("name", NAMES)
def test_files_are_whole(drawn, name):
    pdf = (drawn / f"{name}.pdf").read_bytes()
    assert pdf.startswith(b"%PDF")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert b"/Subtype /Type3" not in pdf  # fonts are embedded as TrueType ("type 42")
    assert b"/FontFile2" in pdf
    assert b"CreationDate" not in pdf
    assert (drawn / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    claims = json.loads((drawn / f"{name}.json").read_text())
    assert all(claim["figure"] == name for claim in claims)


def test_bytes_are_reproducible(drawn, full_study, tmp_path):
    names = ["fig2", "fig12", "table3"]
    draw_all(full_study, tmp_path, names, PYTHONHASHSEED="2", SOURCE_DATE_EPOCH="86400")
    for name in names:
        for suffix in ("pdf", "png", "json"):
            file = f"{name}.{suffix}"
            assert (tmp_path / file).read_bytes() == (drawn / file).read_bytes(), file
