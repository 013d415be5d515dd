"""The savings rate to first order: the one statistic of a simulated world whose law is known without approximation.

With expenditure and benchmark linear in the slots' totals, P(E > cB) is one inversion and what world-level shocks
multiply is laid over it. Terms that the law of the savings rate adds (second order, bends of the regional adjustment
and of caps on scores) are left out here, and so is everything in ``neglected``: the statistic is not the savings rate,
but its law is its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
        found = self.dollars(self.expenditure, totals) / self.dollars(self.benchmark, totals) * self.scale
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
        chance, first, _ = self._moments(self.settled.edges)
        return float((self.settled.level * chance + self.settled.slope * first).sum())

    @property
    def mean_earned(self) -> float:
        """Exact expectation of the settlement where it pays, per dollar of benchmark."""
        edges, level, slope = self._signed()
        chance, first, _ = self._moments(edges)
        return float(np.where(self._paid(edges, level, slope), level * chance + slope * first, 0.0).sum())

    @property
    def chance_paid(self) -> float:
        """Exact chance that the settlement pays."""
        edges, level, slope = self._signed()
        return float(self._moments(edges)[0][self._paid(edges, level, slope)].sum())

    @property
    def chance_owing(self) -> float:
        """Exact chance that the settlement charges."""
        edges, level, slope = self._signed()
        return float(self._moments(edges)[0][self._paid(edges, -level, -slope)].sum())

    @property
    def largest_jump(self) -> float:
        """The largest jump of the settlement at a gate, per dollar of benchmark."""
        edges, level, slope = self.settled.edges[1:], self.settled.level, self.settled.slope
        return float(np.abs(np.diff(level) + np.diff(slope) * edges).max(initial=0.0))

    def _moments(self, edges: FloatArray) -> FloatArray:
        """E[(E/B)^k; E/B in a piece] for k = 0, 1, 2; (k, piece)."""
        return np.diff(self.law.partial_moments(np.append(1.0 - edges, -np.inf)), axis=1)

    def _signed(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Pieces cut where the settlement passes through nought."""
        edges, level, slope = self.settled.edges, self.settled.level, self.settled.slope
        ends = np.append(edges[1:], np.inf)
        with np.errstate(divide="ignore", invalid="ignore"):
            zero = -level / slope
        cuts = np.unique(np.append(edges, zero[np.isfinite(zero) & (zero > edges) & (zero < ends)]))
        piece = np.searchsorted(edges, cuts, side="right") - 1
        return cuts, level[piece], slope[piece]

    @staticmethod
    def _paid(edges: FloatArray, level: FloatArray, slope: FloatArray) -> NDArray[np.bool_]:
        middles = np.append(0.5 * (edges[1:] + edges[:-1]), edges[-1] + 1.0)
        return np.asarray(level + slope * middles > ROUNDING)
