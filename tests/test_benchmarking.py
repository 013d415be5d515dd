"""Benchmarks by hand: history, region, trend and discount, with arithmetic; then the chain on simulated worlds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pytest
from conftest import sized
from numpy.typing import NDArray

from simdce.arrangements import load
from simdce.arrangements.elections import Elections
from simdce.arrangements.in_force import InForce
from simdce.benchmarking.chain import BenchmarkInputs, benchmark_dollars
from simdce.benchmarking.historical import historical_benchmark, per_capita
from simdce.benchmarking.regional import blended, regionally_adjusted
from simdce.benchmarking.scores import RiskScores
from simdce.errors import InputError
from simdce.scenario import Benchmark, Panel, Scenario, build_scenario
from simdce.scenario.people import HealthEquity
from simdce.settlements import counts_truncated, experience, outcome_of, settle
from simdce.worlds import PanelYears, simulate

FloatArray = NDArray[np.float64]


def row(*values: float) -> FloatArray:
    return np.array([values], dtype=float)


# History --------------------


@pytest.mark.parametrize(
    ("costs", "weights", "expected"),
    [
        # .1 x 10,000 + .3 x 11,000 + .6 x 12,000 = 1,000 + 3,300 + 7,200
        ((10_000, 11_000, 12_000), (0.1, 0.3, 0.6), 11_500),
        # the mean of the three
        ((10_000, 11_000, 12_000), (1 / 3, 1 / 3, 1 / 3), 11_000),
        # a first year that nobody weighs: the latest three count
        ((99_999, 10_000, 11_000, 12_000), (0.1, 0.3, 0.6), 11_500),
        # a single base year, the latest
        ((10_000, 11_000, 12_000), (1.0,), 12_000),
    ],
)
def test_the_latest_baseline_years_are_weighted_oldest_first(
    costs: Sequence[float], weights: Sequence[float], expected: float
) -> None:
    assert historical_benchmark(row(*costs), weights) == pytest.approx(expected)


def test_fewer_baseline_years_than_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="weighs 3 baseline years, 2 are simulated"):
        historical_benchmark(row(1.0, 2.0), (0.1, 0.3, 0.6))


def test_cost_per_person_year_is_zero_where_nobody_was_present() -> None:
    # 50,000 over 4 person-years; 900 over half a person-year; nobody
    found = per_capita(row(50_000, 900, 0), row(4.0, 0.5, 0.0))
    assert found.tolist() == [[12_500.0, 1_800.0, 0.0]]


# Region, Shared Savings Program --------------------

PATHWAYS = {"weight_positive": 0.35, "weight_negative": 0.15, "cap_positive": 0.05, "cap_negative": 0.015}


@pytest.mark.parametrize(
    ("historical", "regional", "removed", "expected"),
    [
        # cheaper than its region by 1,000: 35% of it, 350, below the cap of 5% of 10,000
        ((10_000,), (11_000,), False, (10_350,)),
        # cheaper by 2,000: 700, capped at 500
        ((10_000,), (12_000,), False, (10_500,)),
        # dearer by 400: 15% of it, 60, below the cap of 1.5% of 10,000
        ((10_000,), (9_600,), False, (9_940,)),
        # dearer by 2,000: 300, capped at 150
        ((10_000,), (8_000,), False, (9_850,)),
        # the same in an agreement from 2024: dropped
        ((10_000,), (8_000,), True, (10_000,)),
        # no gap, nothing
        ((10_000,), (10_000,), True, (10_000,)),
        # two categories of equal weight, +1,000 and -600: cheaper overall, so both are weighed 35%: +350, -210; each
        # capped by itself: -150; together +100 a head, so kept
        ((10_000, 10_000), (11_000, 9_400), True, (10_350, 9_850)),
        # -1,000 and +600: dearer overall, both weighed 15%: -150, +90; together negative
        ((10_000, 10_000), (9_000, 10_600), False, (9_850, 10_090)),
        ((10_000, 10_000), (9_000, 10_600), True, (10_000, 10_000)),
    ],
)
def test_the_regional_adjustment(
    historical: Sequence[float], regional: Sequence[float], removed: bool, expected: Sequence[float]
) -> None:
    found = regionally_adjusted(
        row(*historical),
        row(*regional),
        np.ones((1, len(historical))),
        np.full((1, len(historical)), 10_000.0),
        **PATHWAYS,
        negative_removed=removed,
    )
    assert found == pytest.approx(row(*expected))


def test_person_years_decide_whether_an_aco_is_cheaper_than_its_region() -> None:
    historical, regional, national = row(10_000, 10_000), row(11_000, 8_500), row(10_000, 10_000)
    # +1,000 and -1,500: with 3 to 1 person-years +375 overall, weight 35%: +350, -525 capped at -150
    many = regionally_adjusted(historical, regional, row(3, 1), national, **PATHWAYS, negative_removed=False)
    assert many == pytest.approx(row(10_350, 9_850))
    # with 1 to 1 -250 overall, weight 15%: +150, -225 capped at -150
    even = regionally_adjusted(historical, regional, row(1, 1), national, **PATHWAYS, negative_removed=False)
    assert even == pytest.approx(row(10_150, 9_850))


# Region, REACH --------------------


@pytest.mark.parametrize(
    ("historical", "regional", "expected"),
    [
        # weight .4: +400, below the ceiling of 5% of 10,000
        ((10_000,), (11_000,), (10_400,)),
        # +800, held at +500
        ((10_000,), (12_000,), (10_500,)),
        # -160, above the floor of -2%
        ((10_000,), (9_600,), (9_840,)),
        # -800, held at -200
        ((10_000,), (8_000,), (9_800,)),
        # +1,600 and -400: overall +600, held at 500; every category's effect in proportion: x 5/6
        ((10_000, 10_000), (14_000, 9_000), (11_333.333333, 9_666.666667)),
        # effects that cancel overall stay: +400 and -400
        ((10_000, 10_000), (11_000, 9_000), (10_400, 9_600)),
    ],
)
def test_blending_is_held_as_a_whole(
    historical: Sequence[float], regional: Sequence[float], expected: Sequence[float]
) -> None:
    people = np.ones((1, len(historical)))
    found = blended(row(*historical), row(*regional), people, 10_000.0 * people, weight=0.4, ceiling=0.05, floor=0.02)
    assert found == pytest.approx(row(*expected))


def test_blending_without_weight_or_limits() -> None:
    historical, regional, one = row(10_000, 500), row(30_000, 100), np.ones((1, 2))
    assert (blended(historical, regional, one, one, weight=0.0, ceiling=0.05, floor=0.02) == historical).all()
    whole = blended(historical, regional, one, one, weight=1.0, ceiling=np.inf, floor=np.inf)
    assert whole == pytest.approx(regional)


# The chain --------------------


NO_FACTOR = {"coding_intensity_factor": 1.0}
"""Arithmetic in round numbers, without what CMS takes back for coding."""


def in_force(name: str, years: Sequence[int], **elections: Any) -> InForce:
    chosen = {"overrides": NO_FACTOR, **elections} if "coding_intensity_factor" in load(name).benchmark else elections
    return load(name).in_force(years, Elections(**chosen))


EQUITY = HealthEquity(highest_decile=0.0, second_decile=0.0, third_decile=0.0, lower_half=0.0)
PLAIN = Panel(sizes=(5_000,), health_equity=EQUITY)
"""Nobody stands where the health equity adjustment pays or takes."""


def scores_of(performance: FloatArray, first_year: int = 2024, baseline: float = 1.0, **growth: float) -> RiskScores:
    """Scores of three baseline years and some performance years, (world, category, performance year)."""
    since = np.maximum(np.arange(3 + performance.shape[-1]) - 2, 0)
    before = np.full((*performance.shape[:-1], 3), baseline)
    return RiskScores(
        by_year=np.concatenate([before, performance], axis=-1),
        calendar=tuple(range(first_year - 3, first_year + performance.shape[-1])),
        coding=(1.0 + growth.get("coding", 0.0)) ** since,
        demographic=(1.0 + growth.get("demographic", 0.0)) ** since,
        last_baseline=2,
        first_performance=3,
        newly_assigned=0.25,
    )


def inputs_of(years: int, **replaced: Any) -> BenchmarkInputs:
    """One world, one category: history 10,000 / 11,000 / 12,000, 5,000 person-years a year, expected cost 10,000."""
    given: dict[str, Any] = {
        "baseline_per_capita": np.array([[[10_000.0, 11_000.0, 12_000.0]]]),
        "person_years": np.full((1, 1, years), 5_000.0),
        "expected_per_capita": np.array([10_000.0]),
        "scores": scores_of(np.ones((1, 1, years))),
        "price_level": np.ones(years),
        "trend_error": np.zeros((1, years)),
        "mismatch": np.zeros(1),
    }
    return BenchmarkInputs(**given | replaced)


def dollars(name: str, years: Sequence[int], chosen: dict[str, Any] | None = None, **replaced: Any) -> list[float]:
    elections, panel = replaced.pop("elections", {}), replaced.pop("panel", PLAIN)
    rule = in_force(name, years, **elections)
    inputs = inputs_of(len(years), **replaced)
    return list(benchmark_dollars(inputs, rule, Benchmark(**(chosen or {})), panel)[0])


def test_history_alone_in_a_first_agreement_of_track_1() -> None:
    # 11,500 a head (10/30/60), 5,000 person-years
    assert dollars("mssp_track_1", [2013]) == pytest.approx([57.5e6])


def test_a_second_agreement_weighs_its_baseline_years_evenly() -> None:
    assert dollars("mssp_track_1", [2016], elections={"agreement_number": 2}) == pytest.approx([55e6])  # 11,000 a head


def test_price_level_person_years_and_mismatch_multiply() -> None:
    found = dollars(
        "mssp_track_1",
        [2013, 2014],
        price_level=np.array([1.0, 1.03]),
        person_years=np.array([[[5_000.0, 4_000.0]]]),
        mismatch=np.array([0.02]),
    )
    # 57.5m x 1.02; and 11,500 x 4,000 x 1.03 x 1.02
    assert found == pytest.approx([58.65e6, 48.3276e6])


def test_a_retrospective_trend_forgets_the_error_of_the_forecast() -> None:
    assert dollars("mssp_track_1", [2013], trend_error=np.array([[0.05]])) == pytest.approx([57.5e6])


def test_pathways_gives_a_third_to_the_prospective_trend() -> None:
    none = {"regional_weight": 0.0}
    # costs grew 5% more than forecast: 2/3 + 1/3 / 1.05 = .984127
    found = dollars("mssp_enhanced", [2024], none, trend_error=np.array([[0.05]]))
    assert found == pytest.approx([57.5e6 * (2 / 3 + 1 / 3.15)])
    assert found[0] == pytest.approx(56.58730e6)
    # an agreement that began before 2024 keeps the retrospective trend
    earlier = {"agreement_start": 2022}
    assert dollars("mssp_enhanced", [2024], none, trend_error=np.array([[0.05]]), elections=earlier) == pytest.approx(
        [57.5e6]
    )


@pytest.mark.parametrize(
    ("year", "error", "factor"),
    [
        # no corridor: forecast times correction is growth as it came
        (2022, 0.05, 1.0),
        (2022, -0.05, 1.0),
        # inside the dead band of 1% nothing is corrected: 1 / 1.008
        (2022, 0.008, 1 / 1.008),
        # from 2024 4 points pass whole, the next 4 by half: 1.045 / 1.05
        (2025, 0.05, 1.045 / 1.05),
        (2025, -0.05, 0.955 / 0.95),
        # beyond 8 points nothing passes: 4 + 2 = 6 points of 12
        (2025, 0.12, 1.06 / 1.12),
        (2025, 0.03, 1.0),
    ],
)
def test_reach_corrects_its_forecast_within_the_corridor(year: int, error: float, factor: float) -> None:
    chosen = {"regional_weight": 0.0, "discount": 0.0}
    found = dollars("reach_global", [year], chosen, trend_error=np.array([[error]]))
    assert found == pytest.approx([57.5e6 * factor])


def test_reach_takes_discount_and_withholds_from_the_trended_benchmark() -> None:
    chosen = {"regional_weight": 0.0}
    # 2025, Global: discount 4%, 2% withheld of which a score of .75 earns back three quarters: 1 - .04 - .005
    assert dollars("reach_global", [2025], chosen, elections={"quality_score": 0.75}) == pytest.approx([57.5e6 * 0.955])
    # Professional has no discount; its first year may carry 2%: 1 - .005 - .02
    elected = {"quality_score": 0.75, "retention_withhold": True}
    found = dollars("reach_professional", [2024, 2025], chosen, elections=elected)
    assert found == pytest.approx([57.5e6 * 0.975, 57.5e6 * 0.995])


def test_reach_blends_the_region_by_the_years_weight_and_caps() -> None:
    # 2025: .45 x (13,000 - 11,500) = 675, held at 3% of the expected 10,000: 300; then 4% discount
    region = {"regional_to_own_cost": 1.3}
    assert dollars("reach_global", [2025], region) == pytest.approx([11_800 * 5_000 * 0.96])
    # 2024: the ceiling was 5%: 500; the discount 3%
    assert dollars("reach_global", [2024], region) == pytest.approx([12_000 * 5_000 * 0.97])
    # a region at 8,000: .45 x -3,500 = -1,575, held at -2%: -200
    assert dollars("reach_global", [2025], {"regional_to_own_cost": 0.8}) == pytest.approx([11_300 * 5_000 * 0.96])


def test_pathways_adjusts_by_the_region_and_drops_what_is_negative() -> None:
    # region at 13,000, 1,500 above: 35% is 525, capped at 5% of 10,000
    assert dollars("mssp_enhanced", [2024], {"regional_to_own_cost": 1.3}) == pytest.approx([12_000 * 5_000])
    # region at 10,000, 1,500 below: 15% is 225, capped at 150; from 2024 dropped, before kept at a cap of 5%
    assert dollars("mssp_enhanced", [2024]) == pytest.approx([11_500 * 5_000])
    assert dollars("mssp_enhanced", [2022]) == pytest.approx([11_275 * 5_000])
    # a second agreement: 50% of +500 is 250; weights are thirds
    second = {"agreement_number": 2}
    found = dollars("mssp_enhanced", [2024], {"regional_to_own_cost": 1.15}, elections=second)
    assert found == pytest.approx([(11_000 + 250) * 5_000])


def test_lead_holds_the_prospective_third_within_a_guardrail() -> None:
    for error, forecast in ((0.05, 0.998), (-0.05, 1.003), (0.001, 1 / 1.001)):
        # Professional: no discount, no region; costs grew 5% more than forecast: 2/3 + 1/3 x (1 - .002)
        found = dollars("lead_professional", [2027], trend_error=np.array([[error]]))
        assert found == pytest.approx([57.5e6 * (2 / 3 + forecast / 3)])


def test_the_proposal_of_2026_guards_the_prospective_third_and_lowers_the_regional_weight() -> None:
    none = {"regional_weight": 0.0}
    for error, forecast in ((0.05, 0.99), (-0.05, 1.015), (0.005, 1 / 1.005)):
        error_of = np.array([[error]])
        found = dollars("mssp_2027_enhanced_proposed", [2027], none, trend_error=error_of)
        assert found == pytest.approx([57.5e6 * (2 / 3 + forecast / 3)])
        found = dollars("mssp_2027_enhanced_current_law", [2027], none, trend_error=error_of)
        assert found == pytest.approx([57.5e6 * (2 / 3 + 1 / (3 * (1 + error)))])
    # region 800 above 11,500: half is 400, 35% is 280
    region = {"regional_to_own_cost": 1.23}
    assert dollars("mssp_2027_enhanced_current_law", [2027], region) == pytest.approx([11_900 * 5_000])
    assert dollars("mssp_2027_enhanced_proposed", [2027], region) == pytest.approx([11_780 * 5_000])


def test_lead_adds_what_it_pays_higher_spending_acos_for_administration() -> None:
    # 1 - 1.75% + 1.5% in 2027, 1 - 2% + 1.5% in 2028; a score of .8 leaves .6% of 3% unearned
    found = dollars("lead_global_higher_spending", [2027, 2028], elections={"quality_score": 0.8})
    assert found == pytest.approx([57.5e6 * 0.9915, 57.5e6 * 0.989])


def test_lead_gives_lower_spending_acos_half_the_gap_to_their_region() -> None:
    # region 1,500 above: half is 750, capped at 5% of 10,000, at 3% for those renewing, whose weights are thirds
    region = {"regional_to_own_cost": 1.3}
    assert dollars("lead_global_lower_spending", [2027], region) == pytest.approx([12_000 * 5_000 * 0.97])
    renewing = dollars("lead_global_lower_spending", [2027], region, elections={"agreement_number": 2})
    assert renewing == pytest.approx([11_300 * 5_000 * 0.97])
    # region at 10,000: nothing is taken off
    assert dollars("lead_global_lower_spending", [2027]) == pytest.approx([11_500 * 5_000 * 0.97])


def test_prior_savings_and_region_are_never_added() -> None:
    # 11,500 spent of a benchmark 4% higher: a gap of 479.17 a head, half of it 239.58; 3% off in LEAD Global
    saved = {"prior_savings": 0.04}
    gap = 11_500 / 0.96 - 11_500
    found = dollars("lead_global_lower_spending", [2027], saved)
    assert found == pytest.approx([(11_500 + gap / 2) * 5_000 * 0.97])
    # a region 800 above gives 400, which is more; prior savings of 20% give 1,437, held at 5% of 10,000
    region = {"regional_to_own_cost": 1.23}
    assert dollars("lead_global_lower_spending", [2027], saved | region) == pytest.approx([11_900 * 5_000 * 0.97])
    assert dollars("lead_global_lower_spending", [2027], {"prior_savings": 0.2} | region) == pytest.approx(
        [12_000 * 5_000 * 0.97]
    )
    # three quarters of the gap as proposed for 2027, nothing in a programme that does not give it back
    proposed = dollars("mssp_2027_enhanced_proposed", [2027], saved | {"regional_weight": 0.0})
    assert proposed == pytest.approx([(11_500 + 0.75 * gap) * 5_000])
    assert dollars("mssp_track_1", [2013], saved) == pytest.approx([57.5e6])


def test_new_entrants_and_high_needs_are_measured_by_the_region() -> None:
    # 2024: wholly regional, the effect of -1,500 held at -2% of 10,000; in 2025 half of it is 750, held alike
    for kind, minimum in (("new_entrant", 3_000), ("high_needs", 750)):
        assert dollars(f"reach_global_{kind}", [2024]) == pytest.approx([11_300 * 5_000 * 0.97])
        rule = in_force(f"reach_global_{kind}", [2024])
        assert rule.values("minimum_beneficiaries") == (minimum,)
    far = scores_of(np.full((1, 1, 1), 1.2))
    plain = {"regional_weight": 0.0, "discount": 0.0}
    assert dollars("reach_global_high_needs", [2024], plain, scores=far) == pytest.approx([57.5e6 * 1.10])
    assert dollars("reach_global", [2024], plain, scores=far) == pytest.approx([57.5e6 * 1.03])


def test_the_score_of_2026_may_not_exceed_that_of_the_baseline_by_more_than_three_percent() -> None:
    """The reference year 2022 lies before the three baseline years simulated; coding has grown 2% in the gap years."""
    scores = scores_of(np.full((1, 1, 2), 1.02), first_year=2025)
    plain = {"regional_weight": 0.0, "discount": 0.0}
    factor = {"overrides": {"coding_intensity_factor": 1.02}}
    found = dollars("reach_global", [2025, 2026], plain, scores=scores, elections=factor)
    assert found == pytest.approx([57.5e6 * 1.02 * 1.02, 57.5e6 * 1.03])


def test_health_equity_pays_by_decile() -> None:
    # 2025: a fifth of the people in each upper decile is 60 / 5 = 12, less 10 x .4; 60,000 person-months
    panel = Panel(
        sizes=(5_000,),
        health_equity=HealthEquity(highest_decile=0.2, second_decile=0.2, third_decile=0.2, lower_half=0.4),
    )
    plain = {"regional_weight": 0.0, "discount": 0.0}
    assert dollars("reach_global", [2025], plain, panel=panel) == pytest.approx([57.5e6 + 8 * 60_000])
    # 2023: the highest decile alone, 6 taken from the lower half; before that nothing
    assert dollars("reach_global", [2022, 2023], plain, panel=panel)[1] - 57.5e6 == pytest.approx(
        (0.2 * 30 - 0.4 * 6) * 60_000
    )
    assert dollars("mssp_enhanced", [2024], {"regional_weight": 0.0}, panel=panel) == pytest.approx([57.5e6])


def test_the_scenario_replaces_weights_region_and_discount() -> None:
    assert dollars("mssp_track_1", [2013], {"weights": (0.0, 0.0, 1.0)}) == pytest.approx([60e6])
    # 20% of a gap of 1,500 is 300 for Track 1 too, which has no regional rule and so no cap
    own = {"regional_weight": 0.2, "regional_to_own_cost": 1.3}
    assert dollars("mssp_track_1", [2013], own) == pytest.approx([11_800 * 5_000])
    # 20% instead of 35% under ENHANCED; its caps stay
    assert dollars("mssp_enhanced", [2024], own) == pytest.approx([11_800 * 5_000])
    assert dollars("mssp_track_1", [2013], {"discount": 0.01}) == pytest.approx([57.5e6 * 0.99])
    chosen = {"regional_weight": 0.0, "discount": 0.0}
    assert dollars("reach_global", [2025], chosen) == pytest.approx([57.5e6])


def test_a_category_without_people_changes_nothing() -> None:
    with_empty = inputs_of(
        1,
        baseline_per_capita=np.array([[[0.0, 0.0, 0.0], [10_000.0, 11_000.0, 12_000.0]]]),
        person_years=np.array([[[0.0], [5_000.0]]]),
        expected_per_capita=np.array([0.0, 10_000.0]),
        scores=scores_of(np.ones((1, 2, 1))),
    )
    for name, year in (("mssp_enhanced", 2024), ("reach_global", 2025), ("mssp_track_1", 2013)):
        found = benchmark_dollars(with_empty, in_force(name, [year]), Benchmark(), PLAIN)
        assert list(found[0]) == pytest.approx(dollars(name, [year]))


# Simulated worlds --------------------

WORLDS, SIZE = sized(3_000, 30), sized(5_000, 200)
NO_REGION = ["pgp_demonstration", "mssp_2011_track_1", "mssp_track_1", "mssp_track_2"]
WRITTEN = {
    "title": "no true savings, no shocks",
    "seed": 31,
    "panel": {"sizes": [SIZE]},
    "years": {"performance": 1},
    "savings": {"true": 0.0},
    "shocks": {"preset": "none"},
    "arrangements": [
        *({"name": name} for name in (*NO_REGION, "mssp_enhanced")),
        *({"name": name, "elections": {"overrides": NO_FACTOR}} for name in ("reach_global", "reach_professional")),
    ],
}


@cache
def simulated() -> tuple[Scenario, PanelYears]:
    scenario = build_scenario(WRITTEN)
    scenario = scenario.model_copy(update={"worlds": WORLDS})
    return scenario, simulate(scenario)


@pytest.mark.parametrize("name", NO_REGION)
def test_without_savings_and_shocks_nothing_is_saved_on_average(name: str) -> None:
    scenario, panels = simulated()
    savings = settle(scenario, panels, name).gross_savings[:, 0]
    assert abs(savings.mean()) <= 4.0 * savings.std() / sqrt(WORLDS)


@pytest.mark.parametrize("name", ["reach_global", "reach_professional"])
def test_the_same_for_reach_without_region_and_discount_untruncated(name: str) -> None:
    scenario, panels = simulated()
    plain = scenario.model_copy(update={"benchmark": Benchmark(regional_weight=0.0, discount=0.0)})
    savings = settle(plain, panels, name).gross_savings[:, 0]
    assert abs(savings.mean()) <= 4.0 * savings.std() / sqrt(WORLDS)


def test_a_discount_is_lost_on_average() -> None:
    scenario, panels = simulated()
    plain = scenario.model_copy(update={"benchmark": Benchmark(regional_weight=0.0)})
    rule = in_force("reach_global", (2024,))
    outcome = outcome_of(experience(plain, panels, SIZE, truncated=False, shocks=()), plain, rule)
    lost = (outcome.benchmark - outcome.expenditure)[:, 0] + 0.03 / 0.97 * outcome.benchmark[:, 0]
    assert abs(lost.mean()) <= 4.0 * lost.std() / sqrt(WORLDS)


def test_dropping_negative_adjustments_pays_chance_alone() -> None:
    """Region and own cost are equal in truth: noise makes half the adjustments negative, and those are dropped."""
    scenario, panels = simulated()
    risk_stable = scenario.model_copy(update={"benchmark": Benchmark(risk_adjustment=False)})
    with_region = settle(risk_stable, panels, "mssp_enhanced").gross_savings[:, 0]
    plain = scenario.model_copy(update={"benchmark": Benchmark(risk_adjustment=False, regional_weight=0.0)})
    without = settle(plain, panels, "mssp_enhanced").gross_savings[:, 0]
    gained = with_region - without
    assert gained.min() >= -1e-3
    assert gained.mean() > 4.0 * gained.std() / sqrt(WORLDS)


def test_both_sides_are_truncated_the_same_way() -> None:
    """Baseline and performance years hold the same law, so their means agree; cut off on one side they would not."""
    scenario, panels = simulated()
    means = {}
    for truncated in (True, False):
        lived = experience(scenario, panels, SIZE, truncated=truncated, shocks=())
        people = lived.inputs.person_years[..., 0].sum(axis=1)
        level = lived.inputs.price_level[0]
        performed = lived.expenditure[:, 0] / level
        expected = np.einsum("wc,wc->w", lived.inputs.baseline_per_capita[..., -1], lived.inputs.person_years[..., 0])
        gap = (expected - performed) / people
        assert abs(gap.mean()) <= 4.0 * gap.std() / sqrt(WORLDS)
        means[truncated] = performed.sum() / people.sum()
    one_sided = 1.0 - means[True] / means[False]
    assert one_sided > 0.03  # what counting it two ways would invent


def test_arrangements_count_as_their_numbers_say() -> None:
    scenario, panels = simulated()
    for choice in scenario.arrangements:
        rule = load(choice.name).in_force(scenario.years.performance_years, choice.elections)
        truncated = counts_truncated(rule)
        assert truncated == (not choice.name.startswith("reach"))
        counted = (panels.truncated_dollars if truncated else panels.dollars)[:, 0, :, -1].sum(axis=1)
        lived = experience(scenario, panels, SIZE, truncated=truncated, shocks=())
        spent = outcome_of(lived, scenario, rule).expenditure[:, 0]
        expected = counted * lived.inputs.price_level[0]
        if any(rule.elected("stop_loss")):
            assert panels.recovered_dollars is not None
            paid = panels.recovered_dollars[:, 0, :, -1].sum(axis=1)
            charged = (panels.person_years(0)[..., -1] * panels.expected_recovery).sum(axis=1)
            expected = expected + (charged - paid) * lived.inputs.price_level[0]
        assert spent == pytest.approx(expected, rel=1e-12)


def test_nominal_trend_cancels_from_the_savings_rate() -> None:
    scenario, panels = simulated()
    rates = []
    for trend in (0.0, 0.03, 0.10):
        grown = scenario.model_copy(update={"benchmark": Benchmark(annual_trend=trend)})
        for name in ("mssp_track_1", "mssp_enhanced", "reach_global"):
            lived = experience(grown, panels, SIZE, truncated=not name.startswith("reach"), shocks=())
            rule = load(name).in_force(scenario.years.performance_years, Elections())
            outcome = outcome_of(lived, grown, rule)
            rates.append(1.0 - outcome.expenditure / outcome.benchmark)
    for first, other in zip(rates[:3] * 2, rates[3:], strict=True):
        assert other == pytest.approx(first, abs=1e-12)


def test_true_savings_lower_cost_and_nothing_else() -> None:
    scenario, panels = simulated()
    idle = settle(scenario, panels, "mssp_track_1", true_savings=0.0)
    busy = settle(scenario, panels, "mssp_track_1", true_savings=0.03)
    lived = experience(scenario, panels, SIZE, truncated=True, shocks=())
    assert busy.gross_savings - idle.gross_savings == pytest.approx(0.03 * lived.expenditure, rel=1e-9)


def test_shocks_reach_what_they_are_said_to_reach() -> None:
    scenario, panels = simulated()
    loud = scenario.model_copy(update={"shocks": scenario.shocks.model_copy(update={"preset": "forecast"})})

    def moved(name: str, *shocks: str) -> bool:
        quiet = settle(loud, panels, name, shocks=()).gross_savings
        return bool(np.any(settle(loud, panels, name, shocks=shocks).gross_savings != quiet))

    assert all(moved(choice.name, "annual") for choice in loud.arrangements)
    assert all(moved(choice.name, "persistent") for choice in loud.arrangements)
    assert {choice.name for choice in loud.arrangements if moved(choice.name, "trend_error")} == {
        *("mssp_enhanced", "reach_global", "reach_professional")
    }
    # an annual shock of two percent makes the year two percent dearer
    annual = experience(loud, panels, SIZE, truncated=True, shocks=("annual",)).expenditure
    none = experience(loud, panels, SIZE, truncated=True, shocks=()).expenditure
    assert annual / none - 1.0 == pytest.approx(0.012 * panels.shocks["annual"], abs=1e-12)


def test_a_size_or_arrangement_the_scenario_does_not_have_is_refused() -> None:
    scenario, panels = simulated()
    with pytest.raises(InputError, match="no such panel size"):
        settle(scenario, panels, "mssp_track_1", SIZE + 1)
    with pytest.raises(InputError, match="did you mean 'mssp_track_1'"):
        settle(scenario, panels, "mssp_track1")
