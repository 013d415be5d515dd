"""Contracts and tiers that may be on the table, by the years asked for."""

from __future__ import annotations

from collections.abc import Sequence

from simdce import arrangements, tiers

_CONTRACTS = (
    ("Shared Savings Program BASIC A, upside only", ("mssp_basic_a",)),
    ("Shared Savings Program BASIC E, two-sided", ("mssp_2027_basic_e_current_law", "mssp_basic_e")),
    ("Shared Savings Program ENHANCED, two-sided", ("mssp_2027_enhanced_current_law", "mssp_enhanced")),
    ("ACO REACH Professional, 50%", ("reach_professional",)),
    ("ACO REACH Global, 100%", ("reach_global",)),
    ("LEAD Professional", ("lead_professional",)),
    ("LEAD Global", ("lead_global_lower_spending",)),
)
_TIERS = ("upside_only", "shared", "full", "capitated")
_OF_ENTITY = ("reach_global", "lead_global_lower_spending", "mssp_2027_enhanced_current_law", "mssp_enhanced")

Offer = tuple[str, str]
"""What is said of it, and its name."""


def contracts(years: Sequence[int]) -> list[Offer]:
    """Contracts with CMS that are in force in all of the calendar years."""
    found = ((told, next((name for name in names if _in_force(name, years)), None)) for told, names in _CONTRACTS)
    return [(told, name) for told, name in found if name is not None]


def tiers_offered() -> list[Offer]:
    """Tiers that an entity may offer a practice."""
    return [(f"{tiers.load(name).title}: {tiers.load(name).summary}", name) for name in _TIERS]


def contract_of_entity(years: Sequence[int]) -> Offer:
    """The contract under which the entity of a practice is simulated: the fullest risk in force in these years."""
    in_force = {name: told for told, name in contracts(years)}
    name = next(name for name in _OF_ENTITY if name in in_force)
    return in_force[name], name


def base_years_before(name: str, first: int) -> int:
    """Years between base years and the first performance year: ACO REACH keeps the base years of its beginning."""
    return min(8, max(0, first - arrangements.load(name).first_year + 1)) if name.startswith("reach_") else 0


def label(told: str) -> str:
    """What pages call a contract: BASIC A, LEAD Global."""
    return told.partition(",")[0].removeprefix("Shared Savings Program ").removeprefix("ACO ")


def _in_force(name: str, years: Sequence[int]) -> bool:
    return not arrangements.load(name).in_force(tuple(years)).timeline.outside
