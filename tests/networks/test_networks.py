"""Networks: shapes, the paper's parameter counts, and no batch norm in a critic."""

import pytest
import torch
from torch import nn

from dmvi.errors import DmviError
from dmvi.networks import (
    make_discriminator,
    make_encoder,
    make_generator,
    make_joint_discriminator,
)
from dmvi.networks.mlp import CodeDiscriminator, GaussianNoise


def count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.mark.parametrize(
    ("network", "parameters"),
    [
        (lambda: make_generator((64, 64, 3), 100, 3, 64), 3_576_704),
        (lambda: make_generator((32, 32, 3), 128, 3, 64), 1_183_616),
        (lambda: make_discriminator((64, 64, 3), 64), 2_765_568),
        (lambda: make_discriminator((32, 32, 3), 64), 663_296),
    ],
)
def test_dcgan_parameter_counts_are_those_of_the_wgan_code_base(network, parameters):
    assert count(network()) == parameters


def test_encoder_is_the_generator_transposed():
    for size in (28, 32, 64):
        encoder = make_encoder((size, size, 3), 20, 16)
        generator = make_generator((size, size, 3), 20, 3, 16)
        weights = [m.weight for m in encoder if isinstance(m, nn.Conv2d | nn.Linear)]
        mirrored = [m.weight for m in generator if isinstance(m, nn.ConvTranspose2d | nn.Linear)]
        assert [w.numel() for w in weights] == [w.numel() for w in reversed(mirrored)]


def test_colormnist_discriminator_has_the_papers_layers():
    network = make_discriminator((28, 28, 3), 64)
    convolutions = [m for m in network.modules() if isinstance(m, nn.Conv2d)]
    assert [c.out_channels for c in convolutions] == [8, 16, 32, 64, 64]
    assert [c.stride[0] for c in convolutions] == [2, 1, 2, 1, 2]
    assert all(c.kernel_size == (5, 5) for c in convolutions)


@pytest.mark.parametrize("size", [1, 2, 28, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(size, channels):
    shape = (size, size, channels)
    x, z = torch.rand(2, channels, size, size), torch.randn(2, 7)
    assert make_encoder(shape, 14, 8)(x).shape == (2, 14)
    assert make_generator(shape, 7, 2 * channels, 8)(z).shape == (2, 2 * channels, size, size)
    assert make_discriminator(shape, 8)(x).shape == (2,)


@pytest.mark.parametrize("size", [28, 32, 64])
def test_critic_without_batch_norm_treats_examples_separately(size):
    critic = make_discriminator((size, size, 3), 8, batch_norm=False)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in critic.modules())
    x = torch.rand(4, 3, size, size)
    torch.testing.assert_close(critic(x)[:1], critic(x[:1]))


def test_initialisation():
    generator = make_generator((32, 32, 3), 128, 3, 64)
    weight = generator[1].weight
    assert weight.std().item() == pytest.approx(0.02, rel=0.02)
    gains = torch.cat([m.weight for m in generator if isinstance(m, nn.BatchNorm2d)])
    assert gains.mean().item() == pytest.approx(1.0, abs=0.005)
    assert gains.std().item() == pytest.approx(0.02, rel=0.2)


def test_unsupported_size_is_refused():
    with pytest.raises(DmviError, match="48 x 48; networks exist for squares of 1, 2, 28, 32, 64"):
        make_encoder((48, 48, 3), 10, 8)


def test_code_discriminator_without_options_is_the_plain_stack():
    """Trained models hold these names, and their seeds these first weights."""
    torch.manual_seed(0)
    made = CodeDiscriminator(5, layers=2, width=7)
    torch.manual_seed(0)
    stack = nn.Sequential(
        *(nn.Linear(5, 7), nn.LeakyReLU(0.2), nn.Linear(7, 7), nn.LeakyReLU(0.2), nn.Linear(7, 1))
    )
    expected = {f"layers.{name}": value for name, value in stack.state_dict().items()}
    torch.testing.assert_close(dict(made.state_dict()), expected, rtol=0, atol=0)
    z = torch.randn(3, 5)
    state = torch.get_rng_state()
    assert torch.equal(made(z), stack(z).flatten())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("options", [{"activation_noise": 0.5}, {"dropout": 0.5}])
def test_noise_and_dropout_act_in_training_mode_only(options):
    torch.manual_seed(0)
    plain = CodeDiscriminator(5, layers=1, width=64)
    torch.manual_seed(0)
    noisy = CodeDiscriminator(5, layers=1, width=64, **options)
    z = torch.randn(200, 5)
    assert torch.equal(noisy.eval()(z), plain(z)), "the first weights are those without noise"
    assert not torch.equal(noisy.train()(z), noisy(z))
    mean = torch.stack([noisy(z) for _ in range(400)]).mean(0)
    assert (mean - plain(z)).abs().max() < 0.25, "their mean over the noise is the logit without it"


def test_activation_noise_has_its_standard_deviation_on_every_hidden_activation():
    noisy = CodeDiscriminator(5, layers=3, width=1000, activation_noise=0.3)
    seen = []
    for layer in noisy.layers:
        if isinstance(layer, GaussianNoise):
            layer.register_forward_hook(lambda m, inputs, y: seen.append((y - inputs[0]).std()))
    noisy(torch.randn(50, 5))
    assert [sd.item() for sd in seen] == pytest.approx([0.3] * 3, rel=0.02)


def test_the_joint_discriminator_of_points_is_a_product_plus_two_sums():
    """<a(x), b(z)> / sqrt(n) + c(x) + e(z): mixed differences over two x and two z are the product's."""
    network = make_joint_discriminator((2, 2, 1), 3, 4)
    x, z = torch.rand(2, 1, 2, 2), torch.randn(2, 3)
    table = torch.stack([network(x, z[[j, j]]) for j in range(2)], 1)
    a = network.trunk(x)[:, :-1]
    b = network.of_latents(z)[:, :-1]
    mixed = (a[0] - a[1]) @ (b[0] - b[1]) / a.shape[1] ** 0.5
    found = table[0, 0] - table[0, 1] - table[1, 0] + table[1, 1]
    torch.testing.assert_close(found, mixed, atol=1e-4, rtol=1e-4)
    features = network.trunk(x)
    torch.testing.assert_close(network.judge(features, z), network(x, z))
