"""The log density of q(z): equal to brute force, whatever the tiles and however narrow q(z|x)."""

import copy
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dmvi.errors import DmviError
from dmvi.estimators.mixtures import FlowMixture, GaussianMixture, TractableMixture


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def brute_force(mean, log_var, z, own_index=None, own_log_prob=None):
    """The definition, in float64, with memory S N d."""
    mean, log_var, z = mean.double(), log_var.double(), z.double()
    scaled = (z[:, None] - mean).square() * torch.exp(-log_var)
    log_prob = -0.5 * (scaled + log_var + math.log(2 * math.pi)).sum(-1)
    if own_index is not None:
        log_prob[torch.arange(len(z)), own_index] = own_log_prob
    return torch.logsumexp(log_prob, 1) - math.log(len(mean))


class WeightedGaussian(torch.nn.Module):
    """A family whose parameters [mean | log_var] pass through a weight, as a flow's would."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, parameters):
        mean, log_var = (parameters * self.scale).chunk(2, dim=-1)
        normal = torch.distributions.Normal(mean, (0.5 * log_var).exp())
        return torch.distributions.Independent(normal, 1)


def make(n, d, seed, spread=1.0):
    g = generator(seed)
    mean = torch.randn(n, d, generator=g) * spread + 2
    return mean, torch.randn(n, d, generator=g) - 2


@settings(max_examples=60, deadline=None)
@given(
    n=st.integers(1, 40),
    points=st.integers(1, 30),
    d=st.integers(1, 6),
    tile=st.tuples(st.integers(1, 17), st.integers(1, 17)),
    seed=st.integers(0, 1000),
    double=st.booleans(),
)
def test_log_density_equals_brute_force_for_any_tiling(n, points, d, tile, seed, double):
    mean, log_var = make(n, d, seed)
    if double:
        mean, log_var = mean.double(), log_var.double()
    z = 3 * torch.randn(points, d, generator=generator(seed + 1), dtype=torch.float64)
    found = GaussianMixture(mean, log_var, tile=tile).log_density(z)
    assert found.dtype == torch.float64
    torch.testing.assert_close(found, brute_force(mean, log_var, z), rtol=1e-10, atol=1e-9)


@pytest.mark.parametrize("sd", [1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0])
@pytest.mark.parametrize("d", [1, 50])
def test_posteriors_of_any_width_keep_their_own_term(sd, d):
    mean = torch.randn(200, d, generator=generator()) + 3
    mean[1] = mean[0]  # a duplicate and a near one: their terms count as much as the own one
    mean[2] = mean[0] + 0.1 * sd
    log_var = torch.full((200, d), 2 * math.log(sd))
    mixture = GaussianMixture(mean, log_var, tile=(64, 90))
    index = torch.arange(200)
    z, own = mixture.sample(index, generator(1))
    expected = brute_force(mean, log_var, z, index, own)
    torch.testing.assert_close(mixture.log_density(z, index, own), expected, rtol=0, atol=2e-7)
    # Without the own term the same holds, given what float64 has left of the noise in z.
    expected = brute_force(mean, log_var, z)
    torch.testing.assert_close(mixture.log_density(z), expected, rtol=0, atol=2e-6)


def test_points_far_from_narrow_posteriors():
    mean, _ = make(300, 4, 0)
    log_var = torch.full_like(mean, -30.0)
    z = torch.randn(50, 4, generator=generator(1))
    found = GaussianMixture(mean, log_var, tile=(16, 64)).log_density(z)
    torch.testing.assert_close(found, brute_force(mean, log_var, z), rtol=1e-12, atol=0)


@pytest.mark.parametrize("tile", [(1024, 2048), (2, 1), (1, 70)])
def test_the_own_term_may_be_far_below_others(tile):
    # Two centres of posteriors, one 345 nats above the other, and 100 components too far to matter.
    mean = torch.cat([torch.zeros(2, 50), torch.full((100, 50), 100.0)])
    log_var = torch.zeros(102, 50)
    log_var[1] = 2 * math.log(1e-3)
    z, index = torch.zeros(3, 50, dtype=torch.float64), torch.tensor([0, 1, 0])
    own = torch.distributions.Normal(0.0, log_var[index, :1].double().div(2).exp()).log_prob(
        torch.zeros((), dtype=torch.float64)
    )
    own = 50 * own.squeeze(1)
    found = GaussianMixture(mean, log_var, tile=tile).log_density(z, index, own)
    torch.testing.assert_close(found, brute_force(mean, log_var, z), rtol=0, atol=1e-9)


def test_an_impossible_own_term_is_refused():
    # No z drawn from a component has exp(5,000) times the density under another one.
    mean, log_var = torch.zeros(500, 2), torch.zeros(500, 2)
    z, index = torch.zeros(4, 2), torch.zeros(4, dtype=torch.int64)
    with pytest.raises(RuntimeError, match="not finite at 4 of 4"):
        GaussianMixture(mean, log_var).log_density(z, index, torch.full((4,), -5000.0))


def test_log_density_leaves_float64_parameters_as_they_were():
    mean, log_var = (x.double() for x in make(40, 3, 8))
    before = mean.clone(), log_var.clone()
    GaussianMixture(mean, log_var).log_density(torch.zeros(5, 3))
    assert torch.equal(mean, before[0])
    assert torch.equal(log_var, before[1])


@pytest.mark.parametrize("own", [True, False])
def test_wide_posteriors_in_several_pieces(own):
    # So wide that every entry of every row counts; 4 pieces of rows to a tile, 3 tiles.
    mean, _ = make(600, 8, 3, spread=0.4)
    log_var = torch.full_like(mean, -0.2)
    mixture = GaussianMixture(mean, log_var, tile=(1024, 512))
    index = torch.arange(1800) % 600
    z, own_log_prob = mixture.sample(index, generator())
    expected = brute_force(mean, log_var, z)
    given = (index, own_log_prob) if own else ()
    torch.testing.assert_close(mixture.log_density(z, *given), expected, rtol=0, atol=1e-10)


def test_identical_narrow_components_are_one_component():
    mean = torch.full((6000, 2), 0.7)
    log_var = torch.full((6000, 2), -28.0)
    mixture = GaussianMixture(mean, log_var)
    index = torch.tensor([0, 17, 5999])
    z, own = mixture.sample(index, generator())
    torch.testing.assert_close(mixture.log_density(z, index, own), own, rtol=0, atol=1e-6)


def test_widths_mixed_within_one_tile():
    mean, _ = make(120, 3, 5)
    log_var = torch.linspace(-32, 4, 120)[:, None].expand(-1, 3)
    mixture = GaussianMixture(mean, log_var, tile=(50, 50))
    index = torch.arange(120)
    z, own = mixture.sample(index, generator())
    expected = brute_force(mean, log_var, z, index, own)
    torch.testing.assert_close(mixture.log_density(z, index, own), expected, rtol=0, atol=2e-6)


def test_tiling_changes_nothing():
    mean, log_var = make(503, 7, 1)
    index = torch.arange(503)
    z, own = GaussianMixture(mean, log_var).sample(index, generator())
    results = [
        GaussianMixture(mean, log_var, tile=tile).log_density(z, index, own)
        for tile in [(1024, 2048), (503, 1), (1, 503), (100, 37)]
    ]
    for result in results[1:]:
        torch.testing.assert_close(result, results[0], rtol=1e-12, atol=1e-11)


def test_sample_is_reproducible_and_its_log_prob_is_the_component_density():
    mean, log_var = make(20, 3, 2)
    mixture = GaussianMixture(mean, log_var)
    index = torch.tensor([3, 3, 19, 0])
    z, own = mixture.sample(index, generator(4))
    again, _ = mixture.sample(index, generator(4))
    other, _ = mixture.sample(index, generator(5))
    assert torch.equal(z, again)
    assert not torch.equal(z, other)
    normal = torch.distributions.Normal(mean[index].double(), (0.5 * log_var[index].double()).exp())
    torch.testing.assert_close(own, normal.log_prob(z).sum(1))


def test_sample_has_the_components_moments():
    mean, log_var = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, -2.0]])
    z, _ = GaussianMixture(mean, log_var).sample(
        torch.zeros(40_000, dtype=torch.int64), generator()
    )
    torch.testing.assert_close(z.mean(0), mean[0].double(), rtol=0, atol=0.03)
    torch.testing.assert_close(z.var(0).log(), log_var[0].double(), rtol=0, atol=0.05)


def test_component_kl_equals_torch_distributions():
    mean, log_var = make(9000, 2, 3)
    q = torch.distributions.Normal(mean.double(), (0.5 * log_var.double()).exp())
    p = torch.distributions.Normal(torch.zeros((), dtype=torch.float64), 1.0)
    expected = torch.distributions.kl_divergence(q, p).sum(1)
    torch.testing.assert_close(GaussianMixture(mean, log_var).component_kl(), expected)


def test_flow_mixture_of_gaussians_is_the_gaussian_mixture():
    mean, log_var = make(45, 3, 4)
    family = WeightedGaussian()
    flow = FlowMixture(family, torch.cat([mean, log_var], 1), tile=(4, 7))
    gaussian = GaussianMixture(mean, log_var)
    index = torch.arange(45)
    z, own = flow.sample(index, generator())
    assert z.dtype == own.dtype == torch.float64
    torch.testing.assert_close(
        flow.log_density(z, index, own), gaussian.log_density(z, index, own), rtol=0, atol=1e-9
    )
    part = torch.tensor([4, 44, 7])
    torch.testing.assert_close(
        flow.subset(part).log_density(z), gaussian.subset(part).log_density(z), rtol=0, atol=1e-9
    )
    assert family.scale.dtype == torch.float32  # the model's own family is left alone
    assert family.scale.requires_grad


def test_flow_component_kl_is_unbiased():
    parameters = torch.tensor([[0.5, -1.0, -0.7, 0.3]]).repeat(20_000, 1)
    flow = FlowMixture(WeightedGaussian(), parameters)
    values = flow.component_kl(generator())
    exact = GaussianMixture.from_parameters(parameters[:1]).component_kl()[0]
    assert abs(values.mean() - exact) < 5 * values.std() / math.sqrt(len(values))


def test_flow_sampling_leaves_the_global_generator_alone():
    flow = FlowMixture(WeightedGaussian(), torch.zeros(5, 4))
    torch.manual_seed(3)
    state = torch.random.get_rng_state()
    first, _ = flow.sample(torch.arange(5), generator(1))
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(99)
    second, _ = flow.sample(torch.arange(5), generator(1))
    assert torch.equal(first, second)


def test_a_component_of_zero_density_adds_nothing():
    class Halves(torch.nn.Module):
        def forward(self, parameters):
            uniform = torch.distributions.Uniform(parameters, parameters + 1, validate_args=False)
            return torch.distributions.Independent(uniform, 1, validate_args=False)

    mixture = FlowMixture(Halves(), torch.tensor([[0.0], [5.0], [9.0]]), tile=(2, 1))
    log_q = mixture.log_density(torch.tensor([[5.5], [0.5], [9.5]]))
    torch.testing.assert_close(log_q, torch.full((3,), -math.log(3.0), dtype=torch.float64))
    with pytest.raises(RuntimeError, match="not finite at 1 of 1"):
        mixture.log_density(torch.tensor([[3.0]]))


def test_nan_densities_are_refused():
    class Broken(torch.nn.Module):
        def forward(self, parameters):
            normal = torch.distributions.Normal(parameters.sqrt(), 1.0, validate_args=False)
            return torch.distributions.Independent(normal, 1, validate_args=False)

    mixture = FlowMixture(Broken(), torch.tensor([[1.0], [4.0], [-1.0]]), tile=(2, 1))
    with pytest.raises(RuntimeError, match="not finite"):
        mixture.log_density(torch.ones(3, 1))


def test_working_memory_is_one_tile(monkeypatch):
    mean, log_var = make(5000, 3, 6)
    mixture = GaussianMixture(mean, log_var, tile=(64, 128))
    largest = 0
    kernel = mixture.kernel

    def watched(start, stop):
        fill = kernel(start, stop)

        def record(z, base, floor, out):
            nonlocal largest
            largest = max(largest, out.untyped_storage().nbytes())
            fill(z, base, floor, out)

        return record

    monkeypatch.setattr(mixture, "kernel", watched)
    calls = []
    mixture.log_density(torch.zeros(1000, 3), progress=lambda *step: calls.append(step))
    assert largest == 64 * 128 * 8
    assert calls == [(i + 1, 16 * 40) for i in range(16 * 40)]


def test_accepts_read_only_memory_maps(tmp_path):
    parameters = np.random.default_rng(0).normal(size=(30, 8)).astype(np.float32)
    np.save(tmp_path / "posterior.npy", parameters)
    mapped = np.load(tmp_path / "posterior.npy", mmap_mode="r")
    mixture = GaussianMixture.from_parameters(mapped)
    assert isinstance(mixture, TractableMixture)
    assert (mixture.components, mixture.latent_dim) == (30, 4)
    plain = torch.from_numpy(copy.copy(parameters))
    expected = brute_force(plain[:, :4], plain[:, 4:], torch.zeros(1, 4))
    torch.testing.assert_close(mixture.log_density(torch.zeros(1, 4)), expected)


@pytest.mark.parametrize(
    ("mean", "log_var", "message"),
    [
        (torch.zeros(3, 2), torch.zeros(3, 1), "one shape"),
        (torch.zeros(0, 2), torch.zeros(0, 2), "N >= 1"),
        (torch.tensor([[math.nan]]), torch.zeros(1, 1), "NaN or infinity"),
        (torch.zeros(1, 1), torch.tensor([[math.inf]]), "NaN or infinity"),
    ],
)
def test_bad_parameters_are_refused(mean, log_var, message):
    with pytest.raises(DmviError, match=message):
        GaussianMixture(mean, log_var)


def test_bad_points_are_refused():
    mixture = GaussianMixture(torch.zeros(3, 2), torch.zeros(3, 2))
    with pytest.raises(DmviError, match=r"shape \(4, 3\); it must be \(S, 2\)"):
        mixture.log_density(torch.zeros(4, 3))
    with pytest.raises(DmviError, match="both"):
        mixture.log_density(torch.zeros(4, 2), own_index=torch.zeros(4, dtype=torch.int64))
