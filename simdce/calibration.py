"""The calibrated defaults, each with unit, source, years and confidence: costs/calibration.toml as terms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from simdce.sourced import Sourced, Term, read_terms, read_toml

CATEGORIES = ("esrd", "disabled", "aged_dual", "aged_non_dual")
"""Entitlement categories of the Shared Savings Program, in its order; each has its own sequence of slots."""

REFERENCE_YEAR = 2019
"""The year whose dollars the calibrated shapes are stated in."""

_FILE = Path(__file__).parent / "costs" / "calibration.toml"


@cache
def terms() -> dict[str, Term]:
    """Every calibrated term by name."""
    return read_terms(read_toml(_FILE), _FILE.name)


def default(name: str, year: int | None = None) -> Any:
    """The value of a calibrated term, in a calendar year where it is dated."""
    return sourced(name, year).value


def sourced(name: str, year: int | None = None) -> Sourced:
    """The entry of a calibrated term with its unit, source and confidence."""
    return terms()[name].at(year)


def price_level(category: str, year: int) -> float:
    """Cost per person-year of a category in ``year`` in units of its 2019 cost.

    Raises InputError for years outside the published results.
    """
    return float(default("truncated_mean", year)[category] / default("truncated_mean", REFERENCE_YEAR)[category])
