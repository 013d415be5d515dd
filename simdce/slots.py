"""From a scenario to the frozen slot of every category: cost laws with knobs, deaths, leaving, truncation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simdce import calibration
from simdce.costs import CostLaw
from simdce.costs.catastrophic import CatastrophicTail
from simdce.costs.empirical import read_costs
from simdce.costs.gamma import gamma
from simdce.costs.lognormal_mixture import LognormalMixture, lognormal
from simdce.costs.scaled import Scaled
from simdce.errors import InputError
from simdce.population import leaving_chance, mortality
from simdce.scenario import CalibratedCost, CategoryCost, EmpiricalCost, GammaCost, LognormalCost, Scenario
from simdce.slot_law import SlotLaw, SlotModel, frozen, snapped, tail_cell_means
from simdce.slot_law.classes import tail_grid
from simdce.slot_law.deaths import solved_steepness
from simdce.slot_law.layout import OutOfReachError
from simdce.slot_law.stop_loss import StopLoss

_KEYS = {
    "lag_1_correlation": "persistence.lag_1_correlation",
    "joiner_multiple": "turnover.joiner_cost_multiple",
    "steepness": "turnover.decedent_cost_multiple",
    "kept": "persistence.class_kept",
    "law": "cost.level",
    "explained": "risk_scores.explained_variance",
}
"""The key of a scenario that asks for what the frozen slot cannot give."""


_TABLES = ("cost", "persistence", "turnover", "truncation", "risk_scores", "stop_loss")
_READ: dict[str, Any] = {"panel": {"mix", "price_year"}, **dict.fromkeys(_TABLES, True)}
"""Tables of a scenario that slots are made of."""

_KNOWN: dict[tuple[str, bool], dict[str, SlotLaw]] = {}
_MOST_KNOWN = 16


def slot_laws(scenario: Scenario) -> dict[str, SlotLaw]:
    """The integer tables of every category with people in it; raises InputError when no table can meet the scenario."""
    key = _read_of(scenario)
    if key is not None and key in _KNOWN:
        return dict(_KNOWN[key])
    try:
        found = _slot_laws(scenario)
    except OutOfReachError as error:
        raise InputError(str(error), key=_KEYS[error.wish]) from error
    if key is not None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        _KNOWN[key] = dict(found)
    return found


def _read_of(scenario: Scenario) -> tuple[str, bool] | None:
    """What tables are made of; None where a file of costs is, which may change."""
    if any(isinstance(law, EmpiricalCost) for _, law in scenario.cost):
        return None
    return scenario.model_dump_json(include=_READ), scenario.elects_stop_loss


def stop_loss(scenario: Scenario) -> StopLoss:
    """The scenario's stop-loss, or the calibrated one."""
    chosen = scenario.stop_loss
    if chosen.attachments is None or chosen.payout_rates is None:
        default = calibration.default("stop_loss")
        return StopLoss(tuple(default["attachments"]), tuple(default["payout_rates"]))
    return StopLoss(chosen.attachments, chosen.payout_rates)


def _slot_laws(scenario: Scenario) -> dict[str, SlotLaw]:
    present = [name for name, share in scenario.mix.items() if share > 0]
    deaths = mortality(scenario)
    national = {name: calendar_year_law(scenario, name) for name in present}
    laws = {name: with_catastrophic_claims(scenario, national[name]) for name in present}
    steepness = calibration.default("death_steepness")
    if scenario.turnover.decedent_cost_multiple is not None:
        edges = tail_grid()
        steepness = snapped(
            solved_steepness(
                scenario.turnover.decedent_cost_multiple,
                [scenario.mix[name] for name in present],
                [deaths[name] for name in present],
                [tail_cell_means(laws[name], edges) for name in present],
                edges,
            )
        )
    leave = leaving_chance(scenario)
    persistence = scenario.persistence
    explained = scenario.risk_scores.explained_variance
    joiner = scenario.turnover.joiner_cost_multiple
    frozen_slots = {}
    for name in present:
        kept, lag_1 = persistence.class_kept, persistence.lag_1_correlation
        frozen_slots[name] = frozen(
            SlotModel(
                law=laws[name],
                mortality=deaths[name],
                steepness=steepness,
                kept=calibration.default("class_kept")[name] if kept is None else kept,
                coupling=calibration.default("class_coupling")[name],
                lag_1_correlation=lag_1,
                leave=leave,
                truncation=truncation_point(scenario, name, national[name]),
                joiner_multiple=calibration.default("joiner_cost_multiple") if joiner is None else joiner,
                explained=calibration.default("score_explained_variance") if explained is None else explained,
                explained_strict=explained is not None,
                stop_loss=stop_loss(scenario) if scenario.elects_stop_loss else None,
            )
        )
    return frozen_slots


def calendar_year_law(scenario: Scenario, category: str) -> CostLaw:
    """Dollars of a calendar year at the price year, before catastrophic knobs.

    The mean is stated per person-year; a calendar year holds less of it, because decedents are here half a year.
    """
    choice: CategoryCost | None = getattr(scenario.cost, category)
    presence = 1.0 - 0.5 * mortality(scenario)[category]
    level = scenario.cost.level * presence
    if choice is None or isinstance(choice, CalibratedCost):
        mean = choice.mean if choice is not None and choice.mean is not None else calibrated_mean(scenario, category)
        return _calibrated_shape(category, mean * level)
    if isinstance(choice, LognormalCost | GammaCost):
        by_moments = lognormal if isinstance(choice, LognormalCost) else gamma
        try:
            return by_moments(choice.mean * level, choice.cv, choice.zero_share)
        except ValueError as error:
            raise InputError(str(error), key=f"cost.{category}.cv", value=choice.cv) from error
    if isinstance(choice, EmpiricalCost):
        return Scaled(read_costs(Path(choice.file), choice.column, choice.weight_column), level)
    return Scaled(LognormalMixture(choice.weights, choice.means, choice.log_sds), level)


def calibrated_mean(scenario: Scenario, category: str) -> float:
    """Calibrated dollars per person-year of a category in the price year."""
    level = calibration.price_level(category, scenario.panel.price_year)
    return float(calibration.default("mean_2019")[category] * level)


def with_catastrophic_claims(scenario: Scenario, law: CostLaw) -> CostLaw:
    """``law`` with the scenario's catastrophic knobs, or itself when they are neutral."""
    knobs = scenario.cost.catastrophic
    if knobs.frequency_multiplier == knobs.severity_multiplier == 1.0 and knobs.pareto_index is None:
        return law
    return CatastrophicTail(
        law, 1.0 - knobs.above_quantile, knobs.frequency_multiplier, knobs.severity_multiplier, knobs.pareto_index
    )


def truncation_point(scenario: Scenario, category: str, law: CostLaw) -> float | None:
    """Dollars where a category's counted cost is cut off, None for no truncation.

    A percentile is that of the law before catastrophic knobs: CMS sets it on the nation, not on this panel.
    """
    rule = scenario.truncation
    if isinstance(rule.dollars, dict):
        by_category: dict[str, float] = {**rule.dollars}  # type: ignore[dict-item]
        return by_category[category]
    if rule.dollars is not None:
        return rule.dollars
    percentile = calibration.default("truncation_percentile") if rule.percentile is None else rule.percentile
    return None if percentile == 1.0 else float(law.upper_quantile(np.array([1.0 - percentile]))[0])


def _calibrated_shape(category: str, mean: float) -> LognormalMixture:
    shape = calibration.default("shape")[category]
    acute, acute_mean = shape["acute_weight"], shape["acute_mean"]
    ambulatory = 1.0 - shape["zero_share"] - acute
    ambulatory_mean = (1.0 - acute * acute_mean) / ambulatory
    return LognormalMixture(
        (ambulatory, acute),
        (ambulatory_mean * mean, acute_mean * mean),
        (shape["ambulatory_log_sd"], shape["acute_log_sd"]),
    )
