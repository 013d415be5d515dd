"""The characteristic function of one year's cost, class by class, tabulated from the frozen integers.

With cells c of probability w, E exp(iθC) - 1 = Σ w (exp(iθc) - 1). On a uniform grid every θ is a giant step a plus a
baby step b, and with X = exp(iac) - 1, Y = exp(ibc) - 1 the sum is Σ w (X + Y + XY): a matrix product that keeps the
relative accuracy of small differences from 1, as a power of ten million needs. Between grid points: interpolation.
Where θC stays small, no grid: the sum over the first moments is shorter and exact to rounding.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from math import ceil, factorial, floor, log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simdce.exact.interpolation import BEFORE, ERROR_CONSTANT, POINTS, interpolation_matrix
from simdce.slot_law import SlotLaw, layout
from simdce.slot_law.moments import frozen_mass

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

TERMS = 20
"""Of a series."""

MOST_POINTS = 60_000
"""Of a table: what bounds its memory to about 30 MB."""


@dataclass(frozen=True)
class CostTable:
    """E exp(iθC) - 1 on a uniform grid of θ (1/dollars) from ``-POINTS * spacing``; (grid, living or decedent x class).

    ``error`` bounds what interpolation adds to the average class.
    """

    spacing: float
    values: ComplexArray
    error: float

    def at(self, frequencies: FloatArray) -> ComplexArray:
        """E exp(iθC) - 1 at any θ of either sign within reach; (frequency, living or decedent x class)."""
        positions = np.abs(frequencies) / self.spacing + POINTS
        found = interpolation_matrix(positions, len(self.values)) @ self.values.view(np.float64)
        values: ComplexArray = found.view(np.complex128)
        values.imag[frequencies < 0] *= -1.0
        return values


@dataclass(frozen=True)
class CostSeries:
    """E exp(iθC) - 1 for small θ as Σ (iθ)^k E C^k / k!.

    ``terms``: E (C / scale)^k / k! of k = 1, 2, … (k, living or decedent x class); ``error`` bounds what the terms left
    out add to the average class.
    """

    scale: float
    terms: FloatArray
    error: float

    def at(self, frequencies: FloatArray) -> ComplexArray:
        """E exp(iθC) - 1 at any θ within reach; (frequency, living or decedent x class)."""
        step = self.scale * frequencies[:, None]
        found = np.empty((len(frequencies), self.terms.shape[1]), np.complex128)
        found.imag = step * _horner(self.terms[::2], -step * step)
        found.real = -step * step * _horner(self.terms[1::2], -step * step)
        return found


def _horner(coefficients: FloatArray, x: FloatArray) -> FloatArray:
    """Σ coefficient x^k from k = 0; ``coefficients`` (k, column), ``x`` (row, 1)."""
    found = np.zeros((len(x), coefficients.shape[1]))
    for coefficient in coefficients[::-1]:
        found *= x
        found += coefficient
    return found


Counting = Literal["whole", "truncated", "net"]
"""Of a person's dollars: all, up to the truncation point, or less what stop-loss pays of them."""


@dataclass(frozen=True, eq=False)
class CountedCost:
    """One category's year of cost, counted in one way, with the tables already made of it."""

    law: SlotLaw
    counting: Counting
    _tables: dict[tuple[int, int], CostTable | CostSeries] = field(default_factory=dict)

    @cached_property
    def dollars(self) -> FloatArray:
        """Whole dollars of every cell as counted; (living or decedent, class, cell)."""
        costs = self.law.costs
        if self.counting == "truncated":
            costs = np.minimum(costs, self.law.truncation)
        elif self.counting == "net" and self.law.recoveries is not None:
            costs = costs - self.law.recoveries
        return costs.astype(np.float64)

    @cached_property
    def means(self) -> FloatArray:
        """Expected dollars; (living or decedent, class)."""
        low, high = layout.cell_bounds()
        return np.asarray(self.dollars @ (high - low))

    @cached_property
    def squares(self) -> FloatArray:
        """Expected squares of dollars; (living or decedent, class)."""
        low, high = layout.cell_bounds()
        return np.asarray(self.dollars**2 @ (high - low))

    @cached_property
    def eighth(self) -> float:
        """Expected eighth power of dollars."""
        return float((frozen_mass(self.law) * self.dollars**POINTS).sum())

    @cached_property
    def series(self) -> FloatArray:
        """E (C / largest C)^k / k! of k = 1, 2, …, one more than a series has; (k, living or decedent x class)."""
        low, high = layout.cell_bounds()
        rows = self.dollars.reshape(-1, self.dollars.shape[-1]) / self.dollars.max()
        return np.stack([rows**k @ (high - low) / factorial(k) for k in range(1, TERMS + 2)])

    def table(self, reach: float, tolerance: float) -> CostTable | CostSeries:
        """What serves frequencies up to ``reach``, by its half octave and the octave of the tolerance."""
        key = ceil(2.0 * log2(reach)), floor(log2(tolerance))
        if key not in self._tables:
            reach, tolerance = 2.0 ** (key[0] / 2), 2.0 ** key[1]
            largest = float(self.dollars.max())
            chances = frozen_mass(self.law).sum(axis=2).ravel()
            left_out = [(reach * largest) ** k * chance for k, chance in enumerate(self.series @ chances, start=1)]
            terms = next((k for k in range(2, TERMS + 1) if left_out[k] <= tolerance), 0)
            if terms:
                self._tables[key] = CostSeries(largest, self.series[:terms], left_out[terms])
            else:
                self._tables[key] = cost_table(self.dollars, self.eighth, reach, tolerance)
        return self._tables[key]


def cost_table(costs: FloatArray, eighth: float, reach: float, tolerance: float) -> CostTable:
    """The table for |θ| <= ``reach`` whose interpolation is off by at most ``tolerance``, by the ``eighth`` moment.

    ``costs``: dollars of every cell; (living or decedent, class, cell).
    """
    spacing = min((tolerance / (ERROR_CONSTANT * eighth)) ** (1.0 / POINTS), reach / POINTS)
    spacing = max(spacing, reach / MOST_POINTS)
    count = int(np.ceil(reach / spacing)) + 2 * POINTS + BEFORE
    baby = int(np.ceil(np.sqrt(count)))
    giant = -(-count // baby)
    low, high = layout.cell_bounds()
    weights = high - low
    rows = costs.reshape(-1, costs.shape[-1])
    near = _steps(baby, spacing, rows)  # (row, step, cell)
    far = _after(turned(-POINTS * spacing * rows)[:, None], _steps(giant, baby * spacing, rows))
    weighted = far * weights
    values = np.einsum("rgc,rbc->rgb", weighted, near)  # no BLAS: its threads cost more than so small a product
    values += weighted.sum(axis=2)[:, :, None] + np.einsum("rbc,c->rb", near, weights)[:, None, :]
    table = np.ascontiguousarray(values.reshape(len(rows), -1)[:, :count].T)
    return CostTable(spacing, table, ERROR_CONSTANT * eighth * spacing**POINTS)


def _steps(count: int, spacing: float, rows: FloatArray) -> ComplexArray:
    """exp(iθc) - 1 at θ = 0, ``spacing``, …, ``count`` of them, by doubling; (row, step, cell)."""
    found = np.zeros((len(rows), 1, rows.shape[1]), np.complex128)
    beyond = turned(spacing * rows)[:, None]
    while found.shape[1] < count:
        found = np.concatenate([found, _after(beyond, found[:, : count - found.shape[1]])], axis=1)
        beyond = _after(beyond, beyond)
    return found


def _after(one: ComplexArray, other: ComplexArray) -> ComplexArray:
    """xy - 1 from x - 1 and y - 1."""
    return one + other + one * other


def turned(phase: FloatArray) -> ComplexArray:
    """exp(i phase) - 1 = 2i sin(phase/2) exp(i phase/2), exact for small phases."""
    sine = np.sin(0.5 * phase)
    found = np.empty(phase.shape, np.complex128)
    found.real = -2.0 * sine * sine
    found.imag = 2.0 * sine * np.cos(0.5 * phase)
    return found
