"""A Shared Savings Program row by entitlement category: dollars, risk scores, person-years of baseline and after.

CMS publishes these since 2014, under headings of one pattern; figures of fewer than 11 people are masked,
and others with them where a total would give them away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from simdce.errors import InputError
from simdce.published.columns import BY_CATEGORY, SHARED_SAVINGS, located
from simdce.published.reading import Publication
from simdce.published.row import PublishedRow
from simdce.published.values import amount, word

_SINGLE = ("agreement_number", "historical_benchmark", "updated_benchmark", "person_years")


@dataclass(frozen=True)
class History:
    """One row by category; None where the file masks a figure or leaves it out.

    ``per_capita`` (truncated dollars per person-year), ``risk_score`` (1 is the national average) and
    ``person_years_of`` are by (category, period), periods as in columns.PERIODS. ``historical_benchmark`` is in dollars
    per person-year of the last baseline year, ``updated_benchmark`` in those of the performance year.
    """

    row: PublishedRow
    name: str
    agreement_number: int | None
    historical_benchmark: float | None
    updated_benchmark: float | None
    person_years: float | None
    per_capita: Mapping[tuple[str, str], float | None]
    risk_score: Mapping[tuple[str, str], float | None]
    person_years_of: Mapping[tuple[str, str], float | None]

    def risk_adjusted(self, category: str, period: str) -> float | None:
        """Dollars per person-year of a national average risk, None where either figure is missing."""
        cost, risk = self.per_capita[category, period], self.risk_score[category, period]
        return None if cost is None or risk is None else cost / risk


def histories(publication: Publication) -> tuple[History, ...]:
    """Every row of a file by category; raises InputError naming a column the file lacks or a cell that is no number."""
    wanted = {**{name: SHARED_SAVINGS[name] for name in (*_SINGLE, "agreement_start", "name")}, **BY_CATEGORY}
    columns = located(publication.headings, wanted)
    missing = next((name for name in wanted if name not in columns and name != "name"), None)
    if missing is not None:
        raise InputError(
            "has no column for " + missing.replace(".", ", ").replace("_", " "),
            where=publication.rows[0].file,
            allowed=" or ".join(wanted[missing]),
        )

    def figure(row: PublishedRow, cells: tuple[str, ...], name: str) -> float | None:
        written = cells[columns[name]]
        if word(written) is None:
            return None
        found = amount(written)
        if found is None or found < 0.0:
            heading = publication.headings[columns[name]].strip()
            problem = "is not a number" if found is None else "is negative"
            raise InputError(problem, where=f"{row.file}: row {row.line}", key=heading, value=written.strip())
        return found or None  # nobody's cost or risk is nought: it means that nobody was there

    found = []
    for row, cells in zip(publication.rows, publication.cells, strict=True):
        single = {name: figure(row, cells, name) for name in _SINGLE}
        by_category: dict[str, dict[tuple[str, str], float | None]] = {}
        for name in BY_CATEGORY:
            quantity, category, period = name.split(".")
            by_category.setdefault(quantity, {})[category, period] = figure(row, cells, name)
        number = single["agreement_number"]
        found.append(
            History(
                row=row,
                name=(word(cells[columns["name"]]) if "name" in columns else None) or row.figures.aco,
                agreement_number=None if number is None else int(number),
                historical_benchmark=single["historical_benchmark"],
                updated_benchmark=single["updated_benchmark"],
                person_years=single["person_years"],
                per_capita=by_category["per_capita"],
                risk_score=by_category["risk_score"],
                person_years_of=by_category["person_years"],
            )
        )
    return tuple(found)
