"""Our Inception score is torch-fidelity's."""

import numpy as np
import pytest
import torch

from dmvi.scores.functions.inception import inception_score

oracle = pytest.importorskip("torch_fidelity.metric_isc")


@pytest.mark.parametrize(("n", "classes", "splits"), [(1000, 10, 10), (1003, 1008, 7), (50, 3, 50)])
@pytest.mark.parametrize("seed", [None, 2020])
@pytest.mark.parametrize("scale", [0.5, 40.0])  # uncertain, and so sure that probabilities are 0
def test_equals_torch_fidelity(n, classes, splits, seed, scale):
    logits = scale * torch.randn(n, classes, generator=torch.Generator().manual_seed(0))
    expected = oracle.isc_features_to_metric(logits, splits, seed is not None, seed)
    probabilities = logits.double().softmax(1).numpy()
    score = inception_score(probabilities, splits, shuffle_seed=seed)
    np.testing.assert_allclose(score.value, expected["inception_score_mean"], rtol=1e-10)
    np.testing.assert_allclose(score.sd, expected["inception_score_std"], rtol=1e-7, atol=1e-12)
    whole = oracle.isc_features_to_metric(logits, 1, False)["inception_score_mean"]
    np.testing.assert_allclose(score.value_one_split, whole, rtol=1e-10)
