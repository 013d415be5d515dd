"""Published figures beside the rebuilt benchmarks: national cost for the caps, and the estimate to be met."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simdce.errors import InputError
from simdce.published.benchmark_parts import BenchmarkParts
from simdce.sourced import Term, read_terms, read_toml

FloatArray = NDArray[np.float64]

_FILE = Path(__file__).with_name("published.toml")


@dataclass(frozen=True)
class PublishedEstimate:
    """Somebody's published simulation: changes in dollars and as a share, and how many ACOs of each designation."""

    change: float
    change_share: float
    lower_spending: int
    higher_spending: int
    higher_spending_change: float
    source: str


@cache
def terms() -> dict[str, Term]:
    """The figures of published.toml."""
    return read_terms(read_toml(_FILE), _FILE.name)


def national_per_capita(parts: BenchmarkParts) -> float:
    """National dollars per person-year in the row's own mix of categories.

    Categories that CMS suppresses as too small are left out of the mix. Raises InputError for a year without a figure.
    """
    row = parts.row
    try:
        by_category = np.array(terms()["national_per_capita"].at(row.figures.year).value, dtype=np.float64)
    except InputError as error:
        raise error.within(f"{row.file}: row {row.line}") from error
    people = np.array([count or 0.0 for count in parts.category_person_years], dtype=np.float64)
    return float(by_category @ people / people.sum())


def published_estimate(family: str, year: int) -> PublishedEstimate | None:
    """The published simulation of an arrangement family on results of a year, or None."""
    change = terms().get(f"{family}_change")
    found = None if change is None else change.known_at(year)
    if found is None:
        return None

    def value(name: str) -> float:
        return float(terms()[f"{family}_{name}"].at(year).value)

    return PublishedEstimate(
        change=value("change"),
        change_share=value("change_share"),
        lower_spending=int(value("lower_spending")),
        higher_spending=int(value("higher_spending")),
        higher_spending_change=value("higher_spending_change"),
        source=found.source,
    )
