"""Identities that tie the hybrids together, and what each player minimises."""

import pytest
import torch
import torch.nn.functional as F

from dmvi.models import make_model
from dmvi.study.declarations import declared_models

BASE = {"latent_dim": 5, "width": 8, "likelihood": "bernoulli"}


def model(name, **options):
    declared = declared_models()[name]
    spec = {key: rules["default"] for key, rules in declared["options"].items()}
    spec |= {**BASE, "model": name, "posterior": declared.get("posteriors", [None])[0], **options}
    torch.manual_seed(0)
    return make_model(spec, (28, 28, 3))


def losses(made, player, x, seed=1):
    """The player's terms, the random numbers starting from a seed."""
    torch.manual_seed(seed)
    return {p.name: p for p in made.players()}[player].loss(x)


X = torch.rand(6, 3, 28, 28)


def test_vgh_plus_plus_without_its_sample_terms_is_vgh():
    plain, plus = model("vgh", code_width=8), model("vgh_plus_plus", code_width=8)
    for name in ("code_discriminator", "discriminator", "encoder", "generator"):
        terms = losses(plus, name, X)
        assert ("samples" in terms) == (name in ("discriminator", "generator"))
        terms.pop("samples", None)
        assert terms == losses(plain, name, X)


def test_vgh_plus_plus_adds_its_terms_and_does_not_average_them():
    plain, plus = model("vgh", code_width=8), model("vgh_plus_plus", code_width=8)
    for name in ("discriminator", "generator"):
        extra = losses(plus, name, X)["samples"]
        total = sum(losses(plus, name, X).values())
        torch.testing.assert_close(total, sum(losses(plain, name, X).values()) + extra)


def test_adaptive_contrast_with_zero_mean_and_unit_deviation_is_avb(monkeypatch):
    plain, adaptive = model("avb"), model("avb_ac")
    unit = type(plain).moments
    monkeypatch.setattr(type(adaptive), "moments", unit)
    for name in ("discriminator", "autoencoder"):
        assert losses(plain, name, X) == losses(adaptive, name, X)


def test_adaptive_contrast_differs_otherwise():
    plain, adaptive = model("avb"), model("avb_ac")
    assert losses(plain, "autoencoder", X) != losses(adaptive, "autoencoder", X)


def test_adaptive_moments_are_those_of_the_posterior_and_carry_no_gradient():
    made = model("avb_ac", moment_samples=4000)
    parameters = made.encode(X)
    mean, std = made.moments(parameters)
    assert not mean.requires_grad
    assert not std.requires_grad
    draws = torch.stack([made.sample_posterior(parameters) for _ in range(4000)])
    torch.testing.assert_close(mean, draws.mean(0), atol=0.02, rtol=0)
    torch.testing.assert_close(std, (draws.var(0) + 1e-4).sqrt(), atol=0.02, rtol=0)


def test_avb_carries_half_the_squared_norm_of_z():
    made = model("avb")
    with torch.no_grad():
        made.discriminator.head[-1].weight.zero_()
    z = torch.randn(6, 5)
    torch.testing.assert_close(made.log_ratio(made.features(X), z), 0.5 * z.square().sum(1))


@pytest.mark.parametrize("name", ["avb", "avb_ac"])
def test_avb_judges_both_pairs_of_an_image_by_one_pass_of_its_trunk(name, monkeypatch):
    made, passes = model(name), []
    made.discriminator.trunk.register_forward_hook(lambda *_: passes.append(1))
    once = losses(made, "discriminator", X)
    assert len(passes) == 1
    through = type(made).log_ratio
    monkeypatch.setattr(type(made), "features", lambda self, x: x)
    monkeypatch.setattr(
        type(made),
        "log_ratio",
        lambda self, x, z: through(self, self.discriminator.trunk(2 * x - 1), z),
    )
    twice = losses(made, "discriminator", X)
    assert len(passes) == 3
    assert once == twice


def test_avb_with_the_true_ratio_gives_the_elbo(monkeypatch):
    """With T = log q - log p of a Gaussian posterior, AVB's bound is the VAE's one-sample bound."""
    avb, vae = model("avb"), model("vae")
    kl = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    monkeypatch.setattr(avb, "log_ratio", lambda features, z: kl)
    fit, divergence = avb.bound_terms(X)
    assert torch.equal(divergence, kl)
    autoencoder = sum(losses(avb, "autoencoder", X).values())
    torch.manual_seed(1)
    fit, _ = avb.bound_terms(X)
    torch.testing.assert_close(autoencoder, -(fit - kl).mean())
    assert set(losses(avb, "autoencoder", X)) == set(losses(vae, "vae", X))


def test_aae_divergence_is_minus_the_codes_logit():
    made = model("aae", code_width=8).eval()
    torch.manual_seed(2)
    _, divergence = made.bound_terms(X)
    torch.manual_seed(2)
    torch.testing.assert_close(divergence, -made.code_discriminator(made.codes(X)))


@pytest.mark.parametrize("name", ["aae", "vgh"])
def test_the_code_discriminator_calls_the_prior_real_and_codes_fake(name):
    made = model(name, code_width=8)
    terms = losses(made, "code_discriminator", X)
    torch.manual_seed(1)
    prior, codes = made.sample_prior(X), made.codes(X)
    real = F.softplus(-made.code_discriminator(prior)).mean()
    fake = F.softplus(made.code_discriminator(codes)).mean()
    torch.testing.assert_close(terms, {"prior": real, "codes": fake})


def test_vgh_weights_scale_the_reconstruction_alone():
    one = model("vgh", code_width=8, weight_encoder=1.0, weight_generator=1.0)
    many = model("vgh", code_width=8, weight_encoder=5.0, weight_generator=50.0)
    for name, factor in (("encoder", 5), ("generator", 50)):
        a, b = losses(one, name, X), losses(many, name, X)
        torch.testing.assert_close(b["reconstruction"], factor * a["reconstruction"])
        assert a["adversarial"] == b["adversarial"]


def test_veegan_generator_minimises_the_raw_logit_and_the_latent_error():
    made = model("veegan")
    terms = losses(made, "generator", X)
    torch.manual_seed(1)
    z = torch.randn(6, 5)
    images = made.generate(z)
    torch.testing.assert_close(
        terms["adversarial"], made.discriminator(images, z).mean(), atol=1e-4, rtol=1e-4
    )
    error = (z - made.encoder(images)).square().mean()
    torch.testing.assert_close(terms["reconstruction"], error, atol=1e-3, rtol=1e-3)


def test_veegan_can_sample_the_codes_of_data():
    """Noise on F(x) changes the data pair alone, and is N(0, code_noise^2)."""
    plain, noisy = model("veegan"), model("veegan", code_noise=0.5)
    many = torch.rand(400, 3, 28, 28)
    noise = noisy._noisy_codes(many) - plain._noisy_codes(many)
    assert noise.std().item() == pytest.approx(0.5, rel=0.05)
    assert abs(noise.mean().item()) < 0.05
    a, b = (losses(made, "discriminator", X) for made in (plain, noisy))
    assert a["samples"] == b["samples"]
    assert a["data"] != b["data"]
    for player in ("generator", "encoder"):
        assert losses(plain, player, X) == losses(noisy, player, X)


def test_veegan_encoder_can_be_adversarial():
    assert set(losses(model("veegan"), "encoder", X)) == {"reconstruction"}
    adversarial = losses(model("veegan", adversarial_encoder=True), "encoder", X)
    assert set(adversarial) == {"reconstruction", "adversarial"}


def test_a_critic_with_a_gradient_penalty_has_no_batch_norm():
    critic = model("wgan_gp").critic
    assert not [m for m in critic.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    one = critic(2 * X - 1)[0]
    torch.testing.assert_close(one, critic(2 * X[:1] - 1)[0])


def test_wgan_gp_takes_five_critic_steps():
    players = {player.name: player.steps for player in model("wgan_gp").players()}
    assert players == {"critic": 5, "generator": 1}


@pytest.mark.parametrize("name", ["dcgan", "vgh", "vgh_plus_plus"])
def test_generators_loss_is_the_non_saturating_one(name):
    """-log sigmoid(D(fake)), whose gradient does not vanish where D is sure of the fake."""
    options = {} if name == "dcgan" else {"code_width": 8}
    made = model(name, **options)

    class Sure(torch.nn.Module):
        def forward(self, x):
            return x.flatten(1).mean(1) - 20.0

    made.discriminator = Sure()
    term = losses(made, "generator", X)["adversarial"]
    assert term.item() == pytest.approx(20.0, abs=1.0)
    torch.manual_seed(1)
    torch.testing.assert_close(term, F.softplus(torch.tensor(20.0)), atol=1.0, rtol=0)
