"""A published figure beside what is recomputed, and the verdict: within its rounding and our error, or not.

A figure counts as published only where a source states it (quoted) or public rows confirm it (verified); anything else
is told as a reference that this project worked out, never as published.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from simdce.sourced import Confidence, Sourced

PUBLISHED: tuple[Confidence, ...] = ("verified", "quoted")
"""Confidences with which a figure may be called published."""

ERRORS_ALLOWED = 2.0
"""Standard errors (or standard deviations of the outcome) that a figure may lie away: 1 in 20 by chance."""

_ROUNDING = 1e-9

ErrorKind = Literal["bound", "standard error", "spread of outcomes"]


@dataclass(frozen=True)
class Computed:
    """What the model or the files at hand give for a cell.

    ``error``: a bound of the exact law; a simulation's or an estimate's standard error; or, where the published figure
    is itself one outcome, the standard deviation of such outcomes. ``value`` is None where nothing was computed, and
    ``note`` then says why.
    """

    value: float | None
    error: float = 0.0
    kind: ErrorKind = "bound"
    note: str = ""

    @property
    def reach(self) -> float:
        """How far off the value may be for its own reasons, in its unit."""
        return self.error if self.kind == "bound" else ERRORS_ALLOWED * self.error


@dataclass(frozen=True)
class Cell:
    """One figure of a table with everything its source says of it.

    ``half_width``: half a unit of the last digit stated, or half of a stated interval. ``at_least``: the figure is a
    lower limit. ``reading``: confidence of how the figure is read, empty where that is the figure's own. ``inputs``:
    what the figure was asked of. ``note``: of this cell alone; ``about`` has that of its group.
    """

    table: str
    group: str
    name: str
    figure: float
    half_width: float
    at_least: bool
    reading: str
    inputs: Mapping[str, Any]
    about: Sourced
    note: str


@dataclass(frozen=True)
class Row:
    """A cell with what was computed for it."""

    cell: Cell
    computed: Computed

    @property
    def is_published(self) -> bool:
        """Whether the figure may be called published."""
        return self.cell.about.confidence in PUBLISHED

    @property
    def within(self) -> bool | None:
        """Whether the computed value lies within the figure's rounding and our own error; None without a value."""
        value, cell = self.computed.value, self.cell
        if value is None:
            return None
        off = cell.figure - value if cell.at_least else abs(value - cell.figure)
        return bool(off <= cell.half_width + self.computed.reach + _ROUNDING * max(1.0, abs(cell.figure)))

    @property
    def note(self) -> str:
        """What was computed and why it may differ, in one line."""
        return "; ".join(part for part in (self.computed.note, self.cell.note, self.cell.about.note) if part)

    @property
    def confidence(self) -> str:
        """Of the figure and, where it differs, of how it was read."""
        own = self.cell.about.confidence
        return f"{own}; reading {self.cell.reading}" if self.cell.reading not in ("", own) else own

    def record(self) -> dict[str, Any]:
        """The row as JSON has it; ``published`` is null where the figure may not be called so."""
        value, cell = self.computed.value, self.cell
        return {
            "table": cell.table,
            "cell": cell.name,
            "published": cell.figure if self.is_published else None,
            "computed": value,
            "standard_error": None if value is None or not math.isfinite(self.computed.error) else self.computed.error,
            "within": self.within,
            "note": self.note,
            "reference": cell.figure,
            "relation": "at least" if cell.at_least else "equal",
            "half_width": cell.half_width,
            "error_kind": self.computed.kind,
            "unit": cell.about.unit,
            "source": cell.about.source,
            "years": cell.about.years,
            "confidence": cell.about.confidence,
            "reading": cell.reading or cell.about.confidence,
        }
