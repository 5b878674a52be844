"""How long does planning take, beside a workflow of as many jobs that does nothing else?

    python benchmarks/dag.py --output dag.json

Wall time of `snakemake -n` on the paper's study (one figure of it, all of it, and all of it with
every run trained with more seeds), in turn with a bare Snakefile of as many jobs in chains of four.
Medians over repeats. Ratios carry over between machines of one kind, seconds do not.
"""

import argparse
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import snakemake
import yaml

from dmvi.files import write_json

REPOSITORY = Path(__file__).parents[1]
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


def plan(folder: Path, snakefile: Path, target: str) -> tuple[float, int]:
    """Seconds of one dry run, and the number of jobs in it."""
    command = [sys.executable, "-m", "snakemake", "-n", target, "--quiet", "rules"]
    began = time.perf_counter()
    done = subprocess.run(
        [*command, "--directory", folder, "--snakefile", snakefile],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
    )
    seconds = time.perf_counter() - began
    found = re.search(r"^total +(\d+)$", done.stdout + done.stderr, re.MULTILINE)
    if done.returncode or found is None:
        raise SystemExit((done.stdout + done.stderr)[-2000:])
    return seconds, int(found[1])


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
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    results = []
    cases = (
        ("one figure", "results/fig22.pdf", None),
        ("paper", "all", None),
        ("7 seeds", "all", 7),
    )
    with tempfile.TemporaryDirectory() as scratch:
        for name, target, seeds in cases:
            folder = paper(Path(scratch) / f"paper-{name}", seeds)
            snakefile = REPOSITORY / "Snakefile"
            _, jobs = plan(folder, snakefile, target)  # the first one also fills caches
            reference = bare(Path(scratch) / f"bare-{name}", jobs)
            ours, theirs = [], []
            for _ in range(args.repeats):
                ours.append(plan(folder, snakefile, target)[0])
                theirs.append(plan(reference, reference / "Snakefile", "all")[0])
            row = {
                "study": name,
                "jobs": jobs,
                "seconds": statistics.median(ours),
                "bare_seconds": statistics.median(theirs),
            }
            row["ratio"] = row["seconds"] / row["bare_seconds"]
            results.append(row)
            print(
                "  ".join(
                    f"{k} {v:.2f}" if isinstance(v, float) else f"{k} {v}" for k, v in row.items()
                )
            )
    if args.output:
        about = {
            "processor": platform.processor() or platform.machine(),
            "snakemake": snakemake.__version__,
            "repeats": args.repeats,
        }
        write_json(args.output, {**about, "results": results})


if __name__ == "__main__":
    main()
