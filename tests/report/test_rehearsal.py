"""Claims that a study as configured could not decide are named before anything is trained."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from dmvi.claims.declared import Declaration
from dmvi.claims.ledger import decision
from dmvi.report import rehearsal
from dmvi.report.rehearsal import rehearse, undecidable
from dmvi.study.folder import read_study

ROOT = Path(__file__).parents[2]


@cache
def study(folder="."):
    return read_study(ROOT / folder, ROOT / "workflow/schemas/config.schema.yaml")


def only(whole, *figures):
    return replace(whole, figures={name: whole.figures[name] for name in figures})


def test_what_the_root_study_can_decide_is_not_named():
    """All its claims are rehearsed in tests/claims/test_worlds.py; these take no time."""
    found = rehearse(only(study(), "fig1", "fig9", "fig18", "fig20", "fig25", "table1"))
    assert {r.id for r in found} >= {"C1", "C2", "C13", "C14", "C15", "C17", "C21"}
    assert all((r.claimed, r.against) == ("holds", "fails") for r in found)
    assert undecidable(found) == []


def test_unequal_budgets_are_named_as_the_reason():
    demo = only(study("studies/demo"), "fig25")
    lines = undecidable(rehearse(demo))
    assert lines[0] == "Claims that this study cannot decide, whatever comes out:"
    assert lines[1].startswith("  C21 in fig25: CelebA undecided; one seed; unequal budgets")
    assert max(map(len, lines)) <= 100


def test_a_data_set_that_is_missing_leaves_refutation():
    whole = study()
    runs = [name for name in whole.figures["fig9"] if not name.startswith("celeba")]
    without = replace(whole, figures={"fig9": runs})
    found = {r.id: r for r in rehearse(without)}
    assert (found["C13"].claimed, found["C13"].against) == ("undecided", "fails")
    assert "CelebA not in this study" in found["C13"].lacks
    assert "Claims that this study can refute, but not confirm:" in undecidable(found.values())


def test_a_figure_without_runs_decides_nothing():
    (found,) = rehearse(replace(study(), figures={"fig25": []}))
    assert found.open
    assert "no run of this study belongs to this figure" in found.lacks


@pytest.mark.parametrize("known", [True, False])
def test_claims_of_tables_that_cannot_be_made_up_are_told_apart(monkeypatch, known):
    def claim(tables):
        names = ("kl.json" if known else "norms.json",)
        values = [tables.json(run, 0, name)["value"] for run in tables.runs for name in names]
        return decision(
            tables, (), value=values[0], statement="", statistic="", value_text="", paper="",
            spread="", verdict="holds" if values[0] > 1 else "fails",
        )  # fmt: skip

    mine = Declaration("X1", "fig1", "ours", claim, {})
    monkeypatch.setattr(rehearsal, "declared_claims", lambda: (mine,))
    lines = undecidable(rehearse(study()))
    assert lines == (
        [] if known else ["Claims of which it is not known beforehand:", "  X1 in fig1"]
    )
