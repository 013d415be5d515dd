"""The same people with costs more or less unequal: every category keeps its mean, its spread is scaled."""

from __future__ import annotations

import numpy as np
from scipy.optimize import brentq

from simdce import calibration
from simdce.errors import InputError
from simdce.population import mortality
from simdce.scenario import CategoryCost, EmpiricalCost, GammaCost, LognormalCost, Scenario
from simdce.scenario.people import MixtureCost
from simdce.slots import calendar_year_law


def has_spread(scenario: Scenario) -> bool:
    """Whether any category's law has a spread to scale; people of a file are who they are."""
    return any(not isinstance(getattr(scenario.cost, name), EmpiricalCost) for name in _present(scenario))


def spread_scaled(scenario: Scenario, factor: float) -> Scenario:
    """The scenario with every category's coefficient of variation times ``factor``, costs from a file as they are.

    Raises InputError for a law that no such spread can have.
    """
    laws = {
        name: _scaled(scenario, name, factor)
        for name in _present(scenario)
        if not isinstance(getattr(scenario.cost, name), EmpiricalCost)
    }
    return scenario.model_copy(update={"cost": scenario.cost.model_copy(update=laws)})


def _present(scenario: Scenario) -> list[str]:
    return [name for name in calibration.CATEGORIES if scenario.mix[name] > 0]


def _scaled(scenario: Scenario, category: str, factor: float) -> CategoryCost:
    law = getattr(scenario.cost, category)
    if isinstance(law, LognormalCost | GammaCost):
        return law.model_copy(update={"cv": law.cv * factor})
    if isinstance(law, MixtureCost):
        weights, means, log_sds = law.weights, law.means, law.log_sds
    else:
        at_level = scenario.cost.level * (1.0 - 0.5 * mortality(scenario)[category])
        frozen = calendar_year_law(scenario, category)
        weights, log_sds = frozen.weights, frozen.log_sds  # type: ignore[attr-defined]
        means = tuple(mean / at_level for mean in frozen.means)  # type: ignore[attr-defined]
    wider = _widening(weights, means, log_sds, factor)
    scaled = tuple(wider * log_sd for log_sd in log_sds)
    return MixtureCost(law="mixture", weights=weights, means=means, log_sds=scaled)


def _widening(weights: tuple[float, ...], means: tuple[float, ...], log_sds: tuple[float, ...], factor: float) -> float:
    """What every log standard deviation is multiplied by for ``factor`` times the coefficient of variation."""
    mean = float(np.dot(weights, means))

    def squared_cv(wider: float) -> float:
        second = np.dot(weights, np.square(means) * np.exp(np.square(wider * np.array(log_sds))))
        return float(second) / mean**2 - 1.0

    wanted = factor**2 * squared_cv(1.0)
    if wanted <= squared_cv(0.0):
        raise InputError("no such law of cost has so small a spread", key="cost", value=factor)
    return float(brentq(lambda wider: squared_cv(wider) - wanted, 0.0, 1.0 + factor))
