"""What does the pipeline cost beside the work? Processor seconds of a study's jobs, and where they go.

    PYTHONPATH=src python benchmarks/pipeline.py --output pipeline.json [--targets all]

Runs targets of the demo in a new folder (which --folder keeps) on all cores. The whole is what
Snakemake and all its jobs took of the processors. Inside is what the jobs that compute (training,
estimation, scores) took after their imports: each job's log ends with its processor time, and the
imports of each step are measured by themselves. Outside remain the imports, the figures, and
Snakemake itself with the shells, the data and the tables.
"""

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import line, machine, processor_seconds, row

from dmvi.files import write_json
from dmvi.study.declarations import declared_steps

REPOSITORY = Path(__file__).parents[1]
TARGET = 1.3
MINUTES = 10.0  # the whole demo, on two cores
# Figures of the demo whose jobs are a small copy of all its jobs: about a tenth of the time.
SAMPLE = ("results/fig22.pdf", "results/fig12.pdf", "results/table1.pdf")
# Rules that compute -> the module that their step imports.
STEPS = {name: step["module"] for name, step in declared_steps().items() if step["gpu"]}


def run_demo(targets: list[str], folder: Path) -> tuple[float, float]:
    """Wall and processor seconds of Snakemake and all that it started."""
    folder.mkdir()
    shutil.copy(REPOSITORY / "studies/demo/config.yaml", folder)
    command = [sys.executable, "-m", "snakemake", "--cores", "all", "--quiet", "rules"]
    before, began = processor_seconds(), time.perf_counter()
    done = subprocess.run(
        [*command, "--directory", folder, *targets],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout[-3000:])
    return time.perf_counter() - began, processor_seconds() - before


def job_seconds(folder: Path, rule: str) -> list[float]:
    """Processor seconds of each job of a rule, imports included, from the ends of their logs."""
    logs = sorted((folder / "results/logs" / rule).rglob("*.log"))
    return [float(re.findall(r"([\d.]+) s of processor", p.read_text())[-1]) for p in logs]


def import_seconds(statement: str, repeats: int) -> float:
    """Median processor seconds of a Python process that only imports something."""
    code = f"import time; {statement}; print(time.process_time())"
    times = [
        float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True).stdout)
        for _ in range(repeats)
    ]
    return statistics.median(times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--targets", nargs="+", default=list(SAMPLE))
    parser.add_argument("--folder", type=Path, help="a new one for the study, which is kept")
    parser.add_argument("--repeats", type=int, default=3, help="of the imports")
    parser.add_argument("--output", type=Path, default=Path("pipeline.json"))
    args = parser.parse_args()
    if args.folder and args.folder.exists():
        parser.error(f"--folder {args.folder} exists; name a new one")
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.folder or Path(scratch) / "demo"
        wall, processor = run_demo(args.targets, folder)
        jobs = {rule: times for rule in STEPS if (times := job_seconds(folder, rule))}
        figures = job_seconds(folder, "draw")
    torch_alone = import_seconds("import torch", args.repeats)
    imports = {rule: import_seconds(f"import {STEPS[rule]}", args.repeats) for rule in jobs}
    importing = sum(len(times) * imports[rule] for rule, times in jobs.items())
    inside = sum(map(sum, jobs.values())) - importing
    count = sum(map(len, jobs.values()))
    whole = args.targets == ["all"]
    case = f"{'demo' if whole else 'part of the demo'}, {count} jobs that compute"
    measure, reference = "processor seconds of the pipeline", "inside training and estimation"
    rows = [
        row(measure, case, processor, reference, inside, at_most=TARGET, targets=args.targets),
        row("of them: imports", case, importing, reference, inside),
        row("of them: figures", f"{len(figures)} figures", sum(figures), reference, inside),
    ]
    rest = processor - inside - importing - sum(figures)
    rows.append(row("of them: Snakemake, shells, tables", case, rest, reference, inside))
    if whole:
        case = f"demo on {os.cpu_count()} cores, minutes"
        rows.append(row("wall time", case, wall / 60, "limit", MINUTES, at_most=1.0))
    rows += [
        row("imports", f"{STEPS[rule]}, s", value, "import torch", torch_alone)
        for rule, value in imports.items()
    ]
    for each in rows:
        print(line(each), flush=True)
    steps = {
        rule: {"jobs": len(times), "seconds": sum(times), "import_seconds": imports[rule]}
        for rule, times in jobs.items()
    }
    write_json(args.output, {"machine": machine(), "rows": rows, "steps": steps})


if __name__ == "__main__":
    main()
