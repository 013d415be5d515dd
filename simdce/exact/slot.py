"""One slot through the years: the characteristic function of any linear sum of its totals, and their moments.

The slot is a Markov chain over health classes, each coded in its risk score or not where scores count. With v the
expectation of exp(i sum so far) on each state, one year is v -> v A on the living and the dead, A the state's
characteristic function of that year, and the next year's states are those kept, drifted to, or joined. What is carried
is the difference from the same chain at frequency zero, so that the logarithm of a value near 1 is exact enough for a
power of ten million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from simdce.exact.cost import ComplexArray, CostSeries, CostTable, CountedCost, turned
from simdce.slot_law import SlotLaw, layout

FloatArray = NDArray[np.float64]

DOLLARS, ABSENCE, SCORE = 0, 1, 2
"""Quantities of a slot-year: dollars counted, person-years missing through death, risk score times person-years."""

QUANTITIES = 3

_UNITS = np.arange(1, layout.YEAR_UNITS, 2) / layout.YEAR_UNITS
"""What a decedent's year may miss, each as likely."""


@dataclass(frozen=True, eq=False)
class SlotChain:
    """The Markov chain of a frozen slot.

    ``cost``: how dollars are counted; ``net_cost``: how in the year ``net_year``, None for no such year; ``scored``:
    whether states tell who is coded, as sums of scores need.
    """

    law: SlotLaw
    cost: CountedCost
    years: int
    scored: bool = False
    net_cost: CountedCost | None = None
    net_year: int = -1

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """Health class of each state; (state,)."""
        every = np.arange(len(self.law.death_thresholds))
        return np.tile(every, 2) if self.scored else every

    @cached_property
    def deaths(self) -> FloatArray:
        """Chance of death by state."""
        return np.asarray(self.law.death_thresholds[self.classes] / (1 << layout.DEATH_BITS))

    @cached_property
    def grades(self) -> NDArray[np.int64]:
        """Grade of each state's risk score; (state,)."""
        count = len(self.law.death_thresholds)
        return np.concatenate([np.zeros(count, np.int64), np.arange(1, count + 1)])[: len(self.classes)]

    @cached_property
    def scores(self) -> FloatArray:
        """Risk score of each state, nought where scores do not count; (state,)."""
        return self.law.scores[self.grades] / layout.SCORE_UNITS if self.scored else np.zeros(len(self.classes))

    @cached_property
    def shares(self) -> FloatArray:
        """Chance of each state by kind of draw; (kind, state)."""
        drawn = self.law.classes
        if self.scored:
            drawn = drawn + len(self.law.death_thresholds) * self.law.coded
        return np.stack([np.bincount(draws, minlength=len(self.classes)) / draws.size for draws in drawn])

    @cached_property
    def moves(self) -> tuple[float, float, float]:
        """Chances that a survivor keeps the state, draws another, leaves."""
        moves = 1 << layout.MOVE_BITS
        leave, drift = self.law.leave_threshold / moves, self.law.drift_threshold / moves
        return 1.0 - drift, drift - leave, leave

    def next_year(self, living: NDArray[np.number], dead: NDArray[np.number]) -> NDArray[np.number]:
        """Mass by state at next year's start from that of survivors and decedents; (..., state) each."""
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
        """Chance of each state by year; (year, state)."""
        rows = [self.shares[layout.KINDS["initial"]]]
        for _ in range(self.years - 1):
            rows.append(np.asarray(self.next_year(rows[-1] * (1.0 - self.deaths), rows[-1] * self.deaths), float))
        return np.stack(rows)

    def costs_of(self, year: int) -> CountedCost:
        """How dollars are counted in a year."""
        return self.net_cost if self.net_cost is not None and year == self.net_year else self.cost

    def table_error(self, dollars: FloatArray, tolerance: float) -> float:
        """What the tables add at most to one slot's characteristic function at these frequencies (point, year)."""
        return sum(self._table(year, dollars, tolerance).error for year in range(self.years))

    def _table(self, year: int, dollars: FloatArray, tolerance: float) -> CostTable | CostSeries:
        """The table of a year, which serves all years that count dollars in the same way."""
        return self.costs_of(year).table(float(np.abs(dollars).max()), tolerance)

    def log_characteristic(
        self, dollars: FloatArray, absence: FloatArray, score: FloatArray, tolerance: float
    ) -> ComplexArray:
        """log E exp(i sum of (frequency x total) of a slot) at each point; the arguments are (point, year).

        ``tolerance``: what the tables of cost may be off by.
        """
        used = np.flatnonzero((dollars != 0).any(axis=0) | (absence != 0).any(axis=0) | (score != 0).any(axis=0))
        last = int(used[-1]) if len(used) else 0
        count = len(self.law.death_thresholds)
        change = np.zeros((len(dollars), len(self.classes)), np.complex128)  # from the chain at frequency zero
        for year in range(last + 1):
            living, dead = change * (1.0 - self.deaths), change * self.deaths
            if year in used:
                mass = self.occupancy[year] + change
                alive = dying = None
                if dollars[:, year].any():
                    ahead = self._table(year, dollars, tolerance).at(dollars[:, year])
                    alive, dying = ahead[:, :count], ahead[:, count:]
                    if self.scored:
                        alive, dying = np.tile(alive, 2), np.tile(dying, 2)
                if absence[:, year].any() or score[:, year].any():
                    scored, missing = self._presence(absence[:, year], score[:, year])
                    alive = scored if alive is None else alive + scored + alive * scored
                    dying = missing if dying is None else dying + missing + dying * missing
                living += mass * (1.0 - self.deaths) * alive
                dead += mass * self.deaths * dying
            if year < last:
                change = np.asarray(self.next_year(living, dead), np.complex128)
        return np.asarray(np.log1p(living.sum(axis=1) + dead.sum(axis=1)))

    def _presence(self, absence: FloatArray, score: FloatArray) -> tuple[ComplexArray, ComplexArray]:
        """E exp(i (absence M + score s (1 - M))) - 1 of the living and of decedents of each state; (point, state)."""
        if not score.any():
            missing = _missing(absence)[:, None]
            return np.zeros_like(missing), missing
        by_grade = self.law.scores / layout.SCORE_UNITS
        living = turned(np.outer(score, by_grade))
        missing = _missing(absence[:, None] - np.outer(score, by_grade))
        dying = living + missing + living * missing
        return living[:, self.grades], dying[:, self.grades]

    def _by_state(self, year: int) -> FloatArray:
        """Expected quantity times chance for the living and decedents of a state; (fate, quantity, state)."""
        dollars = self.costs_of(year).means[:, self.classes]
        half = np.full_like(self.deaths, _UNITS.mean())
        missed = np.stack([np.zeros_like(half), half])
        fate = np.stack([1.0 - self.deaths, self.deaths])
        return np.stack([fate * dollars, fate * missed, fate * (1.0 - missed) * self.scores], axis=1)

    @cached_property
    def mean(self) -> FloatArray:
        """Expected quantities of each year; (quantity, year)."""
        each = [self._by_state(year).sum(axis=0) @ self.occupancy[year] for year in range(self.years)]
        return np.stack(each, axis=1)

    @cached_property
    def covariance(self) -> FloatArray:
        """Covariance of everything in ``mean``; (quantity, year, quantity, year)."""
        second = np.zeros((QUANTITIES, self.years, QUANTITIES, self.years))
        every = [self._by_state(year) for year in range(self.years)]
        half, square = float(_UNITS.mean()), float((_UNITS**2).mean())
        for year in range(self.years):
            now, by_state = self.occupancy[year], every[year]
            squares = self.costs_of(year).squares[:, self.classes]
            dying = now * self.deaths
            same = np.zeros((QUANTITIES, QUANTITIES))
            same[DOLLARS, DOLLARS] = now @ ((1 - self.deaths) * squares[0] + self.deaths * squares[1])
            same[ABSENCE, ABSENCE] = float(dying.sum()) * square
            same[DOLLARS, ABSENCE] = float(now @ by_state[1, DOLLARS]) * half
            same[DOLLARS, SCORE] = now @ (self.scores * (by_state[0, DOLLARS] + (1.0 - half) * by_state[1, DOLLARS]))
            same[ABSENCE, SCORE] = dying @ self.scores * (half - square)
            same[SCORE, SCORE] = (now - dying) @ self.scores**2 + dying @ self.scores**2 * (1 - 2 * half + square)
            second[:, year, :, year] = same + np.triu(same, 1).T
            weighted = self.next_year(now * by_state[0], now * by_state[1])  # (quantity, state)
            for later in range(year + 1, self.years):
                cross = np.asarray(weighted, float) @ every[later].sum(axis=0).T  # (earlier, later quantity)
                second[:, year, :, later] = cross
                second[:, later, :, year] = cross.T
                weighted = self.next_year(weighted * (1.0 - self.deaths), weighted * self.deaths)
        return np.asarray(second - np.multiply.outer(self.mean, self.mean))


def _missing(frequency: FloatArray) -> ComplexArray:
    """E exp(i frequency M) - 1 of a decedent's absence M, a geometric sum over its equally likely values."""
    step = frequency / layout.YEAR_UNITS
    near = np.abs(step) < 1e-9
    sine = np.sin(0.5 * frequency)  # of half a year: as many steps as there are units
    ratio = np.where(near, 1.0, sine / (len(_UNITS) * np.sin(np.where(near, 1.0, step))))
    found = np.empty(np.shape(frequency), np.complex128)
    found.real = np.cos(0.5 * frequency) * ratio - 1.0
    found.imag = sine * ratio
    return found
