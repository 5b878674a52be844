"""Which values a config may hold at all, whatever their keys mean: texts, finite numbers, lists, mappings.

A number that is no number passes every bound (NaN is neither below nor above one), and one that is too
large ends a job hours later, so both are refused here, at every key.
"""

import math
from typing import Any

from dmvi.errors import DmviError

LARGEST_INTEGER = 10**9
LARGEST_SEED = 2**63 - 1  # of a data set; those of runs are bounded by the schema
LARGEST_NUMBER = 1e30  # float32 ends at 3.4e38, and values are squared
LONGEST_KEY = 200  # characters: it is part of file names, which end at 255 bytes
LONGEST_TEXT = 5000

_KINDS = {bytes: "binary data", set: "a set", tuple: "a tuple"}


def check_values(value: Any, path: str = "") -> None:
    """Refuses what no key of a config can mean, wherever it stands.

    Raises:
        DmviError: naming the key's path, what it holds, and what would be right.
    """
    if isinstance(value, dict):
        for key, item in value.items():
            _check_key(key, path)
            check_values(item, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            check_values(item, f"{path}.{index}" if path else str(index))
    elif isinstance(value, str):
        _check_text(value, path)
    elif isinstance(value, bool) or value is None:
        return
    elif isinstance(value, int | float):
        _check_number(value, path)
    else:
        kind = _KINDS.get(type(value), f"a {type(value).__name__}")
        raise DmviError(f"{path} is {kind} ({str(value)[:50]}); write a text in quotes")


def _check_key(key: Any, path: str) -> None:
    where = path or "config.yaml"
    if not isinstance(key, str):
        raise DmviError(f"{where} has the key {str(key)[:50]}, which is no text; put it in quotes")
    if len(key) > LONGEST_KEY:
        raise DmviError(
            f"{where} has a key of {len(key)} characters, {key[:20]!r}...; it may have {LONGEST_KEY}"
        )
    if any(_is_control(c) for c in key):
        raise DmviError(f"{where} has the key {key!r}, which holds a control character; rename it")


def _check_text(text: str, path: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise DmviError(f"{path} has {len(text):,} characters; it may have {LONGEST_TEXT:,}")
    allowed = "\n\t" if path.endswith("note") else ""  # the one text that may have several lines
    bad = next((c for c in text if _is_control(c) and c not in allowed), None)
    if bad is not None:
        what = "line break" if bad in "\r\n" else f"control character {bad!r}"
        raise DmviError(f"{path} is {text[:50]!r}, which holds a {what}; remove it")


def _check_number(number: float, path: str) -> None:
    if isinstance(number, float):
        if not math.isfinite(number):
            raise DmviError(f"{path} is {number}; it must be a finite number")
        if abs(number) > LARGEST_NUMBER:
            raise DmviError(f"{path} is {number}; it must be at most {LARGEST_NUMBER:g} in size")
        return
    if "seeds" in path.split(".")[-2:]:
        return
    most = LARGEST_SEED if path.endswith(".seed") else LARGEST_INTEGER
    if abs(number) > most:
        shown = str(number) if abs(number) <= 10**30 else "a number of more than 30 digits"
        raise DmviError(f"{path} is {shown}; it must be at most {most}")


def _is_control(character: str) -> bool:
    code = ord(character)
    return code < 32 or 127 <= code < 160 or 0xD800 <= code < 0xE000 or code in (0x2028, 0x2029)
