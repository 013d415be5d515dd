"""A number from outside never travels alone: value, unit, source, years and confidence, as read from a TOML file.

A *term* in such a file is one table::

    [max_sharing_rate]
    unit = "fraction of savings"
    source = "42 CFR 425.605"        # defaults for the entries below
    confidence = "verified"
    values = [
      { from = 2019, to = 2026, value = 0.5 },
      { from = 2027, value = 0.6, confidence = "uncertain", note = "proposed" },
    ]

or, when it never changed, ``value = 0.5`` in place of ``values``. ``from`` and ``to`` are inclusive and count calendar
performance years, unless the term says otherwise: ``by = "agreement_year"`` (1 is the first year of the agreement),
``by = "agreement_start"`` (the calendar year in which the agreement began) or ``by = "agreement_number"`` (1 is the
first).
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, get_args

from simdce.errors import InputError, nearest_name

Confidence = Literal["verified", "quoted", "derived", "recalled", "uncertain"]
CONFIDENCES: tuple[str, ...] = get_args(Confidence)
"""From recomputed on published rows, through stated by the source, to weakly remembered."""

Dating = Literal["calendar_year", "agreement_year", "agreement_start", "agreement_number"]
DATINGS: tuple[str, ...] = get_args(Dating)
"""What the years of an entry count."""


@dataclass(frozen=True)
class Sourced:
    """One value with what an actuary asks of it."""

    value: Any
    unit: str
    source: str
    confidence: Confidence
    first_year: int | None = None
    last_year: int | None = None
    note: str = ""
    by: Dating = "calendar_year"

    def holds_in(self, year: int | None) -> bool:
        """Whether the value is in force in a year of its own dating (None: whether it is undated)."""
        if year is None:
            return self.first_year is None and self.last_year is None
        return (self.first_year is None or self.first_year <= year) and (
            self.last_year is None or year <= self.last_year
        )

    @property
    def years(self) -> str:
        """The years it holds, as people write them."""
        if self.first_year is None and self.last_year is None:
            return "all years"
        if self.first_year == self.last_year:
            span = str(self.first_year)
        else:
            span = f"{self.first_year or '…'}–{self.last_year or ''}"
        return {
            "calendar_year": span,
            "agreement_year": f"agreement year {span}",
            "agreement_start": f"starts {span}",
            "agreement_number": f"agreement {span}",
        }[self.by]

    def record(self) -> dict[str, Any]:
        """The entry as JSON has it."""
        about = ("value", "unit", "years", "confidence", "source", "note")
        return {name: getattr(self, name) for name in about}


@dataclass(frozen=True)
class Term:
    """A named quantity through the years: the values it has had, none overlapping."""

    name: str
    entries: tuple[Sourced, ...]
    by: Dating = "calendar_year"

    def at(self, year: int | None = None) -> Sourced:
        """The entry in force in ``year`` (of the term's dating); raises InputError naming the years it is known for."""
        found = self.known_at(year)
        if found is None:
            raise InputError(
                "no value for this year",
                key=self.name,
                value=year,
                allowed=", ".join(entry.years for entry in self.entries),
            )
        return found

    def known_at(self, year: int | None = None) -> Sourced | None:
        """The entry in force in ``year``, or None."""
        return next((entry for entry in self.entries if entry.holds_in(year)), None)

    @property
    def is_scalar(self) -> bool:
        """Whether every value it has had is one plain number."""
        return all(isinstance(e.value, int | float) and not isinstance(e.value, bool) for e in self.entries)


def weakest(confidences: Iterable[Confidence]) -> Confidence:
    """The lowest of some confidences; "verified" when there are none."""
    return max(confidences, key=CONFIDENCES.index, default="verified")


_TERM_KEYS = {"unit", "source", "confidence", "note", "by", "value", "values"}
_ENTRY_KEYS = {"from", "to", "value", "source", "confidence", "note"}


def read_terms(tables: Mapping[str, Any], where: str) -> dict[str, Term]:
    """Terms of the tables of a TOML document; ``where`` names the file in errors."""
    return {name: _term(name, table, where) for name, table in tables.items()}


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file shipped with the package."""
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _term(name: str, table: object, where: str) -> Term:
    shape = "a term has 'unit', 'source', 'confidence' and either 'value' or 'values'"
    if not isinstance(table, Mapping):
        raise InputError(shape, where=where, key=name, value=table)
    _only_known_keys(table, _TERM_KEYS, name, where)
    if ("value" in table) == ("values" in table) or "unit" not in table:
        raise InputError(shape, where=where, key=name, value=sorted(table))
    by = table.get("by", "calendar_year")
    if by not in DATINGS:
        raise InputError("unknown dating", where=where, key=f"{name}.by", value=by, allowed=", ".join(DATINGS))
    rows = table["values"] if "values" in table else [{"value": table["value"]}]
    entries = tuple(_entry(row, table, by, name, where) for row in rows)
    if not entries:
        raise InputError("no values", where=where, key=name)
    spans = [(-math.inf if e.first_year is None else e.first_year, e.last_year or math.inf) for e in entries]
    if any(first > last for first, last in spans) or any(first <= last for (_, last), (first, _) in pairwise(spans)):
        raise InputError(
            "entries overlap or are out of order", where=where, key=name, value=[entry.years for entry in entries]
        )
    return Term(name, entries, by)


def _entry(row: object, table: Mapping[str, Any], by: Dating, name: str, where: str) -> Sourced:
    if not isinstance(row, Mapping) or "value" not in row:
        raise InputError("an entry of 'values' has a 'value'", where=where, key=name, value=row)
    _only_known_keys(row, _ENTRY_KEYS, name, where)
    source = row.get("source", table.get("source", ""))
    confidence = row.get("confidence", table.get("confidence"))
    if not source or confidence not in CONFIDENCES:
        raise InputError(
            "every value needs a source and a confidence",
            where=where,
            key=name,
            value=confidence,
            allowed=", ".join(CONFIDENCES),
        )
    for edge in ("from", "to"):
        if edge in row and (not isinstance(row[edge], int) or isinstance(row[edge], bool)):
            raise InputError("a year is a whole number", where=where, key=f"{name}.{edge}", value=row[edge])
    value = row["value"]
    if isinstance(value, float) and not math.isfinite(value):
        raise InputError("not a finite number", where=where, key=name, value=value)
    note = row.get("note", table.get("note", ""))
    return Sourced(value, table["unit"], source, confidence, row.get("from"), row.get("to"), note, by)


def _only_known_keys(table: Mapping[str, Any], known: set[str], name: str, where: str) -> None:
    for key in table:
        if key not in known:
            raise InputError(
                "unknown key",
                where=where,
                key=f"{name}.{key}",
                allowed=", ".join(sorted(known)),
                nearest=nearest_name(key, known),
            )
