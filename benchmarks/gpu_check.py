"""Is everything ready for this GPU, and how fast is it? All that needs one, in parts that can be resumed.

    python benchmarks/gpu_check.py --output results/gpu      # or: make gpu-check

A machine with one GPU, Python, torch, numpy, pandas, scipy and scikit-learn is enough; it needs neither a
network nor Snakemake nor pytest. zuko and tqdm are two small packages of pure Python: where they are
missing, `pip install --target beside --no-deps zuko tqdm` on another machine, and `--beside beside` here.

Each part is a process of its own, of at most nine minutes, all together at most 25:

| part | what | file |
|---|---|---|
| agreement | tests/gpu: iterations and KL against float64, resuming, precision, every step | agreement.json |
| captured | tests/gpu: replays of CUDA graphs against eager iterations, memory | captured.json |
| graphs | seconds per 1,000 steps, eager and captured; the share of time kernels are busy | graphs.json |
| kl | the exact Monte Carlo KL beside its matrix products | kl.json |
| costs | the rates of the cost model | costs.json |
| shared | how much faster several trainings at once are than one by one | shared.json |

What a part has measured is kept when it, or a later one, fails or is stopped; started again with the same
--output, the check goes on with what is missing, and with what has failed. report.md says which step is
ready, has the tables and the block for workflow/hardware.yaml, and ends with a line per target of
benchmarks/README.md. The status is 0 if all checks passed (a missed target is a result), 1 if any failed or
is missing, 2 without a GPU.

--dry runs all of it in a minute or two on a CPU, where a pretended GPU (tests/fake_cuda) answers in place
of CUDA; its numbers mean nothing.
"""

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path[:0] = [str(ROOT / path) for path in ("src", "benchmarks", "tests/fake_cuda", "tests/gpu")]

PART_SECONDS, ALL_SECONDS = 540, 1500
STOP_EARLIER = 40  # no new case in the last seconds of a part
KINDS = {
    "agreement": ("iteration", "kl", "resume", "precision", "step", "study"),
    "captured": ("graph", "memory"),
}
AT_ONCE = (1, 2, 4)
NEEDED = ("torch", "numpy", "pandas", "scipy", "sklearn", "zuko", "tqdm")
KL_SECONDS = 0.2  # N = S = 60,000 and d = 128
KL_CASE = "N = 60,000, S = 60,000, d = 128"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("results/gpu"), help="folder")
    parser.add_argument("--dry", action="store_true", help="on the CPU, with a pretended GPU")
    parser.add_argument(
        "--beside", type=Path, help="folder with zuko and tqdm, if they are missing"
    )
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--part", choices=[*PARTS, "worker"], help=argparse.SUPPRESS)
    parser.add_argument("--seconds", type=float, help=argparse.SUPPRESS)
    parser.add_argument("--start", type=float, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.beside:
        sys.path.append(str(arguments.beside.resolve()))
    missing = [name for name in NEEDED if not importable(name)]
    if missing:
        end(f"{', '.join(missing)} cannot be imported here; see --beside in {Path(__file__).name}")
    import torch

    if not arguments.dry and not torch.cuda.is_available():
        end("this check needs a GPU, and torch sees none here (--dry tries it on the CPU)")
    if arguments.part:
        run_part(arguments)
        return
    output = arguments.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    print("The tests of tests/gpu are run as plain functions: that needs no pytest.")
    for name in arguments.only:
        left = ALL_SECONDS - (time.monotonic() - began)
        if left < STOP_EARLIER:
            print(f"{name}: left for another start, {ALL_SECONDS // 60} minutes are over")
            continue
        start_part(name, output, min(PART_SECONDS, left), arguments)
    text = report(output, arguments.dry)
    (output / "report.md").write_text(text)
    print(f"\n{text}\n{output / 'report.md'}")
    sys.exit(0 if all(ready(output)) else 1)


def importable(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def end(sentence: str) -> None:
    """One sentence, and status 2."""
    print(f"gpu_check: {sentence}", file=sys.stderr)
    sys.exit(2)


def start_part(name: str, output: Path, seconds: float, arguments: argparse.Namespace) -> None:
    """Runs a part as a process; what it printed goes to {part}.log."""
    print(f"== {name}", flush=True)
    began = time.monotonic()
    command = [sys.executable, __file__, "--part", name, "--output", output]
    command += ["--seconds", str(seconds - STOP_EARLIER)] + ["--dry"] * arguments.dry
    if arguments.beside:
        command += ["--beside", arguments.beside]
    said = "done"
    with open(output / f"{name}.log", "a") as log:
        try:
            done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT, timeout=seconds)
            if done.returncode:
                said = f"status {done.returncode}, see {name}.log"
        except subprocess.TimeoutExpired:
            said = f"stopped after {seconds:.0f} s; what it has measured is kept"
    print(f"   {said}, {time.monotonic() - began:.0f} s", flush=True)


def run_part(arguments: argparse.Namespace) -> None:
    """In the part's own process."""
    from dmvi.environment import set_environment

    set_environment()
    with ExitStack() as stack:
        if arguments.dry:
            dry(stack)
        if arguments.part == "worker":
            worker(arguments)
        else:
            PARTS[arguments.part](arguments)


# The parts.


def run_checks(kinds: tuple[str, ...], arguments: argparse.Namespace) -> None:
    """Those of tests/gpu of some kinds that have not passed yet."""
    import checks

    path = arguments.output / f"{arguments.part}.json"
    found = read(path) or {"checks": {}}
    wanted = [check for check in checks.checks() if check.kind in kinds]
    if arguments.dry:
        wanted = [check for check in wanted if check.quick and dry_too(check)]
    found["all"] = [f"{check.kind}: {check.name}" for check in wanted]
    began = time.monotonic()
    for check in wanted:
        name = f"{check.kind}: {check.name}"
        if found["checks"].get(name, {}).get("passed"):
            continue
        if time.monotonic() - began > arguments.seconds:
            break
        start = time.monotonic()
        try:
            entry = {"passed": True, "said": check.call()}
        except Exception as error:  # whatever it is, the next check is worth running
            said = " ".join(f"{type(error).__name__}: {error}".split())
            entry = {"passed": False, "said": said[:400]}
        entry |= {"kind": check.kind, "seconds": round(time.monotonic() - start, 2)}
        found["checks"][name] = entry
        print(f"{'ok  ' if entry['passed'] else 'FAIL'} {name}: {entry['said']}", flush=True)
        write(path, found)


def run_graphs(arguments: argparse.Namespace) -> None:
    import graphs

    given = ["--output", str(arguments.output / "graphs.json"), "--resume"]
    given += ["--seconds", str(arguments.seconds), "--repeats", "3"]
    if arguments.dry:
        given += ["--models", "vae", "--sizes", "28", "--steps", "1", "--repeats", "1"]
        given += ["--iterations", "1", "--width", "8"]
    graphs.main(given)


def run_kl(arguments: argparse.Namespace) -> None:
    import kl

    given = ["--output", str(arguments.output / "kl.json"), "--device", "cuda"]
    given += ["--points", "64", "--repeats", "1"] if arguments.dry else []
    if not complete(arguments.output / "kl.json", "rows"):
        kl.main(given)


def run_costs(arguments: argparse.Namespace) -> None:
    import costs

    given = ["--output", str(arguments.output / "costs.json"), "--device", "cuda"]
    given += ["--budget", "0.01", "--rounds", "1"] if arguments.dry else ["--budget", "0.4"]
    if not complete(arguments.output / "costs.json", "rates"):
        costs.main(given)


def run_shared(arguments: argparse.Namespace) -> None:
    """Steps per second of several trainings at once, eager and captured: a process each, no MPS."""
    found = read(arguments.output / "shared.json") or {}
    length = 0.5 if arguments.dry else 8.0
    for count in AT_ONCE[:2] if arguments.dry else AT_ONCE:
        if str(count) in found:
            continue
        start = time.time() + (3 if arguments.dry else 30)  # until all have torch and are warm
        command = [sys.executable, __file__, "--part", "worker", "--output", arguments.output]
        command += ["--start", str(start), "--seconds", str(length)] + ["--dry"] * arguments.dry
        command += ["--beside", arguments.beside] if arguments.beside else []
        running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(count)]
        said = [json.loads(process.communicate()[0].splitlines()[-1]) for process in running]
        found[str(count)] = {how: sum(one[how] for one in said) for how in said[0]}
        write(arguments.output / "shared.json", found)
        print(count, found[str(count)], flush=True)


def worker(arguments: argparse.Namespace) -> None:
    """Steps per second of a VAE at 32 x 32, eager and then captured, from a moment that all know."""
    import graphs
    import torch

    from dmvi.training.graph import WARM_UP
    from dmvi.training.reproducibility import set_up

    set_up(0)
    spec = graphs.spec_at("vae", 32, "float32", 8 if arguments.dry else 64)
    steps = graphs.eager_and_graph(spec, 32, torch.device("cuda"))
    for step in steps.values():
        graphs.repeated(step, WARM_UP + 2)()
    torch.cuda.synchronize()
    said = {}
    for i, (how, step) in enumerate(steps.items()):
        start = arguments.start + 1.25 * i * arguments.seconds
        time.sleep(max(0.0, start - time.time()))
        count, began = 0, time.time()
        while not count or time.time() < began + arguments.seconds:
            graphs.repeated(step, 1 if arguments.dry else 20)()
            torch.cuda.synchronize()
            count += 1 if arguments.dry else 20
        said[how] = count / (time.time() - began)
    print(json.dumps(said))


PARTS: dict[str, Callable[[argparse.Namespace], None]] = {
    "agreement": lambda arguments: run_checks(KINDS["agreement"], arguments),
    "captured": lambda arguments: run_checks(KINDS["captured"], arguments),
    "graphs": run_graphs,
    "kl": run_kl,
    "costs": run_costs,
    "shared": run_shared,
}


def dry(stack: ExitStack) -> None:
    """A pretended GPU; and less work, which is no other lines."""
    from types import SimpleNamespace
    from unittest.mock import patch

    import checks
    import costs
    import graphs
    import kl
    from pretended import pretended_gpu
    from torch.autograd import DeviceType

    span = SimpleNamespace(start=0.0, end=1.0)
    event = SimpleNamespace(device_type=DeviceType.CUDA, time_range=span)

    class Profile:
        """Of one kernel that took a microsecond."""

        def __init__(self, activities: Any) -> None:
            self.events = lambda: [event]

        def __enter__(self) -> "Profile":
            return self

        def __exit__(self, *error: Any) -> None:
            pass

    smaller = [
        (graphs, "profile", Profile),
        (graphs, "IMAGES", 128),
        (graphs, "PROFILED", 1),
        (kl, "COMPONENTS", 400),
        (kl, "LATENT_DIMS", (4, 8)),
        (costs, "RUNS", [("vae", 28, {"width": 4}), ("dcgan", 28, {"width": 4})]),
        (costs, "RATIOS", [(4, 2, 8)]),
        (costs, "FORWARD", [(28, 4, 8)]),
        (costs, "MIXTURES", [(4, 32, 32)]),
        (costs, "FLOWS", [(4, 8, 8)]),
        (checks, "QUALITY_STEPS", 2),
    ]
    for owner, name, value in smaller:
        stack.enter_context(patch.object(owner, name, value))
    stack.enter_context(pretended_gpu())


def dry_too(check: Any) -> bool:
    """One or two of each kind."""
    return check.kind in ("kl", "study") or check.name.startswith(("vae", "tf32", "encode"))


# The report.


def read(path: Path) -> dict[str, Any] | None:
    return json.loads(path.read_text()) if path.exists() else None


def write(path: Path, content: dict[str, Any]) -> None:
    from dmvi.files import write_json

    write_json(path, content)


def complete(path: Path, key: str) -> bool:
    return key in (read(path) or {})


def ready(output: Path) -> list[bool]:
    """Of every check that there is, whether it passed; False besides for each part without a result."""
    passed = []
    for part in KINDS:
        found = read(output / f"{part}.json")
        if found is None:
            passed.append(False)
            continue
        passed += [found["checks"].get(name, {}).get("passed", False) for name in found["all"]]
    graphs = read(output / "graphs.json")
    passed.append(bool(graphs and graphs["rows"] and not graphs["failed"]))
    passed += [(output / f"{part}.json").exists() for part in ("kl", "costs", "shared")]
    return passed


def report(output: Path, dry: bool) -> str:
    """All results as Markdown, from the parts' files."""
    import torch

    machine = (
        "a pretended GPU: no number here means anything" if dry else torch.cuda.get_device_name()
    )
    parts = [f"# GPU check\n\n{machine}, torch {torch.__version__}, {time.strftime('%Y-%m-%d')}"]
    parts += [_checks(output), _seconds(output), _shared(output), _block(output, machine)]
    parts += ["## Targets\n\n" + "\n".join(f"- {line}" for line in targets(output))]
    return "\n\n".join(part for part in parts if part) + "\n"


def _all_checks(output: Path) -> dict[str, dict[str, Any] | None]:
    found: dict[str, dict[str, Any] | None] = {}
    for part in KINDS:
        result = read(output / f"{part}.json") or {"all": [], "checks": {}}
        found |= {name: result["checks"].get(name) for name in result["all"]}
    return found


def _checks(output: Path) -> str:
    entries = _all_checks(output)
    rows = ["| check | passed | of | measured |", "|---|---|---|---|"]
    for kind in dict.fromkeys(name.partition(": ")[0] for name in entries):
        own = {name: entry for name, entry in entries.items() if name.startswith(f"{kind}: ")}
        good = [entry for entry in own.values() if entry and entry["passed"]]
        about = "; ".join(entry["said"] for entry in good) if len(own) <= 4 else ""
        rows.append(f"| {kind} | {len(good)} | {len(own)} | {about} |")
    steps = ["", "| step | ready |", "|---|---|"]
    for name, entry in entries.items():
        if name.startswith("step: "):
            said = "not run" if entry is None else entry["said"]
            word = "yes" if entry and entry["passed"] else "**no**"
            steps.append(f"| {name.partition(': ')[2]} | {word}: {said} |")
    failed = [
        f"- {name}: {entry['said'] if entry else 'not run'}"
        for name, entry in entries.items()
        if not entry or not entry["passed"]
    ]
    failed = ["", "Not passed:", "", *failed] if failed else []
    return "\n".join(["## What is ready", "", *rows, *steps, *failed])


def _seconds(output: Path) -> str:
    found = read(output / "graphs.json")
    if not found or not found["rows"]:
        return "## Seconds per 1,000 steps\n\nNot measured."
    busy = {row["case"]: row["busy"] for row in found["rows"] if "busy" in row}
    lines = ["| width 64, batches of 64 | eager | captured | ratio | busy eager | busy captured |"]
    lines.append("|---|---:|---:|---:|---:|---:|")
    for row in found["rows"]:
        if "seconds_per_1000_steps" in row:
            seconds, share = row["seconds_per_1000_steps"], busy[row["case"]]
            lines.append(
                f"| {row['case']} | {seconds['eager']:.2f} | {seconds['graph']:.2f} | "
                f"{row['ratio']:.2f} | {share['eager']:.0%} | {share['graph']:.0%} |"
            )
    return "\n".join(["## Seconds per 1,000 steps", "", *lines])


def _shared(output: Path) -> str:
    found = read(output / "shared.json")
    if not found or "1" not in found:
        return ""
    lines = [
        "| trainings at once | eager, steps/s in all | captured | of one alone |",
        "|---|---:|---:|---|",
    ]
    for count, rate in found.items():
        ratios = ", ".join(f"{how} {rate[how] / found['1'][how]:.2f}" for how in rate)
        lines.append(f"| {count} | {rate['eager']:.1f} | {rate['graph']:.1f} | {ratios} |")
    return "\n".join(["## Several trainings on this GPU (VAE, 32 x 32)", "", *lines])


def _block(output: Path, machine: str) -> str:
    found = read(output / "costs.json")
    if not found:
        return "## workflow/hardware.yaml\n\nNot measured."
    import costs

    name = json.dumps(f"{machine}, torch {found['torch']}")
    lines = [f"  machine: {name}"]
    lines += costs.block(found["rates"])
    if call := captured_call(output, found["rates"]["float32"]):
        lines.append(f"  captured_call: {call:.1e}")
    return (
        "## workflow/hardware.yaml\n\nIn place of the lines of these names under `gpu:`\n\n"
        + "\n".join(["```yaml", *lines, "```"])
    )


def captured_call(output: Path, rates: dict[str, float]) -> float | None:
    """Seconds of overhead per operation in a replay: what its work does not explain, over all cases."""
    from dmvi.costs.work import Work

    rows = (read(output / "graphs.json") or {"rows": []})["rows"]
    rows = [row for row in rows if "work" in row]
    if not rows:
        return None
    left = []
    for row in rows:
        work = Work(**row["work"])
        seconds = row["seconds_per_1000_steps"]["graph"] / 1000
        left.append((seconds - work.seconds(rates)) / work.calls)
    return max(1e-7, statistics.median(left))


def targets(output: Path) -> list[str]:
    """A line per target of a GPU: met, missed by how much, or not measured."""
    entries = _all_checks(output)
    passed = sum(bool(entry and entry["passed"]) for entry in entries.values())
    lines = [
        f"checks passed: {_met(passed == len(entries) > 0)}, {passed} of {len(entries)}"
        if entries
        else "checks passed: not measured"
    ]
    rows = (read(output / "graphs.json") or {"rows": []})["rows"]
    at_least = {
        "steps per second": "captured iterations 5 times as many as eager ones up to 32 x 32",
        "kernels busy": "kernels busy 90 % of the time, captured",
    }
    for measure, text in at_least.items():
        lines.append(_line(text, [r for r in rows if r["measure"] == measure], worst=min))
    lines.append(
        _line(
            "losses of captured and eager iterations agree",
            [r for r in rows if r["measure"].startswith("losses of")],
            worst=max,
        )
    )
    kl = (read(output / "kl.json") or {"rows": []})["rows"]
    density = [r for r in kl if r["measure"] == "log_density, s"]
    lines.append(_line("Monte Carlo KL at most 1.5 times its products", density, worst=max))
    seconds = [r["measured"] for r in density if r["case"].startswith(KL_CASE)]
    text = f"{KL_CASE} in {KL_SECONDS:g} s"
    if not seconds:
        lines.append(f"{text}: not measured")
    else:
        over = max(seconds) / KL_SECONDS
        by = "" if over <= 1 else f" by {over - 1:.0%}"
        lines.append(f"{text}: {_met(over <= 1)}{by}, {max(seconds):.3g} s")
    return lines


def _met(good: bool) -> str:
    return "met" if good else "MISSED"


def _line(text: str, rows: list[dict[str, Any]], worst: Callable) -> str:
    """How many rows meet their target, and by how much the worst misses it."""
    judged = [row for row in rows if row["met"] is not None]
    if not judged:
        return f"{text}: not measured"
    bad = [row for row in judged if not row["met"]]
    one = worst(judged, key=lambda row: row["ratio"])
    bound = one["at_least"] if one["at_least"] is not None else one["at_most"]
    by = f" by {abs(one['ratio'] / bound - 1):.0%} at worst" if bad else ""
    return (
        f"{text}: {_met(not bad)}{by}, in {len(judged) - len(bad)} of {len(judged)} cases "
        f"(worst: {one['case']}, ratio {one['ratio']:.2f}, target {bound:g})"
    )


if __name__ == "__main__":
    os.environ.setdefault("TEARDOWN_CUPTI", "0")  # older CUDA cannot capture after a teardown
    main()
