"""A data set's files are asked for before any job: where they are, where not, and where none are needed."""

import os

import pytest

from dmvi.data import cifar10, mnist
from dmvi.data.given import PREPARED, check_given
from dmvi.data.registry import BUILDERS
from dmvi.errors import DmviError

MINE = {"builder": "folder", "path": "flowers", "limit": {"train": 9, "valid": 3, "test": 3}}


def put(root, *paths):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).touch()


def test_the_declared_files_are_those_that_are_read():
    names = [f"{mnist.FOLDER}/{name}" for name in mnist.FILES]
    assert BUILDERS["mnist"].files == [[f"{name}.gz", name] for name in names]
    assert BUILDERS["color_mnist"].files == BUILDERS["mnist"].files
    assert BUILDERS["cifar10"].files == [[cifar10.FOLDER, cifar10.ARCHIVE]]


@pytest.mark.parametrize(
    ("builder", "paths"),
    [
        ("mnist", [choices[0] for choices in BUILDERS["mnist"].files]),
        ("stacked_mnist", [choices[1] for choices in BUILDERS["mnist"].files]),
        ("cifar10", ["cifar-10-python.tar.gz"]),
        ("cifar10", ["cifar-10-batches-py/data_batch_1"]),
        ("celeba", ["celeba/faces.zip"]),
        ("celeba", ["celeba/img_align_celeba/000001.jpg"]),
    ],
)
def test_each_way_to_have_the_files_is_enough(tmp_path, builder, paths):
    put(tmp_path / "data", *paths)
    check_given("mine", {"builder": builder}, "data", tmp_path)
    check_given("mine", {"builder": builder}, str(tmp_path / "data"), tmp_path / "elsewhere")
    (tmp_path / "data" / paths[-1].rsplit("/", 1)[0]).rename(tmp_path / "away")
    with pytest.raises(DmviError, match=r"data_dir is 'data', but .* has no "):
        check_given("mine", {"builder": builder}, "data", tmp_path)


@pytest.mark.parametrize(
    ("spec", "data_dir"),
    [
        ({"builder": "mnist"}, None),  # downloaded
        ({"builder": "mnist", "source": "standin"}, "nowhere"),
        ({"builder": "two_points"}, "nowhere"),  # made by code
    ],
)
def test_what_needs_no_files_needs_no_folder(tmp_path, spec, data_dir):
    check_given("mine", spec, data_dir, tmp_path)


def test_what_is_prepared_needs_no_files(tmp_path):
    for file in PREPARED:
        with pytest.raises(DmviError, match="data_dir is 'gone'"):
            check_given("mine", {"builder": "cifar10"}, "gone", tmp_path)
        put(tmp_path / "results/data/mine", file)
    check_given("mine", {"builder": "cifar10"}, "gone", tmp_path)


def test_a_folder_of_pictures_is_looked_for_literally(tmp_path):
    put(tmp_path, "flowers/1.png", "a/1.png")
    check_given("mine", MINE, None, tmp_path)
    check_given("mine", {**MINE, "path": str(tmp_path / "flowers")}, "nowhere", tmp_path)
    with pytest.raises(DmviError, match=r"data\.mine\.path is '\[a\]', but there is no .*\[a\];"):
        check_given("mine", {**MINE, "path": "[a]"}, None, tmp_path)


def test_a_folder_that_may_not_be_read_is_named_with_the_reason(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "listdir", refused)  # the tests may run as root, who may read all
    with pytest.raises(DmviError, match=r"data_dir is 'data', .*data: Permission denied\); set"):
        check_given("mine", {"builder": "mnist"}, "data", tmp_path)
