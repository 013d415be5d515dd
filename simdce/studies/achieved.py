"""What the frozen slot achieves against what it was calibrated to: the table an actuary asks for first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from simdce import calibration
from simdce.population import causes
from simdce.scenario import Scenario
from simdce.slot_law.moments import SlotMoments, lag_correlations, slot_moments, top_shares
from simdce.slots import slot_laws

TOPS = (0.01, 0.05, 0.10, 0.20, 0.50)


@dataclass(frozen=True)
class Achieved:
    """One figure of the frozen tables beside its target (None where there is none)."""

    name: str
    category: str
    achieved: float
    target: float | None
    source: str


def achieved(scenario: Scenario) -> list[Achieved]:
    """Every figure of the frozen slots of a scenario, exact, by category and for the whole panel.

    Targets are those of the calibration; a scenario with its own laws departs from them on purpose.
    """
    return [*_by_category(scenario), *_pooled(scenario)]


def _by_category(scenario: Scenario) -> Iterator[Achieved]:
    year = scenario.panel.price_year
    for category, law in slot_laws(scenario).items():
        moments = slot_moments(law)
        truncated = calibration.sourced("truncated_mean", year)
        mean = calibration.default("mean_2019")[category] * calibration.price_level(category, year)
        yield Achieved("mean, $ per person-year", category, moments.mean, mean, "calibration")
        yield Achieved("truncated mean", category, moments.truncated_mean, truncated.value[category], truncated.source)
        yield Achieved("coefficient of variation", category, moments.cv, None, "")
        yield Achieved("the same, truncated", category, moments.truncated_cv, None, "")
        lags = calibration.sourced("lag_correlations")
        for number, (found, target) in enumerate(zip(lag_correlations(law), lags.value[category], strict=True), 1):
            yield Achieved(f"lag-{number} correlation", category, found, target, lags.source)
        deaths = calibration.sourced("mortality")
        yield Achieved("deaths a year", category, moments.mortality, deaths.value[category], deaths.source)


def _pooled(scenario: Scenario) -> Iterator[Achieved]:
    laws = slot_laws(scenario)
    shares = [scenario.mix[name] for name in laws]
    moments = [slot_moments(law) for law in laws.values()]
    for name, key in (("coefficient of variation", "cv"), ("the same, truncated", "truncated_cv")):
        target = calibration.sourced(f"pooled_{key}")
        yield Achieved(name, "all", _pooled_cv(shares, moments, truncated="trunc" in key), target.value, target.source)
    target = calibration.sourced("top_shares")
    for top, found, wanted in zip(TOPS, top_shares(list(laws.values()), shares, TOPS), target.value, strict=True):
        yield Achieved(f"dollars of the top {100 * top:g}%", "all", found, wanted, target.source)
    dead = np.array([share * each.mortality for share, each in zip(shares, moments, strict=True)])
    living = np.array(shares) - dead
    cost = np.array([each.mean * each.presence for each in moments])
    multiple = np.array([each.decedent_multiple for each in moments])
    survivor_cost = cost / (1.0 + np.array([each.mortality for each in moments]) * (np.nan_to_num(multiple) - 1.0))
    pooled = (dead @ (survivor_cost * np.nan_to_num(multiple)) / dead.sum()) / (living @ survivor_cost / living.sum())
    target = calibration.sourced("decedent_cost_multiple")
    yield Achieved("decedents' cost over survivors'", "all", float(pooled), target.value, target.source)
    leave = sum(
        share * (each.mortality + (1.0 - each.mortality) * each.leave)
        for share, each in zip(shares, moments, strict=True)
    )
    target = calibration.sourced("annual_turnover")
    yield Achieved("turnover a year", "all", leave, target.value, target.source)
    for cause, share in causes(scenario).items():
        yield Achieved(f"  of which {cause.replace('_', ' ')}", "all", share, None, "")


def _pooled_cv(shares: list[float], moments: list[SlotMoments], *, truncated: bool) -> float:
    """Coefficient of variation of calendar-year dollars over everybody."""
    means = np.array([(each.truncated_mean if truncated else each.mean) * each.presence for each in moments])
    cvs = np.array([each.truncated_cv if truncated else each.cv for each in moments])
    mean = float(np.dot(shares, means))
    second = float(np.dot(shares, means**2 * (1.0 + cvs**2)))
    return float(np.sqrt(second - mean**2) / mean)
