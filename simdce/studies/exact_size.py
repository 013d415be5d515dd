"""The smallest panel at which a stated confidence holds, to the person, by the exact law, and its range over inputs.

The size is where the condition holds with that many people and not with one fewer, and at every larger size looked at
(a factor of two or four apart). People come in whole numbers by category, so that a chance wiggles from one size to the
next by as much as one or two people more would move it: that is how far "from here on" is meant. The range moves one
input at a time to either end of what is known of it (``input_ranges.toml``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from math import exp, floor, log
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from simdce.scenario import Scenario, ViabilityCondition
from simdce.sourced import Term, read_terms, read_toml
from simdce.studies.exact_chance import SMALLEST, ExactChances

FEWEST, MOST = SMALLEST, 1_000_000
"""People between which a size is sought; under the first, categories of a handful of people are beyond the law."""

_LOOKED_AT = (FEWEST, *(1_000 * 2**number for number in range(8)), MOST // 2, MOST)
_STEP = 1.2
_LEAST = 1e-300  # as good as nought, with a sign
_CLOSE = 0.003
"""Of a size at an end of an input's range: the range is not meant to the person."""

_FILE = Path(__file__).with_name("input_ranges.toml")

Margin = Callable[[int], float]


@dataclass(frozen=True)
class AtEnds:
    """The smallest panel with one input at the lowest and at the highest of its range; None beyond the largest."""

    name: str
    ends: tuple[float, float]
    sizes: tuple[int | None, int | None]


@dataclass(frozen=True)
class ExactSize:
    """The smallest panel in people, FEWEST where it holds from there on, None where not even at MOST.

    ``low`` and ``high``: the smallest and the largest of the sizes with an input at an end of its range.
    """

    smallest: int | None
    low: int | None
    high: int | None
    inputs: tuple[AtEnds, ...]


@cache
def input_ranges() -> dict[str, Term]:
    """Lowest and highest value of the inputs that matter, with their sources."""
    return read_terms(read_toml(_FILE), _FILE.name)


def exact_size(chances: ExactChances, arrangement: str, condition: ViabilityCondition) -> ExactSize:
    """The smallest panel of one condition over a year under one arrangement.

    Ends of inputs are tried in the middle performance year, and their proportions carried over to the average year.
    """
    middle = (chances.scenario.years.performance // 2,)

    def margin(years: tuple[int, ...] | None = None, *, between: bool = False, **inputs: float) -> Margin:
        outcome, saved = condition.outcome, condition.true_savings

        def of_size(size: int) -> float:
            found = chances.average(arrangement, outcome, saved, size, years=years, between=between, **inputs)
            return _margin(found, condition)

        return cache(of_size)

    smallest = smallest_size(margin(), margin(middle), margin(between=True))
    if smallest is None:
        return ExactSize(None, None, None, ())
    alone = nearby(margin(middle, between=True), smallest)
    years, base = (middle, alone) if alone not in (None, FEWEST) else (None, smallest)
    inputs = []
    for name, (low, high) in _ranges(chances.scenario).items():
        found = [nearby(margin(years, between=True, **{name: end}), smallest) for end in (low, high)]
        sizes = [None if size is None else _within(smallest * size / (base or smallest)) for size in found]
        inputs.append(AtEnds(name, (low, high), (sizes[0], sizes[1])))
    tried = [smallest, *(size for each in inputs for size in each.sizes)]
    known = [size for size in tried if size is not None]
    return ExactSize(smallest, min(known), None if None in tried else max(known), tuple(inputs))


def smallest_size(margin: Margin, like_it: Margin, close: Margin | None = None) -> int | None:
    """The size from which ``margin`` stays at nought or above; None where it does not at the largest.

    ``like_it``: a margin of about the same course, cheaper, that finds where to look; ``close``: one that is all but
    the same, cheaper where many sizes are asked for.
    """
    grid = _LOOKED_AT
    first = next((number + 1 for number in reversed(range(len(grid))) if like_it(grid[number]) < 0), 0)
    while first < len(grid) and margin(grid[first]) < 0:
        first += 1
    while first > 0 and margin(grid[first - 1]) >= 0:
        first -= 1
    if first in (0, len(grid)):
        return grid[0] if first == 0 else None
    low, high = grid[first - 1], grid[first]
    return crossing(margin, low, high) if close is None else _to_the_person(margin, close, low, high)


def _to_the_person(margin: Margin, close: Margin, low: int, high: int) -> int:
    """The crossing of ``margin`` between two sizes, by that of ``close`` moved to ``margin`` where it first crosses."""

    def moved(by: float) -> int:
        held = {low: min(close(low) + by, -_LEAST), high: max(close(high) + by, _LEAST)}
        return _root(lambda size: held[size] if size in held else close(size) + by, low, high)

    first = moved(0.0)
    return _next_to_failing(margin, moved(margin(first) - close(first)), low, high)


def nearby(margin: Margin, size: int) -> int | None:
    """The size from which ``margin`` is at nought or above, sought from ``size`` outwards; None beyond the largest."""
    low = high = size
    if margin(size) < 0:
        while margin(high) < 0:
            if high == MOST:
                return None
            low, high = high, _within(high * _STEP + 1)
    else:
        while margin(low) >= 0:
            if low == FEWEST:
                return low
            low, high = _within(low / _STEP - 1), low
    return crossing(margin, low, high, _CLOSE)


def crossing(margin: Margin, low: int, high: int, close: float = 0.0) -> int:
    """The whole number between one that fails and a larger one that does not, next to its failing neighbour.

    Or, with ``close``, one that is by no more than such a fraction larger than a failing one.
    """
    return _next_to_failing(margin, _root(margin, low, high, close), low, high, close)


def _root(margin: Margin, low: int, high: int, close: float = 0.0) -> int:
    """A whole number near the crossing, by Brent's method in the log of the size."""
    found = brentq(
        lambda at: margin(round(exp(at))) or _LEAST, log(low), log(high), xtol=max(close, 1 / high), rtol=1e-9
    )
    return min(max(round(exp(found)), low), high)


def _next_to_failing(margin: Margin, size: int, low: int, high: int, close: float = 0.0) -> int:
    """The crossing between two sizes from one that is near it, by growing steps and halves."""
    step = max(1, floor(close * high))
    if margin(size) < 0:
        while margin(size) < 0:
            low, size, step = size, min(size + step, high), 2 * step
        high = size
    else:
        while margin(size) >= 0:
            high, size, step = size, max(size - step, low), 2 * step
        low = size
    while high - low > max(1.0, close * high):
        middle = (low + high) // 2
        low, high = (middle, high) if margin(middle) < 0 else (low, middle)
    return high


def _margin(chance: float, condition: ViabilityCondition) -> float:
    """How far a chance is on the right side of what is asked for, in standard deviations of a normal law."""
    asked = condition.at_most if condition.at_least is None else condition.at_least
    found = float(np.diff(ndtri(np.clip([asked or 0.0, chance], 1e-12, 1.0 - 1e-12)))[0])
    return -found if condition.at_least is None else found


def _ranges(scenario: Scenario) -> dict[str, tuple[float, float]]:
    """Lowest and highest of each input that the scenario leaves at its calibrated value, as ``chance`` names it."""
    known = {name: tuple(term.at().value) for name, term in input_ranges().items()}
    found = {"noise": known["noise_per_person"]}
    if scenario.shocks.preset == "forecast" and scenario.shocks.annual_sd is None:
        found["annual_sd"] = known["annual_shock_sd"]
    return {name: (float(low), float(high)) for name, (low, high) in found.items()}


def _within(size: float) -> int:
    return min(max(round(size), FEWEST), MOST)
