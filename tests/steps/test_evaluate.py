"""Scores of a model and of the data: what is written, and that it follows seeds and settings."""

import json

import numpy as np
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.models import make_model
from dmvi.networks.vgg import VGG
from dmvi.scores.functions.critic import critic_distance
from dmvi.scores.functions.ms_ssim import diversity
from dmvi.scores.functions.sliced_wasserstein import sliced_wasserstein
from dmvi.steps.evaluate import evaluate
from dmvi.steps.evaluate_data import evaluate_data, random_subset
from dmvi.steps.sampling import CHUNK, draw_samples
from dmvi.steps.trained import load_model
from dmvi.training import checkpoint

CPU = torch.device("cpu")
CRITIC = {"steps": 2, "width": 4, "batch_size": 8, "learning_rate": 1e-3, "penalty": 10}
ALWAYS = {"sliced_wasserstein": {}, "spread": {}}
SETTINGS = {
    "samples": {"images": 40, "grid": 9},
    "reconstructions": {"grid": 4, "images": 8},
    "scores": {
        **ALWAYS,
        "inception": {"splits": 4},
        "diversity": {"batches": 2, "batch_size": 6},
        "critic": {**CRITIC, "seeds": 2, "images": 12},
    },
}


def quiet(_):
    pass


@pytest.fixture
def model(spec, tmp_path):
    """An untrained model as the training step saves it."""
    torch.manual_seed(0)
    path = tmp_path / "model.pt"
    state = make_model(spec, (28, 28, 1)).state_dict()
    content = {"spec": json.dumps(spec), "image_shape": [28, 28, 1], "model": state}
    checkpoint.save(path, content)
    return path


def save_classifier(path, shape=(28, 28, 1)):
    torch.manual_seed(0)
    network = VGG(shape[2], 5, 4)
    spec = {"image_shape": shape, "classes": 5, "width": 4, "title": "noise"}
    checkpoint.save(path, {"spec": json.dumps(spec), "model": network.state_dict()})
    return path


def run(model, dataset, output, seed=0, settings=SETTINGS, **options):
    kept = output.parent / "kept"
    options = {"log": quiet, **options}
    evaluate(model, dataset, settings, seed, output, kept, "cpu", **options)
    return files.read_json(output / "scores.json")


def test_scores_of_a_model(model, dataset, tmp_path):
    classifier = save_classifier(tmp_path / "classifier.pt")
    written = run(model, dataset, tmp_path / "out", classifier=classifier)
    assert written["n_samples"] == 40
    scores = written["scores"]
    assert set(scores) == {
        "inception_cifar10",
        "inception_imagenet",
        "diversity",
        "critic",
        "sliced_wasserstein",
        "spread",
    }
    assert scores["inception_imagenet"].keys() == {"skipped"}
    inception = scores["inception_cifar10"]
    assert (inception["n"], inception["splits"]) == (40, 4)
    assert 1 <= inception["value"] <= 5
    assert inception["weights_sha256"] == files.sha256(classifier)
    assert "trained on noise" in inception["extractor"]
    assert (scores["diversity"]["pairs"], scores["diversity"]["scales"]) == (30, 5)
    critic = scores["critic"]
    assert (critic["n"], critic["n_train"], critic["n_heldout"]) == (12, 6, 6)
    assert len(critic["values"]) == 2
    assert scores["sliced_wasserstein"]["n"] == 16  # test images
    assert np.load(tmp_path / "out/samples.npy").shape == (9, 28, 28, 1)


def test_scores_are_those_of_the_samples(model, dataset, tmp_path):
    scores = run(model, dataset, tmp_path / "out", seed=3)["scores"]
    samples = draw_samples(load_model(model, CPU), 40, seed=3)
    images = np.load(dataset / "images.npy")
    np.testing.assert_array_equal(np.load(tmp_path / "out/samples.npy"), samples[:9])
    assert scores["diversity"]["value"] == diversity(samples, 2, 6).value
    distance = sliced_wasserstein(samples[:16], images[112:], seed=3)
    assert scores["sliced_wasserstein"]["value"] == distance
    valid = images[96:112][:12]
    result = critic_distance(valid, samples[:12], seeds=[0, 1], device=CPU, log=quiet, **CRITIC)
    assert scores["critic"]["values"] == list(result.values)


def test_only_what_is_asked_for(model, dataset, tmp_path):
    written = run(model, dataset, tmp_path / "out", settings={**SETTINGS, "scores": ALWAYS})
    assert set(written["scores"]) == {"sliced_wasserstein", "spread"}
    with pytest.raises(DmviError, match="'fid' is no score; the scores are classes, critic, "):
        run(model, dataset, tmp_path / "out", settings={**SETTINGS, "scores": {"fid": {}}})


def test_a_critic_is_trained_once_for_the_same_images_and_options(model, dataset, tmp_path):
    def critic(**changes):
        messages = []
        settings = {**SETTINGS, **changes}
        scores = run(model, dataset, tmp_path / "out", settings=settings, log=messages.append)
        return scores["scores"]["critic"], any("critic: kept in" in m for m in messages)

    first, kept = critic()
    assert not kept
    assert critic() == (first, True)
    fewer = {**SETTINGS["scores"], "inception": {"splits": 2}}
    assert critic(scores=fewer, reconstructions={"grid": 2, "images": 4}) == (first, True)
    steeper = {**SETTINGS["scores"], "critic": {**SETTINGS["scores"]["critic"], "penalty": 5}}
    second, kept = critic(scores=steeper)
    assert not kept
    assert second["values"] != first["values"]
    assert not critic(samples={"images": 41, "grid": 9})[1]


def test_a_model_without_encoder_has_no_reconstructions(spec, dataset, tmp_path):
    gan = {k: v for k, v in spec.items() if k not in ("posterior", "likelihood")}
    path = tmp_path / "gan.pt"
    gan |= {"model": "dcgan"}
    state = make_model(gan, (28, 28, 1)).state_dict()
    content = {"spec": json.dumps(gan), "image_shape": [28, 28, 1], "model": state}
    checkpoint.save(path, content)
    run(path, dataset, tmp_path / "out", settings={**SETTINGS, "scores": ALWAYS})
    quality = files.read_json(tmp_path / "out/quality.json")
    assert quality["n_reconstructions"] == 0
    assert quality["reconstruction_mse"] is None
    assert np.load(tmp_path / "out/reconstructions.npy").shape == (0, 28, 28, 1)


def test_the_same_seed_gives_the_same_bytes(model, dataset, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        run(model, dataset, tmp_path / name, seed)
    a, b, c = (
        [files.sha256(tmp_path / name / file) for file in ("scores.json", "samples.npy")]
        for name in "abc"
    )
    assert a == b
    assert not set(a) & set(c)


def test_samples_come_in_chunks_of_one_stream(model):
    loaded = load_model(model, CPU)
    some, more = (draw_samples(loaded, n, seed=0) for n in (CHUNK, CHUNK + 5))
    np.testing.assert_array_equal(more[:CHUNK], some)
    assert len(np.unique(more[-5:].reshape(5, -1), axis=0)) == 5


def test_scores_of_the_data(dataset, tmp_path):
    """Test images for quality; training images in the samples' place for distances."""
    path = tmp_path / "scores.json"
    wanted = {"samples": 40, "scores": SETTINGS["scores"]}
    evaluate_data(dataset, wanted, 0, path, tmp_path / "kept", "cpu", log=quiet)
    written = files.read_json(path)
    assert written["n_samples"] == 16
    scores = written["scores"]
    assert scores["inception_cifar10"].keys() == {"skipped"}
    images = np.load(dataset / "images.npy")
    test, train = images[112:], random_subset(images[:96], 40, 0)
    assert scores["diversity"]["value"] == diversity(random_subset(test, 40, 0), 2, 6).value
    distance = sliced_wasserstein(train[:16], test, seed=0)
    assert scores["sliced_wasserstein"]["value"] == distance
    assert scores["critic"]["n"] == 12


def test_random_subset_draws_different_images_in_random_order():
    images = np.arange(100, dtype=np.uint8)[:, None, None, None]
    drawn = random_subset(images, 30, 0).ravel()
    assert len(set(drawn.tolist())) == 30
    assert (np.diff(drawn.astype(int)) < 0).any()
    assert sorted(random_subset(images, 500, 0).ravel().tolist()) == list(range(100))
    assert not np.array_equal(drawn, random_subset(images, 30, 1).ravel())


def test_a_classifier_of_other_images_is_refused(model, dataset, tmp_path):
    classifier = save_classifier(tmp_path / "classifier.pt", (32, 32, 3))
    with pytest.raises(DmviError, match=r"trained on images of shape \(32, 32, 3\), but"):
        run(model, dataset, tmp_path / "out", classifier=classifier)
