"""The ledger: its order, its words, and what it refuses."""

import json

import pandas as pd
import pytest
from example_study import fill

from dmvi.claims.declared import decide_claims
from dmvi.claims.ledger import Claim, collect
from dmvi.claims.page import qualified
from dmvi.errors import DmviError
from dmvi.figures.base import figure_module


def rows(text) -> tuple[list[str], list[str]]:
    """The rows of the claims by figure, and of the table of every claim over its figures."""
    parts = text.split("## Every claim")
    return tuple([line for line in part.splitlines() if line.startswith("| C")] for part in parts)


def ledger(results, tmp_path, scale):
    results.scale = scale
    files = []
    for figure in ("fig3", "fig14", "fig1"):
        files.append(tmp_path / f"{figure}.json")
        tables = results.tables(figure_module(figure))
        rows = [claim.as_dict() for claim in decide_claims(figure, tables)]
        files[-1].write_text(json.dumps(rows))
    study = {"name": "mine", "scale": scale, "note": "a note"}
    collect(files, tmp_path / "claims.csv", tmp_path / "claims.md", study)
    return pd.read_csv(tmp_path / "claims.csv"), (tmp_path / "claims.md").read_text()


def test_ledger(results, tmp_path):
    fill(results, ("gaussian", "realnvp"))
    table, text = ledger(results, tmp_path, "demo")
    assert list(table["id"] + table["figure"]) == [
        "C1fig1",
        "C2fig1",
        "C6fig3",
        "C6fig14",
        "C7fig3",
    ]
    lines, overall = rows(text)
    assert len(lines) == 5
    assert "(demo scale, partly stand-in data)" in lines[0]
    assert "(demo scale, on stand-in data)" in lines[2]
    assert lines[3].count("stand-in") == 0
    assert "says nothing about the paper" in text
    assert "In this study: a note." in text
    assert len({line.count("|") for line in lines}) == 1
    assert [line.split(" | ")[0] for line in overall] == ["| C1", "| C2", "| C6", "| C7"]
    assert "fig3" in overall[2]
    assert "fig14" in overall[2]
    _, text = ledger(results, tmp_path, "paper")
    assert "demo" not in text


def test_ledger_refuses_what_it_cannot_read(tmp_path):
    outputs = (tmp_path / "claims.csv", tmp_path / "claims.md", {"name": "x", "scale": "demo"})
    with pytest.raises(DmviError, match="draw its figure first"):
        collect([tmp_path / "fig1.json"], *outputs)
    (tmp_path / "fig1.json").write_text('[{"id": "C1"}]')
    with pytest.raises(DmviError, match="not a figure's list of claims"):
        collect([tmp_path / "fig1.json"], *outputs)


def test_claims_without_data_sets_name_what_they_are_about(results, tmp_path):
    results.add_synthetic()
    claim = results.decided("fig18", "C14")
    assert claim.data == ("pairs of Gaussians",)
    assert qualified(claim) == "**holds** (demo scale)"
    path = tmp_path / "fig18.json"
    path.write_text(json.dumps([claim.as_dict()]))
    collect([path], tmp_path / "claims.csv", tmp_path / "claims.md", {"scale": "demo"})
    assert "Decided on: pairs of Gaussians." in (tmp_path / "claims.md").read_text()


# --- several papers ---


def written(tmp_path, *claims, study=None) -> tuple[list[str], str]:
    """The ids of the table and the page of a ledger of these (id, figure, source)."""
    words = {
        **{"statement": "s", "statistic": "t", "value": 1.0, "value_text": "v", "paper": ""},
        **{"verdict": "holds", "spread": "", "scale": "paper", "data": ("CelebA",)},
    }
    path = tmp_path / "fig.json"
    rows = [Claim(id=i, figure=f, source=s, **words).as_dict() for i, f, s in claims]
    path.write_text(json.dumps(rows))
    outputs = (tmp_path / "claims.csv", tmp_path / "claims.md")
    collect([path], *outputs, study or {"name": "x", "scale": "paper"})
    return list(pd.read_csv(outputs[0])["id"]), outputs[1].read_text()


def test_claims_come_by_letter_then_number_and_papers_by_heading(tmp_path):
    ids, text = written(
        tmp_path,
        ("D2", "fig31", "infovae"),
        ("C10", "fig5", "dmvi"),
        ("D10", "table40", "avb"),
        ("C2", "fig1", "dmvi"),
        ("D1", "fig30", "infovae"),
    )
    assert ids == ["C2", "C10", "D1", "D2", "D10"]
    assert "papers (Rosca, Lakshminarayanan, Mohamed 2018; Zhao, Song, Ermon 2017; avb)" in text
    text = text.split("## Every claim")[0]
    lines = [line for line in text.splitlines() if line.startswith(("## ", "| C", "| D"))]
    assert [line.split(" | ")[0].lstrip("# |") for line in lines] == [
        *("Rosca, Lakshminarayanan, Mohamed 2018", "C2", "C10"),
        *("Zhao, Song, Ermon 2017", "D1", "D2", "avb", "D10", "How each claim is decided"),
    ]


def test_the_main_paper_alone_has_one_table_and_no_heading(tmp_path):
    _, text = written(tmp_path, ("C1", "fig1", "dmvi"))
    assert "claim of the paper (Rosca, Lakshminarayanan, Mohamed 2018) and figure" in text
    assert text.count("\n## ") == 2
    assert text.count("| claim | verdict | statement |") == 1


def test_an_id_of_two_papers_is_refused(tmp_path):
    with pytest.raises(DmviError, match="C1 of fig30 belongs to the papers dmvi and infovae"):
        written(tmp_path, ("C1", "fig1", "dmvi"), ("C1", "fig30", "infovae"))


def test_claims_written_before_papers_had_keys_belong_to_the_main_one(tmp_path):
    written(tmp_path, ("C1", "fig1", "dmvi"))
    path = tmp_path / "fig.json"
    rows = json.loads(path.read_text())
    del rows[0]["source"]
    path.write_text(json.dumps(rows))
    collect([path], tmp_path / "claims.csv", tmp_path / "claims.md", {"scale": "paper"})
    assert list(pd.read_csv(tmp_path / "claims.csv")["source"]) == ["dmvi"]
