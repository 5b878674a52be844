"""Gathers the claims of all figures into the ledger."""

from pathlib import Path
from typing import Any

from dmvi.claims.declared import declared_claims
from dmvi.claims.ledger import collect

STEP = {"version": 2, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def cost(costs):
    """Small tables."""
    return costs.small()


def collect_claims(claims: list[Path], csv: Path, md: Path, study: dict[str, Any]) -> None:
    """Writes the ledger as CSV and as Markdown.

    Args:
        claims: the figures' JSON files.
        study: name, scale and note.
    """
    known = dict.fromkeys((d.id, d.source) for d in declared_claims())
    collect(claims, csv, md, study, known)
