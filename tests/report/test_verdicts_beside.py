"""The verdicts on the claims in columns: each study's own, joined by the claim."""

import csv
from pathlib import Path

import pytest

from dmvi.claims.ledger import VERDICTS
from dmvi.claims.outcomes import STUDIES
from dmvi.claims.page import overall
from dmvi.commands.beside import written
from dmvi.report.verdicts_beside import verdicts_beside

REFERENCE = Path(__file__).parents[2] / "results/reference"


def ledger(folder, *claims):
    folder.mkdir(parents=True)
    keys = ("id", "figure", "statement", "verdict", "seeds")
    with open(folder / "claims.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(keys)
        writer.writerows(claims)


def rows(text):
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def test_claims_are_joined_by_their_id(tmp_path):
    ledger(
        tmp_path / "reduced",
        ("C10", "fig5", "Tracks.", "holds", "2.0"),
        ("C2", "fig14", "On CelebA, it does so indeed.", "undecided", "1"),
        ("C2", "fig3", "On ColorMNIST, it does so indeed.", "fails", "1.0"),
    )
    ledger(tmp_path / "paper_cpu", ("C2", "fig3", "It does.", "holds", "1"))
    assert rows(verdicts_beside(tmp_path)) == [
        ["claim", "what it says", "*reduced*", "*paper_cpu*"],
        ["---"] * 4,
        [
            "C2",
            "It does.",
            "❌ fails (fig3 fails, fig14 undecided), one seed",
            "✅ holds, one seed",
        ],
        ["C10", "Tracks.", "✅ holds", "–"],
    ]


def test_a_third_column_stands_there_once_it_is_published(tmp_path):
    ledger(tmp_path / "reduced", ("C1", "fig1", "A | gap.", "fails", ""))
    ledger(tmp_path / "paper", ("C1", "fig1", "A | gap.", "undecided", "1"))
    ledger(tmp_path / "other", ("C1", "fig1", "A | gap.", "holds", ""))
    table = verdicts_beside(tmp_path)
    assert "| *reduced* | *paper_cpu* | *paper* |\n" in table
    assert "| C1 | A \\| gap. | ❌ fails | – | ❔ undecided |\n" in table


@pytest.mark.parametrize(
    ("statements", "short"),
    [
        (["On A, it does.", "On B, it does."], "On A, / B, it does."),
        (["It rises, and falls, there.", "It rises, there."], "It rises, and falls, there."),
        (["This is one.", "Quite another thing."], "This is one. Quite another thing."),
        (["A b c.", "A b d.", "A b e."], "A b c. A b d. A b e."),
    ],
)
def test_statements_that_differ_in_few_words_are_said_once(tmp_path, statements, short):
    claims = [("C1", f"fig{i}", said, "holds", "") for i, said in enumerate(statements)]
    ledger(tmp_path / "reduced", *claims)
    assert rows(verdicts_beside(tmp_path))[2][1] == short


def test_the_committed_table_has_every_committed_verdict():
    page, _ = written(REFERENCE)
    section = page.split("## The verdicts")[1].split("\n## ")[0]
    found = {row[0]: row[2:] for row in rows(section)[2:]}
    published = [name for name in STUDIES if (REFERENCE / name / "claims.csv").exists()]
    of: dict[str, dict[str, set[str]]] = {}
    for name in published:
        with open(REFERENCE / name / "claims.csv", encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                of.setdefault(row["id"], {}).setdefault(name, set()).add(row["verdict"])
    assert set(found) == set(of)
    for id, cells in found.items():
        for name, cell in zip(STUDIES, cells, strict=False):
            if name in of[id]:
                (verdict,) = [v for v in VERDICTS if cell.split()[1].rstrip(",") == v]
                assert verdict == overall(of[id][name]), (id, name)
            else:
                assert cell == "–", (id, name)
