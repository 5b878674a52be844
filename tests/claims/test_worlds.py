"""The studies at scale can decide every claim: it holds in one world and fails in the other.

Where a change of config.yaml takes a claim's seeds, data set, model, pair or budget away, its verdict
is open in both worlds, and this test names it.
"""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from dmvi.claims.declared import declared_claims
from dmvi.report.worlds import World
from dmvi.study.folder import read_study
from dmvi.tables.reading import COLUMNS

ROOT = Path(__file__).parents[2]


@cache
def study_in(folder):
    return read_study(ROOT / folder, ROOT / "workflow/schemas/config.schema.yaml")


def extra_layer(rows) -> bool:
    """Whether some row of a table has one layer more than another, and all else alike."""
    layers = {row["layers"] for row in rows if len(row) == 1}
    return any(n + 1 in layers for n in layers)


CLAIMS = [d for d in declared_claims() if d.source == "dmvi"]
INFO = [d for d in declared_claims() if d.source == "infovae"]


@pytest.mark.parametrize("declaration", CLAIMS, ids=lambda d: f"{d.id}-{d.figure}")
def test_the_root_study_can_decide_it(declaration):
    study = study_in(".")
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


@pytest.mark.parametrize("folder", ["studies/companions", "studies/companions_reduced"])
@pytest.mark.parametrize("declaration", INFO, ids=lambda d: d.id)
def test_the_companion_studies_can_decide_it(declaration, folder):
    study = study_in(folder)
    claims = [declaration.decide(World(study, declaration.figure, up)) for up in (True, False)]
    assert [claim.verdict for claim in claims] == ["holds", "fails"], claims


def test_all_9_claims_about_infovae_are_declared():
    assert {d.id for d in INFO} == {f"D{i}" for i in range(1, 10)}


@pytest.mark.parametrize(
    ("figure", "without", "id"), [("fig33", "adversarial", "D6"), ("fig31", "mmd", "D2")]
)
def test_an_objective_that_is_missing_leaves_its_claim_open(figure, without, id):
    """So the worlds' numbers are of the runs that the study has."""
    study = study_in("studies/companions_reduced")
    runs = [name for name in study.figures[figure] if without not in study.runs[name].entry]
    assert len(runs) < len(study.figures[figure])
    less = replace(study, figures={figure: runs})
    found = next(d for d in INFO if d.id == id)
    assert {found.decide(World(less, figure, up)).verdict for up in (True, False)} == {"undecided"}


def test_without_snapshots_steadiness_is_open():
    study = study_in("studies/companions_reduced")
    runs = {
        name: replace(run, how={**run.how, "snapshots": run.how["snapshots"][-3:]})
        for name, run in study.runs.items()
    }
    found = next(d for d in INFO if d.id == "D6")
    less = World(replace(study, runs=runs), "fig33", True)
    assert found.decide(less).verdict == "undecided"


@pytest.mark.parametrize("claimed", [True, False])
def test_made_up_tables_have_all_columns_of_the_real_ones(claimed):
    world = World(study_in("studies/companions_reduced"), "fig33", claimed)
    run = world.runs[0]
    for name in ("bound.csv", "profile.csv", "codes_curve.csv", "low_posterior/images.csv",
                 "low_posterior/bounds.csv", "low_posterior/neighbours.csv"):  # fmt: skip
        assert set(COLUMNS[name]) <= set(world.csv(run, 0, name).columns), name


def test_a_study_that_cannot_decide_a_claim_is_seen():
    """Budgets that differ leave the comparison open in both worlds."""
    folder = ROOT / "studies/reduced"
    study = read_study(folder, ROOT / "workflow/schemas/config.schema.yaml")
    run = next(iter(study.figures["fig25"]))
    study.runs[run].spec["iterations"] += 1
    found = next(d for d in CLAIMS if (d.id, d.figure) == ("C21", "fig25"))
    for up in (True, False):
        assert found.decide(World(study, "fig25", up)).verdict == "undecided"
