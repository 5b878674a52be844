"""The DCGAN initialisation (Radford et al., 2016), shared by all convolutional networks."""

from torch import nn


def dcgan_init(module: nn.Module) -> None:
    """Convolutions and linear layers N(0, 0.02), batch-norm gains N(1, 0.02), every bias 0."""
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, 0.02)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
