"""The cost model: what grows with what, and what jobs ask for."""

import copy
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from dmvi.costs.model import Costs
from dmvi.data.registry import BUILDERS, SPLITS, STANDIN_SIZES
from dmvi.errors import DmviError
from dmvi.experiments.synthetic.settings import synthetic_jobs
from dmvi.study.config import load_study

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
HARDWARE = yaml.safe_load((REPOSITORY / "workflow/hardware.yaml").read_text())
PAPER = yaml.safe_load((REPOSITORY / "config.yaml").read_text())
RUN = "color_mnist_gaussian"


def costs(change=lambda config: None, hardware=HARDWARE) -> Costs:
    """Of the paper's study, after a change."""
    config = copy.deepcopy(PAPER)
    change(config)
    return Costs(load_study(config, SCHEMA), hardware)


def with_probe(change=lambda config: None, **changes) -> Costs:
    """Of that study with one run more, named "probe"."""

    def added(config):
        change(config)
        probe = {"data": "color_mnist", "latent_dim": 50, "iterations": 100000, "scored": False}
        config["runs"]["probe"] = {**probe, **changes}

    return costs(added)


def on_cpu(config) -> None:
    config["device"] = "cpu"


@pytest.mark.parametrize("change", [lambda config: None, on_cpu])
@pytest.mark.parametrize(
    "larger",
    [
        {"iterations": 200000},
        {"width": 128},
        {"latent_dim": 500},
        {"batch_size": 128},
        {"data": "cifar10"},
        {"data": "celeba"},
        {"likelihood": "categorical"},
        {"posterior": "realnvp"},
        {"model": "vgh"},
    ],
)
def test_a_larger_training_takes_longer(change, larger):
    before = with_probe(change).of("train", run="probe", seed="0")
    after = with_probe(change, **larger).of("train", run="probe", seed="0")
    assert after.seconds > 1.03 * before.seconds
    if {"width", "latent_dim", "data"} & set(larger):
        assert after.memory_mb > before.memory_mb


@pytest.mark.parametrize(
    ("step", "wildcards", "block", "key"),
    [
        ("estimate_kl", {"run": RUN}, "kl", "curve_samples"),
        ("estimate_ratio", {"run": RUN, "ratio": "default"}, "density_ratio", "iterations"),
        ("find_low_posterior", {"run": RUN}, "low_posterior", "draws"),
        ("evaluate", {"run": RUN}, "samples", "images"),
        ("train_classifier", {"dataset": "cifar10"}, "classifier", "epochs"),
        ("evaluate", {"run": RUN}, "scores.critic", "steps"),
        ("evaluate_data", {"dataset": "cifar10"}, "scores.critic", "seeds"),
    ],
)
def test_a_larger_estimate_takes_longer(step, wildcards, block, key):
    def reduced(config):
        settings = config["estimators"]
        for part in block.split("."):
            settings = settings[part]
        settings[key] = max(1, settings[key] // 4)

    assert costs().of(step, **wildcards).seconds > costs(reduced).of(step, **wildcards).seconds


@pytest.mark.parametrize(
    ("key", "value"), [("temperatures", 600), ("leapfrog", 10), ("images", 999), ("draws", 30000)]
)
def test_a_longer_likelihood_takes_longer(key, value):
    run = "cifar10_quantized_normal"
    assert run in costs().study.runs

    def longer(config):
        config["estimators"]["likelihood"] = {key: value}

    before, after = (c.of("estimate_likelihood", run=run) for c in (costs(), costs(longer)))
    assert after.seconds > 1.1 * before.seconds


def test_every_density_model_and_table_has_a_cost():
    paper = costs()
    for name in ("gmm", "maf", "lstm"):
        assert paper.of("fit_density_model", run=RUN, seed="0", density_model=name).seconds > 20
    one = paper.of("estimate_ratio", run=RUN, seed="0", ratio="default").seconds
    four = paper.of("estimate_ratio", run=RUN, seed="0", ratio="table1").seconds
    assert 3 * one < four < 10 * one


@pytest.mark.parametrize("builder", [name for name, info in BUILDERS.items() if info.images])
def test_a_data_set_costs_by_its_own_images(builder):
    info = BUILDERS[builder]
    limit = {"train": 2000, "valid": 100, "test": 100}

    def added(config):
        config["data"] = {
            **config["data"],
            "whole": {"builder": builder},
            "limited": {"builder": builder, "limit": limit},
        }
        if "standin" in info.sources:
            config["data"]["small"] = {"builder": builder, "source": "standin"}

    of = costs(added)
    assert of.images("whole") == tuple(info.images[split] for split in SPLITS)
    assert of.images("limited") == (2000, 100, 100)
    if "standin" in info.sources:
        assert of.images("small") == tuple(STANDIN_SIZES[split] for split in SPLITS)
    images = sum(info.images.values())
    assert of.of("prepare_data", dataset="whole").disk_mb == pytest.approx(
        images * info.image_size**2 * info.channels / 1e6
    )


def test_flows_cost_by_pairs():
    """Every point passes through the flow of every image, where a Gaussian is one product."""
    flow = costs().of("estimate_kl", run="color_mnist_realnvp-latent_dim50", seed="0")
    gaussian = costs().of("estimate_kl", run=RUN, seed="0")
    assert flow.seconds > 3 * gaussian.seconds


def test_models_without_encoder_have_a_cost():
    """Snakemake may ask for the resources of a job that is refused for another reason."""
    gan = next(name for name in costs().study.runs if "dcgan" in name)
    for step in ("train", "evaluate", "encode"):
        assert costs().of(step, run=gan, seed="0").seconds > 0


def test_limits_grow_with_the_attempt():
    paper = costs()
    first = paper.minutes("train", 1, run=RUN, seed="0")
    expected = paper.of("train", run=RUN, seed="0").seconds / 60
    limits = HARDWARE["limits"]
    assert first >= limits["minutes"] + limits["safety"] * expected
    assert paper.minutes("train", 2, run=RUN, seed="0") == 2 * first
    assert paper.memory("train", 3, run=RUN, seed="0") == 3 * paper.memory("train", 1, run=RUN)


def test_limits_stay_below_the_longest_and_the_largest():
    bounds = {"longest_minutes": 30, "largest_memory_mb": 7000}
    hardware = {**HARDWARE, "limits": {**HARDWARE["limits"], **bounds}}
    small = costs(hardware=hardware)
    assert small.minutes("train", 3, run=RUN, seed="0") == 30
    first = small.memory("train", 1, run=RUN)
    assert first < 7000 < 2 * first
    assert small.memory("train", 2, run=RUN) == 7000
    # What a config asks for is asked for, and grows within the same bounds.
    assert [small.minutes("train", n, 20, run=RUN) for n in (1, 2)] == [20, 30]
    assert [small.minutes("train", n, 50, run=RUN) for n in (1, 2)] == [50, 50]
    assert [small.memory("train", n, 9000, run=RUN) for n in (1, 2)] == [9000, 9000]


def test_memory_has_a_floor():
    small = costs(on_cpu)
    assert small.memory("draw", figure="fig7") == HARDWARE["limits"]["memory_mb"]
    assert small.memory("collect_claims") == HARDWARE["limits"]["memory_mb"]
    # The host's share of CUDA, however small the job.
    assert costs().of("encode", run=RUN).memory_mb > HARDWARE["gpu"]["memory_mb"]


def test_large_states_are_copied_when_they_are_saved():
    """Ten classifiers of 100 million parameters have 12 GB of weights and moments."""
    paper = costs()
    parts = [
        paper.of("run_synthetic", kind="estimation", setting=f"d1000-lr0.0001-part{part}")
        for part in (1, 2, 3, 4)
    ]
    assert all(24_000 < part.memory_mb < 60_000 for part in parts)
    disk = sum(
        part.disk_mb for part in parts
    )  # forty members in four jobs, two checkpoints of each
    assert disk == pytest.approx(2 * 4 * 12_000, rel=0.1)


def test_the_device_decides_about_the_rates():
    def train(*change, **changes):
        return with_probe(*change, **changes).of("train", run="probe", seed="0")

    assert train().gpus == 1
    assert train(gpu=2).gpus == 2
    cpu = train(gpu=0)
    assert cpu.gpus == 0
    assert train(on_cpu) == cpu
    one = train(gpu=0, threads=1)
    gain = one.seconds / cpu.seconds
    assert (one.threads, cpu.threads) == (1, 4)
    assert 1.5 < gain <= 4 ** HARDWARE["cpu"]["threads_exponent"]


def test_all_jobs_of_the_paper_have_a_cost():
    paper = costs()
    for name, run in paper.study.runs.items():
        cost = paper.of("train", run=name, seed=str(run.seeds[0]))
        assert 60 < cost.seconds < 30 * 24 * 3600, name
    for kind, settings in synthetic_jobs(PAPER).items():
        for setting in settings:
            assert paper.of("run_synthetic", kind=kind, setting=setting).seconds > 60


def test_what_is_not_known_is_refused_and_never_guessed():
    with pytest.raises(DmviError, match="'no_such_rule' is no step; the steps are encode, "):
        costs().of("no_such_rule", run=RUN)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("cpu.float32.flops", None),
        ("gpu.float64.call", "1e-05"),  # what YAML makes of 1e-05
        ("gpu.bfloat16.values", 0),
        ("limits.safety", -1),
        ("seconds_per_submission", True),
    ],
)
def test_a_wrong_number_is_named(path, value):
    hardware = copy.deepcopy(HARDWARE)
    *keys, last = path.split(".")
    block = hardware
    for key in keys:
        block = block[key]
    block[last] = value
    with pytest.raises(DmviError, match=re.escape(f"{path} is {value!r}; give a positive number")):
        costs(hardware=hardware)


def test_measured_is_told_from_assumed():
    for device in ("cpu", "gpu"):
        assert isinstance(HARDWARE[device]["measured"], bool)
        assert HARDWARE[device]["machine"]


def test_nothing_heavy_is_imported():
    heavy = "{'torch', 'pandas', 'numpy'} & set(sys.modules)"
    code = f"import sys, dmvi.costs.model, dmvi.costs.plan; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
