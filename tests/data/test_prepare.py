"""What holds for every builder, shown on the stand-ins, and what is left after a failure."""

import json

import numpy as np
import pytest

from dmvi import files
from dmvi.data.dataset import open_dataset
from dmvi.data.preparation import prepare
from dmvi.data.registry import BUILDERS
from dmvi.errors import DmviError

STANDINS = [name for name, info in BUILDERS.items() if "standin" in info.sources]
LIMIT = {"train": 30, "valid": 8, "test": 9}
SPLITS = {"train": [0, 30], "valid": [30, 38], "test": [38, 47]}


@pytest.mark.parametrize("builder", STANDINS)
def test_standin(build, builder):
    data = open_dataset(build(builder, limit=LIMIT, seed=3), verify=True)
    info = BUILDERS[builder]
    assert data.images.shape == (47, *info.image_shape)
    assert data.images.dtype == np.uint8
    assert data.image_shape == info.image_shape
    assert [len(data.split(split)) for split in SPLITS] == [30, 8, 9]
    assert np.shares_memory(data.train_valid, data.images)
    assert len(data.train_valid) == 38
    assert len(np.unique(data.images.reshape(47, -1), axis=0)) == 47
    assert data.images.std() > 20  # there is something to see
    meta = data.meta
    assert meta["splits"] == SPLITS
    assert meta["title"] == info.standin_title
    assert "stand-in" in meta["title"]
    assert (meta["standin"], meta["seed"], meta["dataset"]) == (True, 3, "mine")
    assert meta["options"]["limit"] == LIMIT
    set_anyway = {name for name, option in info.options.items() if option.default is not None}
    assert set(meta["options"]) == {"limit", *set_anyway}


@pytest.mark.parametrize("builder", STANDINS)
def test_a_seed_fixes_every_byte(build, builder):
    first = build(builder, "first", limit=LIMIT, seed=3)
    again = build(builder, "again", limit=LIMIT, seed=3)
    other = build(builder, "other", limit=LIMIT, seed=4)
    for name in ("images.npy", "labels.npy", "meta.json"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    same = (first / "images.npy").read_bytes() == (other / "images.npy").read_bytes()
    # Grey digits have nothing random about them until they are repeated.
    assert same == (builder == "mnist")


@pytest.mark.parametrize("builder", ["color_mnist", "mnist", "cifar10", "celeba"])
def test_a_limited_set_is_the_beginning_of_a_larger_one(build, builder):
    """Also shows that block boundaries (faces: 25) do not matter."""
    small = open_dataset(build(builder, "small", limit=LIMIT))
    large = open_dataset(build(builder, "large", limit={"train": 55, "valid": 9, "test": 9}))
    np.testing.assert_array_equal(small.split("train"), large.split("train")[:30])
    np.testing.assert_array_equal(small.split("test"), large.split("test"))


def test_default_size_of_a_standin(build):
    assert open_dataset(build("mnist")).meta["splits"]["test"] == [2250, 2500]


def test_official_meta(build, small_mnist):
    limit = {"train": 9, "valid": 9, "test": 9}
    meta = open_dataset(build("mnist", data_dir=small_mnist, limit=limit)).meta
    assert meta["title"] == "MNIST"
    assert meta["standin"] is False
    assert meta["note"] == "only the first images of each split (9 train, 9 valid, 9 test)"
    assert len(meta["source_files"]) == 4
    assert all(value.startswith("md5:") for value in meta["source_files"].values())


def _fail_half_way(request):
    from dmvi.data.request import Built

    def blocks():
        yield np.zeros((5, 28, 28, 1), np.uint8)
        raise DmviError("the second half is unreadable")

    return Built({"train": 5, "valid": 3, "test": 2}, np.zeros(10), blocks())


def test_failure_leaves_nothing(build, monkeypatch, tmp_path):
    monkeypatch.setattr("dmvi.data.mnist.build", _fail_half_way)
    with pytest.raises(DmviError, match="second half"):
        build("mnist")
    assert list((tmp_path / "out").iterdir()) == []


def test_failure_keeps_what_was_there(build, monkeypatch):
    folder = build("mnist", limit=LIMIT)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"images.npy", "labels.npy", "meta.json"}
    monkeypatch.setattr("dmvi.data.mnist.build", _fail_half_way)
    with pytest.raises(DmviError):
        build("mnist", limit=LIMIT)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_meta_comes_last_and_never_vouches_for_other_images(build, monkeypatch):
    """A crash between the renames leaves no meta.json, neither the old one nor the new."""
    folder = build("mnist", limit=LIMIT)
    replace = files.os.replace

    def crash(source, target):
        if target.name == "labels.npy":
            raise OSError("the disk is gone")
        replace(source, target)

    monkeypatch.setattr(files.os, "replace", crash)
    with pytest.raises(DmviError, match=r"cannot write to .*the disk is gone"):
        build("mnist", limit=LIMIT, seed=1)
    with pytest.raises(DmviError, match=r"meta\.json is missing; prepare the data set first"):
        open_dataset(folder)


def test_unwritable_output(build, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DmviError, match=r"file/out/.* cannot be written \(Not a directory\)"):
        build("mnist", "file/out", limit=LIMIT)


def test_a_builder_that_miscounts_is_caught(build, monkeypatch):
    from dmvi.data.request import Built

    built = Built(
        {"train": 5, "valid": 3, "test": 2}, np.zeros(10), [np.zeros((9, 28, 28, 1), "B")]
    )
    monkeypatch.setattr("dmvi.data.mnist.build", lambda request: built)
    with pytest.raises(AssertionError, match="9 images were built, not 10"):
        build("mnist")


def test_bad_spec_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(DmviError, match=r"data\.mine\.sede"):
        prepare({"builder": "mnist", "sede": 1}, "mine", tmp_path / "out", tmp_path, None)
    assert not (tmp_path / "out").exists()


class TestOpen:
    """`open_dataset` refuses files that disagree with meta.json."""

    @pytest.fixture
    def folder(self, build):
        return build("cifar10", limit=LIMIT)

    def test_truncated_images(self, folder):
        path = folder / "images.npy"
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(DmviError, match=r"images\.npy is truncated or damaged"):
            open_dataset(folder)

    @pytest.mark.parametrize("content", [b"", b"no array at all"])
    @pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
    def test_not_an_array(self, folder, name, content):
        (folder / name).write_bytes(content)
        with pytest.raises(DmviError, match=rf"{name} is truncated or damaged"):
            open_dataset(folder)

    @pytest.mark.parametrize("name", ["images.npy", "labels.npy"])
    def test_missing_array(self, folder, name):
        (folder / name).unlink()
        with pytest.raises(DmviError, match=rf"{name} is missing although"):
            open_dataset(folder)

    def test_other_array(self, folder):
        np.save(folder / "images.npy", np.zeros((47, 32, 32, 3)))
        with pytest.raises(DmviError, match=r"holds float64 .*but meta\.json says uint8"):
            open_dataset(folder)
        np.save(folder / "images.npy", np.zeros((46, 32, 32, 3), np.uint8))
        with pytest.raises(DmviError, match=r"holds uint8 \(46, 32, 32, 3\)"):
            open_dataset(folder)

    def test_object_array_is_not_unpickled(self, folder):
        np.save(folder / "labels.npy", np.array([{}] * 47), allow_pickle=True)
        with pytest.raises(DmviError, match=r"labels\.npy is truncated or damaged"):
            open_dataset(folder)

    def test_other_bytes(self, folder):
        images = np.load(folder / "images.npy")
        images[0, 0, 0, 0] ^= 1
        np.save(folder / "images.npy", images)
        open_dataset(folder, verify=False)
        with pytest.raises(
            DmviError, match=r"is not the file meta\.json describes.*snakemake .*images"
        ):
            open_dataset(folder)

    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("image_shape", [32, 32]),
            ("splits", {"train": [0, 30], "valid": [31, 38], "test": [38, 47]}),
            ("splits", {"train": [0, 30], "test": [30, 47]}),
            ("splits", None),
            ("sha256", {"../secret": "0"}),
        ],
    )
    def test_bad_meta(self, folder, key, value):
        meta = json.loads((folder / "meta.json").read_text())
        (folder / "meta.json").write_text(json.dumps({**meta, key: value}))
        with pytest.raises(DmviError, match="does not describe a data set"):
            open_dataset(folder)

    @pytest.mark.parametrize("content", [b"", b'{"splits"', b"\xff\xfe"])
    def test_unreadable_meta(self, folder, content):
        (folder / "meta.json").write_bytes(content)
        with pytest.raises(DmviError, match=r"meta\.json cannot be read"):
            open_dataset(folder)

    def test_no_folder(self, tmp_path):
        with pytest.raises(DmviError, match="prepare the data set first"):
            open_dataset(tmp_path / "nowhere")

    def test_unknown_split(self, folder):
        with pytest.raises(DmviError, match="'validation'; choose one of train, valid, test"):
            open_dataset(folder).split("validation")
