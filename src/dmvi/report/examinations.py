"""The verdicts that contradict the paper, in all published studies, with what is known of the reason."""

from pathlib import Path

from dmvi.claims.examined import CAUSES, EXAMINED, Examination
from dmvi.claims.ledger import id_order
from dmvi.claims.outcomes import STUDIES, row_of_cells
from dmvi.claims.page import overall
from dmvi.errors import DmviError
from dmvi.report.verdict_table import read_ledger
from dmvi.report.verdicts_beside import LEDGER

UNEXAMINED = "not examined yet"


def contradicting(reference: Path) -> list[tuple[str, str]]:
    """(study, claim) of every claim that fails over the figures of a published study, by claim."""
    found = []
    for study in STUDIES:
        verdicts: dict[str, list[str]] = {}
        if (reference / study / LEDGER).exists():
            for claim in read_ledger(reference / study / LEDGER):
                verdicts.setdefault(claim["id"], []).append(claim["verdict"])
        found += [(study, id) for id, of in verdicts.items() if overall(of) == "fails"]
    return sorted(found, key=lambda case: (id_order(case[1]), STUDIES.index(case[0])))


def examinations(reference: Path) -> str:
    """A Markdown table: claim, study, cause, what was found and the figure that shows it; then the causes.

    Raises:
        DmviError: a figure that is named is not published.
    """
    lines = [
        row_of_cells("claim", "study", "reason", "what was found", "shown by"),
        row_of_cells(*["---"] * 5),
    ]
    for study, id in contradicting(reference):
        examination = EXAMINED.get((study, id))
        if examination is None:
            lines.append(row_of_cells(id, f"*{study}*", UNEXAMINED, "–", "–"))
            continue
        shown = _link(reference, study, id, examination)
        cells = (f"**{examination.cause}**", examination.found, shown)
        lines.append(row_of_cells(id, f"*{study}*", *cells))
    causes = [f"- **{cause}**: {words}." for cause, words in CAUSES.items()]
    return "\n".join([*lines, "", *causes]) + "\n"


def _link(reference: Path, study: str, id: str, examination: Examination) -> str:
    if not examination.shown_by:
        return "–"
    other, figure = examination.shown_by
    if not (reference / other / f"{figure}.pdf").exists():
        raise DmviError(
            f"{id} of study {study} is examined by {figure} of study {other}, which is not published: "
            "publish it, or correct claims/examined.py"
        )
    return f"[{figure} of *{other}*]({other}/{figure}.pdf)"
