"""InfoVAE and the models that it contains."""

import math

import numpy as np
import pytest
import torch

from dmvi.errors import DmviError
from dmvi.models import make_model
from dmvi.objectives.divergences import mmd2, mmd2_to_normal, stein_direction
from dmvi.objectives.kernels import author_kernel, inverse_multiquadric
from dmvi.study.declarations import declared_models
from dmvi.training.engine import CheckpointPolicy, fit
from dmvi.training.sampler import Sampler

MODELS = ("infovae_mmd", "infovae_stein", "infovae_adversarial")
BASE = {"latent_dim": 5, "width": 8, "likelihood": "bernoulli", "posterior": "gaussian"}
FITTED = {
    "adam_betas": [0.5, 0.9],
    "learning_rate": 1e-3,
    "precision": "float32",
    "iterations": 20,
    "log_every": 5,
}
X = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0))


def spec_of(name, **options):
    declared = declared_models()[name]
    spec = {key: rules["default"] for key, rules in declared["options"].items()}
    if "code_width" in spec:
        spec["code_width"] = 8
    return {**spec, **BASE, "model": name, **options}


def model(name, **options):
    torch.manual_seed(0)
    return make_model(spec_of(name, **options), (28, 28, 1))


def trained(folder, name, **options):
    """The weights after 20 iterations, always from the same seed and batches."""
    images = np.random.default_rng(0).integers(0, 256, (24, 28, 28, 1), np.uint8)
    sampler = Sampler(images, 8, 0, torch.device("cpu"))
    made = model(name, **options)
    torch.manual_seed(3)
    spec = {**spec_of(name, **options), **FITTED}
    fit(made, sampler, spec, "same", CheckpointPolicy(folder / name, 100), lambda line: None)
    return made.state_dict()


def assert_equal_bits(first, second):
    assert first.keys() == second.keys()
    for key, value in first.items():
        assert torch.equal(value, second[key]), key


@pytest.mark.parametrize("posterior", ["gaussian", "realnvp"])
@pytest.mark.parametrize("name", ["infovae_mmd", "infovae_stein"])
def test_without_its_divergence_it_is_the_vae_to_the_bit(name, posterior, tmp_path):
    flow = {"posterior": posterior, "flow_transforms": 2, "flow_hidden": [8]}
    vae = trained(tmp_path, "vae", **flow)
    assert_equal_bits(trained(tmp_path, name, alpha=0.0, **{"lambda": 1.0}, **flow), vae)


@pytest.mark.parametrize("beta", [0.3, 4.0])
@pytest.mark.parametrize("name", ["infovae_mmd", "infovae_stein"])
def test_lambda_one_minus_alpha_is_the_beta_vae_to_the_bit(name, beta, tmp_path):
    reference = trained(tmp_path, "beta_vae", beta=1.0 - (1.0 - beta))
    found = trained(tmp_path, name, alpha=1.0 - beta, **{"lambda": beta})
    assert_equal_bits(found, reference)


def test_adversarial_with_both_at_one_is_the_aae_to_the_bit(tmp_path):
    reference = trained(tmp_path, "aae")
    found = trained(tmp_path, "infovae_adversarial", alpha=1.0, **{"lambda": 1.0})
    assert_equal_bits(found, reference)


@pytest.mark.parametrize("name", MODELS)
def test_the_divergence_changes_the_training(name, tmp_path):
    """What the bit-equal tests would not notice: that it is left out for good."""
    without = trained(tmp_path, name, alpha=0.0, **{"lambda": 1.0})
    with_it = trained(tmp_path / "with", name, alpha=0.0, **{"lambda": 11.0})
    assert not torch.equal(without["encoder.0.weight"], with_it["encoder.0.weight"])


def terms_of(made, x=X):
    torch.manual_seed(1)
    return made.players()[-1].loss(x)


@pytest.mark.parametrize("name", MODELS)
def test_weights_of_the_terms(name):
    plain = terms_of(model(name, alpha=0.0, **{"lambda": 2.0}))
    weighted = terms_of(model(name, alpha=0.5, **{"lambda": 4.0}))
    assert set(plain) == {"reconstruction", "kl", "divergence"}
    assert weighted["reconstruction"] == plain["reconstruction"]
    torch.testing.assert_close(weighted["kl"], 0.5 * plain["kl"])
    torch.testing.assert_close(weighted["divergence"], 3.5 * plain["divergence"])
    assert set(terms_of(model(name, alpha=1.0, **{"lambda": 0.0}))) == {"reconstruction"}


@pytest.mark.parametrize(
    ("options", "kernel"),
    [({}, author_kernel(5)), ({"kernel": "imq"}, inverse_multiquadric(5))],
    ids=["gaussian", "imq"],
)
def test_alpha_one_with_mmd_is_the_wasserstein_autoencoder(options, kernel):
    """-log p(x|z) + lambda MMD^2(z, z'); deterministic where the posterior's deviation vanishes."""
    made = model("infovae_mmd", alpha=1.0, **{"lambda": 30.0}, **options)
    found = terms_of(made)
    torch.manual_seed(1)
    z = made.codes(X)
    prior = torch.randn(6, 5)
    assert set(found) == {"reconstruction", "divergence"}
    assert found["reconstruction"] == -made.log_likelihood(X, z).mean()
    torch.testing.assert_close(found["divergence"], 30.0 * mmd2(z, prior, kernel))
    closed = model(
        "infovae_mmd", alpha=1.0, prior_draws="closed_form", **{"lambda": 30.0}, **options
    )
    torch.testing.assert_close(terms_of(closed)["divergence"], 30.0 * mmd2_to_normal(z, kernel))
    with torch.no_grad():
        last = closed.encoder[-1].weight
        means = closed.encode(X)[:, :5].clone()
        last[5:] = 0.0
        original = closed.encode
        closed.encode = lambda x: torch.cat(
            [original(x)[:, :5], torch.full((len(x), 5), -200.0)], 1
        )
        narrow = [terms_of(closed) for _ in range(2)]
        torch.manual_seed(99)
        other = closed.loss(X)
        assert narrow[0] == other  # other noise, the same loss
        expected = -closed.log_likelihood(X, means).mean()
        torch.testing.assert_close(other["reconstruction"], expected)


def test_the_stein_terms_gradient_is_minus_the_direction():
    made = model("infovae_stein", alpha=1.0, **{"lambda": 10.0})
    z = torch.randn(40, 5, requires_grad=True)
    made.divergence(z).backward()
    torch.testing.assert_close(z.grad, -stein_direction(z) / 40)


@pytest.mark.parametrize("name", ["infovae_mmd", "infovae_stein"])
def test_training_by_the_divergence_alone_matches_the_prior(name):
    """The encoder's codes, far from the prior at first, get close to it."""
    made = model(name, alpha=1.0, **{"lambda": 100.0})
    x = torch.rand(64, 1, 28, 28)
    optimizer = torch.optim.Adam(made.encoder.parameters(), 2e-3)

    def distance():
        with torch.no_grad():
            return mmd2_to_normal(made.codes(x), inverse_multiquadric(5)).item()

    with torch.no_grad():
        made.encoder[-1].weight.mul_(20.0)
    before = distance()
    for _ in range(150):
        optimizer.zero_grad()
        made.divergence(made.codes(x)).mul(100.0).backward()
        optimizer.step()
    assert distance() < 0.4 * before


def test_the_bound_is_the_elbo_whatever_the_weights():
    vae = model("vae")
    for name in MODELS:
        made = model(name, alpha=1.0, **{"lambda": 7.0})
        found = []
        for each in (vae, made):
            torch.manual_seed(4)
            found.append(torch.stack(each.bound_terms(X)))
        assert torch.equal(*found)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("posterior", ["gaussian", "realnvp"])
def test_bfloat16_changes_losses_little(name, posterior):
    made = model(name, posterior=posterior, flow_transforms=2, flow_hidden=[8])
    full = terms_of(made)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = terms_of(made)
    for key, value in full.items():
        assert half[key].dtype == torch.float32
        assert half[key].item() == pytest.approx(value.item(), rel=0.03)


@pytest.mark.parametrize("name", MODELS)
def test_negative_weights_are_refused(name):
    with pytest.raises(DmviError, match=r"alpha is 0\.1 and lambda is 0\.5; their sum"):
        model(name, alpha=0.1, **{"lambda": 0.5})
    declared = declared_models()[name]
    assert declared["paper"] == "infovae"
    defaults = {key: rules["default"] for key, rules in declared["options"].items()}
    assert math.isfinite(defaults["alpha"] + defaults["lambda"])
    assert defaults["alpha"] + defaults["lambda"] > 1
