"""Published settlements and worked examples, case by case from known_answers/; every row CMS published: test_replay.py.

A published settlement is a contract: tolerances are the reference's own and are never widened to pass.
"""

from __future__ import annotations

import json
import math
import os
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

from simdce.arrangements import load
from simdce.arrangements.elections import Elections
from simdce.arrangements.primary_care_capitation import enhanced_primary_care
from simdce.arrangements.repayment import repayment_amount
from simdce.arrangements.settlement import Outcome, Settlement
from simdce.arrangements.shared_savings.minimum_savings_rate import MinimumSavingsRateTable
from simdce.benchmarking.discount import final_benchmark, health_equity_adjustment, kept_share
from simdce.benchmarking.prior_savings import prior_savings_adjustment
from simdce.benchmarking.regional import regionally_adjusted
from simdce.benchmarking.retrospective_trend import retrospective_trend_adjustment
from simdce.benchmarking.risk_adjustment import capped, normalized
from simdce.benchmarking.three_way_trend import three_way_trend, two_way_trend
from simdce.errors import InputError

ROOM = Path(__file__).parent / "known_answers"
REFERENCE = Path(os.environ.get("SIMDCE_REFERENCE", Path(__file__).parents[2] / "shared" / "reference"))


def cases(file: str, table: str = "case") -> list[Any]:
    rows = tomllib.loads((ROOM / f"{file}.toml").read_text(encoding="utf-8"))[table]
    return [pytest.param(row, id=f"{row['id']}-{index}") for index, row in enumerate(rows)]


def step(settlement: Settlement, name: str) -> np.ndarray[Any, Any]:
    (found,) = [each for each in settlement.steps if each.name == name]
    return found.value


@pytest.mark.parametrize("case", cases("minimum_savings_rate"))
def test_variable_minimum_savings_rate(case: dict[str, Any]) -> None:
    table = MinimumSavingsRateTable.of(load("mssp_track_1").terms["minimum_savings_rate_table"].at().value)
    rate = table.at(np.array([float(case["assigned_beneficiaries"])]))[0]
    assert rate == pytest.approx(case["minimum_savings_rate"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("corridors"))
def test_corridors_keep_a_share_of_savings_and_bear_one_of_losses(case: dict[str, Any]) -> None:
    base, gross = 1e8, case["gross"]
    outcome = Outcome(
        benchmark=np.full((2, 1), base),
        expenditure=np.array([[base * (1 - gross)], [base * (1 + gross)]]),
        assigned_beneficiaries=np.array(5000.0),
    )
    settlement = load(case["arrangement"]).settle(outcome, [case["performance_year"]])
    shared = step(settlement, "shared savings") - step(settlement, "shared losses")
    kept, borne = case["shared"], case.get("borne", case["shared"])
    assert shared[:, 0] / base == pytest.approx([kept, -borne], abs=1e-9)
    assert settlement.net[:, 0] / base == pytest.approx([0.98 * kept, -borne], abs=1e-9)


@pytest.mark.parametrize("case", [*cases("shared_savings"), *cases("reach_settlements"), *cases("capped_share")])
def test_settlement(case: dict[str, Any]) -> None:
    arrangement = load(case["arrangement"])
    elections = Elections.of(case.get("elections", {}))
    outcome = Outcome(
        np.array(case["benchmark"]),
        np.array(case["expenditure"]),
        np.array(case["assigned_beneficiaries"]),
        np.array(case["participant_revenue"]) if "participant_revenue" in case else None,
    )
    settlement = arrangement.settle(outcome, case["performance_years"], elections)
    terms = arrangement.resolve(case["performance_years"], elections)
    checked = [(getattr(settlement, name), value) for name, value in case.get("expected", {}).items()]
    checked += [(step(settlement, name), value) for name, value in case.get("expected_steps", {}).items()]
    checked += [(getattr(terms, name), value) for name, value in case.get("expected_terms", {}).items()]
    assert checked
    for found, expected in checked:
        assert found == pytest.approx(expected, abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("noise"))
def test_chance_at_the_gates(case: dict[str, Any]) -> None:
    chances = (np.arange(20_000) + 0.5) / 20_000  # every quantile once: no sampling error
    people = float(case["assigned_beneficiaries"])
    rate = case["true_savings"] + case["spread_at_5000"] * math.sqrt(5000.0 / people) * stats.norm.ppf(chances)
    outcome = Outcome(np.full((20_000, 1), 1e8), 1e8 * (1.0 - rate[:, None]), np.array(people))
    settlement = load(case["arrangement"]).settle(outcome, [2013])
    for paid, expected in ((settlement.earned, case["rewarded"]), (settlement.owed, case["penalized"])):
        share = float((paid > 0).mean())
        assert share == pytest.approx(expected["exact"], abs=case["exact_tolerance"])
        assert share == pytest.approx(expected["published"], abs=case["published_tolerance"])


@pytest.mark.parametrize("case", cases("repayment"))
def test_repayment(case: dict[str, Any]) -> None:
    arrangement = load(case["arrangement"])
    found = repayment_amount(arrangement, case["agreement_start"], case["expenditure"], case.get("revenue"))
    assert found.amount == pytest.approx(case["amount"], abs=case["tolerance"])
    if arrangement.name == "mssp_basic_e" and case["agreement_start"] >= 2022:
        assert found.confidence == "recalled"
        assert "revenue" in found.branch


def test_the_guarantee_of_reach_is_shown_as_uncertain() -> None:
    found = repayment_amount(load("reach_global"), 2024, 100e6)
    assert found.amount == pytest.approx(3e6)
    assert found.confidence == "uncertain"


@pytest.mark.parametrize("case", cases("reach_benchmark"))
def test_reach_benchmark(case: dict[str, Any]) -> None:
    arrangement, year = load(case["arrangement"]), [case["performance_year"]]
    numbers = arrangement.in_force(year, Elections.of(case["elections"]))
    kept = kept_share(
        discount=numbers.numbers("discount"),
        quality_withhold=numbers.numbers("quality_withhold"),
        quality_score=np.array(numbers.elected("quality_score")),
        retention_withhold=numbers.numbers("retention_withhold") * np.array(numbers.elected("retention_withhold")),
    )
    trend = retrospective_trend_adjustment(
        numbers.numbers("observed_retrospective_trend"),
        dead_band=numbers.numbers("retrospective_trend_dead_band")[0],
        edges=numbers.values("retrospective_trend_edges")[0],
        shares=numbers.values("retrospective_trend_shares")[0],
    )
    found = final_benchmark(case["unadjusted"], trend, kept)
    assert found == pytest.approx([case["final_benchmark"]], rel=case["relative_tolerance"])


@pytest.mark.parametrize("case", cases("reach_benchmark", "trend"))
def test_retrospective_trend(case: dict[str, Any]) -> None:
    numbers = load("reach_global").in_force([case["performance_year"]])
    factor = retrospective_trend_adjustment(
        1 + case["raw_change"],
        dead_band=numbers.numbers("retrospective_trend_dead_band")[0],
        edges=numbers.values("retrospective_trend_edges")[0],
        shares=numbers.values("retrospective_trend_shares")[0],
    )
    assert factor - 1 == pytest.approx(case["applied_change"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("risk_adjustment", "capped"))
def test_reach_risk_scores_within_the_cap(case: dict[str, Any]) -> None:
    numbers = load("reach_global").in_force([2024])
    score = normalized(case["raw"], case["normalization"])
    rise, fall = (numbers.numbers(f"risk_score_{way}_cap")[0] for way in ("rise", "fall"))
    held = capped(score, case.get("reference", np.nan), rise=rise, fall=fall)
    assert held == pytest.approx(case["capped"], abs=case["tolerance"])
    assert held * case["coding_intensity_factor"] == pytest.approx(case["benchmark_score"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("risk_adjustment", "trend"))
def test_three_way_trend(case: dict[str, Any]) -> None:
    two_way = two_way_trend(case["national"], case["regional"], national_weight=case["national_weight"])
    found = three_way_trend(two_way, case["prospective"], prospective_weight=case["prospective_weight"])
    assert found == pytest.approx(case["factor"], abs=case["tolerance"])


def test_the_health_equity_adjustment_of_2023_adds_thirty_and_takes_six() -> None:
    numbers = load("reach_global").in_force([2023])
    dollars = [numbers.numbers(f"health_equity_{group}")[0] for group in ("highest", "second", "third", "lower")]
    months = [1200, 1300, 1400, 6000]
    found = health_equity_adjustment(months, dollars * np.array([1, 1, 1, -1]))
    assert found == pytest.approx(1200 * 30 - 6000 * 6)


@pytest.mark.parametrize("case", cases("lead", "settlement"))
def test_lead_from_benchmark_to_payment(case: dict[str, Any]) -> None:
    arrangement, year = load(case["arrangement"]), [case["performance_year"]]
    elections = Elections.of({"quality_score": case["quality_score"], "overrides": case.get("overrides", {})})
    numbers = arrangement.in_force(year, elections)
    kept = kept_share(
        discount=numbers.numbers("discount"),
        quality_withhold=numbers.numbers("quality_withhold"),
        quality_score=np.array(numbers.elected("quality_score")),
        retention_withhold=0.0,
        administrative_add_on=numbers.numbers("administrative_add_on", absent=0.0),
    )
    base = final_benchmark(case["unadjusted"], 1.0, kept)
    assert base == pytest.approx([case["settlement_base"]], abs=case["tolerance"])
    outcome = Outcome(base, np.array([case["expenditure"]]), np.array(10_000.0))
    settlement = arrangement.settle(outcome, year, elections)
    assert settlement.gross_savings == pytest.approx([case["gross_savings"]], abs=case["tolerance"])
    assert settlement.net == pytest.approx([case["net"]], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("lead", "break_even"))
def test_lead_against_the_shared_savings_program(case: dict[str, Any]) -> None:
    undiscounted, year = 1e8, [2027]
    lead, other = load(case["lead"]), load(case["against"])
    numbers = lead.in_force(year)
    kept = 1.0 - numbers.numbers("discount") + numbers.numbers("administrative_add_on", absent=0.0)
    saved = case["savings"] + np.array([[-0.001], [0.0], [0.001]])
    spent, people = undiscounted * (1.0 - saved), np.array(20_000.0)
    paid = lead.settle(Outcome(np.broadcast_to(undiscounted * kept, spent.shape), spent, people), year).net
    elections = Elections(minimum_savings_rate=0.0)
    shared = other.settle(Outcome(np.full(spent.shape, undiscounted), spent, people), year, elections).net
    assert np.sign(np.round((paid - shared)[:, 0], 3)).tolist() == [-1.0, 0.0, 1.0]


@pytest.mark.parametrize("case", cases("lead", "trend"))
def test_lead_trend_within_its_guardrail(case: dict[str, Any]) -> None:
    numbers = load("lead_professional").in_force([2027])
    update = three_way_trend(
        case["two_way"],
        case["prospective"],
        prospective_weight=numbers.numbers("prospective_trend_weight")[0],
        guardrail_above=numbers.numbers("prospective_trend_guardrail_above")[0],
        guardrail_below=numbers.numbers("prospective_trend_guardrail_below")[0],
    )
    assert update == pytest.approx(case["update"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("lead", "region"))
def test_lead_regional_efficiency(case: dict[str, Any]) -> None:
    elections = Elections(agreement_number=case["agreement_number"])
    numbers = load("lead_global_lower_spending").in_force([2027], elections)
    own = np.array([[float(case["own"])]])
    adjusted = regionally_adjusted(
        own,
        np.array([[float(case["regional"])]]),
        np.ones((1, 1)),
        np.array([[float(case["national"])]]),
        weight_positive=numbers.numbers("regional_weight_positive")[0],
        weight_negative=numbers.numbers("regional_weight_negative")[0],
        cap_positive=numbers.numbers("regional_cap_positive")[0],
        cap_negative=numbers.numbers("regional_cap_negative")[0],
        negative_removed=numbers.values("negative_regional_removed")[0],
    )
    assert adjusted - own == pytest.approx(case["adjustment"], abs=case["tolerance"])


@pytest.mark.parametrize("case", cases("lead", "capitation"))
def test_enhanced_primary_care_capitation(case: dict[str, Any]) -> None:
    found = enhanced_primary_care(load("lead_professional"), [2027], case["base"])
    assert found == pytest.approx([case["enhanced"]], abs=case["tolerance"])


def test_enhanced_primary_care_capitation_belongs_to_lead() -> None:
    with pytest.raises(InputError, match="no enhanced primary care"):
        enhanced_primary_care(load("mssp_enhanced"), [2027], 0.03)
    with pytest.raises(InputError, match="0 to 1"):
        enhanced_primary_care(load("lead_professional"), [2027], 3.0)


@pytest.mark.parametrize("case", cases("prior_savings"))
def test_prior_savings_adjustment(case: dict[str, Any]) -> None:
    numbers = load(case["arrangement"]).in_force([case["performance_year"]])
    found = prior_savings_adjustment(
        case["mean_gap"],
        scaling=numbers.numbers("prior_savings_scaling"),
        proration=case["proration"],
        ceiling=numbers.numbers("prior_savings_cap") * case.get("national", math.inf),
    )
    assert found == pytest.approx([case["adjustment"]], abs=case["tolerance"])


# Every worked case of the reference --------------------------------------------------------------------------------


def named_cases() -> set[str]:
    """The ids in known_answers/: an entry may answer several ("L02, L03.0.02"), say which part ("E05 (…)"), or a point
    of a grid ("L01.0.02").
    """
    tables = [tomllib.loads(path.read_text(encoding="utf-8")) for path in ROOM.glob("*.toml")]
    rows = [row for table in tables for value in table.values() if isinstance(value, list) for row in value]
    return {one for row in rows for one in row["id"].partition(" (")[0].split(", ")}


def test_every_worked_case_of_the_reference_is_tested_or_listed_with_a_reason() -> None:
    files = [REFERENCE / name for name in ("rules.json", "rules_2027.json")]
    if not all(file.is_file() for file in files):
        pytest.skip(
            "the reference is not in the repository: set SIMDCE_REFERENCE to the folder that holds "
            "rules.json and rules_2027.json"
        )
    worked = {case["id"] for file in files for case in json.loads(file.read_text(encoding="utf-8"))["worked_examples"]}
    named = named_cases()
    tested = {case for case in worked if any(one == case or one.startswith(f"{case}.") for one in named)}
    listed = tomllib.loads((ROOM / "not_tested.toml").read_text(encoding="utf-8"))["not_tested"]
    assert not worked - tested - listed.keys()
    assert not tested & listed.keys()
    assert not listed.keys() - worked
    assert all(len(reason) > 20 for reason in listed.values())
