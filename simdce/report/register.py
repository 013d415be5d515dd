"""The assumptions register of the page: one line a number, shared by every arrangement that uses it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from simdce.assumptions import Assumption, shared
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
    return [
        RegisterLine(
            line.name.replace("_", " "),
            listed([called.get(key, key) for key in users]) or "all",
            value_text(line.value),
            line.unit,
            line.source,
            line.years,
            line.confidence,
            line.set_by,
        )
        for line, users in shared(assumptions)
    ]


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
