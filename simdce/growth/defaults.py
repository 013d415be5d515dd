"""Sourced numbers that stand where a scenario's growth table gives none: defaults.toml as terms."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from simdce.sourced import Term, read_terms, read_toml

_FILE = Path(__file__).with_name("defaults.toml")


@cache
def defaults() -> dict[str, Term]:
    """What growth takes where a scenario does not say."""
    return read_terms(read_toml(_FILE), _FILE.name)


def default(name: str) -> Any:
    """The value of one of them."""
    return defaults()[name].at().value
