"""Arrangements: one folder a mechanism (how it pays), beside its rule one TOML file an arrangement (which numbers).

There is no registry but the folder: a file ``<mechanism>/<name>.toml`` is an arrangement, one that begins with an
underscore holds numbers that several arrangements ``include``.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from simdce.arrangements.arrangement import Arrangement
from simdce.errors import InputError, nearest_name
from simdce.sourced import Term, read_terms, read_toml

__all__ = ["Arrangement", "load", "names"]

_ROOM = Path(__file__).parent
_SECTIONS = ("terms", "benchmark", "repayment", "elections")
_HEADER: Mapping[str, type] = {
    "title": str,
    "programme": str,
    "summary": str,
    "citation": str,
    "first_year": int,
    "two_sided": bool,
    "agreement_years": int,
}
_OPTIONAL = {"last_year": int, "include": list, "caution": str}


def names() -> tuple[str, ...]:
    """Every arrangement there is, in alphabetical order."""
    return tuple(sorted(_files()))


@cache
def load(name: str) -> Arrangement:
    """The arrangement of that name; raises InputError with the nearest name when there is none."""
    files = _files()
    if name not in files:
        raise InputError(
            "no such arrangement", value=name, allowed=", ".join(names()), nearest=nearest_name(name, files)
        )
    path = files[name]
    where = f"{path.parent.name}/{path.name}"
    written = read_toml(path)
    header = _header(written, where)
    sections: dict[str, dict[str, Term]] = {section: {} for section in _SECTIONS}
    for table, origin in [*_included(path, written.get("include", [])), (written, where)]:
        for section in _SECTIONS:
            sections[section] |= read_terms(table.get(section, {}), origin)
    return Arrangement(
        name=name,
        mechanism=path.parent.name,
        **header,
        terms=MappingProxyType(sections["terms"]),
        benchmark=MappingProxyType(sections["benchmark"]),
        repayment=MappingProxyType(sections["repayment"]),
        elections=MappingProxyType(sections["elections"]),
    )


@cache
def _files() -> Mapping[str, Path]:
    return {path.stem: path for path in sorted(_ROOM.glob("*/[!_]*.toml"))}


def _header(written: Mapping[str, Any], where: str) -> dict[str, Any]:
    allowed = {**_HEADER, **_OPTIONAL}
    for key, value in written.items():
        if key in _SECTIONS:
            continue
        if key not in allowed:
            raise InputError("unknown key", where=where, key=key, nearest=nearest_name(key, [*allowed, *_SECTIONS]))
        if type(value) is not allowed[key]:
            raise InputError("wrong type", where=where, key=key, value=value, allowed=allowed[key].__name__)
    for key in _HEADER:
        if key not in written:
            raise InputError("missing", where=where, key=key)
    optional = {"last_year": written.get("last_year"), "caution": written.get("caution", "")}
    return {**optional, **{key: written[key] for key in _HEADER}}


def _included(path: Path, includes: list[str]) -> list[tuple[dict[str, Any], str]]:
    found = []
    for stem in includes:
        shared = path.with_name(f"{stem}.toml")
        if not stem.startswith("_") or not shared.is_file():
            raise InputError("no such file of shared numbers beside it", where=path.name, key="include", value=stem)
        table = read_toml(shared)
        unknown = set(table) - set(_SECTIONS)
        if unknown:
            raise InputError("a file of shared numbers has only sections", where=shared.name, value=sorted(unknown))
        found.append((table, f"{path.parent.name}/{shared.name}"))
    return found
