"""Prints what a study will take, and what it could not decide, before anything is started."""

from pathlib import Path

import yaml

from dmvi.costs.plan import make_plan, write_plan
from dmvi.progress import said
from dmvi.report.rehearsal import rehearse, undecidable
from dmvi.study.folder import SCHEMA, read_study

COMMAND = {}


def plan(
    folder: Path = Path(),
    targets: tuple[str, ...] = (),
    schema: Path = SCHEMA,
    snakefile: Path = Path("Snakefile"),
    hardware: Path = Path("workflow/hardware.yaml"),
) -> None:
    """Prints jobs, hours, memory and disk of what is left to do, and claims that no outcome decides.

    Args:
        folder: of the study, with config.yaml.
        targets: as for snakemake; all by default.
    """
    study, rates = read_study(folder, schema), yaml.safe_load(hardware.read_text())
    with said("asking Snakemake what is left to do"):
        found = make_plan(study, folder, snakefile, rates, list(targets))
    print(write_plan(found, study, rates))
    lines = undecidable(rehearse(study))
    if lines:
        print("", *lines, sep="\n")
