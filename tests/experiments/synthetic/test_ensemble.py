"""Ensembles: every member is what it would be alone."""

from functools import partial

import pytest
import torch
from torch import nn

from dmvi.experiments.synthetic.ensemble import Ensemble, Noise, NoiseBatches, generator_of, total
from dmvi.experiments.synthetic.estimation import Estimation
from dmvi.experiments.synthetic.gaussians import Gaussians, gaussian_pairs
from dmvi.experiments.synthetic.learning import Learning
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.objectives.adversarial import bce_fake, bce_real
from dmvi.training.engine import CheckpointPolicy, fit

CPU = torch.device("cpu")
MEMBERS = [(0, 1.0), (0, 3.0), (4, 2.0)]
DIM, WIDTH, BATCH, STEPS = 5, 8, 16, 40
SPEC = {
    "iterations": STEPS,
    "log_every": 10,
    "learning_rate": 1e-2,
    "adam_betas": [0.5, 0.9],
    "precision": "float32",
}
MAKE = partial(CodeDiscriminator, DIM, 2, WIDTH)


def double(gaussians):
    return Gaussians(gaussians.A.double(), gaussians.b.double())


class DoubleBatches(NoiseBatches):
    """In float64 the order of sums hardly shows; the losses alone are float32."""

    def next(self):
        return super().next().double()


def alone(key):
    """The network that the ensemble starts this member from, in float64."""
    torch.manual_seed(generator_of("weights", key).initial_seed())
    return MAKE().double()


def assert_same_weights(ensemble, index, network):
    for name, parameter in network.named_parameters():
        stacked = ensemble.network.get_parameter(name)[index]
        torch.testing.assert_close(stacked, parameter, rtol=1e-5, atol=1e-7)


def test_members_start_and_answer_as_networks_of_their_own():
    ensemble = Ensemble(MAKE, MEMBERS, CPU)
    x = torch.randn(3, 6, DIM)
    logits = ensemble(x)
    assert logits.shape == (3, 6)
    for index, key in enumerate(MEMBERS):
        network = alone(key).float()
        torch.testing.assert_close(logits[index], network(x[index]))
        assert ensemble.num_parameters == sum(p.numel() for p in network.parameters())
    assert len(list(ensemble.parameters())) == len(list(network.parameters()))


def test_building_leaves_the_global_generator_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    Ensemble(MAKE, MEMBERS, CPU)
    assert torch.equal(torch.rand(2), expected)


def test_estimation_trains_every_member_as_a_plain_loop_does(tmp_path):
    q, p = map(double, gaussian_pairs(DIM, 0.1, MEMBERS))
    module = Estimation(Ensemble(MAKE, MEMBERS, CPU).double(), q, p)
    before = [parameter.detach().clone() for parameter in module.parameters()]
    fit_quietly(module, tmp_path)
    assert all(
        (now - old).abs().max() > 0.1 for now, old in zip(module.parameters(), before, strict=True)
    )
    for index, key in enumerate(MEMBERS):
        network, batches = alone(key), DoubleBatches([key], BATCH, DIM, CPU)
        adam = torch.optim.Adam(network.parameters(), lr=1e-2, betas=(0.5, 0.9))
        for _ in range(STEPS):
            w_q, w_p = batches.next()[0]
            x_q, x_p = w_q @ q.A[index].T + q.b[index], w_p @ p.A[index].T + p.b[index]
            adam.zero_grad()
            (bce_real(network(x_q)) + bce_fake(network(x_p))).backward()
            adam.step()
        assert_same_weights(module.classifiers, index, network)


def test_learning_trains_every_member_as_a_plain_loop_does(tmp_path):
    start, p = map(double, gaussian_pairs(DIM, 0.1, MEMBERS, same_covariance=True))
    module = Learning(Ensemble(MAKE, MEMBERS, CPU).double(), start, p)
    fit_quietly(module, tmp_path)
    for index, key in enumerate(MEMBERS):
        network, batches = alone(key), DoubleBatches([key], BATCH, DIM, CPU)
        A, b = (nn.Parameter(t[index].clone()) for t in (start.A, start.b))
        adam = torch.optim.Adam(network.parameters(), lr=1e-2, betas=(0.5, 0.9))
        adam_q = torch.optim.Adam([A, b], lr=1e-2, betas=(0.5, 0.9))
        for _ in range(STEPS):
            w_q, w_p = batches.next()[0]
            x_p = w_p @ p.A[index].T + p.b[index]
            adam.zero_grad()
            (bce_real(network((w_q @ A.T + b).detach())) + bce_fake(network(x_p))).backward()
            adam.step()
            adam_q.zero_grad()
            network(w_q @ A.T + b).mean().backward()
            adam_q.step()
        assert (b - start.b[index]).abs().max() > 0.05
        torch.testing.assert_close(module.q.A[index], A, rtol=1e-5, atol=1e-7)
        torch.testing.assert_close(module.q.b[index], b, rtol=1e-5, atol=1e-7)


def fit_quietly(module, folder):
    batches = DoubleBatches(MEMBERS, BATCH, DIM, CPU)
    fit(module, batches, SPEC, "test", CheckpointPolicy(folder), log=lambda _: None)


def test_a_member_that_is_nan_leaves_the_others_as_they_would_be(tmp_path):
    q, p = map(double, gaussian_pairs(DIM, 0.1, MEMBERS))
    modules = [Estimation(Ensemble(MAKE, MEMBERS, CPU).double(), q, p) for _ in range(2)]
    with torch.no_grad():
        modules[1].classifiers.network.layers[0].weight[1, 0, 0] = torch.nan
    for number, module in enumerate(modules):
        fit_quietly(module, tmp_path / str(number))
    for whole, hurt in zip(*(module.parameters() for module in modules), strict=True):
        assert torch.equal(whole[[0, 2]], hurt[[0, 2]])
        assert hurt[1].isnan().any()


def test_total_leaves_out_what_is_not_finite():
    losses = torch.tensor([1.0, torch.nan, 2.0, torch.inf], requires_grad=True)
    total(losses).backward()
    assert total(losses).item() == 3
    assert losses.grad.tolist() == [1, 0, 1, 0]


@pytest.mark.parametrize("dim", [1, 3, 1000])
def test_batches_do_not_depend_on_the_company_and_never_repeat(dim):
    together = NoiseBatches(MEMBERS, 64, dim, CPU)
    alone = NoiseBatches(MEMBERS[1:2], 64, dim, CPU)
    seen = []
    for _ in range(2 * together.shape[0] + 1):  # across blocks
        w = together.next()
        assert w.shape == (3, 2, 64, dim)
        assert torch.equal(w[1:2], alone.next())
        seen.append(w[:, :, 0, 0].flatten())
    seen = torch.cat(seen)
    assert len(seen.unique()) > 0.999 * len(seen)  # float32 normals seldom coincide


def test_batches_continue_from_their_state_at_any_place():
    batches = NoiseBatches(MEMBERS, 64, 100, CPU)
    assert batches.shape[0] == 5
    for used in range(12):
        state = batches.state_dict()
        other = NoiseBatches(MEMBERS, 64, 100, CPU)
        other.load_state_dict(state)
        assert torch.equal(other.next(), batches.next()), used


def test_noise_is_standard_normal():
    w = Noise("test", [0, 1], CPU).draw(50_000)
    assert w.mean(1).abs().max() < 0.025
    assert (w.var(1) - 1).abs().max() < 0.035
    assert abs((w[0] * w[1]).mean().item()) < 0.025
