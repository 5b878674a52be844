"""The verdicts on the claims, a column per published study, as the numbers stand in columns."""

from itertools import takewhile
from pathlib import Path

from dmvi.claims.ledger import id_order
from dmvi.claims.outcomes import columns, row_of_cells
from dmvi.claims.page import overall
from dmvi.report.verdict_table import BADGES, read_ledger

LEDGER = "claims.csv"
NONE = "–"  # no figure of that study decides the claim


def verdicts_beside(reference: Path) -> str:
    """A Markdown table: claim, what it says, and the verdict in each study published below `reference`.

    Columns are those of `dmvi.claims.outcomes.table`. A verdict is that over the figures of a claim, one
    that fails refuting it; where they differ each is named. What a claim says is in the words of the last
    column that has it.
    """
    of: dict[str, dict[str, list[dict[str, str]]]] = {}
    published = [name for name in columns(True) if (reference / name / LEDGER).exists()]
    for study in published:
        for claim in read_ledger(reference / study / LEDGER):
            of.setdefault(claim["id"], {}).setdefault(study, []).append(claim)
    studies = columns("paper" in published)
    lines = [
        row_of_cells("claim", "what it says", *(f"*{study}*" for study in studies)),
        row_of_cells("---", "---", *("---" for _ in studies)),
    ]
    for id in sorted(of, key=id_order):
        for claims in of[id].values():
            claims.sort(key=lambda claim: id_order(claim["figure"]))
        latest = [study for study in studies if study in of[id]][-1]
        said = list(dict.fromkeys(claim["statement"] for claim in of[id][latest]))
        cells = [_verdict(of[id][study]) if study in of[id] else NONE for study in studies]
        lines.append(row_of_cells(id, _in_short(said), *cells))
    return "\n".join(lines) + "\n"


def _in_short(statements: list[str]) -> str:
    """What figures say of one claim; of two that differ in few words, these stand side by side once:
    "On CelebA / CIFAR-10, the model does."."""
    if len(statements) != 2:
        return " ".join(statements)
    one, other = (statement.split() for statement in statements)
    begin = _alike(one, other)
    rest = one[begin:], other[begin:]
    end = _alike(rest[0][::-1], rest[1][::-1])
    middles = [" ".join(words[: len(words) - end]) for words in rest]
    if begin + end < min(len(one), len(other)) / 2:
        return " ".join(statements)
    if not all(middles):  # one says more
        return max(statements, key=len)
    return " ".join([*one[:begin], " / ".join(middles), *one[len(one) - end :]])


def _alike(one: list[str], other: list[str]) -> int:
    """How many words are the same from the beginning."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def _verdict(claims: list[dict[str, str]]) -> str:
    """ "❌ fails (fig3 fails, fig15 undecided), one seed": over the figures of one claim."""
    found = overall(claim["verdict"] for claim in claims)
    text = f"{BADGES[found]} {found}"
    if len({claim["verdict"] for claim in claims}) > 1:
        each = (f"{claim['figure']} {claim['verdict']}" for claim in claims)
        text += f" ({', '.join(each)})"
    single = any(claim["seeds"] in ("1", "1.0") for claim in claims)
    return text + (", one seed" if single and found != "undecided" else "")
