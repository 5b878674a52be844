"""Tables 4 to 6 begin with the networks of the paper's, of which the kinds of layers survive."""

import pandas as pd
import pytest

from dmvi.report.describe_networks import describe_networks

LAYERS = ("Conv2d", "ConvTranspose2d", "Linear", "PixelToMap", "MapToPixel")


@pytest.fixture(scope="module")
def networks(tmp_path_factory):
    path = tmp_path_factory.mktemp("tables") / "networks.csv"
    describe_networks(128, 64, path)
    return pd.read_csv(path)


def first(networks, table):
    """Name, image shape and kinds of layers of the first network of a table."""
    rows = networks[networks["table"] == table]
    rows = rows[(rows["network"] == rows["network"].iloc[0])]
    rows = rows[rows["image_shape"] == rows["image_shape"].iloc[0]]
    kinds = [operation.split()[0] for operation in rows["operation"]]
    name, shape = rows[["network", "image_shape"]].iloc[0]
    return name, shape, [kind for kind in kinds if kind in LAYERS]


def test_the_papers_networks_come_first(networks):
    assert first(networks, "table4") == (
        "discriminator",
        "28x28x3",
        ["Conv2d"] * 5 + ["Linear"],
    )
    assert first(networks, "table5") == (
        "generator",
        "28x28x3",
        ["Linear"] + ["ConvTranspose2d"] * 3,
    )
    name, shape, kinds = first(networks, "table6")
    assert (name, shape) == ("joint discriminator", "28x28x3")
    assert kinds[-3:] == ["Conv2d", "Conv2d", "Linear"]


def test_every_network_is_described_once(networks):
    keys = ["table", "network", "image_shape", "layer"]
    assert not networks.duplicated(keys).any()
    where = networks.groupby(["network", "image_shape"], dropna=False)["table"].nunique()
    assert (where == 1).all()
    counts = networks.groupby(["network", "image_shape"])["parameters"].sum()
    assert counts["discriminator", "64x64x3"] == 2_765_568
    assert counts["generator", "32x32x3"] == 1_183_616
