"""What a published benchmark was built from: history, the adjustment made to it, the update, and the people it counts.

Public-use files of the Shared Savings Program from 2024 state it row by row. Amounts are dollars per person-year.
``HistBnchmk`` holds the adjustment already: on rows of 2024 it rises by 1.0 to 1.2 dollars with each dollar of it, in
each of the five groups of start dates, risk-adjusted cost of the baseline years held equal. ``UpdatedBnchmk`` times
person-years is the benchmark settled on all 248 rows; a row where it is not is refused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from simdce.errors import InputError
from simdce.published.columns import ADJUSTMENTS, BY_CATEGORY, SHARED_SAVINGS, located, plain
from simdce.published.reading import read
from simdce.published.row import PublishedRow
from simdce.published.values import amount, word

Applied = Literal["regional", "prior_savings", "none"]
CATEGORIES = ("esrd", "disabled", "aged_dual", "aged_non_dual")

_WANTED: Mapping[str, tuple[str, ...]] = {
    **{
        name: SHARED_SAVINGS[name]
        for name in ("agreement_number", "historical_benchmark", "updated_benchmark", "person_years")
    },
    **ADJUSTMENTS,
    **{f"person_years_{category}": BY_CATEGORY[f"person_years.{category}.PY"] for category in CATEGORIES},
}
_APPLIED: Mapping[str, Applied] = {
    "regionaladjustment": "regional",
    "priorsavingsadjustment": "prior_savings",
    "noadjustment": "none",
}
_BLANK_SAYS_NONE = ("prior_savings_adjustment", *(f"person_years_{category}" for category in CATEGORIES))
_WITHIN = 0.001
"""Benchmarks per person-year are printed to the dollar: their product with person-years is off by less than this."""


@dataclass(frozen=True)
class BenchmarkParts:
    """One row's benchmark in its parts, dollars per person-year, at the price level of the last baseline year.

    ``regional`` is the capped regional adjustment whether or not it was made, ``prior_savings`` None where CMS states
    none, ``applied`` which of them was made. ``historical`` includes it, ``updated`` is at the performance year's price
    level. ``category_person_years`` follows CATEGORIES, None where CMS suppresses a small number.
    """

    row: PublishedRow
    agreement_number: int
    regional: float
    prior_savings: float | None
    applied: Applied
    historical: float
    updated: float
    person_years: float
    category_person_years: tuple[float | None, ...]

    @property
    def update(self) -> float:
        """Updated over historical benchmark: trend and risk from the last baseline year to the performance year."""
        return self.updated / self.historical

    @property
    def adjustment(self) -> float:
        """The adjustment that the benchmark holds."""
        return {"regional": self.regional, "prior_savings": self.prior_savings or 0.0, "none": 0.0}[self.applied]


def read_benchmark_parts(path: Path) -> tuple[BenchmarkParts, ...]:
    """The rows of a public-use file with their benchmark's parts.

    Raises InputError for a file without the columns and for a row whose parts do not fit together.
    """
    publication = read(path)
    if publication.problems:
        raise publication.problems[0]
    columns = located(publication.headings, _WANTED)
    for quantity, names in _WANTED.items():
        if quantity not in columns:
            raise InputError(
                f"has no column for {quantity.replace('_', ' ')}, of which the benchmark was built",
                where=path.name,
                allowed="a public-use file of the Shared Savings Program from 2024, which has " + " or ".join(names),
            )
    rows = zip(publication.rows, publication.cells, strict=True)
    return tuple(_parts(row, cells, columns, publication.headings) for row, cells in rows)


def _parts(
    row: PublishedRow, cells: Sequence[str], columns: Mapping[str, int], headings: Sequence[str]
) -> BenchmarkParts:
    def error(problem: str, quantity: str) -> InputError:
        place = columns[quantity]
        where = f"{row.file}: row {row.line}"
        return InputError(problem, where=where, key=headings[place].strip(), value=cells[place].strip())

    def number(quantity: str) -> float | None:
        written = cells[columns[quantity]]
        found = amount(written)
        if found is None and (word(written) is not None or quantity not in _BLANK_SAYS_NONE):
            raise error("is blank" if word(written) is None else "is not a number", quantity)
        if found is not None and found < 0.0 and quantity in _BLANK_SAYS_NONE:
            raise error("is negative", quantity)
        return found

    def stated(quantity: str, least: float = -math.inf) -> float:
        found = number(quantity)
        if found is None or found < least:
            raise error(f"is less than {least:g}", quantity)
        return found

    chosen = _APPLIED.get(plain(cells[columns["adjustment_applied"]]))
    if chosen is None:
        raise error(f"is none of {', '.join(get_args(Applied))}", "adjustment_applied")
    agreement_number = stated("agreement_number", 1)
    if agreement_number != int(agreement_number):
        raise error("is not a whole number", "agreement_number")
    parts = BenchmarkParts(
        row=row,
        agreement_number=int(agreement_number),
        regional=stated("regional_adjustment"),
        prior_savings=number("prior_savings_adjustment"),
        applied=chosen,
        historical=stated("historical_benchmark", 1),
        updated=stated("updated_benchmark", 1),
        person_years=stated("person_years", 1),
        category_person_years=tuple(number(f"person_years_{category}") for category in CATEGORIES),
    )
    if chosen == "prior_savings" and parts.prior_savings is None:
        raise error("says so, and the adjustment itself is blank", "adjustment_applied")
    if not any(parts.category_person_years):
        raise error("and every other category is blank or zero", f"person_years_{CATEGORIES[-1]}")
    if abs(parts.updated * parts.person_years - row.figures.benchmark) > _WITHIN * row.figures.benchmark:
        raise error("times person-years is not the benchmark", "updated_benchmark")
    return parts
