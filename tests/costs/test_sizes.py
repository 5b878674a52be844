"""The formulas, against what torch counts on the networks themselves."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from dmvi.costs import sizes as network_sizes
from dmvi.costs.work import iteration_work
from dmvi.distributions.registry import declared_likelihoods, declared_posteriors, tractable
from dmvi.errors import DmviError
from dmvi.estimators.autoregressive import MAF, GaussianLSTM
from dmvi.models import make_model
from dmvi.models.infovae_pixelcnn import CONTEXT
from dmvi.networks import make_discriminator, make_encoder, make_generator, make_joint_discriminator
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.networks.pixelcnn import PixelCNN
from dmvi.networks.vgg import VGG
from dmvi.study.declarations import declared_models
from dmvi.training.engine import make_optimizers
from dmvi.training.iteration import Iteration

SHAPES = [(1, 1, 1), (2, 2, 1), (28, 28, 1), (28, 28, 3), (32, 32, 3), (64, 64, 3)]
BATCH = 4


class Counter(TorchDispatchMode):
    """torch's FlopCounterMode without its table of modules, whose hooks fail in a second gradient."""

    total = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        count = flop_registry.get(function._overloadpacket)
        self.total += count(*args, **(kwargs or {}), out_val=result) if count else 0
        return result


def flops(function) -> int:
    with Counter() as counter:
        function()
    return counter.total


def parameters(network) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("width", [8, 64])
def test_image_networks(shape, width):
    size, _, channels = shape
    x, z = torch.rand(BATCH, channels, size, size), torch.randn(BATCH, 20)
    cases = [
        (network_sizes.encoder(size, channels, 40, width), make_encoder(shape, 40, width), (x,)),
        (
            network_sizes.generator(size, 20, channels, width),
            make_generator(shape, 20, channels, width),
            (z,),
        ),
        (
            network_sizes.discriminator(size, channels, width),
            make_discriminator(shape, width),
            (x,),
        ),
        (
            network_sizes.joint_discriminator(size, channels, 20, width),
            make_joint_discriminator(shape, 20, width),
            (x, z),
        ),
    ]
    for expected, network, inputs in cases:
        assert flops(lambda: network(*inputs)) == 2 * BATCH * expected.macs  # noqa: B023
        # Batch norm's and biases' parameters are left out or rounded up.
        assert parameters(network) == pytest.approx(expected.parameters, rel=0.05)


def test_pixelcnn():
    x, context = torch.rand(BATCH, 3, 32, 32), torch.rand(BATCH, CONTEXT, 32, 32)
    network, expected = PixelCNN(3, CONTEXT, 16, 2), network_sizes.pixelcnn(32, 3, 16, 2)
    assert network_sizes.PIXEL_CONTEXT == CONTEXT
    assert flops(lambda: network(x, context)) == 2 * BATCH * expected.macs
    assert parameters(network) == pytest.approx(expected.parameters, rel=0.05)


def test_other_networks():
    z = torch.randn(BATCH, 30)
    codes = torch.randn(100, 30)
    x = torch.rand(BATCH, 3, 32, 32)
    cases = [
        (network_sizes.code_discriminator(30, 3, 100), CodeDiscriminator(30, 3, 100), z),
        (network_sizes.vgg(32, 3, 16), VGG(3, 10, 16), x),
    ]
    for expected, network, given in cases:
        assert flops(lambda: network(given)) == 2 * BATCH * expected.macs  # noqa: B023
        assert parameters(network) == pytest.approx(expected.parameters, rel=0.05)
    for expected, density in (
        (network_sizes.masked_flow(30, 2, (64, 64)), MAF(codes, 2, (64, 64))),
        (network_sizes.lstm(30, 16), GaussianLSTM(codes, 16)),
    ):
        assert parameters(density) == pytest.approx(expected.parameters, rel=0.05)
    maf = MAF(codes, 2, (64, 64))
    counted = flops(lambda: maf.log_prob(z))
    assert counted == 2 * BATCH * network_sizes.masked_flow(30, 2, (64, 64)).macs


class OneBatch:
    """The same batch, again and again."""

    def __init__(self, x) -> None:
        self.x = x

    def next(self):
        return self.x


def spec_of(name: str, **changes) -> dict:
    """A resolved run of a model."""
    declared = declared_models()[name]
    spec = {
        "model": name,
        "latent_dim": 20,
        "width": 32,
        "batch_size": BATCH,
        "flow_transforms": 2,
        "flow_hidden": [32, 32],
        "learning_rate": 1e-4,
        "adam_betas": [0.5, 0.9],
        "precision": "float32",
    }
    for key, choices in (("posterior", "posteriors"), ("likelihood", "likelihoods")):
        if choices in declared:
            spec[key] = declared[choices][0]
    options = {key: rules["default"] for key, rules in declared["options"].items()}
    return {**spec, **options, **changes}


CASES = [(name, shape, {}) for name in declared_models() for shape in SHAPES[3:]] + [
    *[
        ("vae", (32, 32, 3), {"posterior": name})
        for name in declared_posteriors()
        if tractable(name)
    ],
    *[("vae", (32, 32, 3), {"likelihood": name}) for name in declared_likelihoods()],
    ("vae", (28, 28, 3), {"latent_dim": 1000}),
    ("vae", (64, 64, 3), {"width": 64}),
    ("aae", (28, 28, 3), {"code_layers": 5, "code_width": 2000}),
    ("veegan", (32, 32, 3), {"adversarial_encoder": True}),
    ("avb_ac", (28, 28, 3), {"moment_samples": 40, "width": 16}),
    ("wgan_gp", (32, 32, 3), {"critic_steps": 2}),
]


@pytest.mark.parametrize(("name", "shape", "changes"), CASES, ids=lambda value: str(value))
def test_an_iteration(name, shape, changes):
    spec = spec_of(name, **changes)
    model = make_model(spec, shape)
    players = model.players()
    optimizers = make_optimizers(players, spec)
    batch = OneBatch(torch.rand(BATCH, shape[2], *shape[:2]))
    counted = flops(Iteration(players, optimizers, batch, "float32"))
    assert iteration_work(spec, shape).flops == pytest.approx(counted, rel=0.1)


@pytest.mark.parametrize("name", declared_models())
def test_passes_are_declared(name):
    declared = declared_models()[name]
    known = network_sizes.networks(spec_of(name), (32, 32, 3))
    assert set(declared["passes"]) == set(declared["players"])
    assert set(declared.get("steps", {})) <= set(declared["players"])
    for networks in declared["passes"].values():
        assert set(networks) <= set(known)


def test_an_unknown_network_is_refused(monkeypatch):
    dcgan = declared_models()["dcgan"]
    wrong = {**dcgan, "passes": {**dcgan["passes"], "generator": {"decoder": 3}}}
    monkeypatch.setattr("dmvi.costs.work.declared_models", lambda: {"dcgan": wrong})
    with pytest.raises(DmviError, match=r"names the network 'decoder'; .* formulas for encoder"):
        iteration_work(spec_of("dcgan"), (32, 32, 3))
