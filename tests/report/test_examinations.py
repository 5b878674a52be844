"""Verdicts that contradict the paper: each with what is known of the reason."""

from pathlib import Path

import pytest
from test_verdicts_beside import ledger, rows

from dmvi.claims import examined
from dmvi.claims.examined import EXAMINED, Examination
from dmvi.errors import DmviError
from dmvi.report import examinations as module
from dmvi.report.examinations import UNEXAMINED, contradicting, examinations

REFERENCE = Path(__file__).parents[2] / "results/reference"


@pytest.fixture
def published(tmp_path):
    ledger(
        tmp_path / "reduced",
        ("C10", "fig5", "Tracks.", "fails", "2"),
        ("C2", "fig3", "Does.", "holds", "2"),
        ("C2", "fig14", "Does.", "fails", "2"),
        ("C3", "fig22", "Is.", "undecided", "2"),
    )
    ledger(tmp_path / "paper_cpu", ("C2", "fig3", "Does.", "fails", "1"))
    return tmp_path


def examine(monkeypatch, found):
    monkeypatch.setattr(module, "EXAMINED", found)


def test_a_claim_that_fails_in_one_figure_of_a_study_is_listed_once(published):
    assert contradicting(published) == [("reduced", "C2"), ("paper_cpu", "C2"), ("reduced", "C10")]


def test_each_has_its_row_examined_or_not(published, monkeypatch):
    (published / "paper_cpu/fig60.pdf").touch()
    found = Examination("length", "It rises.", ("paper_cpu", "fig60"))
    unknown = Examination("not known", "Looked.")
    examine(monkeypatch, {("paper_cpu", "C2"): found, ("reduced", "C10"): unknown})
    text = examinations(published)
    assert rows(text)[2:] == [
        ["C2", "*reduced*", UNEXAMINED, "–", "–"],
        [
            "C2",
            "*paper_cpu*",
            "**length**",
            "It rises.",
            "[fig60 of *paper_cpu*](paper_cpu/fig60.pdf)",
        ],
        ["C10", "*reduced*", "**not known**", "Looked.", "–"],
    ]
    assert all(f"- **{cause}**: " in text for cause in examined.CAUSES)


def test_the_figure_that_shows_it_must_be_published(published, monkeypatch):
    found = Examination("length", "It rises.", ("paper_cpu", "fig60"))
    examine(monkeypatch, {("paper_cpu", "C2"): found})
    match = "C2 of study paper_cpu is examined by fig60 of study paper_cpu, which is not published:"
    with pytest.raises(DmviError, match=match):
        examinations(published)


def test_a_cause_is_one_of_the_list_and_has_its_figure():
    with pytest.raises(DmviError, match="'luck' is no cause; those are length, statistic"):
        Examination("luck", "It was.", ("paper_cpu", "fig60"))
    with pytest.raises(DmviError, match="the cause 'length' of a verdict needs the figure"):
        Examination("length", "It was.")


def test_every_published_contradiction_is_examined_and_no_other_verdict():
    """A verdict that no longer fails takes its examination with it; a new one asks for one."""
    assert set(contradicting(REFERENCE)) == set(EXAMINED)
