"""Data specs: defaults are filled in, and anything else than the documented keys is refused."""

import importlib
import math
import os
import subprocess
import sys

import pytest

from dmvi.data.registry import BUILDERS, SPLITS, resolve
from dmvi.errors import DmviError


@pytest.mark.parametrize("builder", [n for n, info in BUILDERS.items() if info.images])
def test_defaults(builder):
    spec = resolve({"builder": builder}, "mine")
    declared = BUILDERS[builder].options
    options = {k: option.default for k, option in declared.items() if option.default is not None}
    assert spec == {
        "builder": builder,
        "source": "official",
        "seed": 0,
        "limit": None,
        **options,
    }
    assert resolve(spec, "mine") == spec


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_declaration_matches_its_file(builder):
    info = BUILDERS[builder]
    module = importlib.import_module(info.module)
    assert callable(module.build)
    assert module.DECLARES["title"] == info.title
    if info.images is not None:
        assert tuple(info.images) == SPLITS
        assert all(count > 0 for count in info.images.values())
    assert ("standin" in info.sources) == bool(info.standin_title) == bool(info.standin_note)


def test_the_papers_data_sets_come_first_and_in_order():
    assert list(BUILDERS)[:4] == ["color_mnist", "stacked_mnist", "celeba", "cifar10"]
    kinds = [info.kind for info in BUILDERS.values()][:5]
    assert kinds == ["ColorMNIST", "ColorMNIST", "CelebA", "CIFAR-10", None]
    assert [name for name, info in BUILDERS.items() if not info.publishable] == ["celeba", "folder"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "data.mine.builder is None; choose one of color_mnist,"),
        ({"builder": "imagenet"}, "'imagenet'"),
        ({"builder": "mnist", "pixel_noise": 0.1}, "data.mine.pixel_noise is not a key of"),
        ({"builder": "mnist", "source": "web"}, "data.mine.source is 'web'; choose one of offi"),
        ({"builder": "mnist", "seed": -1}, "data.mine.seed is -1"),
        ({"builder": "mnist", "seed": True}, "data.mine.seed is True"),
        ({"builder": "mnist", "seed": 1.5}, "data.mine.seed is 1.5"),
        ({"builder": "mnist", "limit": 5}, "data.mine.limit is 5; give null, or"),
        ({"builder": "mnist", "limit": {"train": 5}}, "data.mine.limit is"),
        ({"builder": "mnist", "limit": {"train": 0, "valid": 1, "test": 1}}, "limit.train is 0"),
        ({"builder": "color_mnist", "pixel_noise": -0.1}, "pixel_noise is -0.1; give a number"),
        ({"builder": "color_mnist", "color_sd": math.nan}, "data.mine.color_sd is nan"),
        ({"builder": "color_mnist", "color_sd": "0.5"}, "data.mine.color_sd is '0.5'"),
        (
            {"builder": "mnist", "binarize": "all"},
            "binarize is 'all'; choose eval, or leave it out",
        ),
        (
            {"builder": "color_mnist", "binarize": "eval"},
            "data.mine.binarize is not a key of builder",
        ),
        ({"builder": "celeba", "crop": "centre"}, "data.mine.crop is 'centre'; give 'auto'"),
        ({"builder": "celeba", "crop": {"top": 0, "left": 0, "size": 0}}, "mine.crop.size is 0"),
        ({"builder": "celeba", "crop": {"top": 0, "size": 9}}, "data.mine.crop is"),
    ],
)
def test_refuses(spec, words):
    with pytest.raises(DmviError) as caught:
        resolve(spec, "mine")
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("statement", "forbidden"),
    [
        ("import dmvi.data; import dmvi.data.registry", ("numpy", "torch", "torchvision", "PIL")),
        ("import dmvi.data.preparation, dmvi.data.dataset", ("torch", "torchvision", "sklearn")),
    ],
)
def test_imports_are_light(statement, forbidden):
    code = f"import sys; {statement}; print(*sys.modules)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert not set(forbidden) & set(done.stdout.split())
