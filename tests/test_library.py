"""The estimators for an encoder of one's own: closed forms, files, and what loading them costs."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
import torch
from linear_gaussian import LinearGaussian

import dmvi
from dmvi import distances_to_prior, kl_to_prior, log_likelihood, low_posterior
from dmvi.cli import main
from dmvi.errors import DmviError


def posteriors(n=400, d=3, mean=1.0, variance=0.25, seed=0):
    random = np.random.default_rng(seed)
    return mean + 0.0 * random.normal(size=(n, d)), np.full((n, d), variance)


def test_equal_posteriors_have_the_kl_of_one_gaussian():
    found = kl_to_prior(*posteriors())
    closed = 3 * 0.5 * (0.25 + 1.0 - 1.0 - math.log(0.25))
    assert found.value == pytest.approx(closed, abs=4 * found.standard_error)
    assert found.standard_error < 0.1
    assert found.upper == pytest.approx(closed, abs=1e-9)


def test_latents_of_low_density_are_those_far_from_the_posteriors():
    mean, variance = posteriors(mean=2.0)
    found = low_posterior(mean, variance, draws=1000, keep=10)
    assert len(found.latents) == 10
    distance = np.linalg.norm(np.asarray(found.latents) - 2.0, axis=1)
    assert distance.min() > 4, "the prior's other side"


def test_codes_of_the_prior_are_not_told_from_it_and_others_are():
    random = np.random.default_rng(0)
    same = distances_to_prior(random.normal(size=(500, 4)))
    moved = distances_to_prior(random.normal(size=(500, 4)) + 0.5)
    assert all(found.p_value > 0.02 for found in same.values())
    assert all(found.p_value <= 0.01 for found in moved.values())


def test_likelihood_of_a_linear_gaussian_model_in_closed_form():
    model = LinearGaussian(2, 6)
    generator = torch.Generator().manual_seed(1)
    _, x = model.simulate(24, generator)
    mean, std = model.posterior(x)

    def log_prob(images, z):
        return torch.stack(
            [
                model.likelihood_of(image[None])(latent[None])[0]
                for image, latent in zip(images, z, strict=True)
            ]
        )

    found = log_likelihood(log_prob, x, mean, std**2, temperatures=40, chains=2)
    truth = model.log_marginal(x)
    assert found.gate is None
    assert found.value == pytest.approx(truth.mean().item(), abs=0.1)
    assert found.value == found.log_p.mean().item()


def test_the_gate_closes_where_forward_and_reverse_disagree():
    """One temperature from a start far away: nobody knows what log p(x) is."""
    scale = torch.full((20,), 0.05)

    def log_prob(x, z):
        return torch.distributions.Normal(z.repeat(1, 5), scale).log_prob(x).sum(-1)

    def far(x):
        return torch.full((len(x), 4), 5.0), torch.full((len(x), 4), 4.0)

    x = torch.randn(8, 4).repeat(1, 5)
    arguments = dict(simulate=lambda z: z.repeat(1, 5) + 0.05 * torch.randn(len(z), 20), encode=far)
    found = log_likelihood(log_prob, x, *far(x), temperatures=2, simulated=16, **arguments)
    assert found.gate is not None
    assert not found.gate.open
    assert math.isnan(found.value)
    with pytest.raises(DmviError, match="simulate needs encode"):
        log_likelihood(log_prob, x, *far(x), simulate=arguments["simulate"])


def test_logarithms_in_the_place_of_variances_are_refused():
    mean, variance = posteriors()
    with pytest.raises(DmviError, match="give variances, not their logarithms"):
        kl_to_prior(mean, np.log(variance))


def test_the_command_reads_files(tmp_path, capsys):
    for name, array in zip(("means", "variances"), posteriors(), strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    words = ["--means", f"{tmp_path}/means.npy", "--variances", f"{tmp_path}/variances.npy"]
    main(["kl", *words, "--output", f"{tmp_path}/kl.json"])
    value = json.loads((tmp_path / "kl.json").read_text())["value"]
    assert f"= {value:.6g} nats" in capsys.readouterr().out
    (tmp_path / "means.npy").write_text("no array")
    with pytest.raises(SystemExit):
        main(["kl", *words])
    assert "means.npy is not an array that numpy.save has written" in capsys.readouterr().err


def test_importing_the_package_loads_nothing_that_it_does_not_use():
    heavy = "{'torch', 'numpy', 'pandas'}"
    code = f"import sys, dmvi; print(sorted({{m.split('.')[0] for m in sys.modules}} & {heavy}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert set(dmvi.__all__) <= set(dir(dmvi))
    with pytest.raises(AttributeError, match="no attribute 'klp'"):
        _ = dmvi.klp


def test_the_functions_load_what_they_use_and_no_more():
    """Tables, figures, data sets and the workflow are none of theirs."""
    unused = (
        "{'pandas', 'scipy', 'sklearn', 'torchvision', 'matplotlib', 'snakemake', 'zuko', 'PIL'}"
    )
    code = (
        "import sys, numpy; from dmvi import kl_to_prior, low_posterior, distances_to_prior\n"
        "mean, variance = numpy.zeros((50, 2)), numpy.ones((50, 2))\n"
        "kl_to_prior(mean, variance); low_posterior(mean, variance, draws=50, keep=5)\n"
        "distances_to_prior(numpy.random.default_rng(0).normal(size=(50, 2)))\n"
        f"print(sorted({{m.split('.')[0] for m in sys.modules}} & {unused}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_tensors_that_a_network_has_just_given_are_taken_as_they_are():
    """With their graph: numbers are the same as without it, and nothing is traced."""
    encoder, x = torch.nn.Linear(3, 4), torch.randn(50, 3)
    mean, log_variance = encoder(x).chunk(2, dim=1)
    plain = mean.detach(), log_variance.detach().exp()
    assert kl_to_prior(mean, log_variance.exp()) == kl_to_prior(*plain)
    found = low_posterior(mean, log_variance.exp(), draws=50, keep=5)
    assert np.array_equal(found.latents, low_posterior(*plain, draws=50, keep=5).latents)
    assert distances_to_prior(mean) == distances_to_prior(plain[0])
