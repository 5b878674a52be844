"""Networks: shapes, the paper's parameter counts, and no batch norm in a critic."""

import pytest
import torch
from torch import nn

from dmvi.errors import DmviError
from dmvi.networks import make_discriminator, make_encoder, make_generator


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


@pytest.mark.parametrize("size", [28, 32, 64])
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
    with pytest.raises(DmviError, match="48 x 48; networks exist for squares of 28, 32, 64"):
        make_encoder((48, 48, 3), 10, 8)
