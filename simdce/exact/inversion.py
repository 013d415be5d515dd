"""The law of expenditure over benchmark for any number of slots, by inverting one slot's characteristic function.

P(E > cB) = P(L > 0) for L = E - cB, a sum of independent slots: with φ its characteristic function (a product of
powers, one factor a category), P(L > 0) = 1/2 + 1/π Σ_j Im φ((j + 1/2) Δ) / (j + 1/2), off by at most twice the chance
of |L| > π/Δ (Gil-Pelaez, Biometrika 1951; Davies, Biometrika 1973). One table of log φ serves panels of every size.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from math import ceil, floor, log, log2, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from simdce.exact.benchmark import PanelSums
from simdce.exact.caps import ScoreCaps
from simdce.exact.cost import ComplexArray
from simdce.exact.interpolation import ERROR_CONSTANT, carried, chebyshev_matrix, chebyshev_nodes
from simdce.exact.linear import SlotSum
from simdce.exact.ratio import RatioGrid
from simdce.exact.remainder import remaining_mean
from simdce.exact.slot_table import SAFETY, Frequencies, SlotTable

FloatArray = NDArray[np.float64]

STEPS_PER_SD = 12
"""Grid points of log(E/B) to a standard deviation."""

TOLERANCE = 1e-9
"""Of a probability: the chance beyond which a grid does not end."""

ROUNDING = 4e-16
"""Of the logarithm of one slot: what a power makes of it no refinement mends."""

FARTHEST_LOG = 2.0
"""Of log(E/B) from its centre: where a benchmark can come to nothing, the chance beyond is told, not chased."""

REACHES = np.array([7.5, 8.25, 9.25, 10.5, 12.0, 13.0])
"""Standard deviations of log(E/B) at which a grid may end."""

HIGHEST = (8.0, 10.0, 12.5, 15.5)
"""Frequencies, in units of one over a panel's standard deviation, at which the sum may end."""

BANDS = ((450.0, 20), (1.0, 36))
"""Smallest panels that share a table, and the nodes of log c that it begins with."""

STEP, FINER, MOST_REFINEMENTS = 0.25, 0.75, 2
"""Of a table's rows: what it begins with, and how it is refined until its error is below ``TABLE_TOLERANCE``."""

TABLE_TOLERANCE = 5e-9

CAP_NODES = 16
"""Of log c, where the caps on scores are followed."""

WORST_Z = 5.0  # beyond it the second-order term is held, where no density is left for it to move


@dataclass(frozen=True)
class _Extent:
    """What serves an octave of sizes.

    ``highest``: frequency from which the characteristic function is as good as nought at every ratio, in units of one
    over the panel's standard deviation; ``left`` and ``right``: grid steps from the centre beyond which less than the
    tolerance lies.
    """

    table: SlotTable
    highest: float
    left: int
    right: int


@dataclass
class RatioLaws:
    """Laws of E/B at any panel size, with E and B sums over slots; ``mix``: shares of categories (category,)."""

    sums: PanelSums
    mix: FloatArray
    _tables: dict[tuple[int, int], SlotTable] = field(default_factory=dict)
    _extents: dict[tuple[int, int], _Extent] = field(default_factory=dict)

    def at(self, slots: FloatArray, caps: ScoreCaps | None = None, second_order: bool = True) -> RatioGrid:
        """The law for so many slots of each category, with the caps on scores where they bend.

        ``second_order``: with that term of the benchmark.
        """
        slots = np.asarray(slots, float)
        extent = self._extent(float(slots.sum()))
        table, highest = extent.table, extent.highest
        centre, spread = self._centre(slots)
        step = spread / STEPS_PER_SD
        start = centre - extent.left * step
        x = np.asarray(start + step * np.arange(extent.left + extent.right + 1), np.float64)
        span = self._span(slots, x[[0, -1]], max(extent.left, extent.right) / STEPS_PER_SD)
        coarse, fine = self._frequencies(table, slots, (highest, span), (1.25 * highest, 2.0 * span))
        onto = chebyshev_matrix(table.log_c, x)
        weight, phase = self._waves(table, slots, x, coarse, onto, second_order)
        waves = weight * np.sin(phase)
        above = _chances(waves)
        some = slice(None, None, STEPS_PER_SD // 3)
        first_order = self._chances(table, slots, x[some], coarse, onto[some], second_order=False)
        checked = slice(STEPS_PER_SD // 2, None, 2 * STEPS_PER_SD)
        again = self._chances(table, slots, x[checked], fine, onto[checked], second_order)
        error = SAFETY * float(np.abs(again - above[checked]).max()) + fine.owed_to_table
        error += float(max(1.0 - above[0], above[-1], 0.0))
        cdf = np.maximum.accumulate(np.clip(1.0 - above, 0.0, 1.0))
        error += ERROR_CONSTANT * float(np.abs(np.diff(np.append(np.zeros(8), cdf), 8)).max())
        bent = float(np.abs(above[some] - first_order).max())
        expected = self.sums.benchmark.mean(slots, self.sums.chains)
        beyond = remaining_mean(self.sums, slots) / expected
        left_out = min(1.0, abs(beyond) * float(np.diff(cdf).max()) / step)
        grid = RatioGrid(start, step, cdf, error, bent, left_out, spread)
        if caps is None or not caps.reached(slots):
            return grid
        factor = self._cap_factor(caps, table, slots, x, coarse)
        bound = _chances(factor.real * waves + factor.imag * (weight * np.cos(phase)))
        capped = np.maximum.accumulate(np.clip(cdf + above - bound, 0.0, 1.0))
        return replace(grid, cdf=capped, caps=float(np.abs(capped - cdf).max()))

    def mean_curvature(self) -> float:
        """Expected second-order term of the benchmark, dollars, the same for every panel size."""
        return float(self._curved[0][self.mix > 0].sum())

    def difference(self, ratio: float) -> SlotSum:
        """E - ratio x B as a sum over slots."""
        return self.sums.expenditure + self.sums.benchmark * -ratio

    def _extent(self, size: float) -> _Extent:
        """The extent of laws of an octave of sizes, found at its smallest: the same whatever was asked before."""
        band = next(number for number, (smallest, _) in enumerate(BANDS) if size >= smallest)
        key = band, floor(log2(size))
        if key not in self._extents:
            slots = max(2.0 ** key[1], BANDS[band][0]) * self.mix
            table, refined = self._table(band, 0), 0
            found, error = self._found_extent(table, slots)
            while error > TABLE_TOLERANCE + ROUNDING * slots.sum() and refined < MOST_REFINEMENTS:
                refined += 1
                table = self._table(band, refined)
                found, error = self._found_extent(table, slots)
            self._extents[key] = found
        return self._extents[key]

    def _found_extent(self, table: SlotTable, slots: FloatArray) -> tuple[_Extent, float]:
        """The extent by one table, and how much of a probability's error is the table's."""
        highest = next((each for each in HIGHEST if self._ended(table, slots, each)), HIGHEST[-1])
        centre, spread = self._centre(slots)
        reaches = np.minimum(REACHES, min(centre - table.low, table.high - centre) / spread)
        x = centre + spread * np.concatenate([-reaches, reaches])
        span = self._span(slots, x[[len(reaches) - 1, -1]], reaches[-1])
        (frequencies,) = self._frequencies(table, slots, (highest, span))
        above = self._chances(table, slots, x, frequencies, chebyshev_matrix(table.log_c, x), False)
        beyond = np.abs(above.reshape(2, -1) - [[1.0], [0.0]]) < TOLERANCE + ROUNDING * slots.sum()
        left, right = (reaches[np.append(np.flatnonzero(side), len(reaches) - 1)[0]] for side in beyond)
        steps = floor(left * STEPS_PER_SD), floor(right * STEPS_PER_SD)
        return _Extent(table, highest, *steps), frequencies.owed_to_table

    def _table(self, band: int, refined: int) -> SlotTable:
        if (band, refined) not in self._tables:
            smallest, nodes = BANDS[band]
            centre, spread = self._centre(self.mix)
            half = min(REACHES[-1] * spread / sqrt(smallest), FARTHEST_LOG)
            step = STEP * FINER**refined
            low, high = centre - half, centre + half
            self._tables[band, refined] = SlotTable(self.sums, self.mix, low, high, nodes + 6 * refined, step)
        return self._tables[band, refined]

    def _centre(self, slots: FloatArray) -> tuple[float, float]:
        """Log of the ratio of expectations, and the first-order standard deviation of the log ratio."""
        chains = self.sums.chains
        spent, expected = self.sums.expenditure.mean(slots, chains), self.sums.benchmark.mean(slots, chains)
        at_mean = self.difference(spent / expected)
        return log(spent / expected), sqrt(at_mean.covariance(at_mean, slots, chains)) / spent

    def _moments(self, slots: FloatArray, log_c: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Mean and standard deviation of E - cB; each (c,)."""
        ratio, chains = np.exp(log_c), self.sums.chains
        spent, bench = self.sums.expenditure, self.sums.benchmark
        mean = spent.mean(slots, chains) - ratio * bench.mean(slots, chains)
        variance = (
            spent.covariance(spent, slots, chains)
            - 2.0 * ratio * spent.covariance(bench, slots, chains)
            + ratio**2 * bench.covariance(bench, slots, chains)
        )
        return mean, np.sqrt(variance)

    @cached_property
    def _curved(self) -> FloatArray:
        """Of the half second derivative H of one slot's benchmark: E xHx, and sHs, sHb, bHb; (4, category).

        With s and b the covariances of expenditure and benchmark with every total.
        """
        found = []
        for number, chain in enumerate(self.sums.chains):
            half = self.sums.curvature[number]
            cov = chain.covariance.reshape(half.shape)
            spent = cov @ self.sums.expenditure.coefficients[number].ravel()
            bench = cov @ self.sums.benchmark.coefficients[number].ravel()
            found.append([(half * cov).sum(), spent @ half @ spent, spent @ half @ bench, bench @ half @ bench])
        return np.array(found).T

    def _second_order(self, slots: FloatArray, log_c: FloatArray) -> FloatArray:
        """c times the benchmark's second-order term, given E = cB to first order; dollars (c,)."""
        mean, deviation = self._moments(slots, log_c)
        ratio = np.exp(log_c)
        tilt = np.minimum((mean / deviation) ** 2, WORST_Z**2) - 1.0
        spent, both, bench = self._curved[1:] @ slots
        bent = (spent - 2.0 * ratio * both + ratio**2 * bench) / deviation**2
        return np.asarray(ratio * (float(self._curved[0][slots > 0].sum()) + bent * tilt))

    def _span(self, slots: FloatArray, ends: FloatArray, reach: float) -> float:
        """Standard deviations of L within which it lies all but surely, from nought."""
        mean, deviation = self._moments(slots, ends)
        return sqrt(2.0) * (float(np.abs(mean / deviation).max()) + reach)

    def _frequencies(self, table: SlotTable, slots: FloatArray, *wanted: tuple[float, float]) -> list[Frequencies]:
        """For each highest frequency and span of L."""
        size = float(slots.sum())
        counts = [ceil(highest * span / pi) for highest, span in wanted]
        spacings = [highest / count for (highest, _), count in zip(wanted, counts, strict=True)]
        odd = [np.arange(0.5, count, dtype=np.float64) for count in counts]
        s = np.concatenate([each * spacing for each, spacing in zip(odd, spacings, strict=True)]) / sqrt(size)
        values, errors = table.at(s)
        powered = np.einsum("k,kjc->jc", slots, values)
        ends = np.cumsum(counts)
        return [
            Frequencies(odd[number], s[end - count : end], values[:, end - count : end],
                         powered[end - count : end], errors[end - count : end] * size)
            for number, (count, end) in enumerate(zip(counts, ends, strict=True))
        ]  # fmt: skip

    def _ended(self, table: SlotTable, slots: FloatArray, frequency: float) -> bool:
        """Whether the characteristic function is as good as nought at a frequency, at every ratio."""
        values, _ = table.at(np.array([frequency / sqrt(slots.sum())]))
        return float(np.exp(np.einsum("k,kjc->c", slots, values).real.max())) < TOLERANCE

    def _waves(
        self,
        table: SlotTable,
        slots: FloatArray,
        x: FloatArray,
        frequencies: Frequencies,
        onto: FloatArray,
        second_order: bool,
    ) -> tuple[FloatArray, FloatArray]:
        """Weight and phase that each frequency has in P(E > exp(x) B), both (frequency, x).

        ``onto`` interpolates from nodes to x.
        """
        size, turn = carried(frequencies.powered, onto)
        mean, _ = self._moments(slots, x)
        if second_order:
            mean = mean - self._second_order(slots, x)
        phase = turn + np.outer(frequencies.slots, mean / table.deviation(x))
        return np.exp(size) / frequencies.odd[:, None], phase

    def _chances(
        self,
        table: SlotTable,
        slots: FloatArray,
        x: FloatArray,
        frequencies: Frequencies,
        onto: FloatArray,
        second_order: bool,
    ) -> FloatArray:
        """P(E > exp(x) B) at each x; arguments as ``_waves``."""
        weight, phase = self._waves(table, slots, x, frequencies, onto, second_order)
        return _chances(weight * np.sin(phase))

    def _cap_factor(
        self, caps: ScoreCaps, table: SlotTable, slots: FloatArray, x: FloatArray, frequencies: Frequencies
    ) -> ComplexArray:
        """What the caps on scores make of the characteristic function; (frequency, x)."""
        log_c = chebyshev_nodes(x[0], x[-1], CAP_NODES)
        t = frequencies.slots[:, None] / table.deviation(log_c)
        without_mean = np.einsum("kjc,xc->kjx", frequencies.values, chebyshev_matrix(table.log_c, log_c))
        spent, bench = (
            np.array([np.vdot(own, chain.mean) for own, chain in zip(part.coefficients, self.sums.chains, strict=True)])
            for part in (self.sums.expenditure, self.sums.benchmark)
        )
        means = spent[:, None] - bench[:, None] * np.exp(log_c)
        factor = caps.factor(slots, log_c, t, without_mean + 1j * t * means[:, None, :])
        onto = chebyshev_matrix(log_c, x)
        real, imaginary = carried(factor, onto)
        return np.asarray(real + 1j * imaginary)


def _chances(waves: FloatArray) -> FloatArray:
    """P(L > 0) from the sum over frequencies; (x,)."""
    return np.asarray(0.5 + waves.sum(axis=0) / pi)
