"""JSON schema errors as one sentence each: the key's path, what it holds, what would be right."""

import json
from typing import Any

import jsonschema
import yaml

from dmvi.errors import DmviError

# The parser in C where PyYAML has it: the workflow reads its files again in every cluster job.
YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def check_unique_keys(text: str) -> None:
    """Refuses a mapping that has a key twice, of which YAML would silently keep the last.

    Raises:
        DmviError: naming the line where the mapping begins, and the key.
    """
    if (document := yaml.compose(text, Loader=YamlLoader)) is not None:
        _check_keys(document)


def _check_keys(node: yaml.Node) -> None:
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            _check_keys(item)
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise DmviError(
                    f"line {node.start_mark.line + 1} begins a mapping with the key {key.value!r} "
                    "twice; rename or remove one"
                )
            seen.add(str(key.value))
            _check_keys(value)


def check_schema(value: Any, schema: dict[str, Any], prefix: str) -> None:
    """Raises `DmviError` with a sentence about the first (outermost, then alphabetical) problem.

    Args:
        value: the config, or a part of it.
        schema: a JSON schema (draft 2020-12).
        prefix: the path of `value` within the config, "" for the whole.
    """
    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(
        validator.iter_errors(value), key=lambda e: (len(e.path), list(map(str, e.path)))
    )
    if errors:
        raise DmviError(_sentence(errors[0], prefix))


def _sentence(error: jsonschema.ValidationError, prefix: str) -> str:
    """One sentence for a schema error: path, value, admissible values."""
    path = ".".join([*([prefix] if prefix else []), *map(str, error.path)]) or "config.yaml"
    value, rule = error.instance, error.validator_value
    shown = json.dumps(value) if not isinstance(value, dict) else "a mapping"
    if error.validator == "additionalProperties" and isinstance(rule, bool):
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(value) - set(known))
        return f"{path} has the unknown key {unknown[0]!r}; its keys are {', '.join(known)}"
    if error.validator == "required":
        missing = [key for key in rule if key not in value]
        return f"{path} lacks the key {missing[0]!r}"
    if error.validator == "enum":
        return f"{path} is {shown}; it must be one of {', '.join(map(str, rule))}"
    if error.validator == "type":
        kinds = " or ".join([rule] if isinstance(rule, str) else rule)
        hint = ""
        if isinstance(value, str) and kinds.startswith(("number", "integer")):
            hint = _number_hint(value, kinds)
        return f"{path} is {shown} ({_kind(value)}); it must be of type {kinds}{hint}"
    if error.validator in ("minimum", "exclusiveMinimum", "exclusiveMaximum"):
        relation = {"minimum": "at least", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
        return f"{path} is {shown}; it must be {relation[error.validator]} {rule}"
    if error.validator == "not":
        return f"{path} has both 'runs' and 'select'; keep one of them"
    if error.validator in ("minItems", "maxItems"):
        relation = "at least" if error.validator == "minItems" else "at most"
        return f"{path} is {shown}; it must have {relation} {rule} entries"
    if error.validator == "uniqueItems":
        return f"{path} is {shown}; its entries must differ from each other"
    if error.validator == "pattern":
        return f"{path} is {shown}; it must match {rule}"
    return f"{path} is {shown}: {error.message}"


def _number_hint(text: str, kind: str) -> str:
    try:
        number = f"{float(text):.1e}" if kind.startswith("number") else str(int(text))
    except ValueError:
        return ""
    return f"; YAML reads {text} as text, write {number}"


def _kind(value: Any) -> str:
    kinds = {str: "a string", bool: "a boolean", int: "an integer", float: "a number"}
    kinds |= {list: "a list", dict: "a mapping", type(None): "null"}
    return kinds[type(value)]
