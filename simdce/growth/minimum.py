"""Falling below the minimum number of people: a warning, a wider gate, and the end of the agreement if it goes on.

Under 42 CFR 425.110(b) (recalled) CMS warns and asks for a corrective action plan; while it lasts the minimum savings
rate is that of the table for the smaller panel. Where the number is not restored in time the agreement ends: its last
year earns nothing, losses of it are still owed, and nothing moves afterwards. ACO REACH lets pass once a year that
misses the minimum by no more than a buffer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simdce.arrangements.in_force import InForce
from simdce.growth.defaults import default
from simdce.growth.draws import FloatArray, People
from simdce.growth.people import growth_of
from simdce.scenario import Scenario

BoolArray = NDArray[np.bool_]

_NAME, _BUFFER = "minimum_beneficiaries", "minimum_beneficiaries_buffer"


@dataclass(frozen=True)
class BelowMinimum:
    """What missing the minimum does; axes (world, performance year).

    ``least``: the minimum (performance year,); ``missed``: fewer people than that; ``ends``: the year in which the
    agreement ends; ``over``: after it.
    """

    least: FloatArray
    missed: BoolArray
    ends: BoolArray
    over: BoolArray

    def paid(self, earned: FloatArray, owed: FloatArray) -> FloatArray:
        """Net dollars of the years while the agreement lasts; its last one earns nothing."""
        return np.where(self.over, 0.0, np.where(self.ends, 0.0, earned) - owed)

    @classmethod
    def together(cls, parts: Sequence[BelowMinimum]) -> BelowMinimum:
        """The same of all worlds."""
        missed, ends, over = (np.concatenate([getattr(p, name) for p in parts]) for name in ("missed", "ends", "over"))
        return cls(parts[0].least, missed, ends, over)


def below_minimum(scenario: Scenario, rule: InForce, people: People) -> BelowMinimum | None:
    """What follows for paths of ``people`` (world, performance year); None where the arrangement has no minimum."""
    if _NAME not in rule:
        return None
    growth = growth_of(scenario)
    let_pass = int(default("years_let_pass") if growth.years_let_pass is None else growth.years_let_pass)
    least, buffer = rule.numbers(_NAME), rule.numbers(_BUFFER, absent=0.0)
    missed = people < least
    ends, over = np.zeros_like(missed), np.zeros_like(missed)
    in_a_row, let_once, ended = np.zeros(len(people), int), np.zeros(len(people), bool), np.zeros(len(people), bool)
    for year in range(people.shape[1]):
        near = missed[:, year] & (people[:, year] >= least[year] * (1.0 - buffer[year])) & ~let_once
        let_once |= near
        in_a_row = np.where(missed[:, year], in_a_row + ~near, 0)
        over[:, year] = ended
        ends[:, year] = ~ended & (in_a_row > let_pass)
        ended |= ends[:, year]
    return BelowMinimum(least, missed, ends, over)
