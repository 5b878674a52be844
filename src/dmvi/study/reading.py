"""Reads a config.yaml that anyone may have written: every fault of the file is one sentence.

What a valid YAML file may still not hold is in `dmvi.study.values`; what a study may say, in the schema.
"""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from dmvi.errors import DmviError
from dmvi.study.schema import YamlLoader
from dmvi.study.values import check_values

LARGEST = 2_000_000  # bytes of a file
DEEPEST = 100  # levels of lists and mappings
MOST_VALUES = 100_000  # aliases multiplied out
# Snakemake gives a file with the first one to YTE, which runs what the others hold as Python.
TEMPLATE_KEYS = ("__use_yte__", "__definitions__", "__variables__")
_TAG = "tag:yaml.org,2002:"
_PLAIN = tuple(
    _TAG + kind for kind in ("str", "int", "float", "bool", "null", "seq", "map", "merge")
)


def read_config(path: str | Path) -> dict[str, Any]:
    """The content of a config.yaml, of which nothing has been run.

    Raises:
        DmviError: naming the file, where in it the fault is, and what to do.
    """
    path = Path(path)
    text = _text(path)
    try:
        return parse_config(text)
    except DmviError as error:
        raise DmviError(f"{path}: {error}") from None


def parse_config(text: str) -> dict[str, Any]:
    """The mapping that the text of a config holds.

    Raises:
        DmviError: the text is no YAML, or holds what a config may not: a key twice, one that is no text,
            a template, an unknown tag, an alias of itself, or nothing.
    """
    try:
        _check_depth(text)
        loader = YamlLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                raise DmviError("the file is empty; copy the config.yaml of a study and change it")
            _check_node(node, "", set(), {})
            content = loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.reader.ReaderError as error:
        raise DmviError(
            f"the file holds the character {_character(error)}, which YAML does not allow; save it as "
            "text in UTF-8 without it"
        ) from None
    except yaml.MarkedYAMLError as error:
        raise DmviError(_syntax(error, text)) from None
    except (ValueError, OverflowError, RecursionError) as error:
        if isinstance(error, DmviError):
            raise
        raise DmviError(f"a value cannot be read ({_line(error)}); correct or quote it") from None
    if content is None:
        raise DmviError("the file is empty; copy the config.yaml of a study and change it")
    if not isinstance(content, dict):
        raise DmviError("the file holds no mapping of keys to values, as `study: ...`, at its top")
    check_values(content)
    return content


def check_unique_keys(text: str) -> None:
    """Refuses a mapping that has a key twice, of which YAML would silently keep the last.

    Raises:
        DmviError: naming the line where the mapping begins, and the key.
    """
    if (document := yaml.compose(text, Loader=YamlLoader)) is not None:
        _check_node(document, "", set(), {})


def _text(path: Path) -> str:
    try:
        if path.is_dir():
            raise DmviError(f"{path} is a folder; it must be the file that holds the study")
        if path.stat().st_size > LARGEST:
            raise DmviError(
                f"{path} has {path.stat().st_size:,} bytes; a config has at most {LARGEST:,}"
            )
        content = path.read_bytes()
    except FileNotFoundError:
        raise DmviError(
            f"{path} does not exist; give the folder of a study (snakemake --directory FOLDER)"
        ) from None
    except OSError as error:
        raise DmviError(
            f"{path} cannot be read ({error.strerror}); give yourself the right to read it"
        ) from None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DmviError(
            f"{path} is not text in UTF-8 (byte 0x{content[error.start]:02x} in line {line}); save it as "
            "UTF-8"
        ) from None


def _check_depth(text: str) -> None:
    """By the parser's events: composing a text of very many levels would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=YamlLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > DEEPEST:
                raise DmviError(
                    f"line {event.start_mark.line + 1} is more than {DEEPEST} levels deep; no config is"
                )
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _check_node(node: yaml.Node, path: str, open_: set[int], sizes: dict[int, int]) -> int:
    """How many values a node holds, aliases multiplied out; what may not be in it is refused.

    Args:
        node: and all below it are looked at, each once.
        path: of its keys, for messages.
        open_: the ids of the nodes that it is in.
        sizes: id of a node that has been looked at -> what it holds.
    """
    if id(node) in open_:
        raise DmviError(
            f"line {node.start_mark.line + 1}: {path} is an alias of itself; write it out"
        )
    if id(node) in sizes:
        return sizes[id(node)]
    if node.tag not in _PLAIN:
        raise DmviError(_tagged(node, path))
    size = 1
    if not isinstance(node, yaml.ScalarNode):
        open_.add(id(node))
        for name, child in _children(node, path):
            size += _check_node(child, f"{path}.{name}" if path else name, open_, sizes)
        open_.discard(id(node))
    if size > MOST_VALUES:
        raise DmviError(
            f"line {node.start_mark.line + 1}: {path or 'the file'} holds more than {MOST_VALUES:,} "
            "values, its aliases written out; write a smaller study"
        )
    sizes[id(node)] = size
    return size


def _children(node: yaml.CollectionNode, path: str) -> Iterator[tuple[str, yaml.Node]]:
    """(name, node) of what a list or mapping holds; a key that cannot be one is refused."""
    if isinstance(node, yaml.SequenceNode):
        yield from ((str(index), child) for index, child in enumerate(node.value))
        return
    seen = set()
    for key, value in node.value:
        where = f"line {key.start_mark.line + 1}{f', {path},' if path else ''}"
        if not isinstance(key, yaml.ScalarNode):
            raise DmviError(f"{where} has a list or mapping as a key; a key is a text")
        if key.value in TEMPLATE_KEYS:
            raise DmviError(
                f"{where} has the key {key.value!r}, by which a config would run code of its own; "
                "remove it"
            )
        if key.tag == _TAG + "merge":
            if not _merges(value):
                raise DmviError(
                    f"{where} has '<<', which takes the keys of another mapping; give it an "
                    "alias such as *name, or a list of them"
                )
        elif key.tag != _TAG + "str":
            raise DmviError(
                f"{where} has the key {key.value!r}, which YAML reads as {_read_as(key)}; put it in "
                "quotes"
            )
        if key.value in seen:
            raise DmviError(
                f"line {node.start_mark.line + 1} begins a mapping with the key {key.value!r} "
                "twice; rename or remove one"
            )
        seen.add(key.value)
        shown = key.value[:60]
        yield shown if shown.isprintable() else repr(shown)[1:-1], value


def _merges(value: yaml.Node) -> bool:
    if isinstance(value, yaml.SequenceNode):
        return all(isinstance(item, yaml.MappingNode) for item in value.value)
    return isinstance(value, yaml.MappingNode)


def _tagged(node: yaml.Node, path: str) -> str:
    """The sentence about a value that is no plain text, number, list or mapping."""
    tag = node.tag.replace(_TAG, "!!")
    line, name = node.start_mark.line + 1, path or "the file"
    if isinstance(node, yaml.ScalarNode) and tag == "!!timestamp":
        return f"line {line}: {name} is {node.value}, which YAML reads as a date; put it in quotes"
    return f"line {line}: {name} has the tag {tag}, which no value of a config has; remove the tag"


def _read_as(key: yaml.ScalarNode) -> str:
    try:
        value = yaml.constructor.SafeConstructor().construct_object(key)
    except (ValueError, yaml.YAMLError):
        return key.tag.replace(_TAG, "a ")
    if isinstance(value, datetime.date):
        return f"the date {value}"
    return repr(value)


def _character(error: yaml.reader.ReaderError) -> str:
    code = error.character
    return f"U+{code:04X}" if isinstance(code, int) else repr(code)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]


def _syntax(error: yaml.MarkedYAMLError, text: str) -> str:
    """Where the parser stopped, and what it says about it."""
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    said = ", ".join(part for part in (error.context, error.problem) if part)
    lines = text.splitlines()
    if (
        line <= len(lines)
        and "\t" in lines[line - 1][: len(lines[line - 1]) - len(lines[line - 1].lstrip())]
    ):
        said += " (a tab; YAML takes spaces only)"
    column = f", column {mark.column + 1}" if mark else ""
    shown = f" at {lines[line - 1].strip()[:60]!r}" if line <= len(lines) else ""
    words = " ".join(said.split())[:200]
    return f"line {line}{column}: this is no YAML: {words}{shown}; correct it there or before"
