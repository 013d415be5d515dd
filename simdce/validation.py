"""What a validated model says about bad input: pydantic's first complaint as one line a person can act on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from simdce.errors import InputError, nearest_name


def first_problem(error: ValidationError, model: type[BaseModel], where: str) -> InputError:
    """The first problem of a validation error, with its key as written in the file and the nearest key that exists."""
    problem = min(error.errors(), key=lambda entry: entry["type"] == "missing")  # a misspelt key before the gap it left
    path = tuple(part for part in problem["loc"] if not _is_tag(part))
    key = _dotted(path)
    if problem["type"] == "extra_forbidden":
        known = _fields_at(model, path[:-1])
        return InputError(
            "unknown key", where=where, key=key, allowed=", ".join(known), nearest=nearest_name(str(path[-1]), known)
        )
    if problem["type"] == "missing":
        return InputError("this key is missing", where=where, key=key)
    message = problem["msg"].removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    return InputError(message + _percent_hint(problem), where=where, key=key, value=problem["input"])


def _percent_hint(problem: Any) -> str:
    value = problem["input"]
    if problem["type"] in {"less_than_equal", "less_than"} and isinstance(value, int | float) and 1 < value <= 100:
        return f": a fraction, so {value:g} percent is {value / 100:g}"
    return ""


def _is_tag(part: object) -> bool:
    """Whether a part of a location names a branch of a union rather than a key."""
    return isinstance(part, str) and ("[" in part or part in {"float", "int", "str", "constrained-float", "tuple"})


def _dotted(path: Sequence[object]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def _fields_at(model: type[BaseModel], path: Sequence[object]) -> list[str]:
    """The keys a table may have, found by walking down the model."""
    current: Any = model
    for part in path:
        if isinstance(part, int):
            continue
        if not (isinstance(current, type) and issubclass(current, BaseModel)) or part not in current.model_fields:
            continue  # the tag of a union, or a free-form table
        current = _model_within(current.model_fields[str(part)].annotation, path)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _model_within(annotation: Any, path: Sequence[object]) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    found = [inner for part in get_args(annotation) if (inner := _model_within(part, path)) is not None]
    tagged = [m for m in found if any(tag in path for tag in _tags(m))]
    return (tagged or found or [None])[0]


def _tags(model: type[BaseModel]) -> tuple[Any, ...]:
    field = model.model_fields.get("law")
    return get_args(field.annotation) if field else ()
