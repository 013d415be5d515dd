"""One slot through the years: the characteristic function of any linear sum of its dollars and absences, and moments.

The slot is a Markov chain over health classes. With v the expectation of exp(i sum so far) on each class, one year is
v -> v A on the living and the dead, A the class's characteristic function of that year, and the next year's classes
are those kept, drifted to, or joined. What is carried is the difference from the same chain at frequency zero, so that
the logarithm of a value near 1 is exact enough for a power of ten million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from simdce.exact.cost import ComplexArray, CostTable, cost_table, counted_costs
from simdce.slot_law import SlotLaw, layout

FloatArray = NDArray[np.float64]

DOLLARS, ABSENCE = 0, 1
"""Quantities of a slot-year: dollars counted, and person-years missing through death."""

_UNITS = np.arange(1, layout.YEAR_UNITS, 2) / layout.YEAR_UNITS
"""What a decedent's year may miss, each as likely."""


@dataclass(frozen=True, eq=False)
class SlotChain:
    """The Markov chain of a frozen slot; ``truncated``: whether dollars count up to the truncation point."""

    law: SlotLaw
    truncated: bool
    years: int

    @cached_property
    def deaths(self) -> FloatArray:
        """Chance of death by class."""
        return self.law.death_thresholds / (1 << layout.DEATH_BITS)

    @cached_property
    def shares(self) -> FloatArray:
        """Chance of each class by kind of draw; (kind, class)."""
        classes = len(self.law.death_thresholds)
        return np.stack([np.bincount(draws, minlength=classes) / draws.size for draws in self.law.classes])

    @cached_property
    def moves(self) -> tuple[float, float, float]:
        """Chances that a survivor keeps the class, draws another, leaves."""
        moves = 1 << layout.MOVE_BITS
        leave, drift = self.law.leave_threshold / moves, self.law.drift_threshold / moves
        return 1.0 - drift, drift - leave, leave

    def next_year(self, living: NDArray[np.number], dead: NDArray[np.number]) -> NDArray[np.number]:
        """Mass by class at next year's start from that of survivors and decedents; (..., class) each."""
        keep, drift, leave = self.moves
        survivors = living.sum(axis=-1, keepdims=True)
        gone = dead.sum(axis=-1, keepdims=True)
        refill = leave * survivors + gone
        out: NDArray[np.number] = keep * living
        out += drift * survivors * self.shares[layout.KINDS["drift"]]
        out += refill * self.shares[layout.KINDS["joiner"]]
        return out

    @cached_property
    def occupancy(self) -> FloatArray:
        """Chance of each class by year; (year, class)."""
        rows = [self.shares[layout.KINDS["initial"]]]
        for _ in range(self.years - 1):
            rows.append(np.asarray(self.next_year(rows[-1] * (1.0 - self.deaths), rows[-1] * self.deaths), float))
        return np.stack(rows)

    def table(self, reach: float, tolerance: float) -> CostTable:
        """A table of one year's cost for frequencies up to ``reach``, kept for others of about that reach."""
        return _table(self, int(np.ceil(2.0 * np.log2(reach))), int(np.floor(np.log2(tolerance))))

    def log_characteristic(self, dollars: FloatArray, absence: FloatArray, table: CostTable) -> ComplexArray:
        """log E exp(i Σ_y (dollars_y C_y + absence_y M_y)) at each point; the arguments are (point, year)."""
        used = np.flatnonzero((dollars != 0).any(axis=0) | (absence != 0).any(axis=0))
        last = int(used[-1]) if len(used) else 0
        classes = len(self.deaths)
        change = np.zeros((len(dollars), classes), np.complex128)  # from the chain at frequency zero
        for year in range(last + 1):
            living, dead = change * (1.0 - self.deaths), change * self.deaths
            if year in used:
                mass = self.occupancy[year] + change
                ahead = table.at(dollars[:, year])
                living += mass * (1.0 - self.deaths) * ahead[:, :classes]
                decedents = ahead[:, classes:]
                if absence[:, year].any():
                    missing = _missing(absence[:, year])[:, None]
                    decedents = decedents + missing + decedents * missing
                dead += mass * self.deaths * decedents
            if year < last:
                change = np.asarray(self.next_year(living, dead), np.complex128)
        return np.asarray(np.log1p(living.sum(axis=1) + dead.sum(axis=1)))

    @cached_property
    def _by_class(self) -> FloatArray:
        """Sum over cells of chance times quantity for the living and decedents of a class; (fate, quantity, class)."""
        low, high = layout.cell_bounds()
        dollars = counted_costs(self.law, self.truncated) @ (high - low)
        missed = np.stack([np.zeros_like(dollars[0]), np.full_like(dollars[0], _UNITS.mean())])
        fate = np.stack([1.0 - self.deaths, self.deaths])
        return np.stack([fate * dollars, fate * missed], axis=1)

    @cached_property
    def dollars_by_fate(self) -> FloatArray:
        """Expected dollars of each year from the living and from decedents; (fate, year)."""
        return np.asarray(self._by_class[:, DOLLARS] @ self.occupancy.T)

    @cached_property
    def mean(self) -> FloatArray:
        """Expected dollars and absence of each year; (quantity, year)."""
        return np.asarray(self._by_class.sum(axis=0) @ self.occupancy.T)

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariance of everything in ``mean``; (quantity, year, quantity, year)."""
        low, high = layout.cell_bounds()
        squares = counted_costs(self.law, self.truncated) ** 2 @ (high - low)
        by_class = self._by_class
        second = np.zeros((2, self.years, 2, self.years))
        for year in range(self.years):
            now = self.occupancy[year]
            second[DOLLARS, year, DOLLARS, year] = now @ ((1 - self.deaths) * squares[0] + self.deaths * squares[1])
            second[ABSENCE, year, ABSENCE, year] = float(now @ self.deaths) * float((_UNITS**2).mean())
            both = float(now @ by_class[1, DOLLARS]) * float(_UNITS.mean())
            second[DOLLARS, year, ABSENCE, year] = second[ABSENCE, year, DOLLARS, year] = both
            weighted = self.next_year(now * by_class[0], now * by_class[1])  # (quantity, class)
            for later in range(year + 1, self.years):
                cross = np.asarray(weighted, float) @ by_class.sum(axis=0).T  # (earlier, later quantity)
                second[:, year, :, later] = cross
                second[:, later, :, year] = cross.T
                weighted = self.next_year(weighted * (1.0 - self.deaths), weighted * self.deaths)
        return np.asarray(second - np.multiply.outer(self.mean, self.mean))


@lru_cache(maxsize=128)
def _table(chain: SlotChain, reach: int, tolerance: int) -> CostTable:
    """By the half octave of the reach and the octave of the tolerance."""
    return cost_table(chain.law, chain.truncated, 2.0 ** (reach / 2), 2.0**tolerance)


def _missing(frequency: FloatArray) -> ComplexArray:
    """E exp(i frequency M) - 1 of a decedent's absence M, a geometric sum over its equally likely values."""
    step = frequency / layout.YEAR_UNITS
    near = np.abs(step) < 1e-9
    ratio = np.sin(len(_UNITS) * step) / (len(_UNITS) * np.sin(np.where(near, 1.0, step)))
    return np.asarray(np.exp(0.5j * frequency) * np.where(near, 1.0, ratio) - 1.0)
