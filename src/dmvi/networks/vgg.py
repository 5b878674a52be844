"""A VGG-style classifier of small images (Simonyan & Zisserman, 2015), with batch norm.

The first ten convolutions of VGG-16. Its last block and fully connected layers are made for ImageNet:
here an average over what three poolings leave of the image (4 x 4 of 32 x 32, 3 x 3 of 28 x 28) and
one linear layer follow.
"""

from torch import Tensor, nn

# Maps of the 3x3 convolutions of each block at width 64; a 2 x 2 max pooling between the blocks.
BLOCKS = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512))


class VGG(nn.Module):
    """Images in [0, 1] to logits, (B, channels, H, W) -> (B, classes), for H, W >= 8.

    Conv(k3 p1) BN ReLU, the maps scaled by width / 64. Pixels are mapped to [-2, 2], about zero mean and
    unit variance for natural images.
    """

    def __init__(self, channels: int, classes: int, width: int = 64) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        before = channels
        for index, block in enumerate(BLOCKS):
            layers += [nn.MaxPool2d(2)] if index else []
            for maps in block:
                after = max(1, maps * width // 64)
                layers += [nn.Conv2d(before, after, 3, padding=1, bias=False)]
                layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
                before = after
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.head = nn.Linear(before, classes)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # He et al. (2015)
                nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(4.0 * x - 2.0))
