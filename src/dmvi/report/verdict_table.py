"""What a published study found, at the beginning of its page: a row per claim and figure, and the figures
with their verdicts."""

import csv
from collections.abc import Sequence
from pathlib import Path

from dmvi.claims.ledger import id_order
from dmvi.study.declared_figures import DeclaredFigure

BADGES = {"holds": "✅", "fails": "❌", "undecided": "❔"}
HEADER = ("figure", "claim", "published", "ours", "verdict", "what limits it")


def read_ledger(path: Path) -> list[dict[str, str]]:
    """The rows of a claims.csv; none of a file without verdicts."""
    with open(path, encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("verdict") in BADGES]
    return sorted(rows, key=lambda row: (id_order(row["id"]), row["figure"]))


def verdict_table(claims: Sequence[dict[str, str]]) -> str:
    """The rows as a Markdown table; each figure leads to its place on the page."""
    lines = [_row(HEADER), _row(["---"] * len(HEADER))]
    for claim in claims:
        verdict = f"{BADGES[claim['verdict']]} **{claim['verdict']}**"
        if claim.get("verdicts"):
            verdict += f"<br>{claim['verdicts'].replace('; ', '<br>')}"
        cells = [
            f"[{claim['figure']}](#{claim['figure']})",
            f"{claim['id']}: {claim['statement']}",
            *(claim["paper"], claim["value_text"], verdict, limits(claim)),
        ]
        lines.append(_row(cells))
    return "\n".join(lines)


def limits(claim: dict[str, str]) -> str:
    """Why a verdict need not be the paper's setting's: scale, data, seeds."""
    found = [] if claim["scale"] == "paper" else [f"{claim['scale']} scale"]
    if claim["standins"]:
        whole = claim["standins"] == claim["data"]
        found.append("stand-in data" if whole else "partly stand-in data")
    if claim.get("seeds") in ("1", "1.0"):
        found.append("one seed")
    return ", ".join(found)


def contents(figures: Sequence[DeclaredFigure], claims: Sequence[dict[str, str]]) -> str:
    """A line per figure, with the verdicts that it decides."""
    lines = []
    for figure in figures:
        own = [claim for claim in claims if claim["figure"] == figure.name]
        badges = ", ".join(f"{BADGES[claim['verdict']]} {claim['id']}" for claim in own)
        lines.append(f"- [{figure.numbered_title}](#{figure.name}){' ' + badges if badges else ''}")
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    escaped = (" ".join(cell.replace("|", "\\|").split()) or "–" for cell in cells)
    return f"| {' | '.join(escaped)} |"
