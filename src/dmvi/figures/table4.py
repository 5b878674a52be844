"""Table 4: discriminators of images. Tables 5 and 6 are printed in the same way."""

from dmvi.errors import DmviError

TITLE = "Discriminators of images, ColorMNIST's first"
SOURCES = {"study": ("tables/networks.csv",)}
SEEDS = "first"
SELECT = {}
# Layers as readers know them, by the classes that compute them.
LAYERS = {
    **{"Conv2d": "convolution", "MapToPixel": "convolution"},
    **{"ConvTranspose2d": "transposed conv.", "PixelToMap": "transposed conv."},
    **{"BatchNorm2d": "batch norm", "Linear": "linear", "Flatten": "to a vector"},
    **{"Unflatten": "to maps", "MaxPool2d": "max pooling", "AdaptiveAvgPool2d": "mean of maps"},
}
CAPTION = (
    "Printed from the networks themselves, layer by layer, with the number of trained parameters. "
    "ColorMNIST's is the paper's table 4, of which the kinds of layers survive (its second linear layer, "
    "of classes, belongs to no model here); kernels and maps are ours. Those for 32 × 32 and 64 × 64 "
    "images follow the DCGAN networks of the code that the paper names. A critic is the same without "
    "batch norm."
)


def sample_sizes(tables) -> str:
    return "At full width, 64, and 128 latents; the study's own widths are in table 3."


def draw(tables):
    return draw_networks(tables, "table4")


def draw_networks(tables, name: str):
    """The networks of one table, a block of rows each."""
    from dmvi.figures.print_table import print_table

    every = tables.study_csv("tables/networks.csv")
    networks = every[every["table"] == name]
    if networks.empty:
        held = ", ".join(sorted(map(str, every["table"].unique())))
        raise DmviError(f"tables/networks.csv has no rows of {name}, only of {held}")
    rows: list[list[str] | str] = []
    for (network, shape), layers in networks.groupby(
        ["network", "image_shape"], sort=False, dropna=False
    ):
        total = int(layers["parameters"].fillna(0).sum())
        of = f", images {shape}" if isinstance(shape, str) else ""  # codes have no shape
        rows.append(f"{network}{of}: {total:,} parameters")
        for layer in layers.sort_values("layer").itertuples():
            count = 0 if layer.parameters != layer.parameters else int(layer.parameters)
            operation = _words(str(layer.operation))
            rows.append([str(layer.layer), operation, str(layer.output_shape), f"{count:,}"])
    return print_table(["layer", "operation", "output", "parameters"], rows, right=(0, 3))


def _words(operation: str) -> str:
    """ "convolution 5x5, stride 2" of "Conv2d 5x5, stride 2"."""
    name, _, rest = operation.partition(" ")
    return f"{LAYERS.get(name, name)} {rest}".strip()
