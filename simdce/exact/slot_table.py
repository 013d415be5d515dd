"""Logarithms of one slot's characteristic function over frequency and ratio, tabulated once for panels of every size.

For n slots of L = E - cB only frequencies s from about 0.01/√n to 10/√n, in units of one over L's standard deviation,
carry weight, so h = (log φ - its mean's phase) / s² is wanted to the same accuracy at all of them. It is smooth in
log s where s is small and in s where s is large: eight neighbours in v = log s + s/S interpolate it, and Chebyshev
nodes in log c. Each chunk of rows is held against the chain itself, half a row and a node off.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import lambertw

from simdce.exact.benchmark import PanelSums
from simdce.exact.cost import ComplexArray
from simdce.exact.interpolation import BEFORE, POINTS, chebyshev_matrix, chebyshev_nodes, interpolation_matrix, stencil
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE

FloatArray = NDArray[np.float64]

LINEAR_FROM = 0.03
"""S, the frequency from which rows are evenly spaced rather than by a factor."""

CHECKS = np.array([0.09, 0.39, 0.55, 0.93])
"""Where between the ends of log c each chunk is held against the chain."""

SAFETY = 3.0
"""Between the largest difference seen at the checks and the bound that is told."""

FARTHEST_POWER = 9.0
"""Standard deviations of frequency at which a panel's characteristic function is as good as nought."""

COST_TOLERANCE = 1e-11
"""What the tables of cost may add to the logarithm of a panel's characteristic function."""


@dataclass(frozen=True)
class Frequencies:
    """Powers of the characteristic function at odd multiples of half a spacing.

    ``odd``: j + 1/2; ``slots``: frequencies of one slot, in units of one over its standard deviation; ``values``: what
    the table has for it (category, frequency, node), ``powered`` for the panel (frequency, node), without the phase of
    the mean, and the bound of its ``error``.
    """

    odd: FloatArray
    slots: FloatArray
    values: ComplexArray
    powered: ComplexArray
    error: FloatArray

    @property
    def owed_to_table(self) -> float:
        """The error of a probability that is the table's."""
        return float((self.error * np.exp(self.powered.real.max(axis=1)) / self.odd).sum() / np.pi)


@dataclass(frozen=True)
class _Chunk:
    """``values``: h at POINTS rows; (row, category x node). ``error``: bound of h of the mix between them."""

    values: ComplexArray
    error: float


@dataclass(frozen=True, eq=False)
class SlotTable:
    """h of one slot by category at rows ``step`` apart in v and at Chebyshev nodes of log c between ``low`` and
    ``high``; rows are made when they are asked for."""

    sums: PanelSums
    mix: FloatArray
    low: float
    high: float
    nodes: int
    step: float
    _chunks: dict[int, _Chunk] = field(default_factory=dict)

    @cached_property
    def log_c(self) -> FloatArray:
        """The nodes, rising; (node,)."""
        return chebyshev_nodes(self.low, self.high, self.nodes)

    def at(self, frequencies: FloatArray) -> tuple[ComplexArray, FloatArray]:
        """s² h of one slot (category, frequency, node), and the bound of its error in the mix (frequency,)."""
        rows = (np.log(frequencies) + frequencies / LINEAR_FROM) / self.step
        cells = np.floor(rows).astype(np.int64)
        chunks = range((int(cells.min()) - BEFORE) // POINTS, (int(cells.max()) + POINTS) // POINTS + 1)
        held, start = [self._chunk(number) for number in chunks], chunks[0] * POINTS
        values = np.concatenate([chunk.values for chunk in held])
        onto = interpolation_matrix(rows - start, len(values))
        found = (onto @ values.view(np.float64)).view(np.complex128) * (frequencies**2)[:, None]
        by_category = found.reshape(len(frequencies), len(self.mix), self.nodes).transpose(1, 0, 2)
        errors = np.array([chunk.error for chunk in held])[(cells - start) // POINTS]
        return by_category, errors * frequencies**2

    def deviation(self, log_c: FloatArray) -> FloatArray:
        """Standard deviation of L = E - cB of one slot of the mix, dollars; (c,)."""
        spent, bench, chains = self.sums.expenditure, self.sums.benchmark, self.sums.chains
        ratio = np.exp(log_c)
        return np.sqrt(
            spent.covariance(spent, self.mix, chains)
            - 2.0 * ratio * spent.covariance(bench, self.mix, chains)
            + ratio**2 * bench.covariance(bench, self.mix, chains)
        )

    def _chunk(self, number: int) -> _Chunk:
        if number not in self._chunks:
            self._chunks[number] = self._tabulated(number)
        return self._chunks[number]

    def _tabulated(self, number: int) -> _Chunk:
        middle = POINTS * number + 0.5 * (POINTS - 1)
        rows = self._frequency(np.append(np.arange(POINTS * number, POINTS * (number + 1)), middle))
        checks = self.low + (self.high - self.low) * CHECKS
        s = np.concatenate([np.repeat(rows[:-1], self.nodes), np.repeat(rows[-1], len(checks))])
        log_c = np.concatenate([np.tile(self.log_c, POINTS), checks])
        h, error = self._of_slot(s, log_c)
        values = h[:, : POINTS * self.nodes].reshape(len(h), POINTS, self.nodes)
        weights = stencil(np.array([BEFORE + 0.5]))[1][0]
        there = np.einsum("krc,r,xc->kx", values, weights, chebyshev_matrix(self.log_c, checks))
        off = self.mix @ np.abs(there - h[:, POINTS * self.nodes :])
        return _Chunk(values.transpose(1, 0, 2).reshape(POINTS, -1), SAFETY * float(off.max()) + error)

    def _frequency(self, rows: FloatArray) -> FloatArray:
        """s at rows: the inverse of v = log s + s/S."""
        return np.asarray(LINEAR_FROM * lambertw(np.exp(rows * self.step) / LINEAR_FROM, 0).real)

    def _of_slot(self, s: FloatArray, log_c: FloatArray) -> tuple[ComplexArray, float]:
        """h by category from the chain itself (category, point), and what the tables of cost add to it in the mix."""
        t, ratio = s / self.deviation(log_c), np.exp(log_c)
        tolerance = COST_TOLERANCE * (float(s.min()) / FARTHEST_POWER) ** 2
        found, error = np.zeros((len(self.mix), len(s)), np.complex128), 0.0
        for number in np.flatnonzero(self.mix):
            chain = self.sums.chains[number]
            spent, bench = self.sums.expenditure.coefficients[number], self.sums.benchmark.coefficients[number]
            at = (spent[:, None, :] - ratio[None, :, None] * bench[:, None, :]) * t[None, :, None]
            per_year = tolerance / chain.years
            logs = chain.log_characteristic(at[DOLLARS], at[ABSENCE], at[SCORE], per_year)
            found[number] = (logs - 1j * np.einsum("qpy,qy->p", at, chain.mean)) / s**2
            error += self.mix[number] * chain.table_error(at[DOLLARS], per_year)
        return found, error / float(s.min()) ** 2
