"""The builders by name, with their options: what a config may say about data.

Pure Python: importing it loads neither numpy nor torch. A data set is one file with
`build(request) -> Built` and a literal `DECLARES`, which is read without importing it:

    title, summary    of the official data set
    image_size        height and width in pixels
    channels
    images            images of each split: {"train": n, "valid": n, "test": n}; None where only the
                      user knows, who then says it in `limit`
    standin           {"title", "note" for captions}, where it has one; one without has no
                      `source: standin`
    options           keys of its own in a config: {name: the fields of `Option`}; None for one that
                      it does not take over from what it extends
    kind              the paper's data set that it stands for in the claims; none if not given
    publishable       False where its images may not be passed on
    downloads         False where nothing is downloaded: it is made by code, or from files of the user
    files             what it reads below `data_dir`: a list of files or folders, each as the list of
                      paths that it may have; with * for any letters, {option} for that option's value
    seconds_per_image that building takes, for the cost model
    version           raised when the same options give other images; 1 if not given
    order             of the paper's data sets in figures
    extends           another of these files, whose declaration holds but for what is said anew
                      (`dmvi.declared.declarations`); title and order are always said anew
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dmvi.declared import check_keys, declarations
from dmvi.errors import DmviError

_FOLDER = Path(__file__).parent
SPLITS = ("train", "valid", "test")
SOURCES = ("official", "standin")
MAX_SEED = 2**63 - 1
# A stand-in has no size of its own: this one keeps a demonstration short.
STANDIN_SIZES = {"train": 2000, "valid": 250, "test": 250}


@dataclass(frozen=True)
class Option:
    """One option of a builder: a number in [minimum, maximum], a crop, a text, or one of some choices.

    One whose default is None is no part of a spec that does not set it, unless it is required. Options
    named `size` and `channels` are those of the images.
    """

    default: Any
    kind: str  # "number" | "crop" | "choice" | "text"
    help: str
    required: bool = False
    minimum: float = -math.inf
    maximum: float = math.inf
    choices: tuple[str | int, ...] = ()


@dataclass(frozen=True)
class BuilderInfo:
    """What is known about a data set without building it."""

    title: str
    summary: str
    image_size: int  # height = width, in pixels
    channels: int
    images: Mapping[str, int] | None  # of each split of the official files
    module: str  # has `build(request) -> Built`
    sources: tuple[str, ...]
    options: Mapping[str, Option] = field(default_factory=dict)
    version: int = 1  # raised whenever the same spec gives other bytes
    standin_title: str = ""
    standin_note: str = ""  # what the stand-in is, for figure captions
    kind: str | None = None  # the paper's data set that it stands for
    publishable: bool = True  # False where its images may not be passed on
    downloads: bool = True  # False where the images are made by code or from files of the user
    files: Sequence[
        Sequence[str]
    ] = ()  # that it reads below data_dir, each by the paths it may have
    seconds_per_image: float = 1e-4  # that building takes

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(H, W, C), unless its options say otherwise: see `image_shape` below."""
        return (self.image_size, self.image_size, self.channels)


def _info(name: str, declared: Mapping[str, Any]) -> BuilderInfo:
    check_keys(
        _FOLDER,
        name,
        declared,
        ("title", "summary", "image_size", "channels", "images"),
        ("standin", "options", "kind", "publishable", "downloads", "files", "seconds_per_image"),
    )
    own = {key: value for key, value in declared.items() if key not in ("extends", "order")}
    standin = own.pop("standin", None)
    if standin:
        own |= {"standin_title": standin["title"], "standin_note": standin["note"]}
    declared = own.pop("options", {})
    options = {key: Option(**option) for key, option in declared.items() if option is not None}
    return BuilderInfo(
        module=f"dmvi.data.{name}",
        sources=SOURCES if standin else SOURCES[:1],
        options=options,
        **own,
    )


# Name of the file -> what it declares, the paper's data sets first.
BUILDERS: dict[str, BuilderInfo] = {
    name: _info(name, declared) for name, declared in declarations(_FOLDER).items()
}


def image_shape(spec: Mapping[str, Any]) -> tuple[int, int, int]:
    """(H, W, C) of the images that a data set's entry in the config gives."""
    info, options = BUILDERS[spec["builder"]], BUILDERS[spec["builder"]].options
    given = {name: spec.get(name, options[name].default) for name in options}
    size = given.get("size", info.image_size)
    return (size, size, given.get("channels", info.channels))


def image_counts(spec: Mapping[str, Any]) -> Mapping[str, int]:
    """Images of each split that a data set's entry in the config gives, as far as it is known unbuilt.

    A subset of the official files has fewer than this.
    """
    if limit := spec.get("limit"):
        return limit
    if spec.get("source") == "standin":
        return STANDIN_SIZES
    return BUILDERS[spec["builder"]].images


def binary(spec: Mapping[str, Any]) -> bool:
    """Whether every pixel of the held-out images is 0 or 255, so that a Bernoulli is a probability."""
    return spec.get("binarize") == "eval"


def resolve(spec: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The spec with every default filled in: builder, source, seed, limit and the options (those
    without a default where they are set).

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
    if info.images is None and resolved["limit"] is None:
        raise DmviError(
            f"{where} has no limit; say how many images each split gets, "
            "limit: {train: n, valid: n, test: n}"
        )
    checks = {"crop": _crop, "number": _number, "choice": _choice, "text": _text}
    for key, option in info.options.items():
        if option.required and key not in spec:
            raise DmviError(f"{where} has no {key}; give it: {option.help}")
        if key in spec or option.default is not None:
            value = spec.get(key, option.default)
            resolved[key] = checks[option.kind](value, f"{where}.{key}", option)
    return resolved


def _choice(value: Any, where: str, option: Option) -> str | int:
    if not isinstance(value, str | int) or isinstance(value, bool) or value not in option.choices:
        words = " or ".join(map(str, option.choices))
        raise DmviError(f"{where} is {value!r}; choose {words}, or leave it out")
    return value


def _text(value: Any, where: str, option: Option) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise DmviError(f"{where} is {value!r}; give a text of one line: {option.help}")
    return value


def _whole(value: Any, where: str, minimum: int, maximum: int) -> int:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or not minimum <= value <= maximum:
        raise DmviError(
            f"{where} is {value!r}; give a whole number of at least {minimum}, at most {maximum}"
        )
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
