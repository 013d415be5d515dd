"""The law of expenditure over benchmark for any number of slots, by inverting one slot's characteristic function.

P(E > cB) = P(L > 0) for L = E - cB, a sum of independent slots: with φ its characteristic function (a product of
powers, one factor a category), P(L > 0) = 1/2 + 1/π Σ_j Im φ((j + 1/2) Δ) / (j + 1/2), off by at most twice the chance
of |L| > π/Δ (Gil-Pelaez, Biometrika 1951; Davies, Biometrika 1973). Logarithms of φ are tabulated at Chebyshev nodes of
log c and serve every panel between a size and its double.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from math import floor, log, log2, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from simdce.exact.benchmark import PanelSums
from simdce.exact.caps import ScoreCaps
from simdce.exact.cost import ComplexArray
from simdce.exact.interpolation import ERROR_CONSTANT, chebyshev_matrix
from simdce.exact.linear import SlotSum
from simdce.exact.ratio import RatioGrid
from simdce.exact.remainder import remaining_mean
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE

FloatArray = NDArray[np.float64]

STEPS_PER_SD = 12
"""Grid points of log(E/B) to a standard deviation."""

TOLERANCE = 1e-9
"""What a level is refined to: no larger change when the frequencies are doubled, no more chance beyond the grid."""

CHECKS = np.array([0.09, 0.39, 0.55, 0.93])
"""Where between the ends of a level its probabilities are computed again with twice the frequencies."""

ROUNDING = 4e-16
"""Of the logarithm of one slot: what a power makes of it no refinement mends."""

SAFETY = 3.0
"""Between the largest change seen at the checks and the bound that is told."""

FARTHEST_LOG = 2.0
"""Of log(E/B) from its centre: where a benchmark can come to nothing, the chance beyond is told, not chased."""

MOST_REACH, MOST_FREQUENCIES, MOST_REFINEMENTS = 13.0, 120, 6
"""Standard deviations of log(E/B), frequencies of a level, and attempts: what is not had within them is told."""

FIRST_TRIES = ((0, 12.0, 36), (256, 8.0, 28), (512, 8.0, 20), (2048, 8.0, 12))
"""Smallest slots of a level from which a highest frequency and so many nodes are tried first."""

WORST_Z = 5.0  # beyond it the second-order term is held, where no density is left for it to move


@dataclass(frozen=True)
class _Level:
    """Logarithms of characteristic functions for panels of ``smallest`` slots to twice as many.

    Frequencies are (j + 1/2) ``spacing`` in units of 1/sd(L) at ``smallest``, ``count`` of them; ``logs``: (category,
    frequency, node) at the nodes ``log_c``; checks have frequencies twice as dense. ``table_error`` is per slot,
    ``node_error`` of a probability.
    """

    smallest: float
    spacing: float
    count: int
    log_c: FloatArray
    logs: ComplexArray
    check_count: int
    check_log_c: FloatArray
    check_logs: ComplexArray
    table_error: float
    node_error: float = 0.0


@dataclass
class RatioLaws:
    """Laws of E/B at any panel size, with E and B sums over slots; ``mix``: shares of categories (category,)."""

    sums: PanelSums
    mix: FloatArray
    _levels: dict[int, _Level] = field(default_factory=dict)

    def at(self, slots: FloatArray, caps: ScoreCaps | None = None, second_order: bool = True) -> RatioGrid:
        """The law for so many slots of each category, with the caps on scores where they bend.

        ``second_order``: with that term of the benchmark.
        """
        slots = np.asarray(slots, float)
        level = self._level(float(slots.sum()))
        centre, spread = self._centre(slots)
        low, high = level.log_c[0], level.log_c[-1]
        step = spread / STEPS_PER_SD
        nearer = sqrt(level.smallest / slots.sum())
        left, right = floor((centre - low) * nearer / step), floor((high - centre) * nearer / step)
        start = centre - left * step
        x = start + step * np.arange(left + right + 1)
        onto, frequencies = chebyshev_matrix(level.log_c, x), (level.count, level.spacing)
        above = self._chances(level, slots, x, *frequencies, onto, level.logs, second_order)
        some = slice(None, None, STEPS_PER_SD // 3)
        first_order = self._chances(level, slots, x[some], *frequencies, onto[some], level.logs, second_order=False)
        error = self._check(level, slots) + float(max(1.0 - above[0], above[-1], 0.0))
        cdf = np.clip(1.0 - above, 0.0, 1.0)
        cdf = np.maximum.accumulate(cdf)
        error += ERROR_CONSTANT * float(np.abs(np.diff(np.append(np.zeros(8), cdf), 8)).max())
        bent = float(np.abs(above[some] - first_order).max())
        expected = self.sums.benchmark.mean(slots, self.sums.chains)
        beyond = remaining_mean(self.sums, slots) / expected
        left_out = min(1.0, abs(beyond) * float(np.diff(cdf).max()) / step)
        grid = RatioGrid(start, step, cdf, error, bent, left_out, spread)
        if caps is None or not caps.reached(slots):
            return grid
        _, deviation = self._moments(level.smallest * self.mix, level.log_c)
        t = (np.arange(level.count) + 0.5)[:, None] * level.spacing / deviation
        factor = np.einsum("jc,xc->jx", caps.factor(slots, level.log_c, t, level.logs), onto)
        bound = self._chances(level, slots, x, *frequencies, onto, level.logs, factor=factor)
        capped = np.maximum.accumulate(np.clip(cdf + above - bound, 0.0, 1.0))
        return replace(grid, cdf=capped, caps=float(np.abs(capped - cdf).max()))

    def mean_curvature(self) -> float:
        """Expected second-order term of the benchmark, dollars, the same for every panel size."""
        pairs = zip(self.sums.curvature, self.sums.chains, self.mix, strict=True)
        return float(sum((half * chain.covariance.reshape(half.shape)).sum() for half, chain, share in pairs if share))

    def difference(self, ratio: float) -> SlotSum:
        """E - ratio x B as a sum over slots."""
        return self.sums.expenditure + self.sums.benchmark * -ratio

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

    def _second_order(self, slots: FloatArray, log_c: FloatArray) -> FloatArray:
        """c times the benchmark's second-order term, given E = cB to first order; dollars (c,)."""
        mean, deviation = self._moments(slots, log_c)
        flat = [chain.covariance.reshape(self.sums.curvature.shape[1:]) for chain in self.sums.chains]
        ratio, total = np.exp(log_c), np.zeros(len(log_c))
        tilt = np.minimum((mean / deviation) ** 2, WORST_Z**2) - 1.0
        for number, cov in enumerate(flat):
            if slots[number] == 0:
                continue
            half = self.sums.curvature[number]
            spent = cov @ self.sums.expenditure.coefficients[number].ravel()
            bench = cov @ self.sums.benchmark.coefficients[number].ravel()
            towards = spent[None, :] - ratio[:, None] * bench[None, :]
            bent = np.einsum("ci,ij,cj->c", towards, half, towards)
            total += float((half * cov).sum()) + slots[number] * bent / deviation**2 * tilt
        return ratio * total

    def _chances(
        self,
        level: _Level,
        slots: FloatArray,
        x: FloatArray,
        count: int,
        spacing: float,
        onto: FloatArray | None,
        logs: ComplexArray,
        second_order: bool = True,
        factor: ComplexArray | None = None,
    ) -> FloatArray:
        """P(E > exp(x) B) at each x; ``onto`` interpolates the logs from their nodes to x, None where they are at x.

        ``factor``: of the characteristic function (frequency, x).
        """
        powered = np.einsum("k,kjc->jc", slots, logs)
        if onto is not None:
            powered = np.einsum("jc,xc->jx", powered, onto)  # no BLAS: its threads cost more than so small a product
        _, deviation = self._moments(level.smallest * self.mix, x)
        offset = float(slots @ self.sums.expenditure.constant) - np.exp(x) * float(slots @ self.sums.benchmark.constant)
        if second_order:
            offset = offset - self._second_order(slots, x)
        odd = np.arange(count) + 0.5
        phase = powered.imag + np.outer(odd * spacing, offset / deviation)
        if factor is not None:
            turned = factor * np.exp(powered.real + 1j * phase)
            return np.asarray(0.5 + (turned.imag / odd[:, None]).sum(axis=0) / pi)
        return np.asarray(0.5 + (np.exp(powered.real) * np.sin(phase) / odd[:, None]).sum(axis=0) / pi)

    def _check(self, level: _Level, slots: FloatArray) -> float:
        """The largest change when frequencies are doubled, taken at c instead of interpolated, and reach further."""
        x = level.check_log_c
        onto = chebyshev_matrix(level.log_c, x)
        fine = self._chances(level, slots, x, level.check_count, level.spacing / 2, None, level.check_logs)
        coarse = self._chances(level, slots, x, level.count, level.spacing, onto, level.logs)
        changed = SAFETY * float(np.abs(fine - coarse).max())
        return changed + level.node_error + level.table_error * float(slots.sum())

    def _level(self, size: float) -> _Level:
        number = floor(log2(size))
        if number not in self._levels:
            self._levels[number] = self._refined(2.0**number)
        return self._levels[number]

    def _refined(self, smallest: float) -> _Level:
        """The level, refined where it is needed until checks and tails are within the tolerance."""
        slots = smallest * self.mix
        tolerance = TOLERANCE + ROUNDING * smallest
        _, farthest, nodes = max(each for each in FIRST_TRIES if each[0] <= smallest)
        reach, fineness = np.array([7.5, 7.5]), 1.0
        for _ in range(MOST_REFINEMENTS):
            level = self._tabulated(slots, reach, farthest, nodes, fineness)
            powered = np.exp(np.einsum("k,kjc->jc", slots, level.logs).real)
            ends = [0, -1]
            above = self._chances(
                level, slots, level.log_c[ends], level.count, level.spacing, None, level.logs[..., ends]
            )
            tails = np.abs(above - [1.0, 0.0])
            too_short = (tails > tolerance) & (reach < MOST_REACH)
            cut_off = float(powered[-1].max()) > tolerance
            level = replace(level, node_error=self._node_error(level, slots, powered))
            coarse = level.node_error > 0.5 * tolerance
            changed = max(self._check(level, slots), self._check(level, 2.0 * slots)) > tolerance
            if not (too_short.any() or changed) or level.count > MOST_FREQUENCIES:
                return level
            reach = reach * np.where(too_short, np.where(tails > 1e3 * tolerance, 1.6, 1.25), 1.0)
            farthest *= 1.3 if cut_off else 1.0
            nodes += 8 if coarse else 0
            fineness *= 1.0 if too_short.any() or cut_off or coarse else 1.3
        return level

    def _node_error(self, level: _Level, slots: FloatArray, powered: FloatArray) -> float:
        """What a probability owes to the last Chebyshev coefficients of the logarithms, about."""
        signs = np.cos(
            np.pi
            * np.outer(np.arange(len(level.log_c))[-2:], np.arange(len(level.log_c))[::-1])
            / (len(level.log_c) - 1)
        )
        signs[:, [0, -1]] *= 0.5
        last = np.abs(np.einsum("k,kjc->jc", slots, level.logs) @ signs.T).max(axis=1) * 2.0 / len(level.log_c)
        return float((last * powered.max(axis=1) / (np.arange(level.count) + 0.5)).sum() / pi)

    def _tabulated(self, slots: FloatArray, reach: FloatArray, farthest: float, nodes: int, fineness: float) -> _Level:
        centre, spread = self._centre(slots)
        low, high = centre + np.array([-1.0, 1.0]) * np.minimum(spread * reach, FARTHEST_LOG)
        log_c = low + (high - low) * 0.5 * (1.0 + np.cos(np.pi * np.arange(nodes)[::-1] / (nodes - 1)))
        checks = low + (high - low) * CHECKS
        mean, deviation = self._moments(slots, log_c)
        span = sqrt(2.0) * (float(np.abs(mean / deviation).max()) + reach.max()) * fineness
        count = int(np.ceil(farthest * span / pi))
        spacing = farthest / count
        check_count = int(2.5 * count)
        jobs = [(count, spacing, log_c), (check_count, spacing / 2, checks)]
        coarse, fine, error = self._logs(slots, jobs)
        return _Level(float(slots.sum()), spacing, count, log_c, coarse, check_count, checks, fine, error)

    def _logs(
        self, slots: FloatArray, jobs: list[tuple[int, float, FloatArray]]
    ) -> tuple[ComplexArray, ComplexArray, float]:
        """log φ of one slot by category at the frequencies and ratios of both jobs, and the table error of a slot."""
        scales, ratios = [], []
        for count, spacing, log_c in jobs:
            _, deviation = self._moments(slots, log_c)
            scales.append(((np.arange(count) + 0.5)[:, None] * spacing / deviation[None, :]).ravel())
            ratios.append(np.tile(np.exp(log_c), count))
        scale, ratio = np.concatenate(scales), np.concatenate(ratios)
        tolerance = 0.01 * TOLERANCE / float(slots.sum())

        def of_category(number: int) -> tuple[ComplexArray, float]:
            chain = self.sums.chains[number]
            spent, bench = self.sums.expenditure.coefficients[number], self.sums.benchmark.coefficients[number]
            at = (spent[:, None, :] - ratio[None, :, None] * bench[:, None, :]) * scale[None, :, None]
            per_year = tolerance / chain.years
            logs = chain.log_characteristic(at[DOLLARS], at[ABSENCE], at[SCORE], per_year)
            return logs, chain.table_error(at[DOLLARS], per_year)

        found = np.zeros((len(self.sums.chains), len(scale)), np.complex128)
        present = np.flatnonzero(self.mix)
        with ThreadPoolExecutor() as pool:
            results = list(pool.map(of_category, present))
        for number, (logs, _) in zip(present, results, strict=True):
            found[number] = logs
        error = float(self.mix[present] @ np.array([each for _, each in results]))
        edge = jobs[0][0] * len(jobs[0][2])
        shapes = [(len(found), count, len(log_c)) for count, _, log_c in jobs]
        return found[:, :edge].reshape(shapes[0]), found[:, edge:].reshape(shapes[1]), error
