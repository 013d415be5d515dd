"""One tier: its numbers, dated and sourced, and what a scenario may replace of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from simdce.sourced import Sourced, Term

if TYPE_CHECKING:
    from simdce.arrangements.in_force import InForce
    from simdce.tiers.terms import Terms

LIMITS = ("gain_cap", "loss_floor", "stop_loss")
"""Terms that a tier may leave out: there is no such limit then."""


def _unlimited(name: str) -> Term:
    unit = "fraction of the practice's benchmark"
    return Term(name, (Sourced(math.inf, unit, "no such limit in this tier", "verified"),))


@dataclass(frozen=True)
class Tier:
    """A contract between a practice and the ACO or DCE that it belongs to, read from the TOML file of its name."""

    name: str
    title: str
    summary: str
    terms: Mapping[str, Term]

    def in_force(self, performance_years: Sequence[int], overrides: Mapping[str, object] | None = None) -> InForce:
        """Every term as it stands in the given rising performance years, overrides applied.

        Raises InputError for overrides that the tier does not know or that are out of range.
        """
        from simdce.arrangements.elections import Elections
        from simdce.arrangements.in_force import InForce, timeline

        chosen = Elections.of({"overrides": dict(overrides or {})})
        known = MappingProxyType({**{name: _unlimited(name) for name in LIMITS}, **self.terms})
        when = timeline(performance_years, chosen, performance_years[0], None)
        return InForce(self.name, known, MappingProxyType({}), when, chosen)

    def resolve(self, performance_years: Sequence[int], overrides: Mapping[str, object] | None = None) -> Terms:
        """The Terms: arrays of shape (years,) with dates and overrides applied."""
        from simdce.tiers.terms import resolve

        return resolve(self.in_force(performance_years, overrides))
