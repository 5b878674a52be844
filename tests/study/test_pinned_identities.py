"""What the trainings of studies/paper_cpu are: some of them take days, and each has one name.

A checkpoint is continued where its identity is the same. So a digest below may change only together
with a line of the changelog that says which trainings are discarded.
"""

from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from dmvi.files import read_json
from dmvi.steps import estimate_ratio, train
from dmvi.study.config import load_study

REPOSITORY = Path(__file__).parents[2]
CHANGED = (
    "is another training now: checkpoints of days are no longer continued. Undo what changed its "
    "settings, their names or their digest; pin the new one only if the changelog says that these "
    "trainings are discarded"
)
# images.npy of the complete official data sets, as prepared.
IMAGES = {
    "color_mnist": "0d5136ae5adac7ed963521333748694c57ddc5aff50780c30a6fef4b79cedec5",
    "cifar10": "29c646a8a4399f852ef37c460a216ff2dfdf6dc30a2d8b5406d91d5f4de25746",
}
RUNS = {
    "cifar10_gaussian/seed0": "ab06c71e9e22faee",
    "cifar10_quantized_normal/seed0": "8e14a06e3720a964",
    "color_mnist_gaussian/seed0": "25368f5c63e20ce0",
    "cifar10_gaussian_second/seed1": "138364d6a577fb24",
    "cifar10_quantized_normal_second/seed1": "2c5bf0bbe62bf609",
    "color_mnist_gaussian_second/seed1": "52438d61db7d6c21",
    "color_mnist_gaussian_sizes-latent_dim10/seed0": "ccd3132243f3706b",
    "color_mnist_gaussian_sizes-latent_dim75/seed0": "89c4a74c6d99bf9a",
    "color_mnist_realnvp-latent_dim10/seed0": "0b8838057243cf56",
    "color_mnist_realnvp-latent_dim50/seed0": "2cc9a29378de0fea",
    "color_mnist_realnvp-latent_dim75/seed0": "41c83deafbc65d04",
    "color_mnist_gaussian_float32/seed0": "fef1b1b96e6fd167",
    "cifar10_open_latents-likelihoodbernoulli-latent_dim50/seed0": "be37978278cdd0df",
    "cifar10_open_latents-likelihoodbernoulli-latent_dim100/seed0": "d81f56a94e108d6b",
    "cifar10_open_latents-likelihoodquantized_normal-latent_dim50/seed0": "59eedc0c43a884b3",
    "cifar10_open_latents-likelihoodquantized_normal-latent_dim100/seed0": "f6c8ab95f31cbdc8",
    "cifar10_open_rates-likelihoodbernoulli-learning_rate0.0002/seed0": "8d19de1d538f80a4",
    "cifar10_open_rates-likelihoodbernoulli-learning_rate0.0005/seed0": "181a3d56a3cea66f",
    "cifar10_open_rates-likelihoodquantized_normal-learning_rate0.0002/seed0": "910cfae8dac61ad3",
    "cifar10_open_rates-likelihoodquantized_normal-learning_rate0.0005/seed0": "1bab7e7715f7d3c9",
    "cifar10_open_sigmas-smallest_sigma0.02/seed0": "3c180d000df38964",
    "cifar10_open_sigmas-smallest_sigma0.05/seed0": "216a9386c5892f38",
}
# Of the classifier's settings on ColorMNIST's codes, with a name in the place of model.pt's digest.
RATIOS = {
    "default": ["5526325b0a4cc55e"],
    "table1": ["5526325b0a4cc55e", "a8edd50267dc8e03", "a46d0096efaad6dc", "ef1a33ac7a465279"],
    "table2": [
        "a826743c01c19aa0",
        "9072a03f6d1f7b3a",
        "5526325b0a4cc55e",
        "5aedfecce95f16c8",
        "f63ae9c87ba0d1e5",
        "a8edd50267dc8e03",
        "375b7ff6552c1364",
    ],
}


@pytest.fixture(scope="module")
def study():
    config = yaml.safe_load((REPOSITORY / "studies/paper_cpu/config.yaml").read_text())
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    return load_study(config, schema)


def meta(data):
    return {"sha256": {"images.npy": IMAGES[data]}}


def test_the_data_are_those_that_results_were_published_of():
    path = REPOSITORY / "results/reference/reduced/provenance.json"
    published = read_json(path)["data"]
    assert {name: published[name]["sha256"]["images.npy"] for name in IMAGES} == IMAGES


def test_runs_are_the_trainings_that_they_were(study):
    found = {
        f"{name}/seed{seed}": train.identity_of(
            run.spec, seed, SimpleNamespace(meta=meta(run.spec["data"]))
        )
        for name, run in study.runs.items()
        for seed in run.seeds
    }
    for name, pinned in RUNS.items():
        assert found.get(name) == pinned, f"{name} {CHANGED}"
    assert not set(found) - set(RUNS), "pin the identity of a new run here"


def test_their_length_is_no_part_of_what_they_are(study):
    run = study.runs["cifar10_gaussian"]
    longer = {**run.spec, "iterations": 200_000}
    dataset = SimpleNamespace(meta=meta("cifar10"))
    assert train.identity_of(longer, 0, dataset) == RUNS["cifar10_gaussian/seed0"]


def test_classifiers_are_the_trainings_that_they_were(study):
    for name in ("default", "table1", "table2"):
        found = [
            estimate_ratio.identity_of(setting, 0, "model", meta("color_mnist"))
            for setting in estimate_ratio.settings(study, "cifar10_gaussian", name)
        ]
        longer = [
            estimate_ratio.identity_of(
                {**setting, "iterations": 100_000}, 0, "model", meta("color_mnist")
            )
            for setting in estimate_ratio.settings(study, "cifar10_gaussian", name)
        ]
        assert found == RATIOS[name], f"a classifier of {name} {CHANGED}"
        assert longer == found
        assert len(set(found)) == len(found)
