"""Downloads, with the network replaced: one job at a time, checked, and a clear sentence if it
fails."""

import threading
import time
import urllib.error
import urllib.request

import pytest

from dmvi.data import download, mnist
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError


@pytest.fixture
def calls(small_mnist, monkeypatch):
    """Replaces the download by a copy of the small MNIST; returns the names fetched so far."""
    names = []

    def fetch(title, path, expected):
        names.append(path.name)
        time.sleep(0.01)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes((small_mnist / mnist.FOLDER / path.name).read_bytes())

    monkeypatch.setattr(download, "_fetch", fetch)
    return names


def test_files_are_fetched_once(build, calls, small_mnist):
    first = build("mnist", "first", source="official")
    assert sorted(calls) == sorted(f"{name}.gz" for name in mnist.FILES)
    build("mnist", "second", source="official")
    assert len(calls) == 4
    local = build("mnist", "local", data_dir=small_mnist)
    assert (first / "images.npy").read_bytes() == (local / "images.npy").read_bytes()


def test_an_interrupted_download_is_repeated(build, calls, tmp_path):
    build("mnist", "first", source="official")
    path = tmp_path / "raw" / mnist.FOLDER / "t10k-images-idx3-ubyte.gz"
    path.write_bytes(path.read_bytes()[:100])
    calls.clear()
    open_dataset(build("mnist", "second", source="official"))
    assert calls == [path.name]


def test_two_jobs_do_not_clash(build, calls):
    errors = []

    def job(name):
        try:
            build("mnist", name, source="official")
        except Exception as error:
            errors.append(error)

    jobs = [threading.Thread(target=job, args=(f"job{i}",)) for i in range(4)]
    for thread in jobs:
        thread.start()
    for thread in jobs:
        thread.join()
    assert errors == []
    assert len(calls) == 4  # the other three waited, and found the files


def test_files_in_a_read_only_folder_need_no_lock(build, calls, monkeypatch):
    build("mnist", "first", source="official")
    monkeypatch.setattr(download, "_lock", None)
    build("mnist", "second", source="official")


@pytest.mark.parametrize(
    ("builder", "title", "file"),
    [
        ("color_mnist", "MNIST", "MNIST/raw/train-images-idx3-ubyte.gz"),
        ("cifar10", "CIFAR-10", "cifar-10-python.tar.gz"),
        ("celeba", "CelebA", "celeba/img_align_celeba.zip"),
    ],
)
def test_no_network(build, monkeypatch, tmp_path, builder, title, file):
    """Through torchvision itself, down to the call that opens a connection."""

    def refuse(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    utils = pytest.importorskip("torchvision.datasets.utils")
    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    if builder == "celeba":  # its client has connections of its own
        monkeypatch.setattr(utils, "download_file_from_google_drive", refuse)
    with pytest.raises(DmviError) as caught:
        build(builder, source="official")
    message = str(caught.value)
    for word in (
        f"data.mine: {title} could not be downloaded into {tmp_path / 'raw'}",
        "no route to host",
        "set data_dir",
        file,
        "source: standin",
    ):
        assert word in message
    assert "\n" not in message
    assert not (tmp_path / "out").exists()


def test_download_folder_that_cannot_be_made(build, tmp_path):
    (tmp_path / "raw").write_text("a file")
    with pytest.raises(DmviError, match=r"could not be downloaded into .*FileExistsError"):
        build("mnist", source="official")


def test_the_timeout_is_taken_back():
    import socket

    def fail():
        with download._timeout():
            raise KeyError(socket.getdefaulttimeout())

    with pytest.raises(KeyError, match=str(download.TIMEOUT)):
        fail()
    assert socket.getdefaulttimeout() is None


@pytest.mark.parametrize("name", ["MNIST", "CIFAR-10", "CelebA"])
def test_checksums_are_those_torchvision_knows(name):
    """Each file that may be fetched is known to torchvision, under the same MD5."""
    datasets = pytest.importorskip("torchvision.datasets")
    from dmvi.data import celeba, cifar10

    if name == "MNIST":
        ours = {f"{file}.gz": known.md5_gz for file, known in mnist.FILES.items()}
        theirs = dict(datasets.MNIST.resources)
    elif name == "CIFAR-10":
        ours = {**cifar10.BATCHES, cifar10.ARCHIVE: cifar10.ARCHIVE_MD5}
        theirs = dict(datasets.CIFAR10.train_list + datasets.CIFAR10.test_list)
        theirs[datasets.CIFAR10.filename] = datasets.CIFAR10.tgz_md5
    else:
        ours = {path.split("/")[1]: known for path, known in celeba.DOWNLOADS.items()}
        theirs = {file: known for _, known, file in datasets.CelebA.file_list if file in ours}
    assert ours == theirs
