"""Which claims a study as configured could not decide, whatever comes out of its trainings.

Every claim is decided twice on made-up tables (`dmvi.report.worlds`) of the study's own runs, seeds, data
sets and budgets: once where every number is clearly as claimed, once where every number is clearly
against it. A verdict that is open in both is open in any outcome: what is missing is in the config.
"""

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dmvi.claims.declared import Declaration, declared_claims
from dmvi.claims.ledger import Claim, id_order
from dmvi.errors import DmviError
from dmvi.progress import told
from dmvi.report.worlds import NotMadeUpError, World
from dmvi.study.config import Study

# Words of a decision that no number enters: `dmvi.claims.judge.unequal_budgets`, and parts of a claim.
UNEQUAL = re.compile(r"unequal budgets .*")
OPEN_PART = re.compile(r"(?:^|; )([^;:]+): undecided")


@dataclass(frozen=True)
class Rehearsal:
    """What a study could decide about a claim in a figure.

    Attributes:
        id: "C13".
        figure: "fig9".
        claimed, against: the verdicts where all is as claimed, and where nothing is; None where
            these tables cannot be made up.
        lacks: why it is open where all is as claimed, as far as the verdicts say.
    """

    id: str
    figure: str
    claimed: str | None
    against: str | None
    lacks: str = ""

    @property
    def open(self) -> bool:
        """Whether no outcome decides it."""
        return self.claimed == self.against == "undecided"

    @property
    def one_sided(self) -> bool:
        """Whether it can be refuted, but not hold."""
        return self.claimed == "undecided" and self.against == "fails"


def rehearse(study: Study) -> list[Rehearsal]:
    """Every claim that a figure of the study decides, by id and figure."""
    of_study = [d for d in declared_claims() if d.figure in study.figures]
    found = [_rehearsed(study, d) for d in told(of_study, "rehearsing claims", "claim")]
    return sorted(found, key=lambda r: (*id_order(r.id), *id_order(r.figure)))


def _rehearsed(study: Study, declaration: Declaration) -> Rehearsal:
    claims: list[Claim] = []
    for claimed in (True, False):
        try:
            claims.append(declaration.decide(World(study, declaration.figure, claimed)))
        except NotMadeUpError:
            return Rehearsal(declaration.id, declaration.figure, None, None)
        except DmviError as error:  # a figure without runs, or without a data set that it needs
            both = ("undecided", "undecided")
            return Rehearsal(declaration.id, declaration.figure, *both, str(error))
    verdicts = (claim.verdict for claim in claims)
    return Rehearsal(declaration.id, declaration.figure, *verdicts, _lacks(claims[0]))


def _lacks(claim: Claim) -> str:
    """What keeps a claim open where every number is as claimed; the numbers themselves are made up."""
    if claim.verdict != "undecided":
        return ""
    parts = [f"{data} {verdict}" for data, verdict in claim.verdicts.items() if verdict != "holds"]
    parts += OPEN_PART.findall(claim.value_text) if claim.value is not None else [claim.value_text]
    parts += ["one seed"] if claim.seeds == 1 else []
    parts += UNEQUAL.findall(claim.value_text)
    return "; ".join(parts)


def undecidable(rehearsals: Iterable[Rehearsal]) -> list[str]:
    """Lines for a reader: the claims that no outcome decides, and those that can only be refuted."""
    rehearsals = list(rehearsals)
    groups = (
        ("Claims that this study cannot decide, whatever comes out", lambda r: r.open),
        ("Claims that this study can refute, but not confirm", lambda r: r.one_sided),
        ("Claims of which it is not known beforehand", lambda r: r.claimed is None),
    )
    lines = [line for words, chosen in groups for line in _group(words, filter(chosen, rehearsals))]
    return [part for line in lines for part in _wrapped(line)]


def _wrapped(line: str) -> list[str]:
    indent = "    " if line.startswith(" ") else ""
    whole = {"break_long_words": False, "break_on_hyphens": False}
    return textwrap.wrap(line, 100, subsequent_indent=indent, **whole)


def _group(words: str, rehearsals: Iterable[Rehearsal]) -> Iterator[str]:
    rehearsals = list(rehearsals)
    if rehearsals:
        yield f"{words}:"
    for r in rehearsals:
        yield f"  {r.id} in {r.figure}" + (f": {r.lacks}" if r.lacks else "")
