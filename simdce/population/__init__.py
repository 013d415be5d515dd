"""Who is aligned: how many slots each entitlement category has, and how often they change hands."""

from __future__ import annotations

from collections.abc import Mapping
from math import fsum

import numpy as np
from numpy.typing import NDArray

from simdce import calibration
from simdce.scenario import Scenario
from simdce.scenario.consistency import ROUNDING


def slots_by_category(sizes: tuple[int, ...], mix: Mapping[str, float]) -> NDArray[np.int64]:
    """Slots of each category in each panel; shape (panel size, category), rows adding up to the sizes.

    Seats by the method of Webster: a larger panel never has fewer people of a category, so that smaller panels are the
    first slots of larger ones, whatever other sizes stand beside them (Balinski & Young, Fair Representation, 1982).
    """
    shares = np.array([mix[name] for name in calibration.CATEGORIES])
    return np.stack([_seats(size, shares) for size in sizes])


def _seats(size: int, shares: NDArray[np.float64]) -> NDArray[np.int64]:
    seats = np.rint(size * shares).astype(np.int64)
    while seats.sum() < size:
        seats[int(np.argmax(shares / (2 * seats + 1)))] += 1
    while seats.sum() > size:
        seats[int(np.argmin(np.where(seats > 0, shares / np.maximum(2 * seats - 1, 1), np.inf)))] -= 1
    return seats


def mortality(scenario: Scenario) -> dict[str, float]:
    """Deaths per person and year by category."""
    chosen = scenario.turnover.mortality or {}
    return {name: float(chosen.get(name, rate)) for name, rate in calibration.default("mortality").items()}


def leaving_chance(scenario: Scenario) -> float:
    """Chance that a survivor of any category leaves within the year."""
    deaths = _dying(scenario)
    return departures(scenario) / (1.0 - deaths)


def departures(scenario: Scenario) -> float:
    """Share of the panel that leaves alive each year: annual turnover less deaths.

    Raises ValueError when deaths alone exceed the turnover.
    """
    annual = scenario.turnover.annual
    annual = calibration.default("annual_turnover") if annual is None else annual
    deaths = _dying(scenario)
    if annual < deaths - ROUNDING:
        raise ValueError(f"annual turnover of {annual:.3g} is below deaths of {deaths:.3g}")
    return max(float(annual - deaths), 0.0)


def _dying(scenario: Scenario) -> float:
    """Share of the panel that dies in a year, to the same last bit in every Python (sum() changed in 3.12)."""
    return fsum(scenario.mix[name] * rate for name, rate in mortality(scenario).items())


def causes(scenario: Scenario) -> dict[str, float]:
    """Share of the panel lost each year by cause, death first; adds up to the annual turnover."""
    split = scenario.turnover.causes
    weights = dict(split) if split is not None else calibration.default("turnover_causes")
    leaving = departures(scenario)
    total = sum(weights.values())
    deaths = _dying(scenario)
    return {"death": deaths, **{cause: leaving * weight / total for cause, weight in weights.items()}}
