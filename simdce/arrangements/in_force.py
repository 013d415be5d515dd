"""The numbers of an arrangement that are in force in given performance years for given elections."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from simdce.arrangements.settlement import FloatArray
from simdce.errors import InputError, nearest_name
from simdce.sourced import Dating, Sourced, Term

if TYPE_CHECKING:
    from simdce.arrangements.elections import Elections

_WORDS = re.compile(r"(?<=[(, ])[a-z_]+(?=[,)])")
"""Words that may stand in a number's place: its unit lists them in brackets."""

SET_BY_SCENARIO = "set by the scenario"
"""The source of a number that the user's overrides replaced."""


@dataclass(frozen=True)
class Timeline:
    """Performance years in each of the ways a rule dates its numbers.

    Years outside those in which the arrangement existed are judged by its nearest year, and ``outside`` lists them: a
    panel of today can be tried under a contract of the past, and the settlement says that it was.
    """

    performance_years: tuple[int, ...]
    agreement_start: int
    agreement_number: int
    first_year: int
    last_year: int | None

    @property
    def outside(self) -> tuple[int, ...]:
        """The performance years in which the arrangement was not in force."""
        return tuple(year for year in self.performance_years if year != self._judged_as(year))

    @property
    def agreement_years(self) -> tuple[int, ...]:
        """The year of the agreement, from 1, of each performance year."""
        return tuple(year - self.agreement_start + 1 for year in self.performance_years)

    def dates(self, by: Dating) -> tuple[int, ...]:
        """Each performance year in a dating."""
        if by == "agreement_year":
            return self.agreement_years
        if by == "agreement_start":
            return (self.agreement_start,) * len(self.performance_years)
        if by == "agreement_number":
            return (self.agreement_number,) * len(self.performance_years)
        return tuple(self._judged_as(year) for year in self.performance_years)

    def _judged_as(self, year: int) -> int:
        return max(self.first_year, year if self.last_year is None else min(year, self.last_year))


def timeline(
    performance_years: Sequence[int], elections: Elections, first_year: int, last_year: int | None
) -> Timeline:
    """The timeline of rising performance years; the agreement starts with the first unless elected otherwise."""
    years = tuple(int(year) for year in performance_years)
    if not years or any(later <= earlier for earlier, later in pairwise(years)):
        raise InputError("performance years must be given in rising order", value=years)
    start = years[0] if elections.agreement_start is None else elections.agreement_start
    if start > years[0]:
        raise InputError(
            "the agreement starts after the first performance year",
            key="agreement_start",
            value=start,
            allowed=f"{years[0]} or before",
        )
    number = 1 if elections.agreement_number is None else elections.agreement_number
    return Timeline(years, start, number, first_year, last_year)


@dataclass(frozen=True)
class InForce:
    """Terms, benchmark and repayment numbers by name, as they stand in each performance year, overrides applied.

    Raises InputError for an election or an override that the arrangement does not know, with the nearest name it does.
    """

    arrangement: str
    known: Mapping[str, Term]
    offered: Mapping[str, Term]
    timeline: Timeline
    elections: Elections
    chosen: Mapping[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "chosen", self.elections.chosen())
        for name in self.chosen:
            if name not in self.offered:
                raise InputError(
                    f"{self.arrangement} does not offer this election",
                    key=name,
                    allowed=", ".join(sorted(self.offered)),
                    nearest=nearest_name(name, self.offered),
                )
        for name, value in self.elections.overrides.items():
            self._check_override(name, value)

    def __contains__(self, name: str) -> bool:
        return name in self.known

    def sourced(self, name: str) -> tuple[Sourced, ...]:
        """The entry of a named number in force in each performance year."""
        term = self.known[name]
        if name in self.elections.overrides:
            years = self.timeline.performance_years
            return tuple(
                Sourced(value, term.entries[0].unit, SET_BY_SCENARIO, "uncertain", year, year)
                for year, value in zip(years, self._overriding(name), strict=True)
            )
        return tuple(term.at(date) for date in self.timeline.dates(term.by))

    def values(self, name: str) -> tuple[Any, ...]:
        """The value of a named number (or word, or table) in each performance year."""
        return tuple(entry.value for entry in self.sourced(name))

    def known_values(self, name: str) -> tuple[Any, ...]:
        """As ``values``, but None in a performance year for which no value is known."""
        if name in self.elections.overrides:
            return self._overriding(name)
        term = self.known[name]
        entries = [term.known_at(date) for date in self.timeline.dates(term.by)]
        return tuple(None if entry is None else entry.value for entry in entries)

    def numbers(self, name: str, absent: float | None = None) -> FloatArray:
        """A scalar by performance year, shape (years,); ``absent`` where the arrangement has no such number."""
        if absent is not None and name not in self.known:
            return np.full(len(self.timeline.performance_years), absent)
        return np.array(self.values(name), dtype=np.float64)

    def elected(self, name: str) -> tuple[Any, ...]:
        """What the ACO chose, or the default, for each performance year; (None, …) where neither says anything."""
        if name not in self.offered:
            return (None,) * len(self.timeline.performance_years)
        offer = self.offered[name]
        offers = [offer.at(date).value for date in self.timeline.dates(offer.by)]
        if name not in self.chosen:
            return tuple(each.get("default") for each in offers)
        values = self._by_year(name, self.chosen[name])
        for value, each in zip(values, offers, strict=True):
            if isinstance(each.get("allowed"), list) and value not in each["allowed"]:
                raise InputError(
                    f"{self.arrangement} does not offer this choice",
                    key=name,
                    value=value,
                    allowed=", ".join(str(choice) for choice in each["allowed"]),
                )
        return values

    def _by_year(self, name: str, value: object) -> tuple[Any, ...]:
        count = len(self.timeline.performance_years)
        if not isinstance(value, tuple):
            return (value,) * count
        if len(value) != count:
            raise InputError(
                "a list holds one value per performance year", key=name, value=value, allowed=f"{count} values"
            )
        return value

    def _overriding(self, name: str) -> tuple[Any, ...]:
        """What replaces a named number, by performance year; a list in place of a list holds in every year."""
        value = self.elections.overrides[name]
        if self.known[name].is_scalar:
            return self._by_year(name, value)
        return (value,) * len(self.timeline.performance_years)

    def _check_override(self, name: str, value: object) -> None:
        where = f"overrides.{name}"
        if name not in self.known:
            raise InputError(
                f"{self.arrangement} has no such number",
                key=where,
                allowed=", ".join(sorted(self.known)),
                nearest=nearest_name(name, self.known),
            )
        term = self.known[name]
        replaced, unit = term.entries[0].value, term.entries[0].unit
        if isinstance(replaced, bool | str):
            words = _WORDS.findall(unit) if isinstance(replaced, str) else []
            if type(value) is not type(replaced) or (isinstance(value, str) and value not in words):
                allowed = ", ".join(words) or "true or false"
                raise InputError("cannot stand here", key=where, value=value, allowed=allowed)
            return
        bands = isinstance(replaced, list) and all(isinstance(each, int | float) for each in replaced)
        dated = [term.known_at(date) for date in self.timeline.dates(term.by)] if bands else []
        lengths = sorted({len(entry.value) for entry in dated if entry is not None})
        if bands and not (isinstance(value, tuple) and len(value) in lengths):
            allowed = " or ".join(map(str, lengths))
            raise InputError("needs a list", key=where, value=value, allowed=f"{allowed} numbers")
        if bands and isinstance(value, tuple) and "upper edges" in unit and list(value) != sorted(set(value)):
            raise InputError("edges must rise, none twice", key=where, value=value)
        if not bands and not term.is_scalar:
            raise InputError("a table cannot be overridden", key=where)
        is_fraction = unit.startswith("fraction")
        for number in value if isinstance(value, tuple) else (value,) if bands else self._by_year(name, value):
            if isinstance(number, bool | str) or number < 0.0 or (is_fraction and number > 1.0):
                raise InputError(
                    "out of range", key=where, value=number, allowed="0 to 1" if is_fraction else "0 or more"
                )
        if term.is_scalar:
            self._by_year(name, value)
