"""The ledger as a page of Markdown: what each verdict means, a row per claim, how it was decided."""

from collections.abc import Iterable

from dmvi.claims.ledger import MAIN_PAPER, PAPERS, Claim, id_order

HEADER = """# Claims: study {name}

One row per claim of the {papers} and figure that decides it.
**holds**: the statistic is on the claimed side of its threshold for every data set, latent size and
seed that the claim speaks about. **fails**: it is clearly on the other side for one of them.
**undecided**: seeds disagree, the statistic is within its error, there are too few seeds or samples,
the compared models had unequal budgets, or a data set that the claim speaks about is not in this
study. Below the verdict on the whole stands one per data set. *One seed*: no spread over trainings
is behind the verdict; where an interval over seeds decides, the statistic is then at least twice its
threshold (or, for *fails*, at most half).

Scale *{scale}*: {explanation}{note}
"""
EXPLANATIONS = {
    "demo": "small networks, short training and mostly stand-in data, to show that the workflow "
    "works. A verdict here is about these stand-ins and says nothing about the paper.",
    "reduced": "real data, but smaller networks or shorter training than the paper's in some or all runs, as "
    "each figure says: a verdict is about these.",
    "paper": "the paper's data, networks and training length, where the paper states them.",
}


def per_dataset(claim: Claim) -> str:
    """ "ColorMNIST holds; CelebA fails"; "" where the claim is about no data set or one."""
    if len(claim.verdicts) < 2:
        return ""
    return "; ".join(f"{title} {verdict}" for title, verdict in claim.verdicts.items())


def overall(verdicts: Iterable[str]) -> str:
    """The verdict on one claim from those of its figures: one that fails refutes it."""
    found = set(verdicts)
    if "fails" in found:
        return "fails"
    return found.pop() if len(found) == 1 else "undecided"


def qualified(claim: Claim) -> str:
    """The verdict with what limits it: "holds (demo scale, on stand-in data)"."""
    limits = ["one seed"] if claim.seeds == 1 and claim.verdict != "undecided" else []
    limits += [] if claim.scale == "paper" else [f"{claim.scale} scale"]
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


def ledger_page(claims: list[Claim], study: dict, known: Iterable[tuple[str, str]]) -> str:
    """The whole page; `study` and `known` as for `dmvi.claims.ledger.collect`."""
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
    lines += ["", "## Every claim, over its figures", "", *_overall_table(claims, known)]
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
        verdict = qualified(c) + (f"<br>{per_dataset(c)}" if per_dataset(c) else "")
        lines.append(row(c.id, verdict, *map(cell, texts)))
    return lines


def _overall_table(claims: list[Claim], known: Iterable[tuple[str, str]]) -> list[str]:
    """A row per claim: the verdict over its figures, or that no figure of the study decides it."""
    found: dict[tuple[str, str], list[Claim]] = {key: [] for key in known}
    for claim in claims:
        found.setdefault((claim.id, claim.source), []).append(claim)
    lines = ["| claim | verdict | figures |", "| --- | --- | --- |"]
    order = sorted(found, key=lambda key: (key[1] != MAIN_PAPER, key[1], id_order(key[0])))
    for key in order:
        own = found[key]
        each = ", ".join(f"{c.figure} {c.verdict}" for c in own)
        if own:
            seeds = " (one seed)" if any("one seed" in qualified(c) for c in own) else ""
            lines.append(f"| {key[0]} | **{overall(c.verdict for c in own)}**{seeds} | {each} |")
        else:
            lines.append(f"| {key[0]} | no figure of this study | – |")
    return lines
