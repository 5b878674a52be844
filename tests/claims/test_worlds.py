"""The root study can decide every claim: it holds in one world and fails in the other.

Where a change of config.yaml takes a claim's seeds, data set, model, pair or budget away, its verdict
is open in both worlds, and this test names it.
"""

from functools import cache
from pathlib import Path

import pytest

from dmvi.claims.declared import declared_claims
from dmvi.report.worlds import World
from dmvi.study.folder import read_study

ROOT = Path(__file__).parents[2]


@cache
def root_study():
    return read_study(ROOT, ROOT / "workflow/schemas/config.schema.yaml")


def extra_layer(rows) -> bool:
    """Whether some row of a table has one layer more than another, and all else alike."""
    layers = {row["layers"] for row in rows if len(row) == 1}
    return any(n + 1 in layers for n in layers)


CLAIMS = [d for d in declared_claims() if d.source == "dmvi"]


@pytest.mark.parametrize("declaration", CLAIMS, ids=lambda d: f"{d.id}-{d.figure}")
def test_the_root_study_can_decide_it(declaration):
    study = root_study()
    assert declaration.figure in study.figures
    claims = {up: declaration.decide(World(study, declaration.figure, up)) for up in (True, False)}
    where = {up: (claim.verdict, claim.value_text) for up, claim in claims.items()}
    expected = ("holds", "fails")
    if declaration.id == "C26":  # a computation: no table enters
        expected = ("holds", "holds")
    rows = study.estimators["density_ratio"]["tables"]["table1"]
    if (declaration.id, declaration.figure) == ("C17", "table1") and not extra_layer(rows):
        expected = ("undecided", "fails")
    assert (claims[True].verdict, claims[False].verdict) == expected, where


def test_all_27_claims_are_declared():
    assert {d.id for d in CLAIMS} == {f"C{i}" for i in range(1, 28)}


def test_a_study_that_cannot_decide_a_claim_is_seen():
    """Budgets that differ leave the comparison open in both worlds."""
    folder = ROOT / "studies/reduced"
    study = read_study(folder, ROOT / "workflow/schemas/config.schema.yaml")
    run = next(iter(study.figures["fig25"]))
    study.runs[run].spec["iterations"] += 1
    found = next(d for d in CLAIMS if (d.id, d.figure) == ("C21", "fig25"))
    for up in (True, False):
        assert found.decide(World(study, "fig25", up)).verdict == "undecided"
