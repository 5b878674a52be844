"""What is written about codes, on codes whose distance, covariance and classes are known."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from dmvi import files
from dmvi.errors import DmviError
from dmvi.estimators.two_sample import against_prior
from dmvi.steps import examine_codes as module
from dmvi.steps.examine_codes import examine_codes
from dmvi.study.config import load_study
from dmvi.study.declarations import declared_step

REPOSITORY = Path(__file__).parents[2]
SETTINGS = {"images": 300, "replicates": 19, "labels": [30], "draws": 2, "gaussian": True}
N, D = {"train": 600, "valid": 20, "test": 200}, 3


@pytest.fixture
def encoded(tmp_path):
    """A data set of three classes, and writes codes of it: means around `centres`, variance `spread`."""
    total = sum(N.values())
    splits = {"train": [0, 600], "valid": [600, 620], "test": [620, total]}
    data = tmp_path / "data"
    labels = np.arange(total) % 3
    files.write_array(data / "images.npy", np.zeros((total, 2, 2, 1), np.uint8))

    def write(centres=0.0, spread=0.5, labels=labels, d=D):
        files.write_array(data / "labels.npy", np.asarray(labels, np.int64))
        meta = {
            "image_shape": [2, 2, 1],
            "splits": splits,
            "sha256": {k: files.sha256(data / k) for k in ("images.npy", "labels.npy")},
        }
        files.write_json(data / "meta.json", meta)
        rng = np.random.default_rng(0)
        means = rng.normal(0, np.sqrt(1 - spread), (total, d)) + centres
        variances = np.full((total, d), spread)
        codes = means + rng.normal(size=(total, d)) * np.sqrt(spread)
        parameters = np.concatenate([means, np.log(variances)], 1)
        files.write_array(tmp_path / "posterior.npy", parameters.astype(np.float32))
        files.write_array(tmp_path / "codes.npy", codes.astype(np.float32))

    def examine(**changes):
        paths = [tmp_path / "posterior.npy", tmp_path / "codes.npy", data]
        messages = []
        output = tmp_path / "codes.json"
        examine_codes(*paths, {**SETTINGS, **changes}, 0, output, messages.append)
        assert messages
        return files.read_json(output)

    return SimpleNamespace(write=write, examine=examine, folder=tmp_path)


def test_codes_of_the_prior_are_not_told_from_it(encoded):
    encoded.write()
    found = encoded.examine()
    codes = np.load(encoded.folder / "codes.npy")[: N["train"]]
    direct = against_prior(codes, limit=300, replicates=19, seed=0)
    assert found["two_sample"] == json.loads(
        json.dumps({name: value.to_json() for name, value in direct.items()})
    )
    assert set(direct) == {"mmd2_gaussian", "mmd2_imq", "sliced_wasserstein"}
    assert all(value["p_value"] > 0.05 for value in found["two_sample"].values())
    assert (direct["mmd2_imq"].n, direct["mmd2_imq"].available) == (300, 600)
    for split in ("train", "test"):
        moments = found["moments"][split]
        assert moments["n"] == N[split]
        assert abs(moments["logdet"]) < 3 * moments["logdet_sd"]
    assert found["notes"] == {}


def test_codes_that_differ_are_told_from_the_prior_and_their_classes_are_read(encoded):
    """Classes around 6 e_k: Cov = I + 36 (I / 3 - 1 1' / 9), with the eigenvalues 13, 13 and 1."""
    centres = 6 * np.eye(3)[np.arange(sum(N.values())) % 3]
    encoded.write(centres, spread=0.25)
    found = encoded.examine()
    assert all(value["p_value"] == 1 / 20 for value in found["two_sample"].values())
    for split in ("train", "test"):
        moments = found["moments"][split]
        logdet = pytest.approx(2 * np.log(13), abs=3 * moments["logdet_sd"])
        assert moments["logdet"] == logdet
    probes = {(probe["classifier"], probe["labels"]): probe for probe in found["probes"]}
    assert set(probes) == {("rbf", 30), ("linear", 30)}
    for probe in probes.values():
        assert probe["mean"] < 0.05
        assert (len(probe["errors"]), probe["test"]) == (2, N["test"])


def test_probes_read_means_where_the_posterior_is_gaussian(encoded):
    """Sampled codes whose noise hides the classes."""
    centres = 6 * np.eye(3)[np.arange(sum(N.values())) % 3]
    encoded.write(centres)
    codes = np.random.default_rng(1).normal(0, 50, centres.shape).astype(np.float32)
    files.write_array(encoded.folder / "codes.npy", codes)
    of_means, of_codes = encoded.examine(), encoded.examine(gaussian=False)
    assert of_means["probes"][0]["mean"] < 0.05
    assert of_codes["probes"][0]["mean"] > 0.4
    assert of_means["moments"]["train"]["trace"] == pytest.approx(9, rel=0.05)
    assert of_codes["moments"]["train"]["trace"] == pytest.approx(2500, rel=0.2)


def test_what_cannot_be_given_is_named(encoded, monkeypatch):
    encoded.write(labels=np.full(sum(N.values()), -1))
    assert encoded.examine()["notes"] == {"probes": "the data set has no labels"}
    encoded.write()
    found = encoded.examine(labels=[30, 31, 1000])
    assert {probe["labels"] for probe in found["probes"]} == {30}
    assert "31 labels for 3 classes" in found["notes"]["probes.31"]
    assert set(found["notes"]) == {"probes.31", "probes.1000"}
    assert encoded.examine(labels=[])["probes"] == []
    codes = np.load(encoded.folder / "codes.npy")
    codes[:, 1] = 0.5
    files.write_array(encoded.folder / "codes.npy", codes)
    found = encoded.examine(gaussian=False)
    assert found["moments"] == {"train": None, "test": None}
    assert "singular" in found["notes"]["moments.train"]
    monkeypatch.setattr(module, "LARGEST_COVARIANCE", 2)
    assert "takes too much memory" in encoded.examine()["notes"]["moments.test"]


def test_codes_of_other_images_are_refused(encoded):
    encoded.write()
    files.write_array(encoded.folder / "codes.npy", np.zeros((10, D), np.float32))
    with pytest.raises(DmviError, match=r"codes\.npy holds float32 \(10, 3\)"):
        encoded.examine()


CONFIG = """
study: {name: test, scale: demo}
data: {mnist: {builder: mnist, source: standin}}
defaults: {width: 8, iterations: 9, batch_size: 8, learning_rate: 0.001, adam_betas: [0.5, 0.9],
  precision: float32, log_every: 3, bound_every: 3, bound_images: 8, latent_dim: 2, data: mnist}
runs: {a: {model: vae, posterior: gaussian, likelihood: bernoulli}, b: {model: avb, likelihood: bernoulli}}
figures: {fig7: {}}
"""


def test_the_block_may_be_left_out_and_its_keys_too():
    schema = yaml.safe_load((REPOSITORY / "workflow/schemas/config.schema.yaml").read_text())
    of_run = declared_step("examine_codes")["settings"]
    config = yaml.safe_load(CONFIG)
    defaults = {"images": 10_000, "replicates": 99, "labels": [100, 1000], "draws": 5}
    study = load_study(config, schema)
    assert of_run(study, run="a") == {**defaults, "gaussian": True}
    assert of_run(study, run="b") == {**defaults, "gaussian": False}
    study = load_study({**config, "estimators": {"codes": {"images": 50}}}, schema)
    assert of_run(study, run="a") == {**defaults, "images": 50, "gaussian": True}
    # 1 / (1 + 38) is above the p-value at which C1 tells codes from the prior.
    with pytest.raises(
        DmviError, match=r"estimators\.codes\.replicates is 38; it must be at least"
    ):
        load_study({**config, "estimators": {"codes": {"replicates": 38}}}, schema)
