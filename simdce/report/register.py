"""The assumptions register of the page: one line a number, shared by every arrangement that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simdce.assumptions import Assumption
from simdce.report.names import listed


@dataclass(frozen=True)
class RegisterLine:
    """One line of the assumptions register, with every arrangement that shares it."""

    name: str
    used_by: str
    value: str
    unit: str
    source: str
    years: str
    confidence: str
    set_by: str


def register(assumptions: Sequence[Assumption], called: dict[str, str]) -> list[RegisterLine]:
    """The register with equal numbers of several arrangements in one line."""
    lines: dict[tuple[str, ...], list[str]] = {}
    for line in assumptions:
        owner, name = _owned(line.name, called)
        about = (name, value_text(line.value), line.unit, line.source, line.years, line.confidence, line.set_by)
        lines.setdefault(about, []).extend([] if owner is None else [called[owner]])
    return [
        RegisterLine(about[0], listed(dict.fromkeys(owners)) or "all", *about[1:]) for about, owners in lines.items()
    ]


def _owned(name: str, called: dict[str, str]) -> tuple[str | None, str]:
    """The arrangement and the bare name of a line such as "mssp_basic_a.max_sharing_rate"."""
    owner = next((key for key in sorted(called, key=len, reverse=True) if name.startswith(f"{key}.")), None)
    bare = name if owner is None else name[len(owner) + 1 :]
    return owner, bare.replace("_", " ")


def value_text(value: Any) -> str:
    """A value of the register on one line: rates with their own digits, tables row by row."""
    if isinstance(value, dict):
        return ", ".join(f"{str(key).replace('_', ' ')} {value_text(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        apart = "; " if value and isinstance(value[0], dict) else ", "
        return apart.join(value_text(part) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
