"""Describes the networks and the settings of a study, from the code and the config themselves."""

from pathlib import Path

import pandas as pd
import torch
from torch import nn

from dmvi import files
from dmvi.networks import make_discriminator, make_encoder, make_generator

# Paper's table -> image shapes whose networks it lists, with the latent size shown.
NETWORK_TABLES = {"table4": ((28, 28, 3),), "table5": ((32, 32, 3), (64, 64, 3))}


def describe_networks(latent_dim: int, width: int, output: Path) -> None:
    """Writes one row per layer of the encoder (Gaussian posterior), generator and discriminator.

    Columns: table, network, image_shape, layer, operation, output_shape, parameters.
    """
    rows = []
    for table, shapes in NETWORK_TABLES.items():
        for shape in shapes:
            networks = {
                "encoder": make_encoder(shape, 2 * latent_dim, width),
                "generator": make_generator(shape, latent_dim, shape[2], width),
                "discriminator": make_discriminator(shape, width),
            }
            for name, network in networks.items():
                entry = torch.zeros(2, latent_dim) if name == "generator" else _zeros(shape)
                for i, layer in enumerate(_layers(network, entry)):
                    rows.append(
                        {
                            "table": table,
                            "network": name,
                            "image_shape": "x".join(map(str, shape)),
                            "layer": i + 1,
                            **layer,
                        }
                    )
    files.write_csv(output, pd.DataFrame(rows))


def _zeros(shape: tuple[int, int, int]) -> torch.Tensor:
    return torch.zeros(2, shape[2], *shape[:2])


def _layers(network: nn.Module, entry: torch.Tensor) -> list[dict]:
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
        network(entry)
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


def describe_settings(rows: list[dict[str, str]], output: Path) -> None:
    """Writes setting, value, source rows, as `dmvi.settings` collects them from the config."""
    files.write_csv(output, pd.DataFrame(rows, columns=["setting", "value", "source"]))
