"""Learning: a Gaussian that follows a density ratio to its target."""

from functools import partial

import torch

from dmvi.experiments.synthetic.ensemble import Ensemble, NoiseBatches
from dmvi.experiments.synthetic.estimation import KLTracker
from dmvi.experiments.synthetic.gaussians import gaussian_pairs, kl_divergence
from dmvi.experiments.synthetic.learning import Learning
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.training.engine import CheckpointPolicy, fit

CPU = torch.device("cpu")
SETTINGS = {
    **{"dim": 1, "spread": 0.1, "layers": 3, "width": 32, "batch_size": 128, "iterations": 600},
    **{"learning_rate": 5e-3, "every": 50, "samples": 5000, "adam_betas": [0.5, 0.9]},
    **{"precision": "float32", "log_every": 100},
}
MEMBERS = [(seed, 2.0) for seed in range(3)]


def study(settings=SETTINGS):
    q, p = gaussian_pairs(settings["dim"], settings["spread"], MEMBERS, same_covariance=True)
    make = partial(CodeDiscriminator, settings["dim"], settings["layers"], settings["width"])
    module = Learning(Ensemble(make, MEMBERS, CPU), q, p)
    lines = []
    return module, KLTracker(module, MEMBERS, settings, lines.append), lines


def test_the_true_kl_falls_by_a_large_factor_in_one_dimension(tmp_path):
    module, tracker, lines = study()
    tracker.add(0)
    batches = NoiseBatches(MEMBERS, SETTINGS["batch_size"], 1, CPU)
    fit(module, batches, SETTINGS, "test", CheckpointPolicy(tmp_path), lambda _: None, tracker)
    for seed, _ in MEMBERS:
        true_kl = [row["true_kl"] for row in tracker.rows if row["seed"] == seed]
        assert len(true_kl) == 1 + 600 // 50
        assert true_kl[0] > 1
        assert max(true_kl[-3:]) < true_kl[0] / 10
    assert lines == []
    assert tracker.rows[-1]["true_kl"] == kl_divergence(module.q, module.p)[2].item()


def test_it_starts_as_the_target_apart_from_the_shift():
    module, tracker, _ = study()
    assert torch.equal(module.q.A, module.p.A)
    torch.testing.assert_close((module.q.b - module.p.b).norm(dim=1), torch.full((3,), 2.0))
    tracker.add(0)
    expected = 0.5 * (2.0 / module.p.A[:, 0, 0].double()).square()
    torch.testing.assert_close(
        torch.tensor([r["true_kl"] for r in tracker.rows]).double(), expected
    )


def test_players_turn_by_turn_and_what_each_updates():
    module, _, _ = study()
    classifier, generator = module.players()
    assert (classifier.name, generator.name) == ("classifier", "generator")
    assert {id(p) for p in generator.parameters()} == {
        *(id(module.generator.A), id(module.generator.b))
    }
    both = [*classifier.parameters(), *generator.parameters()]
    assert {id(p) for p in both} == {id(p) for p in module.parameters()}
    w = NoiseBatches(MEMBERS, 16, 1, CPU).next()
    logits = module.classifiers(module.q.sample(w[:, 0]))
    loss = generator.loss(w)["reverse_kl"]
    torch.testing.assert_close(loss, logits.mean(1).sum())


def test_a_q_without_density_is_a_divergence_and_not_the_end_of_the_others():
    module, tracker, lines = study()
    with torch.no_grad():
        module.generator.A[1] = 0
    tracker.add(50)
    assert [row["seed"] for row in tracker.rows] == [0, 2]
    assert len(lines) == 1
    assert "seed 1, shift 2 has diverged by step 50: true KL inf" in lines[0]
    q, p = module.q.select(torch.tensor([0, 2])), module.p.select(torch.tensor([0, 2]))
    expected = kl_divergence(q, p).tolist()
    assert [row["true_kl"] for row in tracker.rows] == expected
