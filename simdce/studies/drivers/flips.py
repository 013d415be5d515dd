"""The value of an input at which a verdict turns: found on common worlds, with the error that the worlds leave.

On the same worlds the expected margin is a deterministic function of the input. Signs are looked at on a grid from the
base outwards and the nearest change is closed in on; the error of the value is that of the margin there over its slope
(delta method). An input that makes other people (turnover, spread of cost) is only sought between its plausible ends,
because every value tried is a simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from simdce import metrics
from simdce.metrics import Estimate, FloatArray
from simdce.studies.break_even import sign_changes

NOTHING = 0.5
"""Expected dollars that count as nought."""

REACH = 5.0
"""As many times as far as an input could plausibly lie it is sought, where nobody has to be simulated again."""

_DECIMALS = 12
_STEPS = 6
_HALF_STEP = 0.1
"""Of the plausible distance, for the slope: wide enough that single worlds at a gate do not make it."""
_PRECISION = 1e-6
_CLOSE = 0.01
"""Of the plausible distance, where each value tried is a simulation."""

Margins = Callable[[float], FloatArray]
"""Dollars by which the verdict holds in every world, at a value of the input."""


@dataclass(frozen=True)
class Flip:
    """Where the verdict turns: the value, its error, and whether the margin is positive above it."""

    at: Estimate
    upwards: bool


def searched(
    base: float, ends: tuple[float, float], bounds: tuple[float, float], *, simulates: bool
) -> tuple[float, float]:
    """The lowest and highest value at which a flip is looked for."""
    reach = 1.0 if simulates else REACH
    low, high = (round(base + reach * (end - base), _DECIMALS) for end in ends)
    return float(max(low, bounds[0])), float(min(high, bounds[1]))


def flip(
    margins: Margins, base: float, between: tuple[float, float], ends: tuple[float, float], *, simulates: bool
) -> Flip | None:
    """The change of sign nearest to the base between two values; None where there is none."""
    steps = 1 if simulates else _STEPS
    grid = np.unique(
        np.concatenate([np.linspace(between[0], base, steps + 1), np.linspace(base, between[1], steps + 1)])
    )
    values = np.array([_mean(margins(float(value))) for value in grid])
    distance = max(abs(end - base) for end in ends) or 1.0
    precision = (_CLOSE if simulates else _PRECISION) * distance
    roots = [
        float(brentq(lambda value: _mean(margins(value)), grid[low], grid[high], xtol=precision))
        for low, high in _nearest(grid, values, base)
    ]
    if not roots:
        return None
    root = min(roots, key=lambda value: abs(value - base))
    return Flip(*_error(margins, root, between, (_HALF_STEP if not simulates else 2 * _HALF_STEP) * distance))


def nested_flip(
    margins_at: Callable[[Sequence[float]], list[FloatArray]], grid: Sequence[float], base: float
) -> Flip | None:
    """The same where all values of a grid are simulated at once, and a second grid between two of them."""
    sizes = np.array(grid)
    values = np.array([_mean(each) for each in margins_at(grid)])
    found = []
    for low, high in _nearest(sizes, values, base):
        fine = np.unique(np.round(np.geomspace(sizes[low], sizes[high], 2 * _STEPS + 1)))
        margins = margins_at(list(fine))
        means = np.array([_mean(each) for each in margins])
        for left, right in sign_changes(means)[:1]:
            share = means[left] / (means[left] - means[right])
            at = float(fine[left] + share * (fine[right] - fine[left]))
            slope = (values[high] - values[low]) / (sizes[high] - sizes[low])
            found.append(Flip(Estimate(at, metrics.mean(margins[left]).standard_error / abs(slope)), bool(slope > 0)))
    return min(found, key=lambda each: abs(each.at.value - base), default=None)


def side(margins: FloatArray) -> int:
    """On which side of nought the expected margin is: −1, 1, or 0 where it is nought."""
    mean = _mean(margins)
    return 0 if abs(mean) < NOTHING else int(np.sign(mean))


def _nearest(grid: FloatArray, values: FloatArray, base: float) -> list[tuple[int, int]]:
    """The change of sign nearest to the base on either side of it."""
    changes = sign_changes(np.where(np.abs(values) < NOTHING, 0.0, values))
    below = [pair for pair in changes if grid[pair[1]] <= base]
    above = [pair for pair in changes if grid[pair[0]] >= base]
    across = [pair for pair in changes if grid[pair[0]] < base < grid[pair[1]]]
    return [*below[-1:], *across, *above[:1]]


def _error(margins: Margins, root: float, between: tuple[float, float], step: float) -> tuple[Estimate, bool]:
    low, high = max(root - step, between[0]), min(root + step, between[1])
    slope = (_mean(margins(high)) - _mean(margins(low))) / (high - low)
    error = metrics.mean(margins(root)).standard_error / abs(slope) if slope != 0 else float("nan")
    return Estimate(root, error), slope > 0


def _mean(amounts: FloatArray) -> float:
    return float(amounts.mean())
