"""Claims declare themselves: each once per figure, each of one paper, none that draws."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from dmvi.claims.declared import Declaration, check, decide_claims, decides, declared_claims
from dmvi.figures.base import figure_module
from dmvi.study.declared_figures import declared_figures

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

# The claims of the specification, and the figures that decide them.
WANTED = {
    **{"C1": ["fig1"], "C2": ["fig1"], "C3": ["fig22"], "C4": ["fig22"], "C5": ["fig12"]},
    **{"C6": ["fig14", "fig3"], "C7": ["fig15", "fig3"], "C8": ["fig13"], "C9": ["fig4"]},
    **{"C10": ["fig5"], "C11": ["fig6"], "C12": ["fig16", "fig17"], "C13": ["fig8", "fig9"]},
    **{"C14": ["fig18"], "C15": ["fig19", "fig20"], "C16": ["fig21"]},
    **{"C17": ["table1", "table2"], "C18": ["fig22"], "C19": ["fig23"], "C20": ["fig24"]},
    **{"C21": ["fig25", "fig26"], "C22": ["fig9"], "C23": ["fig18"], "C24": ["fig6"]},
    **{"C25": ["table1", "table2"], "C26": ["fig22"], "C27": ["table1", "table2"]},
}


def test_every_claim_of_the_paper_is_declared_once_per_figure():
    mine = [d for d in declared_claims() if d.source == "dmvi"]
    assert max(Counter((d.id, d.figure) for d in mine).values()) == 1
    found = {name: sorted(d.figure for d in mine if d.id == name) for name in {d.id for d in mine}}
    assert found == WANTED


def test_claims_that_the_documents_name_are_declared():
    named = {name for file in DOCUMENTS for name in re.findall(r"\bC\d+\b", file.read_text())}
    assert len(named) > 15
    assert named <= {d.id for d in declared_claims()}


def test_functions_are_named_after_their_claim():
    for declaration in declared_claims():
        assert declaration.function.__name__ == f"claim_{declaration.id.lower()}"


def test_figures_of_claims_exist_and_claims_come_in_order():
    assert {d.figure for d in declared_claims()} <= set(declared_figures())
    assert [d.id for d in declared_claims() if d.figure == "fig22"] == ["C26", "C3", "C4", "C18"]


def test_a_claim_says_who_decided_it(study):
    claims = decide_claims("fig3", study.tables(figure_module("fig3")))
    assert [(c.id, c.figure, c.source) for c in claims] == [
        ("C6", "fig3", "dmvi"),
        ("C7", "fig3", "dmvi"),
    ]
    assert "ColorMNIST" in claims[0].statement
    assert decide_claims("fig2", None) == []


def test_an_experiments_claims_are_found():
    modules = {d.id: d.function.__module__ for d in declared_claims()}
    assert modules["C14"] == modules["C15"] == "dmvi.experiments.synthetic.claims"


ADDED = """
from dmvi.claims.declared import decides
from dmvi.claims.ledger import Decision, decision


@decides("{id}", figure="fig2", source="{source}")
def claim_{name}(tables) -> Decision:
    return decision(
        tables,
        tables.datasets,
        statement="There are runs.",
        statistic="Their number, above 0.",
        value=len(tables.runs),
        value_text=str(len(tables.runs)),
        paper="",
        verdict="holds" if tables.runs else "fails",
        spread="",
    )
"""


def test_a_claim_is_added_by_one_file_here_or_in_an_experiment(study, tmp_path, monkeypatch):
    import dmvi.claims
    import dmvi.experiments

    (tmp_path / "claims").mkdir()
    (tmp_path / "experiments" / "added_experiment").mkdir(parents=True)
    (tmp_path / "experiments" / "added_experiment" / "__init__.py").touch()
    one, two = (ADDED.format(id=i, name=i.lower(), source=s) for i, s in (("M1", "a"), ("M2", "b")))
    (tmp_path / "claims" / "added_claims.py").write_text(one)
    (tmp_path / "experiments" / "added_experiment" / "claims.py").write_text(two)
    for package in (dmvi.claims, dmvi.experiments):
        folder = tmp_path / package.__name__.split(".")[1]
        monkeypatch.setattr(package, "__path__", [*package.__path__, str(folder)])
    declared_claims.cache_clear()
    try:
        claims = decide_claims("fig2", study.tables(figure_module("fig2")))
    finally:
        declared_claims.cache_clear()
    assert [(c.id, c.source, c.value) for c in claims] == [("M1", "a", 3.0), ("M2", "b", 3.0)]


SCRIPT = """
import sys
import dmvi.claims.declared as declared
from dmvi.claims.declared import declared_claims

assert declared_claims()
drawing = {name for name in sys.modules if name.startswith("dmvi.figures")}
heavy = {"torch", "numpy", "pandas", "matplotlib", "seaborn"} & set(sys.modules)
assert not drawing | heavy, f"importing the claims imports {drawing | heavy}"
"""


def test_claims_import_no_figure_and_nothing_heavy():
    subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, env={"PYTHONPATH": str(ROOT / "src")}
    )


def claims_sources() -> list[Path]:
    source = ROOT / "src" / "dmvi"
    folders = [source / "claims", source / "tables"]
    return [f for d in folders for f in d.rglob("*.py")] + list(
        source.glob("experiments/*/claims.py")
    )


def test_no_claim_draws_or_trains_inside_its_functions_either():
    found = {
        (file.name, line)
        for file in claims_sources()
        for line in file.read_text().splitlines()
        if re.match(r"\s*(from|import) (dmvi\.figures|matplotlib|seaborn|torch)", line)
    }
    assert len(claims_sources()) > 10
    assert not found


# --- what is refused ---


def one(*, function=None, **changes) -> Declaration:
    own = {"id": "C1", "figure": "fig1", "source": "dmvi", "arguments": {}, **changes}
    return Declaration(function=function or (lambda tables: None), **own)


def test_two_functions_for_one_claim_are_refused():
    with pytest.raises(ValueError, match="C1 in fig1 is decided twice"):
        check((one(), one()))
    check((one(), one(figure="fig2")))


def test_an_id_belongs_to_one_paper():
    with pytest.raises(ValueError, match="C1 belongs to dmvi and to infovae"):
        check((one(), one(figure="fig30", source="infovae")))
    check((one(), one(id="D1", figure="fig30", source="infovae")))


@pytest.mark.parametrize("name", ["c3", "C", "3", "C3b", ""])
def test_an_id_is_letters_and_a_number(name):
    with pytest.raises(ValueError, match="no claim's id"):
        decides(name, figure="fig1")


# --- thresholds ---


def test_thresholds_stand_where_the_documents_say():
    """ "`NAME`, `NAME` in `claims/file.py`" in docs/: the file assigns each name."""
    found = []
    for document in DOCUMENTS:
        pattern = r"((?:`[A-Z_]+`, )*`[A-Z_]+`) in `((?:claims|tables|experiments)/[\w/]+\.py)`"
        for names, path in re.findall(pattern, document.read_text()):
            text = (ROOT / "src" / "dmvi" / path).read_text()
            found += [(name, f"\n{name} = " in text) for name in re.findall(r"[A-Z_]+", names)]
    assert len(found) > 15
    assert all(assigned for _, assigned in found), found
