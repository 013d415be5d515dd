"""An arrangement in one line: what it shares, up to where, and what it charges."""

from __future__ import annotations

from dataclasses import dataclass

from simdce.sourced import Term


@dataclass(frozen=True)
class Headline:
    """The four figures people compare contracts by, in words; "none" where the contract has no such thing."""

    max_share: str
    savings_cap: str
    loss_rate: str
    loss_limit: str


def percent(value: float) -> str:
    """A fraction as a percentage, no finer than it was given."""
    return f"{value:.4%}".rstrip("0%").rstrip(".") + "%" if value else "0%"


def through_the_years(term: Term) -> str:
    """Every value a scalar has had, in order: "5%, 7.5%, 10%"."""
    values = dict.fromkeys(float(entry.value) for entry in term.entries)
    return ", ".join(percent(value) for value in values)
