"""The claims ledger: what the papers claim, the statistic that decides it, and our verdict.

Nothing here knows an outcome in advance; a claim that fails is a result like any other.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from dmvi.errors import DmviError
from dmvi.files import atomic_path, read_json, write_csv

VERDICTS = ("holds", "fails", "undecided")

# Papers whose claims the ledger may hold: key -> authors and year. The first one leads.
MAIN_PAPER = "dmvi"
PAPERS = {
    MAIN_PAPER: "Rosca, Lakshminarayanan, Mohamed 2018",
    "infovae": "Zhao, Song, Ermon 2017",
}


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What the tables say about one claim.

    Attributes:
        statement: what is claimed, in our words.
        statistic: how it is decided, with the threshold.
        value: the number that decides, or None if there is none.
        value_text: our numbers per data set.
        paper: the paper's number, or "" if none survives.
        verdict: "holds", "fails" or "undecided".
        spread: how much the value varies over seeds.
        scale: the study's scale.
        data: titles of the data sets (or names of synthetic ones) that it was decided on.
        standins: those of them that are stand-ins.
        verdicts: title of a data set -> the verdict on it alone; "not in this study" for one that
            the claim is about and the study lacks.
        seeds: of the run with fewest, among those that decided; None where seeds do not apply.
    """

    statement: str
    statistic: str
    value: float | None
    value_text: str
    paper: str
    verdict: str
    spread: str
    scale: str
    data: tuple[str, ...]
    standins: tuple[str, ...] = ()
    verdicts: dict[str, str] = field(default_factory=dict)
    seeds: int | None = None

    def __post_init__(self):
        if self.verdict not in VERDICTS:
            raise ValueError(f"verdict {self.verdict!r} is none of {', '.join(VERDICTS)}")


@dataclass(frozen=True, kw_only=True)
class Claim(Decision):
    """One claim as decided by one figure: a row of the ledger.

    Attributes:
        id: "C1": one or more letters and a number; an id belongs to one paper.
        figure: the figure that decides it, "fig1".
        source: key of the paper that claims it, as in `PAPERS`.
    """

    id: str
    figure: str
    source: str = MAIN_PAPER

    def as_dict(self) -> dict:
        """JSON's types, in the order of `COLUMNS`."""
        row = {**asdict(self), "data": list(self.data), "standins": list(self.standins)}
        return {column: row[column] for column in COLUMNS}


COLUMNS = ("id", "figure", *(field.name for field in fields(Decision)), "source")


def decision(
    tables,
    datasets,
    *,
    value: float | None,
    data: tuple[str, ...] = (),
    paper: str = "shown in pictures only",
    **words,
) -> Decision:
    """A `Decision` about `datasets` (their keys), with scale and titles taken from the tables.

    Args:
        value: the number that decides; NaN and infinity become None.
        data: what it was decided on besides data sets of the study: synthetic distributions.
        paper: its number; most of its claims have none.
        words: the other attributes of a `Decision`.
    """
    value = None if value is None or not abs(value) < float("inf") else float(value)
    return Decision(
        value=value,
        paper=paper,
        scale=tables.study["scale"],
        data=(*(tables.title(dataset) for dataset in datasets), *data),
        standins=tuple(tables.title(d) for d in datasets if tables.meta(d)["standin"]),
        **words,
    )


def collect(
    files: list[Path],
    csv_out: str | Path,
    md_out: str | Path,
    study: dict,
    known: Iterable[tuple[str, str]] = (),
) -> None:
    """Gathers the claims of all figures into one table, as CSV and as Markdown.

    Args:
        files: the JSON files of the figures' claims.
        study: {"name", "scale", "note"}.
        known: id and paper of every claim there is; those that no figure of the study decides are
            listed as such.

    Raises:
        DmviError: a file is missing or is no list of claims, or two papers share an id.
    """
    import pandas as pd

    from dmvi.claims.page import ledger_page, per_dataset

    claims = sorted((c for file in files for c in _read(file)), key=_order)
    owners: dict[str, str] = {}
    for c in claims:
        if owners.setdefault(c.id, c.source) != c.source:
            raise DmviError(
                f"claim {c.id} of {c.figure} belongs to the papers {owners[c.id]} and {c.source}: "
                "give one of them another id"
            )
    rows = [
        {
            **c.as_dict(),
            "data": "; ".join(c.data),
            "standins": "; ".join(c.standins),
            "verdicts": per_dataset(c),
        }
        for c in claims
    ]
    write_csv(csv_out, pd.DataFrame(rows, columns=list(COLUMNS)))
    with atomic_path(md_out) as path:
        path.write_text(ledger_page(claims, study, known), encoding="utf-8")


def _order(claim: Claim) -> tuple[str, int, int]:
    """By letters, then by number, then by the figure's number."""
    return *id_order(claim.id), _number(claim.figure)


def id_order(id: str) -> tuple[str, int]:
    return id.rstrip("0123456789"), _number(id)


def _number(text: str) -> int:
    return int("".join(filter(str.isdigit, text)) or 0)


def _read(path: Path) -> list[Claim]:
    try:
        return [
            Claim(**{**row, "data": tuple(row["data"]), "standins": tuple(row["standins"])})
            for row in read_json(path)
        ]
    except FileNotFoundError:
        raise DmviError(f"{path} does not exist: draw its figure first") from None
    except (ValueError, TypeError, KeyError) as error:
        raise DmviError(
            f"{path} is not a figure's list of claims ({error}): remove it and draw the figure "
            "again"
        ) from None
