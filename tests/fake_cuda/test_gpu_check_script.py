"""`make gpu-check` without a GPU: one sentence; and its dry run, with every part, resumed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from dmvi.costs.hardware import check_hardware

REPOSITORY = Path(__file__).parents[2]
SCRIPT = REPOSITORY / "benchmarks/gpu_check.py"
# Nothing but these is imported from the environment, beside what torch needs.
NOT_THERE = "import sys\nclass Absent:\n    def find_spec(self, name, path=None, target=None):\n"
NOT_THERE += (
    "        if name.split('.')[0] in ('pytest', '_pytest', 'snakemake', 'yaml', 'jsonschema',"
)
NOT_THERE += " 'torch_fidelity', 'matplotlib'):\n            raise ModuleNotFoundError(name)\n"
NOT_THERE += "sys.meta_path.insert(0, Absent())\n"


def check(*arguments, cwd, absent=False, **options):
    environment = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"}
    if absent:
        (cwd / "sitecustomize.py").write_text(NOT_THERE)
        environment["PYTHONPATH"] = str(cwd)
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=cwd, env=environment, **options
    )


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_is_one_sentence(tmp_path):
    done = check("--output", tmp_path / "out", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "gpu_check: this check needs a GPU, and torch sees none here (--dry tries it on the CPU)\n"
    )
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_the_dry_run_has_every_part_and_goes_on(tmp_path):
    out = tmp_path / "out"
    done = check("--dry", "--output", out, cwd=tmp_path, absent=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = (out / "report.md").read_text()
    for part in ("What is ready", "Seconds per 1,000 steps", "Several trainings", "Targets"):
        assert f"## {part}" in report
    lines = report.partition("## Targets\n\n")[2].splitlines()
    assert len(lines) == 6
    assert all(": met" in line or ": MISSED" in line for line in lines[:5])
    assert lines[5].endswith(": not measured")  # of 60,000 points
    # The block may be pasted as it stands.
    block = yaml.safe_load("gpu:\n" + report.partition("```yaml\n")[2].partition("```")[0])["gpu"]
    hardware = yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())
    hardware["gpu"] |= block
    check_hardware(hardware)
    assert block["measured"] is True
    assert block["captured_call"] > 0
    # A failed check is run again, what has passed is not; a later part does not need an earlier one.
    found = json.loads((out / "agreement.json").read_text())
    name = next(iter(found["checks"]))
    found["checks"][name] = {**found["checks"][name], "passed": False, "said": "planted"}
    (out / "agreement.json").write_text(json.dumps(found))
    (out / "kl.json").unlink()
    done = check("--dry", "--output", out, "--only", "agreement", cwd=tmp_path, absent=True)
    assert done.returncode == 1  # the KL is missing
    again = json.loads((out / "agreement.json").read_text())["checks"]
    assert again[name]["passed"]
    others = {key: entry for key, entry in found["checks"].items() if key != name}
    assert {key: entry for key, entry in again.items() if key != name} == others
    assert "Monte Carlo KL at most 1.5 times its products: not measured" in done.stdout


def test_what_is_missing_is_named(tmp_path):
    """zuko and tqdm are found in a folder beside, if they are not installed."""
    hide = NOT_THERE.replace("'pytest', '_pytest'", "'zuko', 'tqdm'")
    (tmp_path / "sitecustomize.py").write_text(hide)
    code = (
        "import importlib.util as u\ntry:\n    u.find_spec('zuko')\nexcept ModuleNotFoundError:\n"
    )
    code += "    print('hidden')"
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment
    )
    assert done.stdout == "hidden\n"
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--dry"], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 2
    assert done.stderr.startswith("gpu_check: zuko, tqdm cannot be imported here; see --beside")
