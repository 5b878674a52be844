"""Networks, and the choice of a family by image size. No network here knows a loss."""

from torch import nn

from dmvi.errors import DmviError
from dmvi.networks import colormnist, dcgan, points
from dmvi.networks.joint import JointDiscriminator

# Image height -> the family of networks: the paper's tables 4 and 5 for ColorMNIST, elsewhere the code
# that it names.
FAMILIES = {1: points, 2: points, 28: colormnist, 32: dcgan, 64: dcgan}


def _family(image_shape: tuple[int, int, int]):
    height, width, _ = image_shape
    if height != width or height not in FAMILIES:
        sizes = ", ".join(str(size) for size in FAMILIES)
        raise DmviError(f"images are {height} x {width}; networks exist for squares of {sizes}")
    return FAMILIES[height]


def make_encoder(image_shape: tuple[int, int, int], outputs: int, width: int) -> nn.Module:
    """Encoder for (H, W, C) images: (B, C, H, W) -> (B, outputs)."""
    return _family(image_shape).Encoder(image_shape[0], image_shape[2], outputs, width)


def make_generator(
    image_shape: tuple[int, int, int], latent_dim: int, channels: int, width: int
) -> nn.Module:
    """Generator: (B, latent_dim) -> (B, channels, H, W), no activation at the end."""
    return _family(image_shape).Generator(image_shape[0], latent_dim, channels, width)


def make_discriminator(image_shape: tuple[int, int, int], width: int, batch_norm: bool = True):
    """Discriminator: (B, C, H, W) -> (B,), one logit per image."""
    return _family(image_shape).Discriminator(image_shape[0], image_shape[2], width, batch_norm)


def make_joint_discriminator(
    image_shape: tuple[int, int, int], latent_dim: int, width: int, batch_norm: bool = True
) -> nn.Module:
    """Discriminator of pairs: (B, C, H, W), (B, latent_dim) -> (B,); 512 hidden maps at width 64.

    It has a `trunk` of images and `judge(features, z)`. A family may bring its own.
    """
    family = _family(image_shape)
    if hasattr(family, "JointDiscriminator"):
        return family.JointDiscriminator(image_shape[0], image_shape[2], latent_dim, width)
    layers, maps = family.trunk(image_shape[0], image_shape[2], width, batch_norm)
    return JointDiscriminator(nn.Sequential(*layers), maps, latent_dim, 8 * width)
