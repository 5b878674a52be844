"""All benchmarks of speed, one after another, and one table of their ratios.

    PYTHONPATH=src python benchmarks/run.py --output results/bench

Each benchmark is a process of its own, on an otherwise idle machine, in about ten minutes on two cores.
Writes one JSON file per benchmark and bench.md, the table. The status is 1 if a benchmark failed; a
missed target is a result and no failure.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from common import machine

from dmvi import files
from dmvi.environment import set_environment

HERE = Path(__file__).parent
# Name -> the options that keep it short; the full version of each is described in its file.
BENCHMARKS = {
    "training": (),
    "pythae_trainer": (),
    "precision": ("--quick",),
    "growth": (),
    "kl": (),
    "neighbours": (),
    "dag": ("--repeats", "1"),
    "pipeline": ("--repeats", "1"),
}
HEADER = ("measure", "case", "measured", "reference", "its value", "ratio", "target", "")


def run(name: str, options: tuple[str, ...], output: Path) -> dict[str, Any] | None:
    """A benchmark's results; nothing if it failed."""
    path = output / f"{name}.json"
    path.unlink(missing_ok=True)
    print(f"== {name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, HERE / f"{name}.py", "--output", path, *options]
    done = subprocess.run(command, cwd=HERE.parent)
    print(f"   {time.monotonic() - began:.0f} s", flush=True)
    return files.read_json(path) if done.returncode == 0 else None


def table(results: dict[str, dict[str, Any] | None]) -> str:
    """All rows as Markdown, those with a target first, and what was not measured."""
    rows = [row for result in results.values() if result for row in result["rows"]]
    rows.sort(key=lambda row: row["met"] is None)
    cells = [HEADER, ("---",) * len(HEADER)]
    for row in rows:
        target = "" if row["met"] is None else _target(row)
        verdict = {None: "", True: "met", False: "**missed**"}[row["met"]]
        values = (row["measured"], row["at"], row["ratio"])
        measured, at, ratio = (f"{value:,.3g}" for value in values)
        cells.append(
            (row["measure"], row["case"], measured, row["reference"], at, ratio, target, verdict)
        )
    lines = ["| " + " | ".join(cell) + " |" for cell in cells]
    failed = [f"- {name}: not measured" for name, result in results.items() if result is None]
    return "\n".join([*lines, "", *failed]).rstrip() + "\n"


def _target(row: dict[str, Any]) -> str:
    if row["at_most"] is not None:
        return f"at most {row['at_most']:g}"
    return f"at least {row['at_least']:g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("results/bench"))
    parser.add_argument("--only", nargs="+", choices=BENCHMARKS, default=list(BENCHMARKS))
    args = parser.parse_args()
    set_environment()
    os.environ["OMP_NUM_THREADS"] = "1"  # what the rules give a job on a CPU
    args.output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    results = {name: run(name, BENCHMARKS[name], args.output.resolve()) for name in args.only}
    minutes = (time.monotonic() - began) / 60
    here = machine()
    about = (
        f"{here['processor']}, {here['cores']} cores, Python {here['python']}, torch {here['torch']}; "
        f"{here['date']}; all benchmarks took {minutes:.1f} minutes."
    )
    reading = (
        "Seconds unless the case says otherwise. What stands in the way of a missed target is said in "
        "benchmarks/README.md."
    )
    text = f"# Benchmarks\n\n{about}\n\n{reading}\n\n{table(results)}"
    with files.atomic_path(args.output / "bench.md") as path:
        path.write_text(text)
    print(text)
    sys.exit(None in results.values())


if __name__ == "__main__":
    main()
