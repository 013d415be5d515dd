"""What no panel size averages out, laid over the law of log(E/B): every shock multiplies, so its logarithm is a shift.

F(x) becomes Σ_z w_z F(x - shift(z)), a sum over Gauss-Legendre nodes z of the standard normal law between its kinks.
On a uniform grid each shift is the same few weights everywhere, so all nodes make one kernel and one convolution.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from itertools import pairwise
from math import floor, log2
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simdce.exact.interpolation import POINTS, gauss_legendre, stencil

FloatArray = NDArray[np.float64]

FARTHEST = 8.2
"""Standard deviations at which a simulated draw ends too; beyond lies a chance of 2e-16."""

NODES = 10
NOTHING = 1e-15


@dataclass(frozen=True)
class Shock:
    """A standard normal draw z that multiplies E/B: ``factor`` of z, smooth between ``kinks`` (values of z).

    ``scale``: standard deviation of the logarithm of the factor, about. ``of``: which of the two it strikes.
    """

    factor: Callable[[FloatArray], FloatArray]
    scale: float
    kinks: tuple[float, ...] = ()
    of: Literal["expenditure", "benchmark"] = "benchmark"

    def striking(self, share: float) -> Shock:
        """The shock where it strikes only a share of the expenditure or the benchmark."""
        return self if share == 1.0 else replace(self, factor=partial(self._part, share), scale=self.scale * share)

    def _part(self, share: float, z: FloatArray) -> FloatArray:
        return 1.0 + share * (self.factor(z) - 1.0)


def shaken(cdf: FloatArray, start: float, step: float, deviation: float, shock: Shock) -> tuple[FloatArray, float]:
    """The cdf on a wider grid of the same step, and where that grid starts; ``deviation`` of the law before."""
    half_octave = floor(2.0 * log2(min(1.0, deviation / shock.scale)))
    nodes, weights = _quadrature(shock.kinks, 2.0 ** (half_octave / 2))
    shifts = np.log(shock.factor(nodes)) / step
    first, near = stencil(-shifts)
    margin = int(np.abs(first).max()) + POINTS
    kernel = np.bincount(
        (first[:, None] + np.arange(POINTS) + margin).ravel(), (weights[:, None] * near).ravel(), 2 * margin + 1
    )
    padded = np.concatenate([np.zeros(2 * margin), cdf, np.ones(2 * margin)])
    length = 1 << (len(padded) + len(kernel)).bit_length()
    product = np.fft.irfft(np.fft.rfft(padded, length) * np.fft.rfft(kernel[::-1], length), length)
    found = product[len(kernel) - 1 : len(padded)]
    used = np.flatnonzero((found > NOTHING) & (found < 1.0 - NOTHING))
    low, high = max(int(used[0]) - POINTS, 0), min(int(used[-1]) + POINTS, len(found) - 1)
    return found[low : high + 1], start + (low - margin) * step


@lru_cache(maxsize=256)
def _quadrature(kinks: tuple[float, ...], widest: float) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of the standard normal law, in panels at most so wide and never across a kink."""
    edges = np.unique([-FARTHEST, *(kink for kink in kinks if abs(kink) < FARTHEST), FARTHEST])
    panels = [np.linspace(low, high, int(np.ceil((high - low) / widest)) + 1) for low, high in pairwise(edges)]
    cuts = np.unique(np.concatenate(panels))
    unit, share = gauss_legendre(NODES)
    half, middle = 0.5 * np.diff(cuts), 0.5 * (cuts[1:] + cuts[:-1])
    nodes = (middle[:, None] + half[:, None] * unit).ravel()
    weights = (half[:, None] * share).ravel() * np.exp(-0.5 * nodes**2)
    return nodes, np.asarray(weights / weights.sum())
