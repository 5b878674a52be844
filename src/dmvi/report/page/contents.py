"""What the page of a study shows: read from its results as far as they are there, nothing computed anew."""

import os
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd

from dmvi.claims.examined import EXAMINED
from dmvi.claims.ledger import MAIN_PAPER, PAPERS, VERDICTS, id_order
from dmvi.claims.outcomes import SHORTEST, Ours, measured_with, outcome, with_uncertainty
from dmvi.claims.page import EXPLANATIONS, overall
from dmvi.claims.published import CLASSIFIER_STEPS, PUBLISHED, Published
from dmvi.environment import checkout_commit, processor_name
from dmvi.errors import DmviError
from dmvi.files import read_json
from dmvi.progress import told
from dmvi.report.beside import REFERENCE, beside_published
from dmvi.report.compared import Compared, described
from dmvi.report.page.pictures import Pictures
from dmvi.report.page.runs import columns_of_runs
from dmvi.steps.provenance import summary, trainings
from dmvi.study.config import Study
from dmvi.study.declared_figures import DeclaredFigure, declared_figures

REPOSITORY = Path(__file__).parents[4]
LAST_OF_TEXT = 9  # figures 1 to 9 stand in the paper's text, those behind in its appendices
OURS = 60  # from here on, and from this table on, what is about the main paper's claims is ours
OUR_TABLE = 7
GROUPS = (
    *("The paper's text", "The paper's appendices", "Synthetic experiments", "Tables", "Ours"),
    *(PAPERS[paper] for paper in PAPERS if paper != MAIN_PAPER),
)


def contents(
    study: Study,
    folder: Path,
    results: Path,
    output: Path,
    pictures: Pictures,
    log: Callable[[str], None],
) -> dict[str, Any]:
    """All that the page shows, as JSON's plain values.

    Args:
        folder: of the study.
        results: what is shown: the study's `results`, or the folder that it is published in.
        output: the page, to which links are relative.
        log: is told how far it came.
    """
    published = results != folder / "results"
    named = _named(folder, published)
    claims = _claims(results)
    # What was examined are published verdicts.
    _examine(claims, study.config["study"].get("name", "") if published else "")
    log("figures")
    figures = [
        _figure(name, study, results, output, pictures, named, claims)
        for name in told(list(study.figures), "reading figures", "figure")
    ]
    log(f"{sum(not f['missing'] for f in figures)} of {len(figures)} figures; runs")
    runs = columns_of_runs(study, results, pictures, named)
    log(f"{runs['state'].count('finished') if runs else 0} of {len(runs.get('run', []))} runs")
    head = {"name": "", "scale": "", "note": "", **study.config["study"]}
    return {
        "study": head,
        "papers": [
            PAPERS[key]
            for key in PAPERS
            if key in {declared_figures()[n].paper for n in study.figures}
        ],
        "explanation": _sentence(EXPLANATIONS.get(head["scale"], "")),
        "made": _made(study, results),
        "verdicts": {verdict: _ids(claims, verdict) for verdict in VERDICTS},
        "why": _why(claims, head),
        "beside": _beside(study, results),
        "claims": claims,
        "figures": {group: [f for f in figures if f["group"] == group] for group in GROUPS},
        "runs": runs,
        "missing": _missing(figures, runs, named),
        "dropped": pictures.dropped,
        "docs": _docs(output),
    }


def _named(folder: Path, published: bool) -> str:
    """A study's folder as commands in the repository's root name it; a published page, which others
    read on other machines, holds no path of this one."""
    place = folder.resolve()
    if place.is_relative_to(REPOSITORY):
        return str(place.relative_to(REPOSITORY))
    return f"studies/{place.name}" if published else str(place)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _claims(results: Path) -> list[dict[str, Any]]:
    """Rows of the ledger; of the figures drawn so far where the ledger is not written yet."""
    if (results / "claims.csv").exists():
        table = pd.read_csv(results / "claims.csv", keep_default_na=False)
        rows = table.to_dict("records")
    else:
        rows = [row for path in sorted(results.glob("claims/*.json")) for row in read_json(path)]
        for row in rows:
            row["data"], row["standins"] = "; ".join(row["data"]), "; ".join(row["standins"])
            verdicts = row["verdicts"].items()
            row["verdicts"] = "; ".join(f"{title} {verdict}" for title, verdict in verdicts)
    wanted = ("id", "figure", "statement", "statistic", "value_text", "paper", "verdict", "spread")
    wanted += ("data", "standins", "verdicts", "seeds", "source")
    rows = [{key: _brief(str(row.get(key, "") or "")) for key in wanted} for row in rows]
    return sorted(rows, key=lambda row: (id_order(row["id"]), row["figure"]))


def _examine(claims: list[dict[str, Any]], study: str) -> None:
    """Says beside a verdict that contradicts the paper what is known of the reason."""
    for claim in claims:
        found = EXAMINED.get((study, claim["id"])) if claim["verdict"] == "fails" else None
        claim["examined"] = f"{found.cause}. {found.found}" if found else ""


def _brief(text: str) -> str:
    """Without what a stand-in is made of, which stands once under "How it was made"."""
    return re.sub(r"stand-in \([^()]*\)", "stand-in", text)


def _ids(claims: list[dict[str, Any]], verdict: str) -> list[str]:
    """The claims with this verdict over all of their figures."""
    found: dict[str, set[str]] = {}
    for claim in claims:
        found.setdefault(claim["id"], set()).add(claim["verdict"])
    return [name for name, verdicts in found.items() if overall(verdicts) == verdict]


def _why(claims: list[dict[str, Any]], head: dict[str, str]) -> list[str]:
    """What stands between this study's verdicts and the paper's, counted."""
    open_ = [claim for claim in claims if claim["verdict"] != "holds"]
    reasons = Counter()
    for claim in open_:
        reasons["Stand-in data in place of the paper's"] += bool(claim["standins"])
        reasons["One seed only"] += claim["seeds"] in ("1", "1.0")
        reasons["A data set that this study lacks"] += "not in this study" in claim["verdicts"]
        reasons["Unequal budgets of the compared models"] += "unequal" in claim["value_text"]
    lines = [f"In this study: {head['note']}."] if head["note"] else []
    of = f"{len(open_)} verdicts that do not hold"
    found = [(reason, count) for reason, count in reasons.most_common() if count]
    return lines + [
        f"{reason}: {count}{'' if i else ' of the ' + of}"
        for i, (reason, count) in enumerate(found)
    ]


def _figure(
    name: str,
    study: Study,
    results: Path,
    output: Path,
    pictures: Pictures,
    folder: str,
    claims: list[dict[str, Any]],
) -> dict[str, Any]:
    figure, png = declared_figures()[name], results / f"{name}.png"
    link = os.path.relpath(results / name, output.parent)
    drawn = png.exists()
    return {
        "name": name,
        "title": figure.numbered_title,
        "caption": figure.caption,
        "group": _group(figure),
        "missing": not drawn,
        "picture": pictures.figure(png, f"{link}.png") if drawn else "",
        "pdf": f"{link}.pdf" if (results / f"{name}.pdf").exists() else "",
        "runs": list(study.figures[name]),
        "claims": list(dict.fromkeys(c["id"] for c in claims if c["figure"] == name)),
        "command": f"snakemake --cores all --directory {folder} results/{name}.pdf",
        "log": _log(results / f"logs/draw/{name}.log", output),
    }


def _log(path: Path, output: Path) -> str:
    return os.path.relpath(path, output.parent) if path.exists() else ""


def _group(figure: DeclaredFigure) -> str:
    """The part of the paper that a figure stands in."""
    number = int("".join(filter(str.isdigit, figure.name)))
    table = figure.name.startswith("table")
    if figure.paper != MAIN_PAPER:
        return PAPERS[figure.paper]
    if number >= OURS or (table and number >= OUR_TABLE):
        return "Ours"
    if figure.experiment:
        return "Synthetic experiments"
    if table:
        return "Tables"
    return "The paper's text" if number <= LAST_OF_TEXT else "The paper's appendices"


def _made(study: Study, results: Path) -> dict[str, Any]:
    """Who made it: data, seeds, commits, machines and hours of all trainings on record."""
    path, metas = results / "provenance.json", described(results, "data")
    if path.exists():
        found = read_json(path)
        totals, commit = found.get("training", {}), found.get("figures", {}).get("commit", "")
        kept = {name: _short(origin["commit"]) for name, origin in found.get("kept", {}).items()}
    else:
        totals, commit, kept = summary(trainings(study, results)), checkout_commit(), {}
    return {
        "data": [
            f"{meta.get('title', name)} ({meta['splits']['train'][1]:,} training images)"
            for name, meta in metas.items()
        ],
        "seeds": sorted({seed for run in study.runs.values() for seed in run.seeds}),
        "commit": _short(commit),
        "kept": kept,
        "commits": [_short(name) for name in totals.get("commits", [])],
        "machines": totals.get("machines", []) or [processor_name()],
        "hours": round(totals.get("recorded_seconds", 0) / 3600, 2),
        "trainings": totals.get("trainings", 0),
        "without_record": len(totals.get("without_record", [])),
    }


def _short(commit: str) -> str:
    """Ten digits of a commit; a "+" behind it says that the checkout had changes of its own."""
    return commit[:10] + ("+" if commit.endswith("+") else "")


def _beside(study: Study, results: Path) -> dict[str, Any] | None:
    """The published numbers, and for each one a cell per study: this one, as its results are now, and
    those that are published in the checkout, if there is one. None where every figure is of another
    paper, whose numbers stand in its own tables."""
    if study.figures and all(declared_figures()[name].paper != "dmvi" for name in study.figures):
        return None
    own = Compared.of_study(study, results, whole=(results / "provenance.json").exists())
    ours = beside_published(own, REFERENCE)
    return {
        "own": own.name,
        "shortest": f"{100 * SHORTEST:.0f} %",
        "steps": f"{CLASSIFIER_STEPS:,}",
        "studies": list(next(iter(ours.values()))),
        "rows": [
            {
                "quantity": row.quantity,
                "place": row.place,
                "published": f"{row.value:,} {row.unit}",
                "cells": [_cell(row, number) for number in ours[row.id].values()],
                "computed": any(number.value is not None for number in ours[row.id].values()),
            }
            for row in PUBLISHED
        ],
    }


def _cell(row: Published, ours: Ours) -> dict[str, str]:
    found = outcome(row, ours)
    return {
        "ours": "–" if ours.value is None else with_uncertainty(ours),
        "settings": measured_with(ours),
        "outcome": found.kind,
        "why": found.why,
    }


def _missing(figures: list[dict], runs: dict[str, list], folder: str) -> list[dict[str, str]]:
    """What is not there yet, and the command that makes it."""
    lines = [{"what": f["title"], "command": f["command"]} for f in figures if f["missing"]]
    for name, seed, state, command in zip(
        *(runs.get(key, []) for key in ("run", "seed", "state", "command")), strict=True
    ):
        if state != "finished":
            lines.append({"what": f"{name}, seed {seed}: {state}", "command": command})
    return lines


def _docs(output: Path) -> dict[str, str]:
    """Name -> where a page of the documents lies, as seen from the page.

    Of the checkout that the page lies in, which need not be the one that publishes: a link out of it would
    lead nowhere once it is committed.
    """
    pages = ("adding", "running", "choices", "numbers", "outputs")
    for checkout in (*output.resolve().parents, REPOSITORY):
        found = {name: checkout / f"docs/{name}.md" for name in pages}
        if all(path.exists() for path in found.values()):
            break
    else:
        raise DmviError(f"{REPOSITORY}/docs is not there: the page links to it")
    return {name: os.path.relpath(path, output.resolve().parent) for name, path in found.items()}
