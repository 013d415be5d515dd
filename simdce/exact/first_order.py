"""The savings rate to first order: the one statistic of a simulated world whose law is known without approximation.

With expenditure and benchmark linear in the slots' totals, P(E > cB) is one inversion and what world-level shocks
multiply is laid over it. Terms that the law of the savings rate adds (second order, bends of the regional adjustment
and of caps on scores) are left out here, and so is everything in ``neglected``: the statistic is not the savings rate,
but its law is its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simdce.exact.law import SavingsRateLaw
from simdce.exact.linear import SlotSum
from simdce.exact.settled import ROUNDING, Settled
from simdce.exact.shocks import Shock

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class FirstOrder:
    """E/B to first order in one performance year, as a function of a world and as a law.

    ``law``: that of 1 - E/B, shocks in it; ``settled``: the year's net payment per dollar of benchmark, other years
    breaking even. ``expenditure`` and ``benchmark``: sums over slots with coefficients of categories in the order of
    the model; ``paid_as``: dollars of the settlement to one of the benchmark; ``slots``: (category,). ``truncated``:
    whether dollars count up to the truncation point; ``net_year``: the year in which they are less what stop-loss pays,
    None for none. ``shocks`` by name; ``scale``: what true savings, discount and withholds make of E/B.
    """

    law: SavingsRateLaw
    settled: Settled
    expenditure: SlotSum
    benchmark: SlotSum
    expected_benchmark: float
    paid_as: float
    slots: FloatArray
    truncated: bool
    net_year: int | None
    shocks: Mapping[str, Shock]
    scale: float

    def ratio(self, totals: FloatArray, draws: Mapping[str, FloatArray]) -> FloatArray:
        """E/B of every world from its totals (world, category, quantity, year) and standard normal draws (world,)."""
        return self.shaken(self.dollars(self.expenditure, totals) / self.dollars(self.benchmark, totals), draws)

    def shaken(self, ratio: FloatArray, draws: Mapping[str, FloatArray]) -> FloatArray:
        """What scale and shocks make of the ratio of the sums of every world (world,)."""
        found = ratio * self.scale
        for name, shock in self.shocks.items():
            found = found * shock.factor(draws[name])
        return np.asarray(found)

    def dollars(self, part: SlotSum, totals: FloatArray) -> FloatArray:
        """A sum over slots in every world (world,)."""
        constant = float(self.slots @ part.constant)
        return np.asarray(np.einsum("wkqy,kqy->w", totals, part.coefficients) + constant)

    @property
    def mean_net(self) -> float:
        """Exact expectation of the settlement, per dollar of benchmark."""
        return float(self._cut.expected.sum())

    @property
    def mean_earned(self) -> float:
        """Exact expectation of the settlement where it pays, per dollar of benchmark."""
        return float(self._cut.expected[self._cut.middle > ROUNDING].sum())

    @property
    def chance_paid(self) -> float:
        """Exact chance that the settlement pays."""
        return float(self._cut.chance[self._cut.middle > ROUNDING].sum())

    @property
    def chance_owing(self) -> float:
        """Exact chance that the settlement charges."""
        return float(self._cut.chance[self._cut.middle < -ROUNDING].sum())

    @property
    def largest_jump(self) -> float:
        """The largest jump of the settlement at a gate, per dollar of benchmark."""
        edges, level, slope = self.settled.edges[1:], self.settled.level, self.settled.slope
        return float(np.abs(np.diff(level) + np.diff(slope) * edges).max(initial=0.0))

    @cached_property
    def _cut(self) -> _Cut:
        """The pieces of the settlement, cut where it passes through nought."""
        edges, level, slope = self.settled.edges, self.settled.level, self.settled.slope
        ends = np.append(edges[1:], np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = -level / slope
        cuts = np.unique(np.append(edges, zero[np.isfinite(zero) & (zero > edges) & (zero < ends)]))
        piece = np.searchsorted(edges, cuts, side="right") - 1
        level, slope = level[piece], slope[piece]
        chance, first, _ = np.diff(self.law.partial_moments(np.append(1.0 - cuts, -np.inf)), axis=1)
        middles = np.append(0.5 * (cuts[1:] + cuts[:-1]), cuts[-1] + 1.0)
        return _Cut(chance, level * chance + slope * first, level + slope * middles)


@dataclass(frozen=True)
class _Cut:
    """Of each piece: its chance, what it adds to the expected settlement, the settlement in its middle; (piece,)."""

    chance: FloatArray
    expected: FloatArray
    middle: FloatArray
