"""The VAE's objective, and the identities that tie its variants together."""

import pytest
import torch

from dmvi.models import make_model
from dmvi.objectives.elbo import negative_elbo

SPEC = {"model": "vae", "posterior": "gaussian", "likelihood": "bernoulli", "latent_dim": 6}
SPEC |= {"width": 8}


def losses(spec, x):
    torch.manual_seed(0)
    model = make_model(spec, (28, 28, 3))
    torch.manual_seed(1)
    return model.loss(x)


def test_beta_one_is_the_vae():
    x = torch.rand(4, 3, 28, 28)
    assert losses(SPEC, x) == losses({**SPEC, "model": "beta_vae", "beta": 1.0}, x)


def test_beta_weights_the_kl_term_alone():
    x = torch.rand(4, 3, 28, 28)
    one = losses(SPEC, x)
    four = losses({**SPEC, "model": "beta_vae", "beta": 4.0}, x)
    torch.testing.assert_close(four["kl"], 4 * one["kl"])
    assert four["reconstruction"] == one["reconstruction"]


def test_terms_sum_over_pixels_and_latents_and_average_over_the_batch():
    terms = negative_elbo(torch.tensor([-10.0, -30.0]), torch.tensor([1.0, 2.0]))
    assert terms["reconstruction"].item() == 20.0
    assert terms["kl"].item() == 1.5


def test_bound_is_below_the_log_likelihood_of_a_linear_model():
    """On a model whose decoder ignores z, log p(x) is known: the bound is it minus the KL."""
    torch.manual_seed(0)
    model = make_model(SPEC, (28, 28, 3)).eval()
    with torch.no_grad():
        for parameter in model.generator.parameters():
            parameter.zero_()  # logits 0 for every z: log p(x|z) = -D log 2
    x = torch.rand(5, 3, 28, 28)
    log_likelihood, kl = model.bound_terms(x)
    exact = -28 * 28 * 3 * torch.log(torch.tensor(2.0))
    torch.testing.assert_close(log_likelihood, exact.expand(5))
    assert (kl > 0).all()


@pytest.mark.parametrize("posterior", ["gaussian", "realnvp"])
def test_bfloat16_changes_losses_little(posterior):
    spec = {**SPEC, "posterior": posterior, "flow_transforms": 2, "flow_hidden": [8]}
    x = torch.rand(4, 3, 28, 28)
    full = losses(spec, x)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        half = losses(spec, x)
    for name, value in full.items():
        assert half[name].dtype == torch.float32
        assert half[name].item() == pytest.approx(value.item(), rel=0.02)


def test_a_run_sets_its_likelihoods_smallest_sigma():
    """What the decoder emits below it has no effect; a run that does not set it has exp(-6)."""
    spec = {**SPEC, "likelihood": "quantized_normal"}
    plain, wide = (make_model(s, (28, 28, 3)) for s in (spec, {**spec, "smallest_sigma": 0.05}))
    output = torch.full((1, 6, 2, 2), -9.0)
    assert plain.likelihood.parameters(output)[1].exp().max().item() == pytest.approx(0.00247875)
    assert wide.likelihood.parameters(output)[1].exp().max().item() == pytest.approx(0.05)
