"""Estimation: a trained classifier's E_q logit against the closed form."""

import math
from functools import partial

import pytest
import torch
from torch import nn

from dmvi.experiments.synthetic.ensemble import Ensemble, Noise, NoiseBatches
from dmvi.experiments.synthetic.estimation import Estimation, KLTracker, cross_entropy, estimate_kl
from dmvi.experiments.synthetic.gaussians import gaussian_pairs, kl_divergence
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.training.engine import CheckpointPolicy, fit

CPU = torch.device("cpu")


class TrueRatio(nn.Module):
    """log q(x) - log p(x) in place of the classifiers."""

    members, num_parameters = 2, 0

    def __init__(self, q, p):
        super().__init__()
        self.q, self.p = q, p

    def forward(self, x):
        return (self.q.log_prob(x) - self.p.log_prob(x)).float()


def test_the_true_ratio_gives_the_true_kl_within_its_standard_error():
    members = [(0, 1.0), (1, 2.0)]
    q, p = gaussian_pairs(10, 0.3, members)
    value, error = estimate_kl(TrueRatio(q, p), q, members, 40_000, 10)
    true_kl = kl_divergence(q, p)
    assert ((value - true_kl).abs() < 5 * error).all()
    assert (error < 0.02 * true_kl).all()
    assert value.dtype == torch.float64


def test_the_true_ratio_minimises_the_cross_entropy():
    members = [(0, 1.0), (1, 2.0)]
    q, p = gaussian_pairs(2, 0.3, members)
    w = Noise("test", members, CPU).draw(2, 20_000, 2)
    best = cross_entropy(TrueRatio(q, p), q, p, w)
    assert (best < 2 * math.log(2)).all()
    assert (best < cross_entropy(lambda x: 1.3 * TrueRatio(q, p)(x), q, p, w)).all()
    assert (best < cross_entropy(lambda x: -TrueRatio(q, p)(x), q, p, w)).all(), "label 1 is q"


def test_estimates_are_pieced_together_and_the_same_every_time(monkeypatch):
    members = [(0, 1.0), (1, 2.0)]
    q, p = gaussian_pairs(4, 0.1, members)
    ratio = TrueRatio(q, p)
    sizes = []
    original = ratio.forward
    ratio.forward = lambda x: sizes.append(x.shape[1]) or original(x)
    monkeypatch.setattr("dmvi.experiments.synthetic.estimation.PIECE", 80)
    value, error = estimate_kl(ratio, q, members, 37, 8)
    assert sizes == [10, 10, 10, 7]
    again, _ = estimate_kl(ratio, q, members, 37, 8)
    assert torch.equal(value, again)
    noise = Noise("estimate", members, CPU)
    logits = torch.cat([original(q.sample(noise.draw(n, 4))) for n in (10, 10, 10, 7)], 1).double()
    torch.testing.assert_close(value, logits.mean(1))
    torch.testing.assert_close(error, logits.std(1) / math.sqrt(37))


SETTINGS = {
    **{"dim": 1, "spread": 0.1, "layers": 3, "width": 32, "batch_size": 256, "iterations": 1200},
    **{"learning_rate": 1e-3, "every": 100, "samples": 10_000, "adam_betas": [0.5, 0.9]},
    **{"precision": "float32", "log_every": 100},
}


def study(members, settings):
    """The module and its tracker, not trained yet."""
    q, p = gaussian_pairs(settings["dim"], settings["spread"], members)
    make = partial(CodeDiscriminator, settings["dim"], settings["layers"], settings["width"])
    module = Estimation(Ensemble(make, members, CPU), q, p)
    lines = []
    return module, KLTracker(module, members, settings, lines.append), lines


def trained(members, settings, folder):
    """The tracker after training."""
    module, tracker, lines = study(members, settings)
    batches = NoiseBatches(members, settings["batch_size"], settings["dim"], CPU)
    fit(module, batches, settings, "test", CheckpointPolicy(folder), lambda _: None, tracker)
    assert lines == []
    return tracker


@pytest.mark.parametrize(
    ("shift", "changes"),
    [
        (1.0, {"dim": 1, "iterations": 1200}),
        (2.0, {"dim": 10, "iterations": 800, "layers": 2, "batch_size": 1024}),
    ],
)
def test_estimates_end_within_five_percent_of_the_truth(tmp_path, shift, changes):
    """The mean over the last rows of the seeds; single estimates swing with the classifier."""
    members = [(seed, shift) for seed in range(3)]
    rows = trained(members, {**SETTINGS, **changes}, tmp_path).rows
    last = [row for row in rows if row["step"] > changes["iterations"] - 400]
    assert len(last) == 12
    estimate, true_kl = (sum(row[key] for row in last) for key in ("estimate", "true_kl"))
    assert estimate == pytest.approx(true_kl, rel=0.05)


def test_estimates_stay_far_below_the_truth_in_a_thousand_dimensions(tmp_path):
    settings = {**SETTINGS, "dim": 1000, "width": 64, "batch_size": 64, "iterations": 150}
    rows = trained([(0, 1.0), (0, 4.0)], {**settings, "samples": 1000}, tmp_path).rows
    for row in rows[-2:]:
        assert row["step"] == 150
        assert row["true_kl"] > 10
        assert 0 < row["estimate"] < 0.6 * row["true_kl"]


def test_tracker_rows_and_what_they_leave_alone():
    members = [(0, 1.0), (7, 2.5)]
    module, tracker, _ = study(members, {**SETTINGS, "iterations": 250})
    assert [step for step in range(1, 251) if tracker.due(step)] == [100, 200, 250]
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    tracker.add(100)
    assert torch.equal(torch.rand(1), expected)
    assert [(row["seed"], row["shift"], row["step"]) for row in tracker.rows] == [
        (0, 1.0, 100),
        (7, 2.5, 100),
    ]
    row = tracker.rows[1]
    assert row["true_kl"] == kl_divergence(module.q, module.p)[1].item()
    # 1-32, 32-32, 32-32, 32-1 with their biases
    assert row["num_parameters"] == 64 + 2 * (32 * 32 + 32) + 33
    assert (row["n"], row["dim"], row["learning_rate"]) == (10_000, 1, 1e-3)


def test_a_diverged_member_is_named_once_and_has_no_further_rows():
    members = [(0, 1.0), (7, 2.5)]
    module, tracker, lines = study(members, SETTINGS)
    tracker.add(100)
    with torch.no_grad():
        module.classifiers.network.layers[0].bias[1] = torch.nan
    tracker.add(200)
    tracker.add(300)
    assert [(row["seed"], row["step"]) for row in tracker.rows] == [
        *((0, 100), (7, 100), (0, 200), (0, 300))
    ]
    assert len(lines) == 1
    assert lines[0].startswith("seed 7, shift 2.5 has diverged by step 200: true KL")
