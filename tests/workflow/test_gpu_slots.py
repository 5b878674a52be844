"""Several trainings on one GPU: slots on one machine, shards and MPS on Slurm, and whether four fit."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake_executor_plugin_slurm.utils import set_gres_string

from dmvi.costs.model import Costs
from dmvi.costs.work import training_gpu_mb
from dmvi.study.config import load_study

REPOSITORY = Path(__file__).parents[2]
SLOTS = 4
# The machine of the table in docs/cluster.md.
CORES, HOST_MB, GPU_MB = 16, 128_000, 80_000


@pytest.fixture(scope="module")
def costs():
    schema, hardware, config = (
        yaml.safe_load((REPOSITORY / path).read_text())
        for path in (
            "workflow/schemas/config.schema.yaml",
            "workflow/hardware.yaml",
            "config.yaml",
        )
    )
    return Costs(load_study(config, schema), hardware)


def test_every_training_of_the_paper_takes_one_slot_and_four_fit(costs):
    """The four that ask for most at once: cores, memory of the host, memory of the GPU."""
    asked = []
    for name, run in costs.study.runs.items():
        assert costs.gpus_asked(name) == 1
        images = costs.images(run.spec["data"])[0]
        gpu_mb = training_gpu_mb(run.spec, costs.shape(run.spec["data"]), images)
        asked.append((costs.threads_of(name), costs.memory("train", run=name), gpu_mb))
    for column, limit in enumerate((CORES, HOST_MB, GPU_MB)):
        most = sorted((row[column] for row in asked), reverse=True)[:SLOTS]
        assert 0 < sum(most) <= limit


def test_a_captured_training_is_expected_to_be_faster(costs, monkeypatch):
    name = next(iter(costs.study.runs))
    eager = costs.of("train", run=name).seconds
    monkeypatch.setitem(costs.study.runs[name].how, "cuda_graphs", True)
    costs._known.clear()
    captured = costs.of("train", run=name).seconds
    costs._known.clear()
    assert captured < eager
    gpu = costs.hardware["gpu"]
    assert gpu["captured_call"] < gpu["float32"]["call"]


RULES = """
rule all:
    input: expand("{i}.out", i=range(7))
rule one:
    output: "{i}.out"
    threads: 1
    resources: gpu=1
    shell: "echo begin >> spans; sleep 1; echo end >> spans; touch {output}"
"""


@pytest.mark.slow
def test_slots_are_never_more_than_given(tmp_path):
    """`--resources gpu=4` with cores for more: four at a time, and not fewer."""
    (tmp_path / "Snakefile").write_text(RULES)
    command = [sys.executable, "-m", "snakemake", "--cores", "16", "--resources", f"gpu={SLOTS}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    running, most = 0, 0
    for line in (tmp_path / "spans").read_text().splitlines():
        running += 1 if line == "begin" else -1
        most = max(most, running)
    assert most == SLOTS


class Resources(dict):
    __getattr__ = dict.__getitem__


@pytest.mark.parametrize("gres", ["shard:1", "mps:25"])
def test_a_share_of_a_gpu_is_asked_of_slurm_in_place_of_a_whole(gres):
    """`gpu: 0` and `gres:` in the profile, as docs/cluster.md says."""
    job = SimpleNamespace(resources=Resources(gpu=0, gres=gres))
    assert set_gres_string(job) == f" --gres={gres}"
    whole = SimpleNamespace(resources=Resources(gpu=1))
    assert set_gres_string(whole) == " --gpus=1"
