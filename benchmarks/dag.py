"""How long does planning take, beside a workflow of as many jobs that does nothing else?

    python benchmarks/dag.py --output dag.json

Wall time of `snakemake -n` on the paper's study (figure 5 of it: about 100 jobs, figure 9: 1,000, all
of it, and all of it with eight seeds of every run: 10,000), in turn with a bare Snakefile of as many
jobs in chains of four. Medians over repeats; the largest is planned once.
"""

import argparse
import re
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import yaml
from common import line, machine, row, seconds

from dmvi.files import write_json

REPOSITORY = Path(__file__).parents[1]
LIMIT = 5.0  # seconds for the paper's whole study
CASES = (
    ("figure 5 of the paper's study", "results/fig5.pdf", None),
    ("figure 9 of the paper's study", "results/fig9.pdf", None),
    ("the paper's study", "all", None),
    ("the paper's study with eight seeds of every run", "all", 8),
)
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
            began = time.perf_counter()
            jobs = plan(folder, REPOSITORY / "Snakefile", target)  # this one also fills caches
            first = time.perf_counter() - began
            reference = bare(Path(scratch) / f"bare{len(rows)}", jobs)
            times = seconds(
                {
                    "bare": partial(plan, reference, reference / "Snakefile", "all"),
                    "study": partial(plan, folder, REPOSITORY / "Snakefile", target),
                },
                args.repeats if first < 15 else 1,
                warm_up=False,
            )
            case = f"{name}, {jobs:,} jobs"
            rows.append(
                row("planning", case, times["study"], "bare Snakefile", times["bare"], jobs=jobs)
            )
            print(line(rows[-1]), flush=True)
            if name == "the paper's study":
                rows.append(row("planning", case, times["study"], "limit", LIMIT, at_most=1.0))
                print(line(rows[-1]), flush=True)
    write_json(args.output, {"machine": machine(), "rows": rows})


if __name__ == "__main__":
    main()
