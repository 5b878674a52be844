"""What figures declare, read from their files; and that reading it loads nothing heavy."""

import subprocess
import sys
from pathlib import Path

import pytest

from dmvi.errors import DmviError
from dmvi.study import declarations, declared_figures
from dmvi.study.declarations import literals
from dmvi.study.declared_figures import Sources

FIGURE = '''"""Figure 1: a thing."""

TITLE = "A thing"
CAPTION = "What to look at."
SOURCES = {"run": ("run.json",)}
SELECT = {"model": "vae"}
'''


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An empty package `dmvi` in place of the real one; writes files into it."""
    folder = tmp_path / "dmvi"
    for module in (declarations, declared_figures):
        monkeypatch.setattr(module, "PACKAGE", folder)

    def write(path: str, text: str) -> Path:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    yield write
    declared_figures.declared_figures.cache_clear()


def read():
    literals.cache_clear()
    declared_figures.declared_figures.cache_clear()
    return declared_figures.declared_figures()


def test_figures_lie_among_the_figures_or_in_an_experiment(package):
    package("figures/fig10.py", FIGURE)
    package("figures/fig9.py", FIGURE.replace('("run.json",)', '("run.json",), "data": ("a", "b")'))
    package("figures/table2.py", FIGURE)
    package("figures/style.py", "TITLE = 'not a figure'")
    package("experiments/mine/figures/fig3.py", FIGURE.replace('"run": ("run', '"study": ("mine/x'))
    figures = read()
    assert list(figures) == ["fig3", "fig9", "fig10", "table2"]
    assert figures["fig3"].module == "dmvi.experiments.mine.figures.fig3"
    assert figures["fig3"].experiment == "mine"
    assert figures["fig3"].sources == Sources((), (), ("mine/x.json",))
    assert figures["fig9"].sources == Sources(("run.json",), ("a", "b"), ())
    assert (figures["fig10"].experiment, figures["fig10"].module) == (None, "dmvi.figures.fig10")
    assert figures["fig10"].sources == Sources(("run.json",), ("meta.json",), ())
    assert (figures["fig10"].seeds, figures["fig10"].shows_data) == ("all", False)
    assert figures["table2"].numbered_title == "Table 2. A thing"
    with pytest.raises(DmviError, match="there is no figure fig4; there are fig3, fig9, fig10"):
        figures["fig4"]


def test_a_figure_may_declare_what_differs_from_another_one(package):
    package("figures/fig1.py", FIGURE + "SHOWS_DATA = True\nSEEDS = 'first'\n")
    package("figures/fig2.py", "LIKE = 'fig1'\nTITLE = 'Another'\nSELECT = {'data': 'b'}\n")
    first, second = read().values()
    assert (second.title, second.select) == ("Another", {"data": "b"})
    for key in ("caption", "sources", "seeds", "shows_data"):
        assert getattr(second, key) == getattr(first, key)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (FIGURE.replace("SOURCES", "SOURCE"), r"dmvi/figures/fig1.py has no literal SOURCES above"),
        (FIGURE.replace('"A thing"', "name()"), "has no literal TITLE above its first function"),
        (
            FIGURE.replace("CAPTION", "def draw(tables):\n    return None\n\n\nCAPTION"),
            "no literal CAPTION",
        ),
        (FIGURE.replace('"run":', '"runs":'), "SOURCES is .*; give tables by run, data, study"),
        (FIGURE + "SEEDS = 'some'\n", "SEEDS is 'some'; it must be one of all, first"),
        (FIGURE + "LIKE = 'fig2'\n", "LIKE is 'fig2'; name a figure with its own declarations"),
    ],
)
def test_a_declaration_that_cannot_be_meant_is_one_sentence(package, text, words):
    package("figures/fig1.py", text)
    with pytest.raises(DmviError, match=words):
        read()


def test_two_figures_of_one_name_are_refused(package):
    package("figures/fig1.py", FIGURE)
    package("experiments/mine/figures/fig1.py", FIGURE)
    with pytest.raises(
        DmviError, match=r"experiments/mine/figures/fig1.py and dmvi/figures/fig1.py"
    ):
        read()


def test_literals_are_those_above_the_first_definition(tmp_path):
    file = tmp_path / "a.py"
    file.write_text(
        '"""Of a\ndef nition\n"""\nA = 1\nB = A\nC: int = 2\n\n\ndef f():\n    x = 3\n\n\nD = 4\n'
    )
    assert literals(file) == {"A": 1, "D": 4}  # the docstring made it read the whole file
    file = tmp_path / "b.py"
    file.write_text("A = (1, {'b': None})\n\n\n@cache\ndef f():\n    x = 3\n\n\nD = 4\n")
    assert literals(file) == {"A": (1, {"b": None})}


def test_no_figure_and_nothing_heavy_is_imported_to_load_a_study():
    code = """
import sys, yaml
from dmvi.study.config import load_study
from dmvi.study.settings import settings_rows
config = yaml.safe_load(open("config.yaml"))
settings_rows(load_study(config, yaml.safe_load(open("workflow/schemas/config.schema.yaml"))))
heavy = {"torch", "numpy", "pandas", "matplotlib"} & set(sys.modules)
print(heavy | {name for name in sys.modules if "figures" in name and "declared" not in name})
"""
    command = [sys.executable, "-c", code]
    repository = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
