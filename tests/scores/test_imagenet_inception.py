"""The ImageNet network's wrapper, with random weights in the place of the published ones."""

import subprocess
import sys
from unittest import mock

import numpy as np
import pytest
import torch

from dmvi import files
from dmvi.errors import DmviError
from dmvi.study import inception_weights
from dmvi.study.inception_weights import check_weights

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def wrapper():
    return pytest.importorskip("dmvi.scores.functions.imagenet_inception")


@pytest.fixture(scope="module")
def random_network(wrapper, tmp_path_factory):
    """torch-fidelity's network as it is before its weights are loaded."""
    empty = tmp_path_factory.mktemp("inception") / "empty.pth"
    torch.save({}, empty)
    network = wrapper.FeatureExtractorInceptionV3
    torch.manual_seed(0)
    with mock.patch.object(network, "load_state_dict"):
        return network("x", ["logits_unbiased"], feature_extractor_weights_path=empty)


@pytest.fixture
def weights(random_network, tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    torch.save(random_network.state_dict(), path)
    monkeypatch.setattr(inception_weights, "SHA256_PREFIX", files.sha256(path)[:8])
    return path


@pytest.mark.slow
def test_probabilities_are_those_of_the_networks_logits(wrapper, random_network, weights):
    images = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 3), dtype=np.uint8)
    network = wrapper.load_inception(weights, CPU)
    probabilities = wrapper.inception_probabilities(network, images)
    assert probabilities.shape == (5, 1008)
    (logits,) = random_network(torch.from_numpy(images).permute(0, 3, 1, 2))
    np.testing.assert_allclose(probabilities, logits.double().softmax(1), rtol=1e-4)
    grey = wrapper.inception_probabilities(network, images[:2, ..., :1])
    rgb = wrapper.inception_probabilities(network, np.repeat(images[:2, ..., :1], 3, -1))
    np.testing.assert_array_equal(grey, rgb)


def test_the_published_digest_is_asked_for(tmp_path):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"something else")
    with pytest.raises(DmviError, match=rf"{files.sha256(path)}.* begins with 6726825d; give that"):
        check_weights(path)
    with pytest.raises(DmviError, match=r"cannot be read \(No such file.*or null"):
        check_weights(tmp_path / "absent.pth")
    assert inception_weights.SHA256_PREFIX in inception_weights.FILE_NAME


def test_the_right_file_gives_its_digest(tmp_path, monkeypatch):
    path = tmp_path / "weights.pth"
    path.write_bytes(b"the right one")
    monkeypatch.setattr(inception_weights, "SHA256_PREFIX", files.sha256(path)[:8])
    assert check_weights(path) == files.sha256(path)


def test_a_pickled_object_is_never_run_even_with_the_right_digest(wrapper, tmp_path, monkeypatch):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "ran"), "w"))

    path = tmp_path / "weights.pth"
    torch.save({"fc.weight": Trap()}, path)
    monkeypatch.setattr(inception_weights, "SHA256_PREFIX", files.sha256(path)[:8])
    with pytest.raises(DmviError, match="does not hold the weights"):
        wrapper.load_inception(path, CPU)
    assert not (tmp_path / "ran").exists()


def test_the_check_needs_no_torch():
    code = "import sys, dmvi.study.inception_weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
