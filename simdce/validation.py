"""What a validated model says about bad input: pydantic's first complaint as one line a person can act on.

The model's JSON Schema says what is allowed at the place of the complaint, and the input itself says which parts of
pydantic's location are keys that somebody wrote and which name the branch of a union.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from simdce.errors import InputError, nearest_name

_KINDS = {bool: "true or false", str: "text", int: "a whole number", float: "a number with a point"}
_OUT_OF_RANGE = {"greater_than", "greater_than_equal", "less_than", "less_than_equal"}


def first_problem(error: ValidationError, model: type[BaseModel], written: Mapping[str, Any], where: str) -> InputError:
    """The first problem of a validation error, with its key as written in the file, and what is allowed there."""
    problem = _first(error.errors(include_url=False), written)
    path = _path(problem, written)
    schema = model.model_json_schema()
    definitions = schema.get("$defs", {})
    if problem["type"] == "extra_forbidden" or problem["loc"][-1:] == ("[key]",):
        around = list(_nodes(schema, path[:-1], written, definitions))
        known = [name for node in around for name in (*node.get("properties", ()), *_names(node))]
        nearest = nearest_name(str(path[-1]), known)
        return InputError("unknown key", where=where, key=_dotted(path), allowed=", ".join(known), nearest=nearest)
    if problem["type"] in {"union_tag_invalid", "union_tag_not_found"}:
        path = (*path, str(problem["ctx"]["discriminator"]).strip("'"))
    nodes = list(_nodes(schema, path, written, definitions))
    allowed = " or ".join(dict.fromkeys(_allowed(node, definitions) for node in nodes))
    if problem["type"] in {"missing", "union_tag_not_found"}:
        return InputError("this key is missing", where=where, key=_dotted(path), allowed=allowed)
    if problem["type"] == "value_error":
        return _own(problem, where, _dotted(path))
    value = problem["ctx"]["tag"] if problem["type"] == "union_tag_invalid" else problem["input"]
    choices = [choice for node in nodes for choice in node.get("enum", [node.get("const")]) if choice is not None]
    return InputError(
        _told(problem, value, nodes),
        where=where,
        key=_dotted(path),
        value=list(value) if isinstance(value, tuple) else value,
        allowed=allowed,
        nearest=nearest_name(value, choices) if isinstance(value, str) else None,
    )


def _first(problems: Sequence[Any], written: Mapping[str, Any]) -> Any:
    """The problem to report: a misspelt key before the gap it left; of a union the branch that understood most."""
    real = [each for each in problems if each["type"] != "too_short" or not each["input"]]  # else its items failed
    order = {"extra_forbidden": 0, "missing": 2}
    first = min(real, key=lambda each: order.get(each["type"], 1))
    place = _path(first, written)
    rivals = [each for each in real if each["type"] != "missing" and _path(each, written)[: len(place)] == place]
    return max(rivals, key=lambda each: (len(_path(each, written)), not each["type"].endswith("_type")), default=first)


def _path(problem: Any, written: Mapping[str, Any]) -> tuple[str | int, ...]:
    """The keys of a location that were written (or are missing), without the tags of unions."""
    path: list[str | int] = []
    here: Any = written
    for number, part in enumerate(problem["loc"], start=1):
        inside = part in here if isinstance(here, Mapping) else isinstance(here, list | tuple) and isinstance(part, int)
        if inside:
            here = here[part]
        if inside or (problem["type"] == "missing" and number == len(problem["loc"])):
            path.append(part)
    return tuple(path)


def _nodes(node: Any, path: Sequence[Any], value: Any, definitions: Mapping[str, Any]) -> Iterator[Any]:
    """The parts of a JSON Schema that describe what may stand at a path: one for each branch of a union."""
    if "$ref" in node:
        yield from _nodes(definitions[node["$ref"].rsplit("/", 1)[-1]], path, value, definitions)
    elif "discriminator" in node:
        tag, laws = node["discriminator"]["propertyName"], node["discriminator"]["mapping"]
        written = value.get(tag) if isinstance(value, Mapping) else None
        if path == (tag,):
            yield {"enum": list(laws)}
        elif isinstance(written, str) and written in laws:
            yield from _nodes({"$ref": laws[written]}, path, value, definitions)
        elif not path:
            yield {"type": "object", "properties": {tag: {}}}
    elif "anyOf" in node:
        for branch in node["anyOf"]:
            yield from _nodes(branch, path, value, definitions)
    elif not path:
        if node.get("type") != "null":
            yield node
    elif isinstance(path[0], int):
        if "items" in node:
            yield from _nodes(node["items"], path[1:], value[path[0]], definitions)
    else:
        inner = node.get("properties", {}).get(path[0]) or node.get("additionalProperties")
        if inner:
            below = value.get(path[0]) if isinstance(value, Mapping) else None
            yield from _nodes(inner, path[1:], below, definitions)


def _allowed(node: Any, definitions: Mapping[str, Any]) -> str:
    """What a part of a JSON Schema allows, in words."""
    if "enum" in node or "const" in node:
        return ", ".join(map(str, node.get("enum", [node.get("const")])))
    kind = node.get("type")
    if kind in {"number", "integer"}:
        return f"{'a whole' if kind == 'integer' else 'a'} number{_range(node)}"
    if kind == "string":
        return f"text of at most {node['maxLength']:,} characters" if "maxLength" in node else "text"
    if kind == "array":
        inner = " or ".join(_allowed(each, definitions) for each in _nodes(node["items"], (), None, definitions))
        return f"a list, each {inner}"
    if kind == "object" and _names(node):
        return f"a table of {', '.join(_names(node))}, each {_allowed(node['additionalProperties'], definitions)}"
    if kind == "object":
        return f"a table of {', '.join(node['properties'])}" if node.get("properties") else "a table"
    return "true or false"


def _names(node: Any) -> tuple[str, ...]:
    """The keys that a table with one kind of entry may have."""
    return tuple(node.get("propertyNames", {}).get("enum", ()))


def _range(node: Any) -> str:
    if "minimum" in node and "maximum" in node:
        return f" from {_plain(node['minimum'])} to {_plain(node['maximum'])}"
    words = {
        "minimum": "of at least",
        "exclusiveMinimum": "above",
        "maximum": "of at most",
        "exclusiveMaximum": "below",
    }
    found = [f"{word} {_plain(node[edge])}" for edge, word in words.items() if edge in node]
    return f" {' and '.join(found)}" if found else ""


def _plain(number: float) -> str:
    return f"{number:,.0f}" if number == int(number) and abs(number) >= 10_000 else f"{number:g}"


def _told(problem: Any, value: Any, nodes: Sequence[Any]) -> str:
    kind = problem["type"]
    if kind in _OUT_OF_RANGE:
        return "out of range" + _percent_hint(value, nodes)
    if kind in {"too_short", "string_too_short"}:
        return "empty"
    if kind in {"too_long", "string_too_long"}:
        return "too long"
    if kind in {"literal_error", "union_tag_invalid"}:
        return "no such choice"
    if kind == "finite_number":
        return "not a finite number"
    if kind.endswith("_type") or kind in {"int_from_float", "int_parsing_size"}:
        what = "a list" if isinstance(value, list | tuple) else "a table" if isinstance(value, Mapping) else "this"
        return f"{_KINDS.get(type(value), what)} does not belong here"
    message = str(problem["msg"])
    return message[:1].lower() + message[1:]


def _percent_hint(value: Any, nodes: Sequence[Any]) -> str:
    """What was probably meant by 75 where 0.75 belongs."""
    edges = [node.get("maximum", node.get("exclusiveMaximum", 2)) for node in nodes]
    if isinstance(value, int | float) and 1 < value <= 100 and any(value / 100 <= edge <= 1 for edge in edges):
        return f": a fraction, so {value:g} percent is {value / 100:g}"
    return ""


def _own(problem: Any, where: str, key: str) -> InputError:
    """A complaint of the model's own validators; a whole table is not worth repeating as its value."""
    found = problem["ctx"]["error"]
    if isinstance(found, InputError):
        return InputError(
            found.problem, where=where, key=key, value=found.value, allowed=found.allowed, nearest=found.nearest
        )
    value = problem["input"]
    shown = None if isinstance(value, Mapping | BaseModel) else list(value) if isinstance(value, tuple) else value
    return InputError(str(found), where=where, key=key, value=shown)


def _dotted(path: Sequence[object]) -> str:
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
