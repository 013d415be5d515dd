"""Results files as CMS publishes them, read strictly: one line of complaint that names file, row and column.

Shared Savings Program public-use files of any year, GPDC and ACO REACH files, and tidy tables of several years.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simdce.errors import InputError
from simdce.published.columns import (
    RATES,
    RISK_CORRIDORS,
    SHARED_SAVINGS,
    arrangement_of,
    located,
    plain,
    track_flags,
)
from simdce.published.lines import lines_of, refuse_twins
from simdce.published.mending import mended
from simdce.published.row import Figures, PublishedRow
from simdce.published.values import PublishedRates, amount, flag, word

_PROGRAMME_YEARS = (2013, 2099)
_WHOLE_YEAR = ("person_years", "per_capita_expenditure")
_HALF = 0.5
_ROUNDING = 0.001
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})(\s.*)?|(\d{4})-\d{1,2}-\d{1,2}.*")


@dataclass(frozen=True)
class Publication:
    """A file's rows in its order, what was mended in its header, told in sentences, and its text cell by cell.

    ``cells`` has one entry a row, in the order of ``rows``.
    """

    rows: tuple[PublishedRow, ...]
    notes: tuple[str, ...]
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def read(path: Path) -> Publication:
    """The rows of a results file, plain or gzipped; raises InputError for anything it cannot read for certain."""
    name = path.name
    lines = lines_of(path)
    if not lines:
        raise InputError("is empty", where=name)
    (_, headings), body = lines[0], lines[1:]
    wanted = RISK_CORRIDORS if "tot_cost_care_net" in {h.strip().lower() for h in headings} else SHARED_SAVINGS
    headings, notes = mended(headings, body, wanted, name)
    refuse_twins(headings, name)
    for number, cells in body:
        if len(cells) != len(headings):
            raise InputError(
                f"{len(cells)} cells under {len(headings)} headings", where=f"{name}: row {number}", value=cells[:1]
            )
    columns = located(headings, wanted)
    flags = {} if "track" in columns else track_flags(headings)
    _refuse_other_files(columns, flags, headings, wanted, name)
    if not body:
        raise InputError("has a header and no rows", where=name)
    reader = _Reader(name, columns, flags, headings, wanted is RISK_CORRIDORS, _year_of(name))
    years = [reader.year(number, cells) for number, cells in body]
    rates = {
        (quantity, year): PublishedRates.of(
            quantity,
            [
                (f"{name}: row {number}", headings[columns[quantity]], cells[columns[quantity]])
                for (number, cells), own in zip(body, years, strict=True)
                if own == year
            ],
        )
        for quantity in RATES
        if quantity in columns
        for year in sorted(set(years))
    }
    rows = tuple(reader.row(number, cells, year, rates) for (number, cells), year in zip(body, years, strict=True))
    refuse_repeated(rows)
    return Publication(rows, notes, tuple(headings), tuple(tuple(cells) for _, cells in body))


def refuse_repeated(rows: Sequence[PublishedRow]) -> None:
    """Raises InputError where an ACO has two rows for one performance year, naming both."""
    seen: dict[tuple[str, int], PublishedRow] = {}
    for row in rows:
        key = (row.figures.aco, row.figures.year)
        first = seen.setdefault(key, row)
        if first is not row:
            raise InputError(
                f"performance year {key[1]} stands already in {first.file}, row {first.line}",
                where=f"{row.file}: row {row.line}",
                value=key[0],
            )


def _refuse_other_files(
    columns: Mapping[str, int],
    flags: Mapping[int, str],
    headings: Sequence[str],
    wanted: Mapping[str, tuple[str, ...]],
    name: str,
) -> None:
    needed = ["aco", "assigned_beneficiaries", "payment", "savings" if wanted is RISK_CORRIDORS else "benchmark"]
    missing = [quantity for quantity in needed if quantity not in columns]
    if "expenditure" not in columns and ("savings" not in columns or wanted is RISK_CORRIDORS):
        missing.append("expenditure")
    if "track" not in columns and not flags:
        missing.append("track")
    if not missing:
        return
    if len(missing) > len(needed) // 2:
        raise InputError(
            "is not a results file of the Shared Savings Program, GPDC or ACO REACH",
            where=name,
            value=", ".join(heading.strip() for heading in headings[:4]),
        )
    raise InputError(
        f"has no column for {missing[0].replace('_', ' ')}",
        where=name,
        allowed=" or ".join(wanted[missing[0]]),
    )


def _year_of(name: str) -> int | None:
    years = {int(found) for found in _YEAR.findall(name)}
    return years.pop() if len(years) == 1 else None


@dataclass(frozen=True)
class _Reader:
    """How one file's cells become rows."""

    name: str
    columns: Mapping[str, int]
    flags: Mapping[int, str]
    headings: Sequence[str]
    corridors: bool
    year_of_file: int | None

    def row(
        self, number: int, cells: Sequence[str], year: int, rates: Mapping[tuple[str, int], PublishedRates]
    ) -> PublishedRow:
        """The row of a line."""
        expenditure = self._amount("expenditure", number, cells)
        savings = self._amount("savings", number, cells)
        if self.corridors:
            # the base of the corridors includes the health equity adjustment, the published benchmark does not
            benchmark = (savings or 0.0) + (expenditure or 0.0)
        else:
            benchmark = self._amount("benchmark", number, cells) or 0.0
            if expenditure is None:
                expenditure = benchmark - (savings or 0.0)
            elif savings is not None and abs(benchmark - expenditure - savings) > 2.0:
                raise self._error("is not benchmark less expenditure", "savings", number, cells)
        people = self._amount("assigned_beneficiaries", number, cells) or 0.0
        given: dict[str, Any] = {
            quantity: rates[quantity, year].at(cells[self.columns[quantity]])
            for quantity in RATES
            if quantity in self.columns
        }
        figures = Figures(
            aco=word(cells[self.columns["aco"]]) or self._refuse_blank("aco", number, cells),
            year=year,
            arrangement=self._arrangement(number, cells),
            benchmark=self._positive(benchmark, "benchmark", number, cells),
            expenditure=self._positive(expenditure or 0.0, "expenditure", number, cells),
            assigned_beneficiaries=self._positive(people, "assigned_beneficiaries", number, cells),
            agreement_start=self._start(number, cells, year),
            quality_met=self._flag("quality_met", number, cells),
            quality_alternative=self._flag("quality_alternative", number, cells),
            disaster_adjustment=self._disaster_adjustment(expenditure or 0.0, number, cells),
            low_revenue=self._low_revenue(number, cells),
            guardrail=self._flag("guardrail", number, cells),
            advance_recouped=abs(self._amount("advance_recouped", number, cells) or 0.0),
            **given,
        )
        payment = self._amount("payment", number, cells)
        return PublishedRow(figures, 0.0 if payment is None else payment, self.name, number)

    def year(self, number: int, cells: Sequence[str]) -> int:
        """The performance year of a line: its own column's, else the file name's."""
        year = self._whole("year", number, cells)
        if year is None:
            year = self.year_of_file
        if year is None:
            raise InputError(
                "performance year stands neither in a column nor, once, in the file's name",
                where=self.name,
                allowed="a name such as PY2022.csv",
            )
        if not _PROGRAMME_YEARS[0] <= year <= _PROGRAMME_YEARS[1]:
            raise self._error("is not a performance year", "year", number, cells)
        return year

    def _arrangement(self, number: int, cells: Sequence[str]) -> str:
        if "track" in self.columns:
            found = arrangement_of(cells[self.columns["track"]])
            if found is None or found.startswith("reach") != self.corridors:
                raise self._error("no such track", "track", number, cells)
            return found
        chosen = [track for place, track in self.flags.items() if flag(cells[place])]
        if len(chosen) != 1:
            headings = ", ".join(self.headings[place].strip() for place in self.flags)
            raise InputError("one track must be marked 1", where=f"{self.name}: row {number}", key=headings)
        return chosen[0]

    def _start(self, number: int, cells: Sequence[str], year: int) -> int | None:
        written = self._word("agreement_start", cells)
        if written is None:
            return None
        match = _DATE.fullmatch(written)
        if match is None:
            raise self._error("is not a date", "agreement_start", number, cells)
        start = int(match[3] or match[5])
        start += 2000 if start < 100 else 0
        if start > year:
            raise self._error(f"is after the performance year {year}", "agreement_start", number, cells)
        return start

    def _disaster_adjustment(self, expenditure: float, number: int, cells: Sequence[str]) -> float:
        """Dollars forgiven for the period settled.

        For the half years of 2019 totals are published for the half and the adjustment for the whole year: which rows
        are half years is seen where half of people-years times cost per person-year is the expenditure.
        """
        adjustment = abs(self._amount("disaster_adjustment", number, cells) or 0.0)
        years, each = (self._amount(of, number, cells) or 0.0 for of in _WHOLE_YEAR)
        whole = years * each
        return adjustment * _HALF if abs(expenditure - _HALF * whole) < _ROUNDING * whole else adjustment

    def _low_revenue(self, number: int, cells: Sequence[str]) -> bool | None:
        written = self._word("revenue", cells)
        if written is None:
            return None
        kinds = {"low": True, "lowrevenue": True, "high": False, "highrevenue": False}
        if plain(written) not in kinds:
            raise self._error("is neither low nor high revenue", "revenue", number, cells)
        return kinds[plain(written)]

    def _word(self, quantity: str, cells: Sequence[str]) -> str | None:
        return word(cells[self.columns[quantity]]) if quantity in self.columns else None

    def _amount(self, quantity: str, number: int, cells: Sequence[str]) -> float | None:
        if quantity not in self.columns:
            return None
        written = cells[self.columns[quantity]]
        found = amount(written)
        optional = ("disaster_adjustment", "advance_recouped", "year", *_WHOLE_YEAR)
        if found is None and (word(written) is not None or quantity not in optional):
            blank = word(written) is None
            raise self._error("is blank" if blank else "is not a number", quantity, number, cells)
        return found

    def _whole(self, quantity: str, number: int, cells: Sequence[str]) -> int | None:
        found = self._amount(quantity, number, cells)
        if found is not None and found != int(found):
            raise self._error("is not a whole number", quantity, number, cells)
        return None if found is None else int(found)

    def _flag(self, quantity: str, number: int, cells: Sequence[str]) -> bool | None:
        if quantity not in self.columns or word(cells[self.columns[quantity]]) is None:
            return None
        found = flag(cells[self.columns[quantity]])
        if found is None:
            raise self._error("is neither 1 nor 0, yes nor no", quantity, number, cells)
        return found

    def _positive(self, value: float, quantity: str, number: int, cells: Sequence[str]) -> float:
        if value < 0.0:
            raise self._error("is negative", quantity, number, cells)
        return value

    def _refuse_blank(self, quantity: str, number: int, cells: Sequence[str]) -> str:
        raise self._error("is blank", quantity, number, cells)

    def _error(self, problem: str, quantity: str, number: int, cells: Sequence[str]) -> InputError:
        place = self.columns.get(quantity)
        return InputError(
            problem,
            where=f"{self.name}: row {number}",
            key=quantity.replace("_", " ") if place is None else self.headings[place].strip(),
            value=None if place is None else cells[place].strip(),
        )
