"""The first weights of the convolutional networks."""

from torch import nn


def initialise(network: nn.Module) -> None:
    """The DCGAN initialisation (Radford et al., 2016), or He's where there is no batch norm.

    DCGAN: convolutions and linear layers N(0, 0.02), batch-norm gains N(1, 0.02), every bias 0. It
    counts on batch norm to restore the scale: without it, a narrow critic starts with gradients of
    about 0.01 and needs hundreds of steps to leave them. Networks without batch norm therefore take
    He et al. (2015) for LeakyReLU(0.2), as the critics of Gulrajani et al. (2017) do.
    """
    layers = list(network.modules())
    normed = any(isinstance(layer, nn.BatchNorm2d) for layer in layers)
    for layer in layers:
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            if normed:
                nn.init.normal_(layer.weight, 0.0, 0.02)
            else:
                nn.init.kaiming_normal_(layer.weight, a=0.2)
        elif isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, 0.02)
        else:
            continue
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)
