"""Describes the networks, from the code itself."""

from pathlib import Path

import pandas as pd
import torch
from torch import nn

from dmvi import files
from dmvi.distributions.posteriors.implicit import Implicit
from dmvi.networks import (
    make_discriminator,
    make_encoder,
    make_generator,
    make_joint_discriminator,
)
from dmvi.networks.mlp import CodeDiscriminator
from dmvi.networks.vgg import VGG

STEP = {"version": 3, "wildcards": [], "gives": {}, "gpu": False, "resumes": False}


def cost(costs):
    """Builds the networks once."""
    return costs.cost(3.0, 300.0, 0.1)


IMAGES = ((28, 28, 3), (32, 32, 3), (64, 64, 3))


def describe_networks(latent_dim: int, width: int, output: Path) -> None:
    """Writes one row per layer of the networks of tables 4, 5 and 6, the paper's own first.

    4: discriminators and critics of images. 5: generators and encoders (Gaussian posterior). 6: VEEGAN's
    discriminator of pairs, those of codes, and what is left. Columns: table, network, image_shape,
    layer, operation, output_shape, parameters.
    """
    rows = []
    tables = {"table4": _discriminators, "table5": _generators, "table6": _others}
    for table, make in tables.items():
        for shape in IMAGES:
            for name, (network, inputs) in make(shape, latent_dim, width).items():
                of = "" if name in ANY_IMAGES else "x".join(map(str, shape))
                for i, layer in enumerate(_layers(network, inputs)):
                    row = {"table": table, "network": name, "image_shape": of, "layer": i + 1}
                    rows.append({**row, **layer})
    files.write_csv(output, pd.DataFrame(rows).drop_duplicates())


# Without an image among their inputs, hence listed once.
ANY_IMAGES = ("code discriminator", "implicit posterior")
Networks = dict[str, tuple[nn.Module, tuple[torch.Tensor, ...]]]


def _discriminators(shape: tuple[int, int, int], latent_dim: int, width: int) -> Networks:
    images = torch.zeros(2, shape[2], *shape[:2])
    return {
        "discriminator": (make_discriminator(shape, width), (images,)),
        "critic": (make_discriminator(shape, width, batch_norm=False), (images,)),
    }


def _generators(shape: tuple[int, int, int], latent_dim: int, width: int) -> Networks:
    images, latents = torch.zeros(2, shape[2], *shape[:2]), torch.zeros(2, latent_dim)
    return {
        "generator": (make_generator(shape, latent_dim, shape[2], width), (latents,)),
        "encoder": (make_encoder(shape, 2 * latent_dim, width), (images,)),
    }


def _others(shape: tuple[int, int, int], latent_dim: int, width: int) -> Networks:
    images, latents = torch.zeros(2, shape[2], *shape[:2]), torch.zeros(2, latent_dim)
    implicit = Implicit(latent_dim, noise_dim=64)
    features = torch.zeros(2, implicit.num_parameters + implicit.noise_dim)
    networks: Networks = {
        "joint discriminator": (
            make_joint_discriminator(shape, latent_dim, width),
            (images, latents),
        ),
        "code discriminator": (CodeDiscriminator(latent_dim), (latents,)),
        "implicit posterior": (implicit.network, (features,)),
    }
    if shape == (32, 32, 3):
        networks["classifier"] = (VGG(shape[2], classes=10, width=width), (images,))
    return networks


def _layers(network: nn.Module, inputs: tuple[torch.Tensor, ...]) -> list[dict]:
    """operation, output_shape and parameters of every leaf module, in the order they run."""
    found: list[dict] = []

    def record(module: nn.Module, inputs: tuple, output: torch.Tensor) -> None:
        found.append(
            {
                "operation": _operation(module),
                "output_shape": "x".join(map(str, output.shape[1:])),
                "parameters": sum(p.numel() for p in module.parameters()),
            }
        )

    leaves = [m for m in network.modules() if not list(m.children())]
    hooks = [leaf.register_forward_hook(record) for leaf in leaves]
    with torch.no_grad():
        network(*inputs)
    for hook in hooks:
        hook.remove()
    return found


def _operation(module: nn.Module) -> str:
    name = type(module).__name__
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        return f"{name} {module.kernel_size[0]}x{module.kernel_size[1]}, stride {module.stride[0]}"
    if isinstance(module, nn.LeakyReLU):
        return f"{name} {module.negative_slope:g}"
    return name
