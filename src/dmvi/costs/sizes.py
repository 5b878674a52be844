"""How large the networks are, by formulas: multiplications, numbers written and parameters.

The cost model (`dmvi.costs.model`) needs them for every job whenever the workflow is parsed, so nothing here
loads torch. The tests compare them with what torch counts on the networks themselves.
"""

from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from math import log2
from operator import add
from typing import Self

from dmvi.distributions.registry import declared_likelihoods, declared_posteriors, tractable
from dmvi.errors import DmviError

# What a generator without a likelihood emits per image channel: one number, which tanh squashes.
TANH = {"outputs_per_channel": 1, "operations": 3, "mean_operations": 0}
POINTS = (1, 2)  # sides of images that `dmvi.networks.points` is for
PIXEL_CONTEXT = 8  # maps of the latent that a PixelCNN is conditioned on
VGG_BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))


class Counts:
    """Adds up field by field, and is multiplied by numbers: the base of dataclasses of numbers."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*map(add, vars(self).values(), vars(other).values()))

    def __mul__(self, factor: float) -> Self:
        return type(self)(*(value * factor for value in vars(self).values()))


@dataclass(frozen=True)
class Size(Counts):
    """One pass of one example through a network.

    Attributes:
        macs: multiply-add pairs of its linear and convolutional layers.
        padded: those of all layers but `single`, as processors do them: with maps in blocks of 16.
        single: those of layers between a map and a single pixel, which have a rate of their own.
        values: numbers that its layers write.
        parameters: trained ones.
        calls: operations, whatever their size.
    """

    macs: float = 0.0
    padded: float = 0.0
    single: float = 0.0
    values: float = 0.0
    parameters: float = 0.0
    calls: float = 0.0


NOTHING = Size()


def linear(before: int, after: int, extra: int = 1) -> Size:
    """A linear layer followed by `extra` element-wise ones."""
    macs = before * after
    return Size(macs, macs, 0, after * (1 + extra), macs + after, 1 + extra)


def mlp(*widths: int) -> Size:
    """Linear layers with an activation between each two."""
    layers = [linear(before, after) for before, after in pairwise(widths)]
    return sum(layers, NOTHING)


def convolution(before: int, after: int, kernel: int, side: int, out: int, extra: int = 2) -> Size:
    """A square convolution that is evaluated at `side`^2 places and writes `out`^2 maps' pixels.

    A convolution is evaluated at each pixel that it writes, a transposed one at each that it reads.
    """
    weights = kernel * kernel * before * after
    macs = weights * side * side
    padded = kernel * kernel * side * side * _blocks(before) * _blocks(after)
    alone = side == 1
    return Size(
        macs,
        0 if alone else padded,
        macs if alone else 0,
        after * out * out * (1 + extra),
        weights,
        1 + extra,
    )


def _blocks(maps: int) -> int:
    """Maps, rounded up to blocks of 16; the few of an image have layers of their own."""
    return maps if maps <= 3 else -(-maps // 16) * 16


def _scaled(maps: int, width: int) -> int:
    return max(1, maps * width // 64)


def _maps(image_size: int, width: int) -> list[int]:
    """Maps of a DCGAN network's layers, from the image to 4 x 4."""
    return [width * 2**i for i in range(int(log2(image_size)) - 2)]


def _points(before: int, after: int, width: int) -> Size:
    """The perceptrons of `dmvi.networks.points`."""
    return mlp(before, 8 * width, 8 * width, after)


@cache
def encoder(image_size: int, channels: int, outputs: int, width: int) -> Size:
    """`dmvi.networks.make_encoder`."""
    if image_size in POINTS:
        return _points(channels * image_size**2, outputs, width)
    if image_size == 28:
        wide, narrow = _scaled(64, width), _scaled(32, width)
        return (
            convolution(channels, narrow, 5, 14, 14)
            + convolution(narrow, wide, 5, 14, 14)
            + convolution(wide, wide, 5, 7, 7)
            + linear(49 * wide, outputs, 0)
        )
    maps, side, total = [channels, *_maps(image_size, width)], image_size, NOTHING
    for before, after in pairwise(maps):
        side //= 2
        total += convolution(before, after, 4, side, side)
    return total + convolution(maps[-1], outputs, 4, 1, 1, 0)


@cache
def generator(image_size: int, latent_dim: int, channels: int, width: int) -> Size:
    """`dmvi.networks.make_generator`, `channels` of its output."""
    if image_size in POINTS:
        return _points(latent_dim, channels * image_size**2, width)
    if image_size == 28:
        wide, narrow = _scaled(64, width), _scaled(32, width)
        return (
            linear(latent_dim, 49 * wide, 2)
            + convolution(wide, wide, 5, 7, 14)
            + convolution(wide, narrow, 5, 14, 14)
            + convolution(narrow, channels, 5, 14, 28, 0)
        )
    maps = _maps(image_size, width)[::-1]
    total, side = convolution(latent_dim, maps[0], 4, 1, 4), 4
    for before, after in pairwise(maps):
        total += convolution(before, after, 4, side, 2 * side)
        side *= 2
    return total + convolution(maps[-1], channels, 4, side, 2 * side, 0)


def _trunk(image_size: int, channels: int, width: int) -> tuple[Size, int]:
    """The layers of a discriminator up to 4 x 4 maps, and how many maps."""
    total, before = NOTHING, channels
    if image_size == 28:
        for maps, side in ((8, 14), (16, 14), (32, 7), (64, 7), (64, 4)):
            after = _scaled(maps, width)
            total += convolution(before, after, 5, side, side)
            before = after
        return total, before
    side = image_size
    for after in _maps(image_size, width):
        side //= 2
        total += convolution(before, after, 4, side, side)
        before = after
    return total, before


@cache
def discriminator(image_size: int, channels: int, width: int) -> Size:
    """`dmvi.networks.make_discriminator`; a critic is one without batch norm."""
    if image_size in POINTS:
        return _points(channels * image_size**2, 1, width)
    trunk, maps = _trunk(image_size, channels, width)
    return trunk + linear(16 * maps, 1, 0)


@cache
def joint_discriminator(image_size: int, channels: int, latent_dim: int, width: int) -> Size:
    """`dmvi.networks.make_joint_discriminator`."""
    if image_size in POINTS:
        outputs = 8 * width + 1
        both = _points(channels * image_size**2, outputs, width)
        return both + _points(latent_dim, outputs, width)
    trunk, maps = _trunk(image_size, channels, width)
    hidden = 8 * width
    return (
        trunk
        + convolution(maps + latent_dim, hidden, 1, 4, 4, 1)
        + convolution(hidden, hidden, 1, 4, 4, 1)
        + linear(16 * hidden, 1, 0)
    )


@cache
def code_discriminator(latent_dim: int, layers: int, width: int) -> Size:
    """`dmvi.networks.mlp.CodeDiscriminator`."""
    return mlp(latent_dim, *[width] * layers, 1)


@cache
def vgg(image_size: int, channels: int, width: int, classes: int = 10) -> Size:
    """`dmvi.networks.vgg.VGG`, the classifier behind the Inception score."""
    total, before, side = NOTHING, channels, image_size
    for index, block in enumerate(VGG_BLOCKS):
        side //= 2 if index else 1
        for maps in block:
            after = _scaled(maps, width)
            # One element-wise layer less than there is: the layout of these images is a fast one.
            total += convolution(before, after, 3, side, side, 1)
            before = after
    return total + linear(before, classes, 0)


@cache
def pixelcnn(image_size: int, channels: int, maps: int, layers: int) -> Size:
    """`dmvi.networks.pixelcnn.PixelCNN` on the maps of a latent: one pass, all pixels at once."""
    side = image_size
    inner = convolution(maps + PIXEL_CONTEXT, maps, 3, side, side)
    return (
        convolution(channels + PIXEL_CONTEXT, maps, 7, side, side)
        + inner * layers
        + convolution(maps + PIXEL_CONTEXT, channels, 1, side, side, 0)
    )


@cache
def coupling_flow(latent_dim: int, transforms: int, hidden: tuple[int, ...]) -> Size:
    """The couplings of the realnvp posterior: each maps half of z and the encoder's 2 d outputs."""
    half = (latent_dim + 1) // 2
    # The affine map of the other half and its log determinant: about 12 operations.
    affine = Size(values=8 * latent_dim, calls=12)
    return (mlp(half + 2 * latent_dim, *hidden, 2 * half) + affine) * transforms


@cache
def masked_flow(latent_dim: int, transforms: int, hidden: tuple[int, ...]) -> Size:
    """The MAF that is fitted to codes; its masks multiply every weight at every pass."""
    layers = mlp(latent_dim, *hidden, 2 * latent_dim)
    return (layers + Size(values=8 * latent_dim, calls=12 + 2 * len(hidden))) * transforms


@cache
def lstm(latent_dim: int, width: int, position_dim: int = 32) -> Size:
    """The Gaussian LSTM that is fitted to codes: one step per latent."""
    gates = 4 * width * (1 + position_dim + width)
    macs = latent_dim * (gates + 2 * width)
    return Size(
        macs,
        macs,
        0,
        latent_dim * 10 * width,
        gates + 8 * width + 2 * width + latent_dim * position_dim,
        latent_dim * 4,
    )


def posterior_outputs(spec: dict) -> int:
    """Numbers that the encoder of a run emits per image."""
    family = declared_posteriors()[spec.get("posterior") or "deterministic"]
    if "outputs" in family:
        return family["outputs"]
    return family["outputs_per_latent"] * spec["latent_dim"]


def _couplings(spec: dict) -> Size:
    return coupling_flow(spec["latent_dim"], spec["flow_transforms"], tuple(spec["flow_hidden"]))


def _noise_mlp(spec: dict) -> Size:
    features = posterior_outputs(spec)
    return mlp(features + spec["noise_dim"], features, features, spec["latent_dim"])


# The formulas that a posterior's file can declare as its `network`.
POSTERIOR_NETWORKS = {"coupling_flow": _couplings, "noise_mlp": _noise_mlp}


def posterior_network(spec: dict) -> Size:
    """The posterior's own network: one pass for one code; nothing where it has none."""
    network = declared_posteriors().get(spec.get("posterior"), {}).get("network")
    if network is None:
        return NOTHING
    if network not in POSTERIOR_NETWORKS:
        raise DmviError(
            f"the posterior {spec['posterior']!r} declares the network {network!r}; costs/sizes.py has "
            f"formulas for {', '.join(POSTERIOR_NETWORKS)}"
        )
    return POSTERIOR_NETWORKS[network](spec)


def posterior(spec: dict) -> Size:
    """What turns the encoder's output into a code, and gives its KL: one code."""
    network, latent_dim = posterior_network(spec), spec["latent_dim"]
    if tractable(spec.get("posterior")) or network == NOTHING:
        # Scaling, noise and a density: about as many operations for any family.
        calls = 10 if network == NOTHING else 15
        return network + Size(values=8 * latent_dim, calls=calls)
    return network


def likelihood_counts(likelihood: str | None) -> dict:
    """What the file of a run's likelihood declares of its outputs; of tanh where it has none."""
    return TANH if likelihood is None else declared_likelihoods()[likelihood]


@cache
def decoder(
    image_size: int, latent_dim: int, channels: int, width: int, likelihood: str | None
) -> Size:
    """A generator with its likelihood's element-wise operations; without one it ends in tanh."""
    counts = likelihood_counts(likelihood)
    emitted, operations = counts["outputs_per_channel"] * channels, counts["operations"]
    written = operations * emitted * image_size**2
    network = generator(image_size, latent_dim, emitted, width)
    return network + Size(values=written, calls=2 * operations)


class Networks(dict[str, Size]):
    """Sizes by the name that models' `passes` give a network; an unknown name is refused."""

    def __missing__(self, name: str) -> Size:
        raise DmviError(
            f"a model's `passes` names the network {name!r}; costs/sizes.py has formulas for "
            f"{', '.join(self)}"
        )


def networks(spec: dict, image_shape: tuple[int, int, int]) -> Networks:
    """The sizes of all networks that the model of a resolved run might have, by kind."""
    size, _, channels = image_shape
    latent_dim, width = spec["latent_dim"], spec["width"]
    sizes = {
        "encoder": encoder(size, channels, posterior_outputs(spec), width),
        "posterior": posterior(spec),
        "generator": decoder(size, latent_dim, channels, width, spec.get("likelihood")),
        "discriminator": discriminator(size, channels, width),
        "joint_discriminator": joint_discriminator(size, channels, latent_dim, width),
        "context": generator(size, latent_dim, PIXEL_CONTEXT, width),
        "pixelcnn": pixelcnn(
            size, channels, spec.get("pixel_maps", 32), spec.get("pixel_layers", 5)
        ),
        "code_discriminator": code_discriminator(
            latent_dim, spec.get("code_layers", 3), spec.get("code_width", 1000)
        ),
    }
    return Networks(sizes)
