"""From entries to runs: data sets that an entry lists, what follows from the data set, `how` in full."""

import hashlib
import json
from pathlib import Path

import pytest
import yaml

from dmvi.study.config import Study, load_study
from dmvi.study.how import HOW

REPOSITORY = Path(__file__).parents[2]
SCHEMA = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
# Of all that is computed: names, entries, seeds, what each run is, tags, and the runs of every figure.
RESOLVED = {
    "": "b8c5079df43cad14",
    "studies/reduced": "e6ea3a37a07dd77a",
    "studies/demo": "89d93d5c00dc977f",
}


def read(study: str) -> dict:
    return yaml.safe_load((REPOSITORY / study / "config.yaml").read_text())


def load(config: dict) -> Study:
    return load_study(config, SCHEMA)


@pytest.fixture
def config():
    return read("studies/demo")


@pytest.mark.parametrize("folder", RESOLVED)
def test_a_study_computes_what_it_did(folder):
    """However its config is written. A run that resolves to something else is trained again.

    If that is meant (a run more, an option more), put the new digest here and say in the changelog
    what is trained again.
    """
    study = load(read(folder))
    runs = {
        name: [run.entry, run.seeds, run.spec, run.tags] for name, run in sorted(study.runs.items())
    }
    figures = {name: sorted(chosen) for name, chosen in study.figures.items()}
    text = json.dumps([runs, figures], sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == RESOLVED[folder]


def test_an_entry_is_a_run_on_each_data_set_that_it_lists(config):
    config["runs"]["my_DATA_vae"] = {
        "data": ["celeba", "cifar10"],
        "sweep": {"latent_dim": [4, 8]},
    }
    runs = [run for run in load(config).runs.values() if run.name.startswith("my_")]
    assert [(run.name, run.entry, run.spec["data"]) for run in runs] == [
        ("my_celeba_vae-latent_dim4", "my_celeba_vae", "celeba"),
        ("my_celeba_vae-latent_dim8", "my_celeba_vae", "celeba"),
        ("my_cifar10_vae-latent_dim4", "my_cifar10_vae", "cifar10"),
        ("my_cifar10_vae-latent_dim8", "my_cifar10_vae", "cifar10"),
    ]


def test_a_figure_can_name_what_a_listing_entry_makes(config):
    config["figures"]["fig29"] = {"runs": ["cifar10_avb"]}
    assert load(config).figures["fig29"] == ["cifar10_avb"]


def test_what_follows_from_the_data_set_lies_between_the_defaults_and_the_entry(config):
    config["defaults"] |= {"batch_size": 11, "bound_every": 2}
    config["data_defaults"] = {"celeba": {"batch_size": 22, "latent_dim": 5, "gpu": 2}}
    config["runs"] = {
        "DATA_plain": {"data": ["celeba", "cifar10"]},
        "own": {"data": "celeba", "batch_size": 33},
        "swept": {"sweep": {"data": ["celeba", "cifar10"], "latent_dim": [7]}},
    }
    config["figures"] = {"fig7": {}}
    runs = load(config).runs
    sizes = {n: (r.spec["batch_size"], r.spec["latent_dim"], r.how["gpu"]) for n, r in runs.items()}
    assert sizes == {
        "celeba_plain": (22, 5, 2),
        "cifar10_plain": (11, 32, 0),
        "own": (33, 5, 2),
        "swept-dataceleba-latent_dim7": (22, 7, 2),
        "swept-datacifar10-latent_dim7": (11, 7, 0),
    }


def test_one_players_rate_leaves_the_others_at_their_data_sets_default(config):
    config["data_defaults"]["celeba"]["learning_rate"] = 0.25
    config["runs"]["mine"] = {
        "data": "celeba",
        "model": "dcgan",
        "sweep": {"learning_rate.discriminator": [1e-4]},
    }
    run = load(config).runs["mine-learning_rate.discriminator0.0001"]
    assert run.spec["learning_rate"] == {"discriminator": 1e-4, "generator": 0.25}


def test_a_default_for_a_data_set_gives_way_to_a_model_that_does_not_admit_it(config):
    """As in `defaults`; set in an entry, it would be refused."""
    config["data_defaults"]["celeba"]["posterior"] = "realnvp"
    runs = load(config).runs
    assert runs["celeba_gaussian"].spec["posterior"] == "realnvp"
    assert runs["celeba_avb"].spec["posterior"] == "implicit"
    assert "posterior" not in runs["celeba_dcgan"].spec


def test_how_is_complete(config):
    for key in HOW:
        config["defaults"].pop(key, None)
    config["runs"]["celeba_gaussian"] |= {"gpu": 3, "minutes": 7}
    study = load(config)
    assert study.runs["celeba_gaussian"].how == {**HOW, "gpu": 3, "minutes": 7}
    assert study.runs["color_mnist_vae_large-latent_dim100"].how == {**HOW, "scored": False}
    assert study.how == study.runs["cifar10_gaussian"].how == HOW
    assert not any(set(run.spec) & set(HOW) for run in study.runs.values())
    config["defaults"]["threads"] = 2
    assert load(config).how["threads"] == 2
