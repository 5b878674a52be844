"""How long does planning take, beside a workflow of as many jobs that does nothing else?

    python benchmarks/dag.py --output dag.json

Processor seconds of `snakemake -n` (one process, which hardly waits: on an idle core they are its wall
time) on the paper's study (figure 5 of it: about 100 jobs, figure 9: 1,000, all of it, and all of it
with eight seeds of every run: 10,000), in turn with a bare Snakefile of as many jobs in chains of four.
All of the study also beside its own rules and jobs with nothing computed (`same_rules.py`): the floor
for a study with these inputs, params and resources. Medians over repeats; the largest is planned once.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import yaml
from common import line, machine, processor_seconds, row, seconds
from same_rules import write_same_rules

from dmvi.files import write_json

REPOSITORY = Path(__file__).parents[1]
WHOLE = "the paper's study"
LIMIT = 5.0  # seconds for it
MOST = 1.6  # times a bare Snakefile
CASES = (
    ("figure 5 of the paper's study", "results/fig5.pdf", None),
    ("figure 9 of the paper's study", "results/fig9.pdf", None),
    (WHOLE, "all", None),
    (f"{WHOLE} with eight seeds of every run", "all", 8),
)
SNAKEFILE = REPOSITORY / "Snakefile"
BESIDE, FLOOR = "bare Snakefile", "its rules and jobs with nothing computed"
BARE = """
rule all:
    input: expand("results/{{run}}/d.txt", run=range({chains}))
rule a:
    output: "results/{{run}}/a.txt"
    shell: "echo > {{output}}"
"""
LINK = """
rule {name}:
    input: "results/{{run}}/{before}.txt"
    output: "results/{{run}}/{name}.txt"
    shell: "cp {{input}} {{output}}"
"""


def plan(folder: Path, snakefile: Path, target: str) -> int:
    """One dry run; the number of jobs in it."""
    command = [sys.executable, "-m", "snakemake", "-n", target, "--quiet", "rules"]
    done = subprocess.run(
        [*command, "--directory", folder, "--snakefile", snakefile],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    found = re.search(r"^total +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
    if done.returncode or found is None:
        raise SystemExit((done.stdout + done.stderr)[-2000:])
    return int(found[1])


def paper(folder: Path, seeds: int | None) -> Path:
    """The paper's study in an empty folder, all runs with so many seeds if a number is given."""
    config = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
    if seeds is not None:
        for run in config["runs"].values():
            run["seeds"] = list(range(seeds))
    folder.mkdir()
    (folder / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return folder


def bare(folder: Path, jobs: int) -> Path:
    """A Snakefile of about so many jobs, in an empty folder."""
    folder.mkdir()
    text = BARE.format(chains=max(1, jobs // 4))
    for before, name in ("ab", "bc", "cd"):
        text += LINK.format(before=before, name=name)
    (folder / "Snakefile").write_text(text)
    return folder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=Path("dag.json"))
    args = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, target, seeds in CASES:
            folder = paper(Path(scratch) / f"paper{len(rows)}", seeds)
            began = processor_seconds()
            jobs = plan(folder, SNAKEFILE, target)  # this one also fills caches
            first = processor_seconds() - began
            reference = bare(Path(scratch) / f"bare{len(rows)}", jobs)
            planned = {
                "study": partial(plan, folder, SNAKEFILE, target),
                "bare": partial(plan, reference, reference / "Snakefile", "all"),
            }
            if name == WHOLE:
                floor = write_same_rules(Path(scratch) / "floor", folder, SNAKEFILE, target)
                planned["floor"] = partial(plan, floor, floor / "Snakefile", target)
            repeats = args.repeats if first < 15 else 1
            times = seconds(planned, repeats, warm_up=False, clock=processor_seconds)
            case = f"{name}, {jobs:,} jobs"
            most = MOST if name == WHOLE else None
            made = [row("planning", case, times["study"], BESIDE, times["bare"], most, jobs=jobs)]
            if name == WHOLE:
                made.append(row("planning", case, times["study"], "limit", LIMIT, at_most=1.0))
                made.append(row("planning", case, times["study"], FLOOR, times["floor"]))
                case = f"{FLOOR}, {jobs:,} jobs"
                made.append(row("planning", case, times["floor"], BESIDE, times["bare"]))
            for one in made:
                print(line(one), flush=True)
            rows += made
    write_json(args.output, {"machine": machine(), "rows": rows})


if __name__ == "__main__":
    main()
