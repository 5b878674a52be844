"""Finding and decoding pictures in a zip file or a folder, without unpacking anything."""

import hashlib
import io
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dmvi.errors import DmviError
from dmvi.files import sha256

MAX_BYTES = 50_000_000  # of one picture; an archive that claims more is not one of photographs


@dataclass(frozen=True)
class Pictures:
    """A collection of jpeg files.

    Attributes:
        path: the zip file or the folder.
        members: file name (without folders) -> member of the zip, or path below the folder.
    """

    path: Path
    members: dict[str, str]

    def read(self, names: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yields each name with the bytes of its file, in the order of `names`."""
        if self.path.is_dir():
            for name in names:
                try:
                    yield name, (self.path / self.members[name]).read_bytes()
                except OSError as error:
                    raise DmviError(f"{self.path}: {name} cannot be read ({error})") from error
            return
        with _open_zip(self.path) as archive:
            for name in names:
                yield name, _read_member(archive, self.path, self.members[name])

    def hashes(self) -> dict[str, str]:
        """What identifies the source: the zip's SHA-256; for a folder, that of its listing."""
        if not self.path.is_dir():
            return {f"{self.path.parent.name}/{self.path.name}": f"sha256:{sha256(self.path)}"}
        listing = "".join(
            f"{name} {(self.path / member).stat().st_size}\n"
            for name, member in sorted(self.members.items())
        )
        digest = hashlib.sha256(listing.encode()).hexdigest()
        return {f"{self.path.parent.name}/{self.path.name} (names and sizes)": f"sha256:{digest}"}


def find_pictures(folder: Path) -> Pictures:
    """The pictures in `folder`: its one zip file, or else its folder img_align_celeba.

    Raises:
        DmviError: if there are none, or it is unclear which are meant.
    """
    zips = sorted(folder.glob("*.zip"))
    preferred = folder / "img_align_celeba.zip"
    if preferred in zips:
        zips = [preferred]
    if len(zips) > 1:
        raise DmviError(
            f"{folder} holds {len(zips)} zip files ({zips[0].name}, {zips[1].name}, ...); keep "
            "the one with the images, or name it img_align_celeba.zip"
        )
    if zips:
        with _open_zip(zips[0]) as archive:
            members = [entry for entry in archive.namelist() if not entry.startswith("__MACOSX/")]
        path = zips[0]
    else:
        path = folder / "img_align_celeba"
        if not path.is_dir():
            raise DmviError(
                f"CelebA is not in {folder}: it holds neither a zip file of the aligned images "
                "nor img_align_celeba/; put one of them there, leave data_dir empty to download "
                "it, or choose source: standin"
            )
        members = [file.relative_to(path).as_posix() for file in path.rglob("*.*")]
    by_name: dict[str, str] = {}
    for member in members:
        name = member.rsplit("/", 1)[-1]
        if name.startswith(".") or not name.lower().endswith((".jpg", ".jpeg")):
            continue
        if name in by_name:
            raise DmviError(f"{path} holds {name} twice; keep one of them")
        by_name[name] = member
    return Pictures(path, by_name)


def decode(
    content: bytes,
    where: str,
    square: Callable[[tuple[int, int]], tuple[int, ...]],
    size: int,
    channels: int = 3,
    formats: tuple[str, ...] = ("JPEG",),
) -> np.ndarray:
    """A picture as uint8 (size, size, channels): cropped, then resized bilinearly with antialiasing.

    Args:
        content: the file's bytes.
        where: names the picture in messages.
        square: (width, height) -> (left, top, right, bottom) to cut out; asked before decoding.
        size: pixels of a side of the result.
        channels: 3, or 1 for grey.
        formats: that it may have, as Pillow calls them.

    Raises:
        DmviError: it cannot be decoded; naming the picture.
    """
    from PIL import Image

    try:
        with Image.open(io.BytesIO(content), formats=formats) as image:
            box, mode = square(image.size), "RGB" if channels == 3 else "L"
            part = image.convert(mode).crop(box).resize((size, size), Image.Resampling.BILINEAR)
            return np.asarray(part).reshape(size, size, channels)
    except DmviError:
        raise
    # Pillow raises OSError, SyntaxError, ValueError and its own kinds on damaged files.
    except Exception as error:
        words = " or ".join(name.lower() for name in formats)
        raise DmviError(
            f"{where} cannot be decoded as {words} ({type(error).__name__}); replace or remove it"
        ) from error


def _open_zip(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise DmviError(
            f"{path} is not a readable zip file ({error}); it may be truncated: replace it"
        ) from error


def _read_member(archive: zipfile.ZipFile, path: Path, member: str) -> bytes:
    if archive.getinfo(member).file_size > MAX_BYTES:
        raise DmviError(f"{path}: {member} is too large for a photograph; remove it")
    try:
        return archive.read(member)
    except (OSError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise DmviError(
            f"{path}: {member} cannot be unpacked ({error}); replace the zip file"
        ) from error
