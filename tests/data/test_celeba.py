"""CelebA: zips and folders, crops, partitions, and damaged or unexpected pictures."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from dmvi.data import celeba, pictures
from dmvi.data.dataset import open_dataset
from dmvi.errors import DmviError


@pytest.fixture
def root(tmp_path):
    (tmp_path / "official" / "celeba").mkdir(parents=True)
    return tmp_path / "official"


def pack(root, members, name="faces.zip"):
    with zipfile.ZipFile(root / "celeba" / name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return root / "celeba" / name


@pytest.fixture
def faces(jpeg):
    """20 pictures of the official size, each of its own grey level, by file name."""
    return {f"{i + 1:06}.jpg": jpeg(178, 218, 10 * i) for i in range(20)}


def levels(data):
    return np.rint(data.images.mean(axis=(1, 2, 3)) / 10).astype(int).tolist()


def test_zip_is_split_by_name(build, root, faces):
    pack(root, dict(reversed(faces.items())))
    data = open_dataset(build("celeba", data_dir=root))
    assert data.images.shape == (20, 64, 64, 3)
    assert data.meta["splits"] == {"train": [0, 16], "valid": [16, 18], "test": [18, 20]}
    assert levels(data) == list(range(20))
    assert data.labels.tolist() == [-1] * 20
    assert data.meta["title"] == "CelebA (20-image subset)"
    assert data.meta["note"] == "20-image subset, split by name"
    assert list(data.meta["source_files"]) == ["celeba/faces.zip"]


def test_folder_gives_the_same_bytes(build, root, faces, tmp_path):
    """Also: other files are passed over, in a zip as in a folder, and zips are not unpacked."""
    clutter = {"list.txt": b"", "__MACOSX/img_align_celeba/._000001.jpg": b"", "._000002.jpg": b""}
    path = pack(root, {f"img_align_celeba/{n}": c for n, c in faces.items()} | clutter)
    packed = build("celeba", "packed", data_dir=root)
    assert list((root / "celeba").iterdir()) == [path]
    path.unlink()
    folder = root / "celeba" / "img_align_celeba"
    folder.mkdir()
    for name, content in faces.items():
        (folder / name).write_bytes(content)
    (folder / "readme.txt").write_text("")
    plain = build("celeba", "plain", data_dir=root)
    assert (packed / "images.npy").read_bytes() == (plain / "images.npy").read_bytes()


def test_blocks_keep_the_order(build, root, faces, monkeypatch):
    monkeypatch.setattr(celeba, "BLOCK", 7)
    pack(root, faces)
    assert levels(open_dataset(build("celeba", data_dir=root))) == list(range(20))


@pytest.fixture
def official(root, faces, monkeypatch):
    """As if CelebA had 20 images: its partition is not in the order of the names."""
    monkeypatch.setattr(celeba, "OFFICIAL_SIZES", {"train": 12, "valid": 5, "test": 3})
    pack(root, faces, "img_align_celeba.zip")
    splits = [1] * 5 + [2] * 3 + [0] * 12
    rows = [f"{name} {split}\n" for name, split in zip(faces, splits, strict=True)]
    path = root / "celeba" / celeba.PARTITION
    path.write_text("".join(rows))
    return path


def test_official_partition(build, root, official):
    data = open_dataset(build("celeba", data_dir=root))
    assert data.meta["title"] == "CelebA"
    assert data.meta["note"] == ""
    assert levels(data) == [*range(8, 20), *range(5), 5, 6, 7]
    assert len(data.meta["source_files"]) == 2


def test_official_partition_is_required(build, root, official):
    official.unlink()
    with pytest.raises(DmviError, match=r"list_eval_partition\.txt is missing"):
        build("celeba", data_dir=root)


@pytest.mark.parametrize("text", ["000001.jpg 0\n", "000001.jpg\n", "a b c\n", "", "\xff"])
def test_damaged_partition(build, root, official, text):
    official.write_text(text, encoding="latin-1")
    with pytest.raises(DmviError, match=r"list_eval_partition\.txt .*put the official file there"):
        build("celeba", data_dir=root)


@pytest.mark.parametrize(
    ("width", "height", "box"), [(178, 218, (15, 35, 163, 183)), (89, 80, (7, 1, 81, 75))]
)
def test_crop_is_the_central_square(width, height, box):
    """A picture that is white inside the square and black outside becomes all white."""
    picture = np.zeros((height, width), np.uint8)
    left, top, right, bottom = box
    picture[top:bottom, left:right] = 255
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=100, subsampling=0)
    face = pictures.decode(file.getvalue(), "face", celeba.AUTO_CROPS.get, 64)
    assert face.shape == (64, 64, 3)
    assert face.min() > 245  # all but jpeg's ripples
    # Official size: margins are equal. The half-size pictures have lost rows at top and bottom,
    # and their square is the official one halved.
    assert right - left == bottom - top == (148 if width == 178 else 74)
    assert left + right in (width, width - 1)


def test_resizing_is_that_of_torchvision():
    transforms = pytest.importorskip("torchvision.transforms")
    noise = np.random.default_rng(0).integers(0, 256, (218, 178, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG")
    oracle = transforms.Compose([transforms.CenterCrop(148), transforms.Resize(64)])
    face = pictures.decode(file.getvalue(), "face", celeba.AUTO_CROPS.get, 64)
    np.testing.assert_array_equal(face, np.asarray(oracle(Image.open(file))))


def test_odd_size_needs_a_crop(build, root, faces, jpeg):
    pack(root, faces | {"000005.jpg": jpeg(100, 120, 99)})
    with pytest.raises(DmviError) as caught:
        build("celeba", data_dir=root)
    for word in ("000005.jpg is 100 x 120 pixels", "178 x 218 or 89 x 80", "data.mine.crop"):
        assert word in str(caught.value)
    data = open_dataset(build("celeba", data_dir=root, crop={"top": 20, "left": 0, "size": 100}))
    assert levels(data)[4] == 10
    assert data.meta["options"]["crop"] == {"top": 20, "left": 0, "size": 100}


@pytest.mark.parametrize(
    "crop", [{"top": 71, "left": 0, "size": 148}, {"top": 0, "left": 31, "size": 148}]
)
def test_crop_beyond_the_picture(build, root, faces, crop):
    pack(root, faces)
    with pytest.raises(DmviError, match=r"crop is .*reaches beyond .*178 x 218"):
        build("celeba", data_dir=root, crop=crop)


def test_crop_by_hand_equals_auto(build, root, faces):
    pack(root, faces)
    auto = build("celeba", "auto", data_dir=root)
    hand = build("celeba", "hand", data_dir=root, crop={"top": 35, "left": 15, "size": 148})
    assert (auto / "images.npy").read_bytes() == (hand / "images.npy").read_bytes()


def test_grey_and_cmyk_pictures(build, root, faces, jpeg):
    pack(
        root,
        faces | {"000003.jpg": jpeg(178, 218, 20, "RGB"), "000004.jpg": jpeg(178, 218, 30, "CMYK")},
    )
    assert levels(open_dataset(build("celeba", data_dir=root))) == list(range(20))


def test_limit_comes_before_decoding(build, root, faces):
    """Damaged pictures beyond the limit are never read."""
    damaged = {"000010.jpg": b"", "000018.jpg": b"", "000020.jpg": b""}
    pack(root, faces | damaged)
    data = open_dataset(build("celeba", data_dir=root, limit={"train": 9, "valid": 1, "test": 1}))
    assert levels(data) == [*range(9), 16, 18]
    with pytest.raises(DmviError, match=r"limit\.valid is 3, but the valid split has 2 images"):
        build("celeba", data_dir=root, limit={"train": 9, "valid": 3, "test": 1})


@pytest.mark.parametrize("kind", ["empty", "truncated", "text", "png"])
def test_damaged_picture(build, root, faces, kind, tmp_path):
    file = io.BytesIO()
    Image.new("RGB", (178, 218)).save(file, "PNG")
    content = {"empty": b"", "truncated": faces["000007.jpg"][:700], "text": b"hello" * 99}
    pack(root, faces | {"000007.jpg": content.get(kind, file.getvalue())})
    with pytest.raises(DmviError, match=r"000007\.jpg cannot be decoded as jpeg"):
        build("celeba", data_dir=root)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("size", [0, 100, -100])
def test_truncated_zip(build, root, faces, size):
    path = pack(root, faces)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(DmviError, match=r"faces\.zip is not a readable zip file"):
        build("celeba", data_dir=root)


def test_flipped_byte_in_a_zip(build, root, faces):
    path = pack(root, faces)
    content = bytearray(path.read_bytes())
    content[content.index(faces["000004.jpg"]) + 300] ^= 0xFF
    path.write_bytes(content)
    with pytest.raises(DmviError, match=r"000004\.jpg cannot be unpacked .*CRC"):
        build("celeba", data_dir=root)


def test_members_that_claim_to_be_huge(build, root, faces, monkeypatch):
    monkeypatch.setattr(pictures, "MAX_BYTES", 100)
    pack(root, faces)
    with pytest.raises(DmviError, match=r"000001\.jpg is too large for a photograph"):
        build("celeba", data_dir=root)


def test_member_names_never_become_paths(build, root, faces, tmp_path):
    pack(root, {f"../../{name}": content for name, content in faces.items()})
    before = {path for path in tmp_path.rglob("*") if path.suffix == ".jpg"}
    assert levels(open_dataset(build("celeba", data_dir=root))) == list(range(20))
    assert {path for path in tmp_path.rglob("*") if path.suffix == ".jpg"} == before == set()


def test_unclear_or_absent_pictures(build, root, faces, jpeg):
    with pytest.raises(DmviError, match=r"CelebA is not in .*source: standin"):
        build("celeba", data_dir=root)
    path = pack(root, {"a.jpg": jpeg(178, 218)})
    with pytest.raises(DmviError, match="holds 1 jpeg images; put at least 10"):
        build("celeba", data_dir=root)
    pack(root, faces, "more.zip")
    with pytest.raises(DmviError, match=r"2 zip files \(faces\.zip, more\.zip"):
        build("celeba", data_dir=root)
    path.unlink()
    pack(root, {"a/1.jpg": b"", "b/1.jpg": b""}, "more.zip")
    with pytest.raises(DmviError, match=r"holds 1\.jpg twice"):
        build("celeba", data_dir=root)


def test_real_files(build, real_data):
    """A few of the 10,000 faces: nearly all are brighter in the middle than black."""
    limit = {"train": 40, "valid": 5, "test": 5}
    data = open_dataset(build("celeba", data_dir=real_data, limit=limit))
    assert data.meta["title"].startswith("CelebA (")
    assert "split by name" in data.meta["note"]
    assert data.images[:, 24:40, 24:40].mean() > 90
    red, _, blue = data.images[:, 24:40, 24:40].reshape(-1, 3).mean(axis=0)
    assert red > blue + 20  # skin, so the channels are in order
