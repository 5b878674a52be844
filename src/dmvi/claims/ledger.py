"""The claims ledger: what the papers claim, the statistic that decides it, and our verdict.

Nothing here knows an outcome in advance; a claim that fails is a result like any other.
"""

from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dmvi.errors import DmviError
from dmvi.files import atomic_path, read_json, write_csv

VERDICTS = ("holds", "fails", "undecided")

# Papers whose claims the ledger may hold: key -> authors and year. The first one leads.
MAIN_PAPER = "dmvi"
PAPERS = {MAIN_PAPER: "Rosca, Lakshminarayanan, Mohamed 2018"}

HEADER = """# Claims: study {name}

One row per claim of the {papers} and figure that decides it.
**holds**: the statistic is on the claimed side of its threshold for every data set, latent size and
seed that the claim speaks about. **fails**: it is clearly on the other side for one of them.
**undecided**: seeds disagree, the statistic is within its error, there are too few seeds or samples,
or a data set that the claim speaks about is not in this study.

Scale *{scale}*: {explanation}{note}
"""
EXPLANATIONS = {
    "demo": "small networks, short training and mostly stand-in data, to show that the workflow "
    "works. A verdict here is about these stand-ins and says nothing about the paper.",
    "reduced": "real data, but smaller networks or shorter training than the paper's: a verdict is "
    "about this reduced setting.",
    "paper": "the paper's data, networks and training length, where the paper states them.",
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
    tables, datasets, *, value: float | None, data: tuple[str, ...] = (), **words
) -> Decision:
    """A `Decision` about `datasets` (their keys), with scale and titles taken from the tables.

    Args:
        value: the number that decides; NaN and infinity become None.
        data: what it was decided on besides data sets of the study: synthetic distributions.
        words: the other attributes of a `Decision`.
    """
    value = None if value is None or not abs(value) < float("inf") else float(value)
    return Decision(
        value=value,
        scale=tables.study["scale"],
        data=(*(tables.title(dataset) for dataset in datasets), *data),
        standins=tuple(tables.title(d) for d in datasets if tables.meta(d)["standin"]),
        **words,
    )


def collect(files: list[Path], csv_out: str | Path, md_out: str | Path, study: dict) -> None:
    """Gathers the claims of all figures into one table, as CSV and as Markdown.

    Args:
        files: the JSON files of the figures' claims.
        study: {"name", "scale", "note"}.

    Raises:
        DmviError: a file is missing or is no list of claims, or two papers share an id.
    """
    import pandas as pd

    claims = sorted((c for file in files for c in _read(file)), key=_order)
    owners: dict[str, str] = {}
    for c in claims:
        if owners.setdefault(c.id, c.source) != c.source:
            raise DmviError(
                f"claim {c.id} of {c.figure} belongs to the papers {owners[c.id]} and {c.source}: "
                "give one of them another id"
            )
    rows = [
        {**c.as_dict(), "data": "; ".join(c.data), "standins": "; ".join(c.standins)}
        for c in claims
    ]
    write_csv(csv_out, pd.DataFrame(rows, columns=list(COLUMNS)))
    with atomic_path(md_out) as path:
        path.write_text(_markdown(claims, study), encoding="utf-8")


def _order(claim: Claim) -> tuple[str, int, int]:
    """By letters, then by number, then by the figure's number."""

    def number(text: str) -> int:
        return int("".join(filter(str.isdigit, text)) or 0)

    return claim.id.rstrip("0123456789"), number(claim.id), number(claim.figure)


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


def qualified(claim: Claim) -> str:
    """The verdict with what limits it: "holds (demo scale, on stand-in data)"."""
    limits = [] if claim.scale == "paper" else [f"{claim.scale} scale"]
    if claim.standins:
        limits.append(
            "on stand-in data" if claim.standins == claim.data else "partly stand-in data"
        )
    return f"**{claim.verdict}**" + (f" ({', '.join(limits)})" if limits else "")


def by_source(claims: list[Claim]) -> dict[str, list[Claim]]:
    """The claims of each paper: the main one first, the others as they come."""
    sources = dict.fromkeys(claim.source for claim in claims)
    ordered = sorted(sources, key=lambda source: source != MAIN_PAPER)
    return {source: [c for c in claims if c.source == source] for source in ordered}


def _markdown(claims: list[Claim], study: dict) -> str:
    scale = study.get("scale", "")
    note = f" In this study: {study['note']}." if study.get("note") else ""
    groups = by_source(claims)
    titles = {source: PAPERS.get(source, source) for source in groups or PAPERS}
    lines = [
        HEADER.format(
            name=study.get("name", ""),
            papers=f"paper{'s' if len(titles) > 1 else ''} ({'; '.join(titles.values())})",
            scale=scale,
            explanation=EXPLANATIONS.get(scale, ""),
            note=note,
        )
    ]
    if len(groups) > 1:
        for source, group in groups.items():
            lines += [f"## {titles[source]}", "", *_table(group), ""]
    else:
        lines += [*_table(claims), ""]
    lines += ["## How each claim is decided", ""]
    for c in (c for group in groups.values() for c in group):
        data = ", ".join(c.data) or "no data set of this study"
        lines.append(f"- {c.id} ({c.figure}): {c.statistic} Decided on: {data}.")
    return "\n".join(lines) + "\n"


def _table(claims: list[Claim]) -> list[str]:
    """The lines of a Markdown table, a row per claim."""

    def cell(text: str) -> str:
        return text.replace("|", "\\|").replace("\n", " ") or "–"

    def row(*texts: str) -> str:
        return "| " + " | ".join(texts) + " |"

    lines = [
        row("claim", "verdict", "statement", "our value", "over seeds", "paper", "figure"),
        row(*["---"] * 7),
    ]
    for c in claims:
        texts = (c.statement, c.value_text, c.spread, c.paper, c.figure)
        lines.append(row(c.id, qualified(c), *map(cell, texts)))
    return lines
