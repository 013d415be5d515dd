"""Interpolation: eight neighbours on a uniform grid, weights by position alone; all points of a Chebyshev grid."""

from __future__ import annotations

from functools import cache
from math import factorial

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

FloatArray = NDArray[np.float64]

POINTS = 8
BEFORE = POINTS // 2 - 1
"""Neighbours on the left of the cell that a position falls into."""

ERROR_CONSTANT = float(np.prod((np.arange(POINTS) - (POINTS - 1) / 2) ** 2) ** 0.5 / factorial(POINTS))
"""The error in the middle of the cell is at most this times spacing**8 times the eighth derivative."""


@cache
def _polynomials() -> FloatArray:
    """Coefficients of the basis polynomials in the position inside the cell; (power, neighbour)."""
    nodes = np.arange(POINTS) - BEFORE
    return np.asarray(np.linalg.inv(np.vander(nodes.astype(float), increasing=True)))


@cache
def gauss_legendre(nodes: int) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights on [-1, 1]."""
    return np.polynomial.legendre.leggauss(nodes)


def stencil(positions: FloatArray, derivative: bool = False) -> tuple[NDArray[np.int64], FloatArray]:
    """First neighbour and weights (position, neighbour) of positions counted in grid steps from the first point.

    The weights give the value there, or its derivative by the position.
    """
    cell = np.floor(positions).astype(np.int64)
    powers = np.vander(positions - cell, POINTS, increasing=True)
    if derivative:
        powers = np.hstack([np.zeros((len(powers), 1)), powers[:, :-1] * np.arange(1, POINTS)])
    return cell - BEFORE, powers @ _polynomials()


def interpolated(values: FloatArray, positions: FloatArray, derivative: bool = False) -> FloatArray:
    """Grid functions (..., point), flat beyond their ends, at positions counted in grid steps; (..., position)."""
    held = np.clip(positions, -1.0, float(values.shape[-1]))
    first, weights = stencil(held, derivative)
    near = np.clip(first[:, None] + np.arange(POINTS), 0, values.shape[-1] - 1)
    return np.asarray((values[..., near] * weights).sum(axis=-1))


def running_integral(values: FloatArray) -> FloatArray:
    """Integral of a grid function from its first point to each point, in grid steps; flat beyond both ends."""
    weights = _polynomials().T @ (1.0 / np.arange(1, POINTS + 1))
    padded = np.concatenate([np.full(BEFORE, values[0]), values, np.full(POINTS - BEFORE - 1, values[-1])])
    cells = np.convolve(padded, weights[::-1], mode="valid")[: len(values) - 1]
    return np.concatenate([[0.0], np.cumsum(cells)])


def interpolation_matrix(positions: FloatArray, size: int) -> csr_array:
    """Matrix (position, grid point) that interpolates; positions must leave room for their neighbours."""
    first, weights = stencil(positions)
    columns = (first[:, None] + np.arange(POINTS)).ravel()
    starts = np.arange(0, POINTS * len(positions) + 1, POINTS)
    return csr_array((weights.ravel(), columns, starts), shape=(len(positions), size))


def chebyshev_nodes(low: float, high: float, count: int) -> FloatArray:
    """Chebyshev points of the second kind, rising from ``low`` to ``high``; (node,)."""
    unit = np.cos(np.pi * np.arange(count)[::-1] / (count - 1))
    return np.asarray(low + (high - low) * 0.5 * (1.0 + unit), np.float64)


def chebyshev_matrix(nodes: FloatArray, x: FloatArray) -> FloatArray:
    """Matrix (x, node) of barycentric interpolation from Chebyshev points (Berrut & Trefethen, SIAM Review 2004)."""
    signs = (-1.0) ** np.arange(len(nodes))
    signs[[0, -1]] *= 0.5
    distance = x[:, None] - nodes[None, :]
    exact = np.abs(distance) < 1e-15 * max(1.0, float(np.abs(nodes).max()))
    distance[exact] = 1.0
    terms = signs / distance
    matrix = terms / terms.sum(axis=1, keepdims=True)
    matrix[exact.any(axis=1)] = exact[exact.any(axis=1)].astype(float)
    return np.asarray(matrix)


def carried(values: NDArray[np.complex128], onto: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Real and imaginary part, (frequency, x) each, of values at nodes (frequency, node); ``onto``: (x, node)."""
    both = np.concatenate([values.real, values.imag])
    found = np.einsum("jc,cx->jx", both, np.ascontiguousarray(onto.T))  # no BLAS: its threads cost more
    return found[: len(values)], found[len(values) :]
