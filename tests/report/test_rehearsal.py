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


@pytest.mark.parametrize(
    "folder", sorted(p.parent.name for p in ROOT.glob("studies/*/config.yaml"))
)
def test_every_study_of_ours_is_rehearsed(folder):
    """Of each claim something is known beforehand, as `make plan` says it for any of them."""
    whole = study(f"studies/{folder}")
    # The large ones, half a minute and more, are decided in tests/claims/test_worlds.py.
    slow = {"fig3", "fig15", "fig16", "fig17"} | ({"fig9"} if folder == "paper_sweep" else set())
    whole = only(whole, *(set(whole.figures) - slow))
    assert all(r.claimed is not None for r in rehearse(whole))


def test_a_model_of_the_user_s_is_rehearsed_beside_the_others():
    whole = study()
    name = next(n for n in whole.figures["fig9"] if whole.runs[n].spec["model"] == "dcgan")
    mine = replace(whole.runs[name], name="mine", spec={**whole.runs[name].spec, "model": "mine"})
    with_mine = replace(
        whole,
        runs=whole.runs | {"mine": mine},
        figures={"fig9": [*whole.figures["fig9"], "mine"]},
    )
    (alone,) = [r for r in rehearse(only(whole, "fig9")) if r.id == "C13"]
    (beside,) = [r for r in rehearse(with_mine) if r.id == "C13"]
    assert (beside.claimed, beside.against) == (alone.claimed, alone.against) == ("holds", "fails")


def test_a_figure_without_runs_decides_nothing():
    (found,) = rehearse(replace(study(), figures={"fig25": []}))
    assert found.open
    assert "no run of this study belongs to this figure" in found.lacks


@pytest.mark.parametrize(
    ("name", "key"), [("kl.json", "value"), ("norms.json", "value"), ("kl.json", "norm")]
)
def test_claims_of_tables_that_cannot_be_made_up_are_told_apart(monkeypatch, name, key):
    known = (name, key) == ("kl.json", "value")

    def claim(tables):
        values = [tables.json(run, 0, name)[key] for run in tables.runs]
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
