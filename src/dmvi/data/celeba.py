"""CelebA: aligned faces, cropped and resized to 64x64.

Liu, Luo, Wang, Tang (2015), "Deep learning face attributes in the wild". The crop is ours: the
central 148x148 pixels, resized bilinearly with antialiasing (what torchvision's CenterCrop(148)
and Resize(64) do to a Pillow image, as in most public code).
"""

from collections.abc import Iterator

import numpy as np

from dmvi.data.download import official_folder
from dmvi.data.pictures import Pictures, decode, find_pictures
from dmvi.data.registry import SPLITS
from dmvi.data.request import Built, Request
from dmvi.errors import DmviError

DECLARES = {
    "title": "CelebA",
    "order": 3,
    "kind": "CelebA",
    "summary": "aligned CelebA faces, cropped and resized to 64x64",
    "image_size": 64,
    "channels": 3,
    "images": {"train": 162_770, "valid": 19_867, "test": 19_962},
    "files": [["celeba/*.zip", "celeba/img_align_celeba"]],
    "publishable": False,  # its terms forbid passing the photographs on
    "seconds_per_image": 3e-3,  # a picture is decoded
    "standin": {"title": "CelebA stand-in (drawn faces)", "note": "faces drawn by code"},
    "options": {
        "crop": {
            "kind": "crop",
            "default": "auto",
            "help": "'auto', or the square to cut out: {top, left, size} in pixels",
        }
    },
}

FOLDER = "celeba"
PARTITION = "list_eval_partition.txt"
DOWNLOADS = {
    f"{FOLDER}/img_align_celeba.zip": "00d2c5bc6d35e252742224ab0c1e8fcb",
    f"{FOLDER}/{PARTITION}": "d32c9cbf5e040fd4025c592c306e6668",
}
OFFICIAL_SIZES = DECLARES["images"]
SIZE = DECLARES["image_size"]
BLOCK = 500
# Image size (width, height) -> (left, top, right, bottom) of the square to cut out.
AUTO_CROPS = {
    (178, 218): (15, 35, 163, 183),  # the official aligned images: the central 148 pixels
    (89, 80): (7, 1, 81, 75),  # half resolution, top and bottom cut: the same square
}


def build(request: Request) -> Built:
    """Faces, 64x64x3, without labels; the official partition where all images are there."""
    if request.standin:
        from dmvi.data import standin_faces

        return standin_faces.build(request)
    folder = official_folder(request, "CelebA", DOWNLOADS) / FOLDER
    pictures = find_pictures(folder)
    names = sorted(pictures.members)
    source_files = pictures.hashes()
    title = note = ""
    if len(names) == sum(OFFICIAL_SIZES.values()):
        split_names = _official_partition(folder / PARTITION, names)
        source_files |= _hash_partition(folder / PARTITION)
    else:
        split_names = split_by_name(names, str(pictures.path))
        count = len(names)
        short = f"{count // 1000}k" if count % 1000 == 0 else f"{count:,}-image"
        title, note = f"CelebA ({short} subset)", f"{count:,}-image subset, split by name"
    sizes = request.sizes({split: len(split_names[split]) for split in SPLITS})
    # The limit comes before decoding, which takes a millisecond per image.
    kept = [name for split in SPLITS for name in split_names[split][: sizes[split]]]
    blocks = _decoded(request, pictures, kept)
    return Built(sizes, np.full(len(kept), -1), blocks, source_files, title, note)


def split_by_name(names: list[str], where: str) -> dict[str, list[str]]:
    """80 % train, 10 % valid, 10 % test, in the order of the file names."""
    train, valid = len(names) * 8 // 10, len(names) // 10
    if valid == 0:
        raise DmviError(
            f"{where} holds {len(names)} jpeg images; put at least 10 there, the official "
            "202,599, or choose source: standin"
        )
    return {
        "train": names[:train],
        "valid": names[train : train + valid],
        "test": names[train + valid :],
    }


def _official_partition(path, names: list[str]) -> dict[str, list[str]]:
    """Names by split, from lines "000001.jpg 0" (0 train, 1 valid, 2 test)."""
    try:
        lines = path.read_text(encoding="ascii").split("\n")
        rows = dict(line.split() for line in lines if line.strip())
    except FileNotFoundError as error:
        raise DmviError(f"{path} is missing; put CelebA's official partition file there") from error
    except (OSError, ValueError) as error:
        raise DmviError(
            f"{path} cannot be read as lines '000001.jpg 0' ({error}); put the official file there"
        ) from error
    split_names = {
        split: [name for name in names if rows.get(name) == str(index)]
        for index, split in enumerate(SPLITS)
    }
    found = {split: len(split_names[split]) for split in SPLITS}
    if found != OFFICIAL_SIZES:
        raise DmviError(
            f"{path} assigns {found} of the images, not {OFFICIAL_SIZES}; put the official file "
            "there"
        )
    return split_names


def _hash_partition(path) -> dict[str, str]:
    from dmvi.files import sha256

    return {f"{FOLDER}/{path.name}": f"sha256:{sha256(path)}"}


def _decoded(request: Request, pictures: Pictures, names: list[str]) -> Iterator[np.ndarray]:
    block = []
    for name, content in pictures.read(names):
        block.append(_face(request, f"{pictures.path}: {name}", content))
        if len(block) == BLOCK:
            yield np.stack(block)
            block = []
    if block:
        yield np.stack(block)


def _face(request: Request, where: str, content: bytes) -> np.ndarray:
    """uint8 (64, 64, 3) from the bytes of a jpeg."""
    crop = request.spec["crop"]

    def square(size: tuple[int, int]) -> tuple[int, int, int, int]:
        if crop == "auto":
            if size not in AUTO_CROPS:
                known = " or ".join(f"{width} x {height}" for width, height in AUTO_CROPS)
                raise DmviError(
                    f"{where} is {size[0]} x {size[1]} pixels (width x height), not {known}; set "
                    f"data.{request.name}.crop to {{top: n, left: n, size: n}}"
                )
            return AUTO_CROPS[size]
        right, bottom = crop["left"] + crop["size"], crop["top"] + crop["size"]
        if right > size[0] or bottom > size[1]:
            raise DmviError(
                f"data.{request.name}.crop is {crop}, which reaches beyond {where} with its "
                f"{size[0]} x {size[1]} pixels (width x height); choose a square inside it"
            )
        return (crop["left"], crop["top"], right, bottom)

    return decode(content, where, square, SIZE)
