"""One line of a results file as a row: cells read strictly, each complaint with file, row, column and value."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simdce.errors import InputError
from simdce.published.columns import ONLY_FLAG, RATES, arrangement_of, plain
from simdce.published.row import Figures, PublishedRate, PublishedRow
from simdce.published.values import PublishedRates, amount, flag, word

_PROGRAMME_YEARS = (2013, 2099)
_WHOLE_YEAR = ("person_years", "per_capita_expenditure")
_OPTIONAL = ("disaster_adjustment", "advance_recouped", "year", "earned", "owed", *_WHOLE_YEAR)
_HALF = 0.5
_ROUNDING = 0.001
_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4})(\s.*)?|(\d{4})-\d{1,2}-\d{1,2}.*")


@dataclass(frozen=True)
class RowReader:
    """How one file's cells become rows; every method that reads a cell raises InputError for what it cannot read."""

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
        if len(cells) < len(self.headings) or any(cell.strip() for cell in cells[len(self.headings) :]):
            raise InputError(
                f"{len(cells)} cells under {len(self.headings)} headings",
                where=f"{self.name}: row {number}",
                value=cells[0],
            )
        expenditure = self._amount("expenditure", number, cells)
        savings = self._amount("savings", number, cells)
        if self.corridors:
            # the base of the corridors includes the health equity adjustment, the published benchmark does not
            benchmark = (savings or 0.0) + (expenditure or 0.0)
        else:
            benchmark = self._amount("benchmark", number, cells) or 0.0
            if expenditure is None:
                expenditure = benchmark - (savings or 0.0)
                if expenditure <= abs(savings or 0.0):
                    raise self._error("is half of the benchmark or more", "savings", number, cells)
            elif savings is not None and abs(benchmark - expenditure - savings) > 2.0:
                raise self._error("is not benchmark less expenditure", "savings", number, cells)
        people = self._amount("assigned_beneficiaries", number, cells)
        given: dict[str, Any] = {
            quantity: self._rate(rates[quantity, year], number, cells) for quantity in RATES if quantity in self.columns
        }
        figures = Figures(
            aco=word(cells[self.columns["aco"]]) or self._refuse_blank("aco", number, cells),
            year=year,
            arrangement=self._arrangement(number, cells),
            benchmark=self._positive(benchmark, "benchmark", number, cells),
            expenditure=self._positive(expenditure or 0.0, "expenditure", number, cells),
            assigned_beneficiaries=self._positive(
                math.nan if people is None else people, "assigned_beneficiaries", number, cells
            ),
            agreement_start=self._start(number, cells, year),
            quality_met=self._flag("quality_met", number, cells),
            quality_alternative=self._flag("quality_alternative", number, cells),
            disaster_adjustment=self._disaster_adjustment(expenditure or 0.0, number, cells),
            low_revenue=self._low_revenue(number, cells),
            guardrail=self._flag("guardrail", number, cells),
            advance_recouped=abs(self._amount("advance_recouped", number, cells) or 0.0),
            **given,
        )
        return PublishedRow(figures, self._payment(number, cells), self.name, number)

    def year(self, number: int, cells: Sequence[str]) -> int:
        """The performance year of a line: its own column's, else the file name's."""
        year = self._whole("year", number, cells) if self.columns.get("year", len(cells)) < len(cells) else None
        year = self.year_of_file if year is None else year
        if year is None:
            raise self._error("is blank", "year", number, cells)
        if not _PROGRAMME_YEARS[0] <= year <= _PROGRAMME_YEARS[1]:
            raise self._error("is not a performance year", "year", number, cells)
        return year

    def _payment(self, number: int, cells: Sequence[str]) -> float:
        """Dollars paid to the ACO, minus where it owes: of one column, or of earned and owed, blank where nothing."""
        paid = self._amount("payment", number, cells)
        if paid is not None:
            return paid
        return (self._amount("earned", number, cells) or 0.0) - abs(self._amount("owed", number, cells) or 0.0)

    def _rate(self, printed: PublishedRates, number: int, cells: Sequence[str]) -> PublishedRate | None:
        try:
            return printed.at(cells[self.columns[printed.quantity]])
        except ValueError as error:
            raise self._error(str(error), printed.quantity, number, cells) from None

    def _arrangement(self, number: int, cells: Sequence[str]) -> str:
        if "track" in self.columns:
            found = arrangement_of(cells[self.columns["track"]])
            if found is None or found.startswith("reach") != self.corridors:
                raise self._error("no such track", "track", number, cells)
            return found
        chosen = [track for place, track in self.flags.items() if flag(cells[place])]
        if not chosen and len(self.flags) == 1:
            ((place, track),) = self.flags.items()
            if track in ONLY_FLAG and flag(cells[place]) is False:
                chosen = [ONLY_FLAG[track]]
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
        if found is None and (word(written) is not None or not self._optional(quantity)):
            blank = word(written) is None
            raise self._error("is blank" if blank else "is not a number", quantity, number, cells)
        return found

    def _optional(self, quantity: str) -> bool:
        """Whether a blank cell says what another says, or that there is nothing to say."""
        if quantity == "savings":
            return not self.corridors and "expenditure" in self.columns
        if quantity == "assigned_beneficiaries":
            return self.corridors  # no size, no minimum savings rate: it is printed where it is known
        return quantity in _OPTIONAL or (quantity == "payment" and "earned" in self.columns)

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
            value=None if place is None or place >= len(cells) else cells[place].strip(),
        )
