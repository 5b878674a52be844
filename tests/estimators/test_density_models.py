"""Density models: they reach the entropy of a known Gaussian, and are normalised densities."""

import math
import warnings
from itertools import pairwise

import pytest
import torch
from torch import nn
from torch.distributions import (
    Categorical,
    Independent,
    MixtureSameFamily,
    MultivariateNormal,
    Normal,
    kl_divergence,
)

from dmvi.errors import DmviError
from dmvi.estimators.autoregressive import LOG_SIGMA_BOUND, MAF, GaussianLSTM
from dmvi.estimators.density_models import VARIANCE_FLOOR, density_kl
from dmvi.estimators.diagonal_gmm import DiagonalGMM
from dmvi.training.engine import CheckpointPolicy, fit

CPU = torch.device("cpu")
# Correlated, off the centre, and with spreads from 0.1 to 2.
D = 4
MEAN = torch.tensor([1.0, -0.5, 0.0, 2.0])
SCALES = torch.tensor([0.1, 1.0, 2.0, 0.5])
CORRELATION = 0.5 * torch.eye(D) + 0.5
GAUSSIAN = MultivariateNormal(MEAN, CORRELATION * SCALES[:, None] * SCALES)


class Draws:
    """Batches from a distribution, seeded by torch's global generator."""

    device = CPU

    def __init__(self, distribution, batch_size=256):
        self.distribution, self.batch_size = distribution, batch_size

    def next(self):
        return self.distribution.sample((self.batch_size,))

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def train(model, distribution, folder, iterations):
    spec = {"iterations": iterations, "log_every": 100, "learning_rate": 3e-3}
    spec |= {"adam_betas": [0.5, 0.9], "precision": "float32"}
    policy = CheckpointPolicy(folder)
    journal = fit(model, Draws(distribution), spec, "a", policy, log=lambda _: None)
    model.eval()
    return journal


def make(name, codes):
    if name == "maf":
        return MAF(codes, transforms=2, hidden=(32, 32))
    return GaussianLSTM(codes, width=32)


def fit_gmm(components, codes, iterations, seed=0):
    gmm = DiagonalGMM(components, seed)
    gmm.fit(codes, iterations)
    return gmm


def scramble(model, spread=0.2):
    """Other weights than the first ones, for which every conditional would be nearly N(0, 1)."""
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(spread * torch.randn_like(parameter))
    return model


def measure(model, distribution, n=20_000):
    """`DensityKL` (against p = 1) on codes that the model was not fitted to."""
    torch.manual_seed(1)
    z = distribution.sample((n,))
    with torch.no_grad():
        return density_kl(model.log_prob(z), distribution.log_prob(z), torch.zeros(n))


@pytest.mark.parametrize("name", ["maf", "lstm"])
def test_autoregressive_models_reach_the_entropy_of_a_gaussian(name, tmp_path):
    torch.manual_seed(0)
    model = make(name, GAUSSIAN.sample((4096,)))
    journal = train(model, GAUSSIAN, tmp_path, iterations=400)
    kl = measure(model, GAUSSIAN)
    assert -3 * kl.gap_standard_error <= kl.gap < 0.03
    # log_r is minus the entropy, as far as 20,000 codes tell it.
    assert kl.log_r == pytest.approx(-GAUSSIAN.entropy().item(), abs=0.03 + 3 * kl.standard_error)
    assert journal.rows[-1]["density/nll"] == pytest.approx(-kl.log_r, abs=0.1)


def test_gmm_reaches_the_entropy_of_a_gaussian():
    torch.manual_seed(0)
    independent = MultivariateNormal(MEAN, torch.diag(SCALES**2))
    kl = measure(fit_gmm(1, independent.sample((20_000,)), 2), independent)
    assert -3 * kl.gap_standard_error <= kl.gap < 0.002
    # Of a correlated one, diagonal components make a tiling.
    codes = GAUSSIAN.sample((20_000,))
    kl = measure(fit_gmm(20, codes, 20), GAUSSIAN)
    assert -3 * kl.gap_standard_error <= kl.gap < 0.05
    assert kl.log_r == pytest.approx(-GAUSSIAN.entropy().item(), abs=0.05 + 3 * kl.standard_error)
    # A single one misses the total correlation, -1/2 log det of the correlation matrix.
    kl = measure(fit_gmm(1, codes, 2), GAUSSIAN)
    total_correlation = -0.5 * torch.logdet(CORRELATION).item()
    assert kl.gap == pytest.approx(total_correlation, abs=0.03)


def test_gmm_of_a_mixture_beats_a_single_gaussian():
    torch.manual_seed(0)
    # Far apart: EM ends in a local optimum where components overlap.
    means = torch.cat([torch.zeros(1, D), 8.0 * torch.eye(D)])
    parts = Independent(Normal(means, 0.3 + torch.rand(5, D)), 1)
    mixture = MixtureSameFamily(Categorical(torch.tensor([0.4, 0.3, 0.1, 0.1, 0.1])), parts)
    codes = mixture.sample((10_000,))
    five, single = (measure(fit_gmm(components, codes, 20), mixture) for components in (5, 1))
    full = measure(MultivariateNormal(codes.mean(0), codes.T.cov()), mixture)
    assert -3 * five.gap_standard_error <= five.gap < 0.03
    assert single.gap > 1.0
    assert full.gap > 1.0


def test_em_raises_its_bound_and_is_quiet_and_reproducible():
    torch.manual_seed(0)
    codes = GAUSSIAN.sample((500,))
    likelihoods = []
    gmm = DiagonalGMM(8, seed=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        gmm.fit(codes, 6, lambda _: likelihoods.append(gmm.log_prob(codes).mean().item()))
    assert len(likelihoods) == 6
    assert all(later >= earlier - 1e-6 for earlier, later in pairwise(likelihoods))
    assert likelihoods[-1] > likelihoods[0] + 1e-3
    assert gmm.num_parameters == 7 + 2 * 8 * D
    assert gmm.log_prob(codes).dtype == torch.float64
    again = fit_gmm(8, codes, 6, seed=3)
    assert torch.equal(again.log_prob(codes), gmm.log_prob(codes))


def test_gmm_log_prob_is_that_of_its_parameters():
    torch.manual_seed(0)
    codes = GAUSSIAN.sample((500,)).double()
    gmm = fit_gmm(3, codes, 4)
    fitted = gmm.mixture
    weights, means, variances = (
        torch.from_numpy(part) for part in (fitted.weights_, fitted.means_, fitted.covariances_)
    )
    parts = Independent(Normal(means, variances.sqrt()), 1)
    expected = MixtureSameFamily(Categorical(weights), parts).log_prob(codes)
    torch.testing.assert_close(gmm.log_prob(codes), expected)


def test_codes_that_do_not_vary_meet_the_floor():
    codes = torch.cat([torch.randn(100, 1), torch.ones(100, 1)], 1)
    gmm = fit_gmm(2, codes, 2)
    assert gmm.mixture.covariances_[:, 1] == pytest.approx(VARIANCE_FLOOR, rel=1e-3)
    assert gmm.log_prob(codes).isfinite().all()
    for name in ("maf", "lstm"):
        assert make(name, codes).log_prob(codes).isfinite().all()


@pytest.mark.parametrize(("components", "codes"), [(5, 4), (1, 1)])
def test_too_few_codes_are_refused(components, codes):
    with pytest.raises(DmviError, match=f"fit_samples is {codes}, which is too few"):
        fit_gmm(components, torch.zeros(codes, 2), 1)


@pytest.mark.parametrize("name", ["maf", "lstm"])
def test_a_density_integrates_to_one(name):
    torch.manual_seed(0)
    codes = 3.0 + 0.2 * torch.randn(100, 1)
    model = scramble(make(name, codes))
    grid = torch.linspace(-20, 26, 200_001)
    density = torch.exp(model.log_prob(grid[:, None]).detach().double())
    assert torch.trapezoid(density, grid.double()).item() == pytest.approx(1.0, abs=1e-4)


def test_a_density_of_two_latents_integrates_to_one():
    torch.manual_seed(0)
    for name in ("maf", "lstm"):
        model = scramble(make(name, torch.randn(100, 2) * torch.tensor([1.0, 0.5])), 0.3)
        line = torch.linspace(-12, 12, 601)
        grid = torch.cartesian_prod(line, line)
        with torch.no_grad():
            total = model.log_prob(grid).double().exp().sum() * (line[1] - line[0]) ** 2
        assert total.item() == pytest.approx(1.0, abs=1e-3)


def test_lstm_with_hand_set_parameters_is_a_gaussian():
    torch.manual_seed(0)
    model = GaussianLSTM(torch.randn(50, 3) + 1.0, width=5)
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    mean, log_sigma = 0.7, -0.4
    with torch.no_grad():  # the inverse of the bound on log sigma
        raw = LOG_SIGMA_BOUND * math.atanh(log_sigma / LOG_SIGMA_BOUND)
        model.head.bias.copy_(torch.tensor([mean, raw]))
    expected = Normal(model.shift + model.scale * mean, model.scale * math.exp(log_sigma))
    z = torch.randn(20, 3)
    torch.testing.assert_close(model.log_prob(z), expected.log_prob(z).sum(1))


def test_lstm_is_the_product_of_its_conditionals_one_latent_at_a_time():
    torch.manual_seed(0)
    model = scramble(GaussianLSTM(torch.randn(50, 4) * 2.0, width=6))
    cell = nn.LSTMCell(1 + model.position.shape[1], 6)
    state = {key.removesuffix("_l0"): value for key, value in model.lstm.state_dict().items()}
    cell.load_state_dict(state)
    z = torch.randn(7, 4)
    u = (z - model.shift) / model.scale
    hidden, total, previous = None, torch.zeros(7), torch.zeros(7, 1)
    for j in range(4):
        position = model.position[j].expand(7, -1)
        hidden = cell(torch.cat([previous, position], 1), hidden)
        mean, raw = model.head(hidden[0]).unbind(1)
        sigma = torch.exp(LOG_SIGMA_BOUND * torch.tanh(raw / LOG_SIGMA_BOUND))
        conditional = Normal(model.shift[j] + model.scale[j] * mean, model.scale[j] * sigma)
        total += conditional.log_prob(z[:, j])
        previous = u[:, j : j + 1]
    torch.testing.assert_close(model.log_prob(z), total)


def test_lstm_is_autoregressive():
    torch.manual_seed(0)
    model = scramble(GaussianLSTM(torch.randn(50, 5), width=6))
    u = torch.randn(3, 5, requires_grad=True)
    for output in model.conditionals(u):
        for j in range(5):
            (slope,) = torch.autograd.grad(output[:, j].sum(), u, retain_graph=True)
            assert (slope[:, j:] == 0).all()
            assert (slope[:, :j] != 0).all()


def test_log_sigma_is_bounded():
    model = GaussianLSTM(torch.randn(50, 2), width=3)
    with torch.no_grad():
        model.head.bias.copy_(torch.tensor([0.0, -1e6]))
    _, log_sigma = model.conditionals(torch.zeros(1, 2))
    assert log_sigma.detach().numpy() == pytest.approx(-LOG_SIGMA_BOUND)
    assert model.log_prob(torch.full((1, 2), 10.0)).isfinite().all()


@pytest.mark.parametrize("name", ["maf", "lstm"])
def test_the_density_stays_float32_when_training_is_not(name):
    torch.manual_seed(0)
    codes = GAUSSIAN.sample((64,))
    model = make(name, codes)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        within = model.log_prob(codes)
    assert torch.equal(within, model.log_prob(codes))
    assert model.log_prob(codes.double()).dtype == torch.float32


def test_density_kl_of_known_gaussians():
    torch.manual_seed(0)
    q, r, p = (Normal(mean, scale) for mean, scale in ((1.0, 0.5), (0.8, 0.6), (0.0, 1.0)))
    z = q.sample((50_000,)).double()
    kl = density_kl(r.log_prob(z), q.log_prob(z), p.log_prob(z))
    truth, gap = kl_divergence(q, p).item(), kl_divergence(q, r).item()
    assert kl.gap == pytest.approx(gap, abs=4 * kl.gap_standard_error)
    assert kl.value == pytest.approx(truth - gap, abs=4 * kl.standard_error)
    assert kl.gap == pytest.approx(kl.log_q - kl.log_r)
    assert kl.n == 50_000
    values = r.log_prob(z) - p.log_prob(z)
    assert kl.standard_error == pytest.approx(values.std().item() / math.sqrt(50_000))


def test_a_density_above_the_truth_is_an_error():
    torch.manual_seed(0)
    log_q = torch.randn(200)
    with pytest.raises(RuntimeError, match=r"averages -0\.2 nats over 200"):
        density_kl(log_q + 0.2, log_q, log_q)
