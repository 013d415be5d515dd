"""What happened to the ten groups of the Physician Group Practice demonstration: the anecdote behind "15,000"."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from simdce.sourced import Confidence, Term, read_terms, read_toml

YEARS = 5
"""Performance years of the demonstration."""

ARRANGEMENT = "pgp_demonstration"

_FILE = Path(__file__).with_name("pgp_groups.toml")


@dataclass(frozen=True)
class Group:
    """One group: people assigned (None: not found), dollars paid by year as far as found, in how many of five years."""

    name: str
    people: int | None
    dollars: tuple[int, ...]
    years_paid: int
    confidence: Confidence


@cache
def terms() -> dict[str, Term]:
    """Everything known of the groups, with its sources."""
    return read_terms(read_toml(_FILE), _FILE.name)


def groups() -> tuple[Group, ...]:
    """The ten groups."""
    entries = [term.at() for term in terms().values()]
    return tuple(
        Group(each.value["name"], each.value.get("people"), tuple(each.value["dollars"]), each.value["years_paid"],
              each.confidence)
        for each in entries
        if isinstance(each.value, dict)
    )  # fmt: skip


def mean_people() -> float:
    """Mean size of the ten groups."""
    return float(terms()["total_people"].at().value) / len(groups())


def mean_people_of_the_others() -> float:
    """Mean size of the groups whose own was not found."""
    known = [group.people for group in groups() if group.people is not None]
    return (float(terms()["total_people"].at().value) - sum(known)) / (len(groups()) - len(known))


def share_of_years_paid() -> float:
    """Share of all group-years in which a payment was earned."""
    return sum(group.years_paid for group in groups()) / (YEARS * len(groups()))


def remarked_size() -> int:
    """People below which, somebody said, no group seemed able to earn a bonus."""
    return int(terms()["remark"].at().value)
