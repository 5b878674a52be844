"""Draws one figure or table and decides its claims, from tables on disk alone."""

from pathlib import Path
from typing import Any

from dmvi.figures.base import render
from dmvi.tables.results import Tables

STEP = {"version": 9, "wildcards": ["figure"], "gives": {}, "gpu": False, "resumes": False}


def cost(costs, figure):
    """Matplotlib, and a second or two of drawing."""
    return costs.small(3.0)


def draw(
    figure: str,
    runs: dict[str, Any],
    study: dict[str, Any],
    results: Path,
    pdf: Path,
    png: Path,
    claims: Path,
) -> None:
    """Writes PDF, PNG and the figure's claims.

    Args:
        figure: "fig1", ..., "table3", ...
        runs: run id -> seeds.
        study: name, scale and note.
        results: the study's results folder.
        claims: JSON file to write.
    """
    render(figure, Tables(results, runs, study), pdf, png, claims)
