"""A finished training is dear: what the shipped studies' runs compute is not changed by accident.

`specs.json` holds a digest of what the runs of every name up to its first `-` (a sweep's members
share it) resolve to. Names may be added; where a run is changed on purpose, and is to be trained
anew, write the digests again by `python tests/study/test_specs.py`.
"""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from dmvi.study.config import load_study
from dmvi.study.declared_figures import declared_figures

REPOSITORY = Path(__file__).parents[2]
STUDIES = (
    *(".", "studies/demo", "studies/paper_cpu", "studies/paper_sweep", "studies/reduced"),
    *("studies/companions", "studies/companions_reduced", "studies/companions_demo"),
)
DIGESTS = Path(__file__).with_name("specs.json")


def digests(study: str) -> dict[str, str]:
    """Name of a run or of a sweep's members -> digest of their names and specs."""
    config = yaml.safe_load((REPOSITORY / study / "config.yaml").read_text())
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    named: dict[str, dict] = {}
    for run in load_study(config, schema).runs.values():
        named.setdefault(run.name.partition("-")[0], {})[run.name] = run.spec
    return {name: _digest(runs) for name, runs in named.items()}


def _digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@pytest.mark.parametrize("study", STUDIES)
def test_no_run_is_another_than_it_was(study):
    kept = json.loads(DIGESTS.read_text())[study]
    found = digests(study)
    assert {name: found.get(name) for name in kept} == kept


def test_critics_of_the_evidence_study_are_drawn_on_every_data_set_that_has_them():
    """A score that no figure reads is never computed."""
    config = yaml.safe_load((REPOSITORY / "studies/paper_cpu/config.yaml").read_text())
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    study = load_study(config, schema)
    drawn = {
        study.runs[run].spec["data"]
        for name, runs in study.figures.items()
        for run in runs
        if "scores.json" in declared_figures()[name].sources.run
    }
    assert drawn == set(config["estimators"]["scores"]["critic"]["data"])


if __name__ == "__main__":
    content = {study: digests(study) for study in STUDIES}
    DIGESTS.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")
