"""JSON schema errors as one sentence each: the key's path, what it holds, what would be right."""

import json
from typing import Any

import jsonschema
import yaml

from dmvi.errors import DmviError

LONGEST_SHOWN = 200  # characters of a value in a sentence
# The parser in C where PyYAML has it: the workflow reads its files again in every cluster job.
YamlLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _is_integer(_: Any, value: Any) -> bool:
    """Not 8.0, which JSON schema calls an integer: it would name another run than 8, and end as the
    size of a layer inside a job."""
    return isinstance(value, int) and not isinstance(value, bool)


_Validator = jsonschema.validators.extend(
    jsonschema.Draft202012Validator,
    type_checker=jsonschema.Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer),
)


def check_schema(value: Any, schema: dict[str, Any], prefix: str) -> None:
    """Raises `DmviError` with a sentence about the first (outermost, then alphabetical) problem.

    Args:
        value: the config, or a part of it.
        schema: a JSON schema (draft 2020-12).
        prefix: the path of `value` within the config, "" for the whole.
    """
    validator = _Validator(schema)
    errors = sorted(
        validator.iter_errors(value), key=lambda e: (len(e.path), list(map(str, e.path)))
    )
    if errors:
        raise DmviError(_sentence(errors[0], prefix))


def _sentence(error: jsonschema.ValidationError, prefix: str) -> str:
    """One sentence for a schema error: path, value, admissible values."""
    path = ".".join([*([prefix] if prefix else []), *map(str, error.path)]) or "config.yaml"
    value, rule = error.instance, error.validator_value
    shown = _shown(value)
    if error.validator == "additionalProperties" and isinstance(rule, bool):
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(value) - set(known), key=str)
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
        if isinstance(value, float) and value.is_integer() and "number" not in kinds:
            hint = f" without a point: write {int(value)}"
        return f"{path} is {shown} ({_kind(value)}); it must be of type {kinds}{hint}"
    if error.validator in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"):
        relation = {"minimum": "at least", "exclusiveMinimum": "above", "exclusiveMaximum": "below"}
        relation["maximum"] = "at most"
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
    if error.validator in ("minLength", "minProperties"):
        return f"{path} is empty ({json.dumps(value)}); fill it or leave it out"
    if error.validator == "maxLength":
        return f"{path} has {len(value):,} characters; it may have {rule:,}"
    return f"{path} is {shown}: {error.message[:300]}"


def _shown(value: Any) -> str:
    """A value as a sentence shows it: whole if it is short."""
    if isinstance(value, dict):
        return "a mapping"
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + " ..."


def _number_hint(text: str, kind: str) -> str:
    try:
        number = f"{float(text):.1e}" if kind.startswith("number") else str(int(text))
    except ValueError:
        return ""
    return f"; YAML reads {text} as text, write {number}"


def _kind(value: Any) -> str:
    kinds = {str: "a string", bool: "a boolean", int: "an integer", float: "a number"}
    kinds |= {list: "a list", dict: "a mapping", type(None): "null"}
    return kinds.get(type(value), f"a {type(value).__name__}")
