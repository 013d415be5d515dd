"""The benchmark chain against a second one in plain Python, one world and category at a time, from the published rules.

Numbers and order are written down from 42 CFR 425.601 to 425.659, CMS's ACO REACH quick references of 2025 and 2026 and
notes on LEAD, not read from the arrangements' files; only the simulated panels are shared.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from simdce.scenario import Scenario, build_scenario
from simdce.settlements import experience
from simdce.studies.payment import Lived
from simdce.worlds import PanelYears, simulate

BASELINE, GAP, FIRST = 3, 5, 2025  # 2017 to 2019; performance years 2025 and 2026
CODING, AGEING, TREND, PRICES = 0.003, 0.001, 0.05, 2019
REGION, PRIOR, VOLUNTARY, QUALITY = 1.06, 0.04, 0.3, 0.7
MISMATCH, TREND_ERROR = 0.02, 0.04
EQUITY = {"highest_decile": 0.2, "second_decile": 0.15, "third_decile": 0.05, "lower_half": 0.3}
CATEGORIES = ("esrd", "disabled", "aged_dual", "aged_non_dual")
ESRD_APART, TOGETHER = [[0], [1, 2, 3]], [[0, 1, 2, 3]]


@cache
def simulated() -> tuple[Scenario, PanelYears]:
    scenario = build_scenario(
        {
            "title": "benchmarks worked out twice",
            "seed": 11,
            "worlds": 200,
            "panel": {"sizes": [1_000], "price_year": PRICES, "voluntary_share": VOLUNTARY, "health_equity": EQUITY},
            "years": {"first_performance_year": FIRST, "performance": 2, "baseline": BASELINE, "gap": GAP},
            "risk_scores": {"coding_growth": CODING, "demographic_growth": AGEING},
            "shocks": {"persistent_sd": MISMATCH, "trend_error_sd": TREND_ERROR},
            "benchmark": {"annual_trend": TREND, "regional_to_own_cost": REGION, "prior_savings": PRIOR},
            "arrangements": [
                {"name": "reach_global", "elections": {"quality_score": QUALITY, "retention_withhold": True}},
                {"name": "mssp_enhanced", "elections": {"agreement_start": 2024, "agreement_number": 1}},
                {"name": "lead_global_lower_spending", "elections": {"quality_score": QUALITY, "agreement_number": 2}},
            ],
        }
    )
    return scenario, simulate(scenario)


class World:
    """What one world hands to a benchmark, in the dollars of PRICES; ``year`` counts simulated years from 0."""

    def __init__(self, number: int, truncated: bool) -> None:
        self.panels = panels = simulated()[1]
        dollars = panels.truncated_dollars if truncated else panels.dollars
        expected = panels.expected_truncated_per_capita if truncated else panels.expected_per_capita
        self.national = [float(each) for each in expected]
        slots, absent, units = panels.slots[0], panels.absent_units[number, 0], panels.score_units[number, 0]
        years = range(BASELINE + GAP + 2)
        self.people = [[float(slots[c]) - float(absent[c, y]) / 32 for c in range(4)] for y in years]
        self.score = [
            [float(units[c, y]) / (1024 * 32) / self.people[y][c] / float(panels.expected_score[c]) for c in range(4)]
            for y in years
        ]
        self.cost = [[float(dollars[number, 0, c, y]) / self.people[y][c] for c in range(4)] for y in range(BASELINE)]
        self.mismatch = 1 + MISMATCH * float(panels.shocks["persistent"][number])
        self.surprise = [1 + TREND_ERROR * float(each) for each in panels.shocks["trend_error"][number]]

    def history(self, weights: tuple[float, ...]) -> list[float]:
        return [sum(weights[y] * self.cost[y][c] / self.score[y][c] for y in range(BASELINE)) for c in range(4)]

    def grown(self, year: int, c: int) -> float:
        since = max(year - (BASELINE - 1), 0)
        return self.score[year][c] * (1 + CODING) ** since * (1 + AGEING) ** since

    def average(self, amount: list[float], year: int) -> float:
        return sum(amount[c] * self.people[year][c] for c in range(4)) / sum(self.people[year])


def held(
    world: World, rate: list[float], groups: list[list[int]], here: int, then: int, rise: float, fall: float, age: bool
) -> list[float]:
    """Scores of the year ``here``, those of a group cut alike so that the benchmark moves by the cap at most."""
    found = [world.grown(here, c) for c in range(4)]
    around = (1 + AGEING) ** (here - max(then, BASELINE - 1)) if age else 1.0
    for group in groups:
        now = sum(rate[c] * world.people[here][c] * world.grown(here, c) for c in group)
        before = sum(rate[c] * world.people[here][c] * world.grown(then, c) for c in group)
        cut = min(max(now / before, around - fall), around + rise) / (now / before)
        for c in group:
            found[c] *= cut
    return found


def money(world: World, rate: list[float], scores: list[float], here: int) -> float:
    """Dollars of the performance year, the lasting mismatch included."""
    calendar = FIRST - BASELINE - GAP + here
    dollars = sum(rate[c] * scores[c] * world.people[here][c] for c in range(4))
    return dollars * (1 + TREND) ** (calendar - PRICES) * world.mismatch


def reach_global(world: World, number: int) -> float:
    here, history = BASELINE + GAP + number, world.history((0.1, 0.3, 0.6))

    def rate(weight: float) -> list[float]:
        effect = [weight * (REGION * world.national[c] - history[c]) for c in range(4)]
        overall, limit = world.average(effect, here), world.average(world.national, here)
        allowed = min(max(overall, -0.02 * limit), 0.03 * limit)
        return [history[c] + effect[c] * allowed / overall for c in range(4)]

    claims, voluntary = rate((0.45, 0.40)[number]), rate((0.50, 0.45)[number])
    scores = [0.9909 * each for each in held(world, claims, ESRD_APART, here, 2022 - 2017, 0.03, 0.03, age=True)]
    if FIRST + number == 2026:  # no more than 3% above 2019, after the coding intensity factor
        for group in ESRD_APART:
            weight = {c: claims[c] * world.people[here][c] for c in group}
            rise = sum(weight[c] * scores[c] for c in group) / sum(weight[c] * world.score[2][c] for c in group)
            for c in group:
                scores[c] *= min(1.0, 1.03 / rise)
    own = [world.grown(here, c) for c in range(4)]
    dollars = (1 - VOLUNTARY) * money(world, claims, scores, here) + VOLUNTARY * money(world, voluntary, own, here)
    change = world.surprise[number] - 1
    passed = 0.0 if abs(change) <= 0.01 else min(abs(change), 0.04) + 0.5 * max(min(abs(change), 0.08) - 0.04, 0.0)
    trended = dollars / world.surprise[number] * (1 + (passed if change > 0 else -passed))
    withheld, retained = (0.02, 0.05)[number] * (1 - QUALITY), (0.02, 0.0)[number]
    months = 12 * sum(world.people[here])
    per_month = 30 * 0.2 + 20 * 0.15 + 10 * 0.05 - 10 * 0.3
    return trended * (1 - 0.04 - withheld - retained) + months * per_month


def higher_of(world: World, history: list[float], here: int, weight: float, cap: float) -> list[float]:
    """Regional adjustment, dropped where negative, or half of what was saved before: the larger, never both."""
    regional = []
    gap = [REGION * world.national[c] - history[c] for c in range(4)]
    negative_weight, negative_cap = (0.15, 0.015) if weight == 0.35 else (0.0, 0.0)
    for c in range(4):
        part = gap[c] * (weight if world.average(gap, here) >= 0 else negative_weight)
        regional.append(min(max(part, -negative_cap * world.national[c]), cap * world.national[c]))
    if world.average(regional, here) < 0:
        regional = [0.0] * 4
    saved = world.average(history, here) * PRIOR / (1 - PRIOR)
    prior = min(0.5 * saved, 0.05 * world.average(world.national, here))
    if prior > world.average(regional, here):
        return [each + prior for each in history]
    return [history[c] + regional[c] for c in range(4)]


def mssp_enhanced(world: World, number: int) -> float:
    here = BASELINE + GAP + number
    rate = higher_of(world, world.history((0.1, 0.3, 0.6)), here, weight=0.35, cap=0.05)
    scores = held(world, rate, TOGETHER, here, BASELINE - 1, 0.03, float("inf"), age=True)
    return money(world, rate, scores, here) * (2 / 3 + 1 / 3 / world.surprise[number])


def lead_lower_spending(world: World, number: int) -> float:
    here = BASELINE + GAP + number
    rate = higher_of(world, world.history((1 / 3, 1 / 3, 1 / 3)), here, weight=0.5, cap=0.03)
    scores = held(world, rate, ESRD_APART, here, BASELINE - 1, 0.03, 0.03, age=False)
    forecast = min(max(1 / world.surprise[number], 1 - 0.002), 1 + 0.003)
    return money(world, rate, scores, here) * (2 / 3 + forecast / 3) * (1 - 0.03 - 0.03 * (1 - QUALITY))


@pytest.mark.parametrize(
    ("name", "truncated", "oracle"),
    [
        ("reach_global", False, reach_global),
        ("mssp_enhanced", True, mssp_enhanced),
        ("lead_global_lower_spending", False, lead_lower_spending),
    ],
)
def test_every_benchmark_is_the_one_worked_out_by_hand(
    name: str, truncated: bool, oracle: Callable[[World, int], float]
) -> None:
    scenario, panels = simulated()
    found = Lived(scenario, panels, 1_000).settled(name)[1]
    by_hand = [[oracle(World(number, truncated), year) for year in range(2)] for number in range(200)]
    assert found == pytest.approx(np.array(by_hand), rel=1e-9)


def test_the_worlds_reach_every_branch() -> None:
    """Dead band, corridor and beyond; scores above and below their caps; region or prior savings the larger."""
    scenario, panels = simulated()
    errors = abs(experience(scenario, panels, 1_000, truncated=False).inputs.trend_error)
    for low, high in ((0.0, 0.01), (0.01, 0.04), (0.04, 0.08), (0.08, 1.0)):
        assert ((errors > low) & (errors < high)).sum() > 10
    here, worlds = BASELINE + GAP, [World(number, truncated=True) for number in range(200)]
    rises = [world.grown(here, 3) / world.grown(BASELINE - 1, 3) for world in worlds]
    for low, high in ((0.0, 0.97), (0.97, 1.03), (1.03, 9.0)):
        assert sum(low < rise < high for rise in rises) >= 10
    gaps = []
    for world in worlds:
        history = world.average(world.history((0.1, 0.3, 0.6)), here)
        gaps.append(REGION * world.average(world.national, here) / history - 1)
    assert min(gaps) < -0.02 / 0.45 < 0.0  # REACH's floor binds and the Shared Savings Program drops it
    assert sum(0.35 * gap < 0.5 * PRIOR / (1 - PRIOR) for gap in gaps) > 10
    assert sum(0.35 * gap > 0.5 * PRIOR / (1 - PRIOR) for gap in gaps) > 10
    assert max(gaps) > 0.05 / 0.35
