"""InfoVAE with an autoregressive decoder: the ELBO as a special case, its density and its samples."""

import pytest
import torch

from dmvi.models import make_model

SHAPE = (28, 28, 1)
SPEC = {
    **{"model": "infovae_pixelcnn", "posterior": "gaussian", "likelihood": "bernoulli"},
    **{"latent_dim": 3, "width": 4, "pixel_maps": 4, "pixel_layers": 1, "kernel": "gaussian"},
    **{"alpha": 0.0, "lambda": 1.0, "prior_draws": "batch"},
}


def made(**changes):
    torch.manual_seed(0)
    return make_model({**SPEC, **changes}, SHAPE)


def binary(n=4):
    return (torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(1)) > 0.5).float()


def test_alpha_0_and_lambda_1_is_the_elbo():
    model, x = made().eval(), binary()
    torch.manual_seed(2)
    terms = model.loss(x)
    torch.manual_seed(2)
    fit, kl = model.bound_terms(x)
    assert set(terms) == {"reconstruction", "kl"}
    assert sum(terms.values()).item() == pytest.approx((kl - fit).mean().item(), rel=1e-6)
    assert "divergence" in made(**{"lambda": 10.0}).loss(x)


def test_the_density_is_the_product_over_pixels_given_those_before():
    model, x = made().eval(), binary(1)
    z = torch.randn(1, 3)
    logits = model.pixels(x, model.generator(z))
    p = torch.where(x == 1, logits.sigmoid(), 1 - logits.sigmoid())
    expected = p.double().log().sum().item()
    assert model.log_likelihood(x, z).item() == pytest.approx(expected, rel=1e-5)
    assert torch.equal(model.log_normalised(x, z), model.log_likelihood(x, z))


@torch.no_grad()
def test_images_are_drawn_and_follow_their_generator():
    model, z = made().eval(), torch.randn(1, 3).expand(2, 3)
    torch.manual_seed(5)
    first = model.decode(z)
    torch.manual_seed(5)
    assert torch.equal(model.decode(z), first)
    assert set(first.unique().tolist()) == {0.0, 1.0}
    assert not torch.equal(first[0], first[1])  # of one latent
    one, other = (model.simulate(z, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)


@torch.no_grad()
def test_the_latent_matters_through_the_maps_of_the_generator():
    model, x = made().eval(), binary(1)
    assert model.log_likelihood(x, torch.randn(1, 3)) != model.log_likelihood(x, torch.randn(1, 3))
