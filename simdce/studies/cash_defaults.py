"""Sourced costs, dates and rates that stand where a scenario's cash table gives none: cash.toml as terms."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from simdce.sourced import Term, read_terms, read_toml

DEFAULT_COST = "st_johns"
"""Whose published cost stands where a scenario names none."""

_FILE = Path(__file__).with_name("cash.toml")


@cache
def cash_terms() -> dict[str, Term]:
    """Every default by name."""
    return read_terms(read_toml(_FILE), _FILE.name)
