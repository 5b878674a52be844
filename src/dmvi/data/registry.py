"""The builders by name, with their options: what a config may say about data.

Pure Python: importing it loads neither numpy nor torch. A new data set is one file with a
`build(request) -> Built` and one entry here.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dmvi.errors import DmviError

SPLITS = ("train", "valid", "test")
SOURCES = ("official", "standin")
MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Option:
    """One option of a builder: a number in [minimum, maximum], or a crop."""

    default: Any
    kind: str  # "number" | "crop"
    help: str
    minimum: float = -math.inf
    maximum: float = math.inf


@dataclass(frozen=True)
class BuilderInfo:
    """What is known about a data set without building it."""

    title: str
    standin_title: str
    standin_note: str  # what the stand-in is, for figure captions
    image_size: int  # height = width, in pixels
    channels: int
    module: str  # has `build(request) -> Built`
    summary: str
    version: int = 1  # raised whenever the same spec gives other bytes
    sources: tuple[str, ...] = SOURCES
    options: Mapping[str, Option] = field(default_factory=dict)
    # Scores of samples that mean something here: "inception" needs classes of natural images,
    # "diversity" (MS-SSIM within one class) images of one kind.
    scores: tuple[str, ...] = ("critic",)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C)."""
        return (self.image_size, self.image_size, self.channels)


_DIGITS = (
    "scikit-learn's 1,797 digits, enlarged from 8x8 to 28x28; where a split has more images than "
    "digits, the others are turned and shifted copies"
)

BUILDERS: dict[str, BuilderInfo] = {
    "color_mnist": BuilderInfo(
        title="ColorMNIST",
        standin_title="ColorMNIST stand-in (scikit-learn digits)",
        standin_note=_DIGITS,
        image_size=28,
        channels=3,
        module="dmvi.data.color_mnist",
        summary="one MNIST digit in one random colour, with pixel noise",
        options={
            "pixel_noise": Option(
                0.2, "number", "standard deviation of the pixel noise, pixels in [-1, 1]", 0, 10
            ),
            "color_sd": Option(
                0.5, "number", "standard deviation of a colour channel, pixels in [-1, 1]", 0, 10
            ),
        },
    ),
    "stacked_mnist": BuilderInfo(
        title="Stacked MNIST",
        standin_title="Stacked MNIST stand-in (scikit-learn digits)",
        standin_note=_DIGITS,
        image_size=28,
        channels=3,
        module="dmvi.data.stacked_mnist",
        summary="three random MNIST digits, one per colour channel",
    ),
    "mnist": BuilderInfo(
        title="MNIST",
        standin_title="MNIST stand-in (scikit-learn digits)",
        standin_note=_DIGITS,
        image_size=28,
        channels=1,
        module="dmvi.data.mnist",
        summary="grey MNIST digits (binarised, if at all, when they are read)",
    ),
    "cifar10": BuilderInfo(
        title="CIFAR-10",
        standin_title="CIFAR-10 stand-in (patches of two photographs)",
        standin_note="32x32 patches of scikit-learn's two photographs; the label is the photograph",
        image_size=32,
        channels=3,
        module="dmvi.data.cifar10",
        summary="CIFAR-10 photographs",
        scores=("inception", "critic"),
    ),
    "celeba": BuilderInfo(
        title="CelebA",
        standin_title="CelebA stand-in (drawn faces)",
        standin_note="faces drawn by code",
        image_size=64,
        channels=3,
        module="dmvi.data.celeba",
        summary="aligned CelebA faces, cropped and resized to 64x64",
        scores=("diversity", "critic"),
        options={
            "crop": Option(
                "auto", "crop", "'auto', or the square to cut out: {top, left, size} in pixels"
            )
        },
    ),
}


def resolve(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The spec with every default filled in: builder, source, seed, limit and the options.

    Args:
        spec: a data set's entry in the config.
        name: its key there, for messages.

    Raises:
        DmviError: naming the key, its value, and what would be right.
    """
    where = f"data.{name}"
    builder = spec.get("builder")
    if builder not in BUILDERS:
        raise DmviError(f"{where}.builder is {builder!r}; choose one of {', '.join(BUILDERS)}")
    info = BUILDERS[builder]
    known = ("builder", "source", "seed", "limit", *info.options)
    for key in spec:
        if key not in known:
            raise DmviError(
                f"{where}.{key} is not a key of builder {builder}; its keys are {', '.join(known)}"
            )
    source = spec.get("source", "official")
    if source not in info.sources:
        raise DmviError(f"{where}.source is {source!r}; choose one of {', '.join(info.sources)}")
    resolved = {
        "builder": builder,
        "source": source,
        "seed": _whole(spec.get("seed", 0), f"{where}.seed", 0, MAX_SEED),
        "limit": _limit(spec.get("limit"), f"{where}.limit"),
    }
    for key, option in info.options.items():
        check = _crop if option.kind == "crop" else _number
        resolved[key] = check(spec.get(key, option.default), f"{where}.{key}", option)
    return resolved


def _whole(value: Any, where: str, minimum: int, maximum: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not minimum <= value <= maximum:
        raise DmviError(f"{where} is {value!r}; give a whole number of at least {minimum}")
    return value


def _number(value: Any, where: str, option: Option) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not option.minimum <= value <= option.maximum:
        raise DmviError(
            f"{where} is {value!r}; give a number from {option.minimum:g} to {option.maximum:g}"
        )
    return float(value)


def _limit(value: Any, where: str) -> dict[str, int] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or set(value) != set(SPLITS):
        raise DmviError(f"{where} is {value!r}; give null, or {{train: n, valid: n, test: n}}")
    return {split: _whole(value[split], f"{where}.{split}", 1, 10**9) for split in SPLITS}


def _crop(value: Any, where: str, option: Option) -> Any:
    del option
    if value == "auto":
        return value
    if not isinstance(value, Mapping) or set(value) != {"top", "left", "size"}:
        raise DmviError(f"{where} is {value!r}; give 'auto', or {{top: n, left: n, size: n}}")
    return {
        key: _whole(value[key], f"{where}.{key}", 1 if key == "size" else 0, 10**6)
        for key in ("top", "left", "size")
    }
