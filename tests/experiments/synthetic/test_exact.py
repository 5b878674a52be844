"""The control of learning: the exact log ratio, against QR densities and the gradient of the closed form."""

import torch

from dmvi.experiments.synthetic.ensemble import NoiseBatches
from dmvi.experiments.synthetic.estimation import KLTracker
from dmvi.experiments.synthetic.exact import ExactLearning, LogDensity
from dmvi.experiments.synthetic.gaussians import Gaussians, gaussian_pairs, kl_divergence
from dmvi.training.engine import CheckpointPolicy, fit

CPU = torch.device("cpu")
MEMBERS = [(seed, 2.0) for seed in range(3)]
SETTINGS = {
    **{"dim": 5, "spread": 0.1, "batch_size": 64, "iterations": 800, "samples": 20_000},
    **{"learning_rate": 5e-3, "every": 400, "adam_betas": [0.5, 0.9], "precision": "float32"},
    "log_every": 100,
}


def pairs():
    return gaussian_pairs(5, 0.3, MEMBERS)


def test_the_ratio_is_that_of_the_densities():
    q, p = pairs()
    x = q.sample(torch.randn(3, 50, 5))
    expected = q.log_prob(x) - p.log_prob(x)
    ratio = LogDensity(q)(x) - LogDensity(p)(x)
    torch.testing.assert_close(ratio.double(), expected, atol=1e-4, rtol=1e-4)


def test_its_gradient_is_that_of_the_kl():
    """By draws, against torch's KL of the same two Gaussians, differentiated."""
    q, p = pairs()
    module = ExactLearning(q, p)
    w = torch.randn(3, 2, 400_000, 5, generator=torch.Generator().manual_seed(0))
    module.generator_loss(w)["reverse_kl"].backward()
    A, b = (part.double().clone().requires_grad_(True) for part in (q.A, q.b))
    normal = torch.distributions.MultivariateNormal
    one, other = normal(b, A @ A.mT), normal(p.b.double(), (p.A @ p.A.mT).double())
    torch.distributions.kl_divergence(one, other).sum().backward()
    for mine, exact in ((module.generator.A.grad, A.grad), (module.generator.b.grad, b.grad)):
        torch.testing.assert_close(mine.double(), exact, atol=0.02, rtol=0)
        assert exact.abs().max() > 0.2  # ten times the tolerance


def test_learning_by_it_works_and_its_mean_is_the_kl(tmp_path):
    q, p = gaussian_pairs(5, 0.1, MEMBERS, same_covariance=True)
    module = ExactLearning(q, p)
    tracker = KLTracker(module, MEMBERS, SETTINGS, lambda _: None)
    tracker.add(0)
    batches = NoiseBatches(MEMBERS, SETTINGS["batch_size"], 5, CPU)
    fit(module, batches, SETTINGS, "test", CheckpointPolicy(tmp_path), lambda _: None, tracker)
    for row in tracker.rows:
        assert abs(row["estimate"] - row["true_kl"]) < 5 * row["standard_error"] + 1e-4
    for seed, _ in MEMBERS:
        kls = [row["true_kl"] for row in tracker.rows if row["seed"] == seed]
        assert kls[0] > 1.5
        assert kls[-1] < kls[0] / 50
    assert tracker.rows[-1]["true_kl"] == kl_divergence(module.q, p)[2].item()


def test_a_singular_member_diverges_alone():
    q, p = pairs()
    module = ExactLearning(Gaussians(q.A.clone(), q.b), p)
    with torch.no_grad():
        module.generator.A[1] = 0
    module.generator_loss(torch.randn(3, 2, 8, 5))["reverse_kl"].backward()
    assert module.generator.b.grad[[0, 2]].isfinite().all()
    lines = []
    tracker = KLTracker(module, MEMBERS, SETTINGS, lines.append)
    tracker.add(400)
    assert [row["seed"] for row in tracker.rows] == [0, 2]
    assert "seed 1, shift 2 has diverged by step 400" in lines[0]
