"""The classifier KL on Gaussians, whose KL is known, and what its checks see."""

import json
import math

import pytest
import torch
from torch.distributions import Independent, MultivariateNormal, Normal, kl_divergence

from dmvi.errors import DmviError
from dmvi.estimators.density_ratio import (
    RatioClassifier,
    RatioTracker,
    accuracy,
    calibration_curve,
    calibration_error,
    mean_logit,
)
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_fake, bce_real, gradient_penalty
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.reproducibility import set_up

CPU = torch.device("cpu")
SPEC = {"log_every": 100, "adam_betas": [0.5, 0.9], "precision": "float32"}


class Draws:
    """Batches z ~ q for the engine; the global generator is all of their state."""

    device = CPU

    def __init__(self, q, size):
        self.q, self.size = q, size

    def next(self):
        return self.q.sample((self.size,))

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def standard_normal(d):
    return Independent(Normal(torch.zeros(d), torch.ones(d)), 1)


def narrow_gaussian(d, sd):
    """A full covariance, off centre."""
    a = sd * (torch.eye(d) + 0.3 * torch.randn(d, d, generator=seeded(0)) / math.sqrt(d))
    return MultivariateNormal(torch.full((d,), 1 / math.sqrt(d)), a @ a.T)


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def true_kl(q, d):
    return kl_divergence(q, MultivariateNormal(torch.zeros(d), torch.eye(d))).item()


def train(classifier, q, folder, schedule, batch=512, tracker=None):
    """Several constant learning rates after each other: (rate, iterations) each."""
    for i, (rate, iterations) in enumerate(schedule):
        spec = {**SPEC, "iterations": iterations, "learning_rate": rate}
        policy = CheckpointPolicy(folder / str(i))
        fit(classifier, Draws(q, batch), spec, "test", policy, lambda _: None, tracker)
    return classifier


@pytest.mark.parametrize(("d", "sd", "width", "steps"), [(1, 0.4, 32, 600), (10, 0.6, 64, 1200)])
def test_estimate_is_within_5_percent_of_the_kl_of_two_gaussians(d, sd, width, steps, tmp_path):
    q = narrow_gaussian(d, sd)
    set_up(0)
    classifier = RatioClassifier(CodeDiscriminator(d, 2, width))
    train(classifier, q, tmp_path, [(2e-3, steps), (1e-4, steps // 2)])
    estimate = mean_logit(classifier.logits(q.sample((50_000,)).split(10_000)))
    assert estimate.standard_error < 0.01 * true_kl(q, d)
    assert estimate.value == pytest.approx(true_kl(q, d), rel=0.05)


def test_finite_training_underestimates_in_1000_dimensions(tmp_path):
    d = 1000
    q = Independent(Normal(torch.zeros(d), torch.full((d,), 0.7)), 1)
    set_up(0)
    classifier = RatioClassifier(CodeDiscriminator(d, 2, 128))
    train(classifier, q, tmp_path, [(5e-4, 500)], batch=64)
    estimate = mean_logit(classifier.logits(q.sample((2000,)).split(500)))
    true = 0.5 * d * (0.49 - 1 - math.log(0.49))
    assert estimate.value < true - 3 * estimate.standard_error
    assert estimate.value > 0, "something was learned: q and p are told apart"


def test_the_exact_log_ratio_gives_the_kl_within_its_standard_error():
    q, p = narrow_gaussian(10, 0.6), standard_normal(10)
    set_up(0)
    errors = []
    for _ in range(200):
        z = q.sample((500,))
        estimate = mean_logit(q.log_prob(z) - p.log_prob(z))
        errors.append((estimate.value - true_kl(q, 10)) / estimate.standard_error)
    errors = torch.tensor(errors)
    assert errors.std().item() == pytest.approx(1, abs=0.2)
    assert abs(errors.mean().item()) < 4 / math.sqrt(200)
    assert errors.abs().max() < 4.5


def test_mean_logit_is_taken_in_float64():
    logits = torch.tensor([1e8, 1.0, -1e8, 3.0])
    estimate = mean_logit(logits)
    assert (estimate.value, estimate.n) == (1.0, 4)
    assert json.loads(json.dumps(estimate.to_json()))["value"] == 1.0


def test_one_code_is_refused():
    with pytest.raises(DmviError, match=r"1 are too few .* at least 2"):
        mean_logit(torch.zeros(1))


@pytest.fixture
def exact():
    """Exact log ratios of N(1, 0.5^2) to N(0, 1), at 20,000 draws of each."""
    set_up(0)
    q, p = Normal(1.0, 0.5), Normal(0.0, 1.0)
    z = torch.stack([q.sample((20_000,)), p.sample((20_000,))])
    return q.log_prob(z) - p.log_prob(z)


def test_the_exact_ratio_is_calibrated(exact):
    curve = calibration_curve(*exact)
    assert list(curve) == ["predicted", "observed", "count"]
    assert len(curve) >= 8
    assert curve["count"].sum() == 40_000
    noise = (curve["predicted"] * (1 - curve["predicted"]) / curve["count"]) ** 0.5
    assert ((curve["predicted"] - curve["observed"]).abs() < 4.5 * noise).all()
    assert calibration_error(curve) < 0.01


@pytest.mark.parametrize("factor", [3.0, 0.3])
def test_over_and_underconfident_ratios_are_not(exact, factor):
    curve = calibration_curve(*factor * exact)
    assert calibration_error(curve) > 0.05
    excess = (curve["predicted"] - curve["observed"])[curve["predicted"] > 0.6]
    assert (excess * (factor - 1) > 0.01).all()
    assert accuracy(*factor * exact) == accuracy(*exact), "their signs are the same"


def test_calibration_of_a_few_codes_by_hand():
    posterior, prior = torch.logit(torch.tensor([[0.92, 0.98, 0.22], [0.91, 0.28, 0.22]]))
    curve = calibration_curve(posterior, prior)
    assert curve["count"].tolist() == [3, 3], "empty bins are left out"
    assert curve["predicted"].tolist() == pytest.approx([0.24, 2.81 / 3])
    assert curve["observed"].tolist() == pytest.approx([1 / 3, 2 / 3])
    assert calibration_error(curve) == pytest.approx(0.5 * (1 / 3 - 0.24) + 0.5 * (0.81 / 3))
    assert accuracy(posterior, prior) == pytest.approx(2 / 3)


def test_certainty_is_in_the_outer_bins():
    curve = calibration_curve(torch.full((5,), 1e4), torch.full((7,), -1e4))
    assert curve["predicted"].tolist() == curve["observed"].tolist() == [0, 1]
    assert curve["count"].tolist() == [7, 5]


def test_loss_is_the_cross_entropy_with_codes_as_label_1():
    set_up(0)
    classifier = RatioClassifier(CodeDiscriminator(3, 1, 8))
    z = torch.randn(16, 3)
    torch.manual_seed(1)
    terms = classifier.loss(z)
    torch.manual_seed(1)
    prior = torch.randn(16, 3)
    assert set(terms) == {"posterior", "prior"}
    torch.testing.assert_close(terms["posterior"], bce_real(classifier(z)))
    torch.testing.assert_close(terms["prior"], bce_fake(classifier(prior)))


def test_gradient_penalty_adds_its_term():
    set_up(0)
    network, z = CodeDiscriminator(3, 1, 8), torch.randn(16, 3)
    torch.manual_seed(1)
    plain = RatioClassifier(network).loss(z)
    torch.manual_seed(1)
    terms = RatioClassifier(network, penalty_weight=7.0).loss(z)
    torch.manual_seed(1)
    expected = gradient_penalty(network, z, torch.randn(16, 3), 7.0)
    torch.testing.assert_close(terms.pop("penalty"), expected)
    assert expected > 0
    torch.testing.assert_close(terms, plain)


def test_gradient_penalty_holds_the_slope_near_one(tmp_path):
    """The exact slope of N(4, I) to N(0, I) in one dimension is 4."""
    q = Independent(Normal(torch.full((1,), 4.0), torch.ones(1)), 1)
    slopes = []
    for weight in (0.0, 100.0):
        set_up(0)
        classifier = RatioClassifier(CodeDiscriminator(1, 1, 16), weight)
        train(classifier, q, tmp_path / str(weight), [(5e-3, 300)], batch=128)
        low, high = classifier.logits([torch.tensor([[1.5], [2.5]])])
        slopes.append((high - low).item())
    assert slopes[0] > 2
    assert slopes[1] == pytest.approx(1, abs=0.1)


def test_logits_have_no_noise_and_leave_the_mode():
    set_up(0)
    classifier = RatioClassifier(CodeDiscriminator(3, 2, 8, activation_noise=1.0, dropout=0.5))
    z = torch.randn(50, 3)
    assert not torch.equal(classifier(z), classifier(z))
    first = classifier.logits(z.split(7))
    assert first.dtype == torch.float64
    torch.testing.assert_close(first, classifier.logits([z]))
    assert classifier.training
    assert not classifier.eval().training
    classifier.logits([z])
    assert not classifier.training


class Noisy:
    """Codes whose drawing moves the global generator, the same at every pass."""

    def __iter__(self):
        torch.manual_seed(5)
        yield from (torch.randn(30, 2) for _ in range(2))


def test_tracking_changes_nothing_and_resumes(tmp_path):
    q = narrow_gaussian(2, 0.5)

    def run(folder, *iterations, every=None):
        set_up(0)
        classifier = RatioClassifier(CodeDiscriminator(2, 1, 8, activation_noise=0.1))
        tracker = RatioTracker(classifier, Noisy(), [torch.ones(3, 2)], every or 1, CPU)
        for count in iterations:
            spec = {**SPEC, "iterations": count, "learning_rate": 1e-3}
            policy = CheckpointPolicy(tmp_path / folder)
            used = tracker if every else None
            fit(classifier, Draws(q, 8), spec, "test", policy, lambda _: None, used)
        return classifier, tracker.rows

    plain, _ = run("plain", 20)
    tracked, rows = run("tracked", 20, every=6)
    torch.testing.assert_close(plain.state_dict(), tracked.state_dict(), rtol=0, atol=0)
    assert [row["step"] for row in rows] == [6, 12, 18]
    assert set(rows[0]) == {"step", "estimate", "standard_error", "heldout"}
    assert rows[0]["heldout"] != rows[1]["heldout"]
    run("parts", 13, every=6)
    resumed, rest = run("parts", 20, every=6)
    assert rest == rows
    torch.testing.assert_close(resumed.state_dict(), tracked.state_dict(), rtol=0, atol=0)
    last = mean_logit(run("short", 18, every=6)[0].logits(Noisy()))
    assert rows[-1]["estimate"] == last.value
    assert rows[-1]["standard_error"] == last.standard_error
