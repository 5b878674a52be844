"""C26 is a computation: the variance decides it."""

import numpy as np
import pytest
import torch
from example_study import fill

from dmvi.claims import gradients
from dmvi.distributions.likelihoods.bernoulli import Bernoulli


def test_c26_holds_of_unit_variance_alone(results, monkeypatch):
    fill(results, datasets=["cifar10"])
    claim = results.decided("fig22", "C26")
    assert claim.verdict == "holds"
    assert claim.value < 1e-7
    of_four = gradients.gradient_gap(4.0)
    # (m - x) less (m - x) / 4, at its largest: 3/4 of the largest difference of m and x.
    assert of_four == pytest.approx(0.75 * 0.98, rel=1e-6)
    monkeypatch.setattr(gradients, "gradient_gap", lambda variance: of_four)
    assert results.decided("fig22", "C26").verdict == "fails"


def test_the_package_s_bernoulli_has_this_gradient():
    rng = np.random.default_rng(0)
    x = torch.tensor(rng.random((5, 3, 4, 4)))
    logit = torch.tensor(rng.normal(size=x.shape), requires_grad=True)
    (-Bernoulli().log_prob(x, logit)).sum().backward()
    torch.testing.assert_close(logit.grad, torch.sigmoid(logit.detach()) - x)
