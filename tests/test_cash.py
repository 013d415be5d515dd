"""Cash over time: dated flows against a plain ledger, identities over random contracts, and what a run tells."""

from __future__ import annotations

import json
from dataclasses import replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, sized
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import PolyCollection

from simdce import metrics, plots
from simdce.assumptions import NOT_MODELLED, assumptions, not_modelled
from simdce.cli import main
from simdce.errors import InputError
from simdce.output import json_document, run_record
from simdce.report import report_page
from simdce.results import AGREEMENT, CASH, CashRow, frame
from simdce.run import answer
from simdce.scenario import Advance, Scenario, build_scenario
from simdce.settlements import settle
from simdce.studies.cash import BANDS, calendar_month, cash_answers, cash_of, plan_of, receipts_of
from simdce.studies.cash_defaults import cash_terms
from simdce.studies.cash_flows import CashPlan, flows_of, path_of
from simdce.studies.payment import Lived
from simdce.studies.practice import divisions_at
from simdce.studies.practice_result import pool_years
from simdce.studies.receipts import Receipts, receipts_of_contract, receipts_of_practice
from simdce.worlds import simulate

WORLDS = sized(400, 100)
SMALL, POOL = sized((300, 3_000), (100, 400))
WRITTEN: dict[str, Any] = {
    "title": "cash",
    "worlds": WORLDS,
    "seed": 5,
    "panel": {"sizes": [SMALL, POOL], "price_year": 2023},
    "years": {"first_performance_year": 2024, "performance": 3},
    "savings": {"true": 0.02},
    "arrangements": [{"name": "mssp_basic_a"}, {"name": "mssp_2011_track_2"}],
    "cash": {"cost": [500000, 300000]},
}
PRACTICE = {"people": [SMALL], "tiers": [{"name": "upside_only"}, {"name": "capitated"}], "quality_score": 0.8}


def written(**tables: Any) -> Scenario:
    return build_scenario({**WRITTEN, **tables})


SCENARIO = written()
PANELS = simulate(SCENARIO)
IN_A_POOL = written(practice=PRACTICE, arrangements=[{"name": "reach_global"}], cash={"physicians": 4})


def plan(years: int = 2, **changes: Any) -> CashPlan:
    given: dict[str, Any] = {
        "cost": (120_000.0,) * years,
        "cost_per_person_month": (0.0,) * years,
        "cost_before": 0.0,
        "months_before": 12,
        "settlement_month": 18,
        "bonus_month": 18,
        "share_to_providers": 0.0,
        "advances": (),
        "discount_rate": 0.0,
        "horizon_months": 12 * (years - 1) + 18,
        "physicians": 10.0,
    }
    return CashPlan(**{**given, **changes})


def received(settled: Any, people: int = 1_000, **parts: Any) -> Receipts:
    paid = np.atleast_2d(np.array(settled, float))
    none = np.zeros_like(paid)
    return Receipts(
        "a", None, people, paid, np.array(parts.get("net", paid), float), np.array(parts.get("bonus", none), float),
        np.array(parts.get("monthly", none), float), np.array(parts.get("reconciled", none), float),
        np.full_like(paid, float(people)),
    )  # fmt: skip


# By hand --------------------


def test_st_johns_waited_until_its_third_settlement() -> None:
    # Paid 0, 0, $3,143,044 and $8,185,757; $0.5M in the first year, then $300,000: $25,000 a month.
    costs = plan(4, cost=(500_000.0, 300_000.0, 300_000.0, 300_000.0))
    path = path_of(flows_of(received([0.0, 0.0, 3_143_044.0, 8_185_757.0], people=29_000), costs))
    assert path.low_point[0] == pytest.approx(-1_250_000)  # at the end of month 41: 12 months, and 30 of $25,000
    assert path.low_month[0] == 41
    assert path.payback_month[0] == 42
    assert calendar_month(2005, 42) == "July 2008"
    assert path.final[0] == pytest.approx(3_143_044 + 8_185_757 - 1_400_000)


def test_a_loss_after_the_money_was_back_is_not_for_good() -> None:
    path = path_of(flows_of(received([[500_000.0, -400_000.0], [500_000.0, -100_000.0]]), plan()))
    assert path.payback_month.tolist() == [inf, 18]
    assert path.final.tolist() == pytest.approx([-140_000, 160_000])


def test_capitation_comes_month_by_month_and_part_goes_back() -> None:
    parts = received([[0.0, 0.0]], monthly=[[240_000.0, 0.0]], reconciled=[[60_000.0, 0.0]])
    path = path_of(flows_of(parts, plan()))
    # twelve months at $10,000 more than is spent, then $10,000 a month less until $60,000 goes back in month 18
    assert path.calendar.tolist() == [pytest.approx([120_000.0, -180_000.0, 0.0])]
    assert path.payback_month[0] == inf


def test_an_advance_is_taken_back_out_of_savings_and_never_out_of_losses() -> None:
    advance = Advance(upfront=100_000.0, per_person_month=10.0, months=24, every=3)  # 100,000 + 8 x 30,000
    flows = flows_of(received([[-50_000.0, 500_000.0], [200_000.0, 10_000.0], [0.0, 0.0]]), plan(advances=(advance,)))
    assert flows.advances == {0: 130_000.0, **dict.fromkeys(range(3, 24, 3), 30000.0)}
    assert flows.at_settlement.tolist() == [[-50_000.0, 160_000.0], [0.0, 0.0], [0.0, 0.0]]
    repaid = flows_of(received([[0.0, 0.0]]), plan(advances=(advance.model_copy(update={"rest_repaid": True}),)))
    assert repaid.at_settlement.tolist() == [[0.0, -340_000.0]]


# Against a plain ledger --------------------

amounts = st.integers(-3_000_000, 3_000_000).map(float)
advances = st.builds(
    lambda upfront, monthly, first, every, times, recouped, rest: Advance(
        upfront=upfront, per_person_month=monthly, first_month=first, every=every, months=every * times,
        recouped=recouped, rest_repaid=recouped and rest,
    ),
    st.sampled_from([0.0, 250_000.0]), st.sampled_from([0.0, 7.5]), st.integers(0, 20), st.integers(1, 12),
    st.integers(1, 4), st.booleans(), st.booleans(),
)  # fmt: skip


@st.composite
def contracts(draw: st.DrawFn) -> tuple[Receipts, CashPlan]:
    """Random payments of three worlds and a random plan of costs and dates."""
    years = draw(st.integers(1, 4))

    def table(values: st.SearchStrategy[float]) -> Any:
        return [[draw(values) for _ in range(years)] for _ in range(3)]

    positive = st.integers(0, 400_000).map(float)
    receipts = received(table(amounts), bonus=table(positive), monthly=table(positive), reconciled=table(positive))
    settlement = draw(st.integers(1, 40))
    costs = plan(
        years,
        cost=tuple(draw(positive) for _ in range(years)),
        cost_per_person_month=tuple(draw(st.sampled_from([0.0, 1.5, 30.0])) for _ in range(years)),
        cost_before=draw(st.sampled_from([0.0, 150_000.0])),
        months_before=draw(st.integers(1, 15)),
        settlement_month=settlement,
        bonus_month=draw(st.sampled_from([settlement, 3, 24])),
        share_to_providers=draw(st.sampled_from([0.0, 0.5, 1.0])),
        advances=tuple(draw(st.lists(advances, max_size=2))),
        discount_rate=draw(st.sampled_from([0.0, 0.05, 0.2])),
    )
    return receipts, costs


def ledger(receipts: Receipts, costs: CashPlan, world: int) -> list[tuple[int, float]]:
    """Every payment of one world with its month, written down one after the other."""
    entries: list[tuple[int, float]] = []
    years = len(costs.cost)
    paid_ahead: list[list[tuple[int, float]]] = []
    for advance in costs.advances:
        paid = [(advance.first_month, advance.upfront)]
        month = 0
        while month < advance.months:
            paid.append((advance.first_month + month, advance.per_person_month * receipts.people * advance.every))
            month += advance.every
        entries += paid
        paid_ahead.append(paid)
    for month in range(-costs.months_before, 0):
        entries.append((month, -costs.cost_before / costs.months_before))
    owing = [0.0] * len(costs.advances)
    for year in range(years):
        for month in range(12 * year, 12 * year + 12):
            entries.append((month, receipts.monthly[world, year] / 12))
            entries.append((month, -costs.cost[year] / 12))
            entries.append((month, -costs.cost_per_person_month[year] * receipts.person_years[world, year]))
        when = 12 * year + costs.settlement_month
        left = receipts.settled[world, year] - receipts.reconciled[world, year]
        for number, advance in enumerate(costs.advances):
            if advance.recouped:
                since = when - 12 if year else -(10**9)
                owing[number] += sum(d for m, d in paid_ahead[number] if since < m <= when)
                back = min(owing[number], max(left, 0.0))
                if year == years - 1 and advance.rest_repaid:
                    back = owing[number] + sum(d for m, d in paid_ahead[number] if m > when)
                owing[number] -= back
                left -= back
        if left > 0:
            left *= 1 - costs.share_to_providers
        entries.append((when, left))
        entries.append((12 * year + costs.bonus_month, receipts.bonus[world, year] * (1 - costs.share_to_providers)))
    return entries


@given(contracts())
def test_the_path_is_that_of_a_plain_ledger(contract: tuple[Receipts, CashPlan]) -> None:
    receipts, costs = contract
    path = path_of(flows_of(receipts, costs))
    for world in range(3):
        entries = ledger(receipts, costs, world)
        cash, low, back = 0.0, 0.0, inf
        for month in path.months:
            cash += sum(dollars for when, dollars in entries if when == month)
            low = min(low, cash)
            back = inf if cash < -0.005 else min(back, month)
        assert path.final[world] == pytest.approx(cash, abs=0.01)
        assert path.low_point[world] == pytest.approx(low, abs=0.01)
        if abs(cash) > 1:
            assert path.payback_month[world] == back or back == inf == path.payback_month[world]
        today = sum(dollars / (1 + costs.discount_rate) ** (when / 12) for when, dollars in entries)
        assert path.present_value[world] == pytest.approx(today, abs=0.01)
        for number, year in enumerate(path.years_from_first):
            moved = sum(dollars for when, dollars in entries if 12 * year <= when < 12 * year + 12)
            assert path.calendar[world, number] == pytest.approx(moved, abs=0.01)


@given(contracts())
def test_cash_flow_identities(contract: tuple[Receipts, CashPlan]) -> None:
    receipts, costs = contract
    flows = flows_of(receipts, costs)
    path = path_of(flows)
    np.testing.assert_allclose(path.calendar.sum(axis=1), path.final, atol=0.01)
    assert (path.low_point <= 0).all()
    assert (path.low_point <= path.final).all()
    ends_below = path.final < -0.005
    assert np.array_equal(np.isinf(path.payback_month), ends_below)
    assert list(costs.settlement_months) == sorted(set(costs.settlement_months))
    assert set(costs.settlement_months) <= set(path.months)
    spent = flows.yearly_cost.sum(axis=1) + costs.cost_before
    came = (flows.at_settlement + flows.bonus + flows.monthly).sum(axis=1) + sum(flows.advances.values())
    np.testing.assert_allclose(path.final, came - spent, atol=0.01)
    undiscounted = path_of(flows_of(receipts, replace(costs, discount_rate=0.0)))
    np.testing.assert_allclose(undiscounted.present_value, undiscounted.final, atol=0.01)
    plain = replace(costs, advances=(), cost_before=0.0)
    net = flows_of(receipts, plain)
    np.testing.assert_allclose(net.income.sum(axis=1), path_of(net).final, atol=0.01)  # here nothing is withheld


@given(contracts(), st.floats(0.0, 1e6))
def test_dearer_or_later_is_never_better(contract: tuple[Receipts, CashPlan], more: float) -> None:
    receipts, costs = contract
    path = path_of(flows_of(receipts, costs))
    dearer = path_of(flows_of(receipts, replace(costs, cost=tuple(cost + more for cost in costs.cost))))
    assert (dearer.final <= path.final + 0.01).all()
    assert (dearer.low_point <= path.low_point + 0.01).all()
    assert (dearer.payback_month >= path.payback_month).all()
    upside = replace(receipts, settled=np.abs(receipts.settled), reconciled=np.zeros_like(receipts.settled))
    soon = replace(costs, advances=())
    late = replace(soon, settlement_month=soon.settlement_month + 5)
    one, other = path_of(flows_of(upside, soon)), path_of(flows_of(upside, late))
    assert (other.low_point <= one.low_point + 0.01).all()
    assert (other.present_value <= one.present_value + 0.01).all()
    np.testing.assert_allclose(other.final, one.final, atol=0.01)


# What comes in --------------------


def test_a_withhold_is_paid_later_and_never_lost() -> None:
    receipts = receipts_of_contract(Lived(SCENARIO, PANELS, POOL), "mssp_2011_track_2")
    settlement = settle(SCENARIO, PANELS, "mssp_2011_track_2")
    assert np.array_equal(receipts.settled, settlement.cash)
    assert np.array_equal(receipts.net, settlement.net)
    earned = settlement.net[:, 0] > 0
    assert earned.any()
    np.testing.assert_allclose(receipts.settled[earned, 0], 0.75 * receipts.net[earned, 0])
    np.testing.assert_allclose(receipts.settled.sum(axis=1), receipts.net.sum(axis=1), atol=0.01)


def test_what_a_tier_brings_is_the_same_to_the_cent_whenever_it_comes() -> None:
    panels = simulate(IN_A_POOL)
    found = {receipts.tier: receipts for receipts in receipts_of_practice(IN_A_POOL, panels)}
    assert IN_A_POOL.practice is not None
    divisions, _ = divisions_at(pool_years(IN_A_POOL, panels, IN_A_POOL.arrangements[0]), IN_A_POOL.practice, SMALL)
    for tier, division in divisions.items():
        brought = found[tier].settled + found[tier].bonus + found[tier].monthly - found[tier].reconciled
        np.testing.assert_allclose(brought, division.practice.total / 100, rtol=0, atol=1e-6)
    capitated = found["Capitated"]
    assert (capitated.monthly > 0).all()
    # 115% of primary care, half of the excess given back: twice the margin comes, once it goes
    np.testing.assert_allclose(capitated.reconciled, 0.5 * capitated.monthly, atol=0.01)
    assert not found["Upside only"].monthly.any()
    assert not list(receipts_of_practice(SCENARIO, PANELS))


# Answers --------------------


def test_rows_are_the_law_of_the_path() -> None:
    receipts = receipts_of_contract(Lived(SCENARIO, PANELS, POOL), "mssp_basic_a")
    costs = plan_of(SCENARIO, POOL)
    found = cash_of(receipts, costs, 2024)
    path = path_of(flows_of(receipts, costs))
    assert found.estimate("mean_final") == metrics.mean(path.final)
    assert found.estimate("low_point_p5") == metrics.percentile(path.low_point, 0.05)
    assert found.estimate("mean_present_value") == metrics.mean(path.present_value)
    assert found.estimate("chance_never_back").value == np.mean(path.final < -0.005)
    assert found.estimate("mean_cash", "2025") == metrics.mean(path.calendar[:, 1])
    back = np.sort(path.payback_month)[int(np.ceil(0.05 * WORLDS)) - 1]
    assert found.estimate("payback_month_p5").value == back
    assert found.calendar_years == ("2024", "2025", "2026", "2027")
    assert found.performance_years == ("PY1", "PY2", "PY3")
    earned = receipts.settled - np.array([500_000.0, 300_000.0, 300_000.0])
    assert found.estimate("mean_income", "PY2").value == pytest.approx(earned[:, 1].mean())
    assert found.estimate("chance_loss", "PY1").value == np.mean(earned[:, 0] < 0)
    chances = [found.estimate("chance_back_by", year).value for year in found.calendar_years]
    assert chances == sorted(chances)
    assert chances[-1] == pytest.approx(1 - found.estimate("chance_never_back").value)
    each = found.estimate("mean_final", share="physician")
    assert each.value == pytest.approx(path.final.mean() / (POOL / 75))
    assert {row.metric for row in found.rows} == set(CASH)
    assert all(isfinite(row.estimate.standard_error) for row in found.rows if row.metric.startswith(("mean", "chance")))


def test_the_fan_holds_its_share_of_worlds() -> None:
    receipts = receipts_of_contract(Lived(SCENARIO, PANELS, POOL), "mssp_basic_a")
    seen: dict[int, Any] = {}
    path_of(flows_of(receipts, plan_of(SCENARIO, POOL)), lambda month, cash: seen.__setitem__(month, cash.copy()))
    found = cash_of(receipts, plan_of(SCENARIO, POOL), 2024)
    assert [month for month, _ in found.fan] == list(seen)
    for month, edges in found.fan:
        for band, edge in zip(BANDS, edges, strict=True):
            assert edge == metrics.percentile(seen[month], band)


def test_the_cost_covered_leaves_nothing_on_average_and_knows_its_error() -> None:
    receipts = receipts_of_contract(Lived(SCENARIO, PANELS, POOL), "mssp_basic_a")
    costs = plan_of(SCENARIO, POOL)
    covered = cash_of(receipts, costs, 2024).estimate("cost_covered")
    broke_even = replace(costs, cost=(0.0,) * 3, cost_per_person_month=(covered.value,) * 3)
    assert path_of(flows_of(receipts, broke_even)).final.mean() == pytest.approx(0.0, abs=0.01)
    brought, months = receipts.settled.sum(axis=1), 12 * receipts.person_years.sum(axis=1)
    draws = np.random.default_rng(1)
    picked = (draws.integers(0, WORLDS, WORLDS) for _ in range(2_000))
    again = [brought[worlds].sum() / months[worlds].sum() for worlds in picked]
    assert covered.standard_error == pytest.approx(np.std(again), rel=0.1)


def test_what_is_left_out_has_sourced_defaults() -> None:
    found = plan_of(written(cash={}), POOL)
    first, later = cash_terms()["cost_st_johns"].at().value["per_person_month"]
    assert found.cost_per_person_month == (first, later, later)
    assert first * 12 * 29_000 == pytest.approx(500_000, rel=1e-3)
    assert later * 12 * 29_000 == pytest.approx(300_000, rel=1e-3)
    assert found.cost == (0.0, 0.0, 0.0)
    assert found.settlement_months == (18, 30, 42)
    assert found.horizon_months == 42
    assert (found.discount_rate, found.physicians) == (0.05, POOL / 75)
    assert plan_of(written(cash={"cost_of": "survey"}), POOL).cost == (2e6, 2e6, 2e6)
    assert plan_of(written(cash={"cost_of": "cms_estimate"}), POOL).cost == (1.85e6, 1.27e6, 1.27e6)
    own = plan_of(written(cash={"cost": 1e5, "cost_per_person_month": [2, 1], "settlement_month": 20}), POOL)
    assert (own.cost, own.cost_per_person_month) == ((1e5,) * 3, (2.0, 1.0, 1.0))
    assert own.settlement_months == (20, 32, 44)


def test_a_horizon_only_moves_what_never_means() -> None:
    usual, soon = (
        cash_answers(written(cash={"cost": 300_000, **more}), PANELS)[2] for more in ({}, {"horizon_months": 18})
    )
    assert soon.estimate("chance_never_back").value >= usual.estimate("chance_never_back").value
    assert soon.estimate("mean_final") == usual.estimate("mean_final")


def test_every_payee_is_answered_and_none_where_nobody_asks() -> None:
    found = cash_answers(SCENARIO, PANELS)
    assert [(each.arrangement, each.tier, each.people) for each in found] == [
        (choice.key, None, size) for size in (SMALL, POOL) for choice in SCENARIO.arrangements
    ]
    pooled = cash_answers(IN_A_POOL, simulate(IN_A_POOL))
    assert [(each.tier, each.people, each.physicians) for each in pooled] == [
        ("Upside only", SMALL, 4.0), ("Capitated", SMALL, 4.0)
    ]  # fmt: skip
    shared = cash_answers(written(cash={"practices": 20}), PANELS)[0]
    assert shared.estimate("mean_final", share="practice").value == pytest.approx(
        shared.estimate("mean_final").value / 20
    )
    none = build_scenario({key: value for key, value in WRITTEN.items() if key != "cash"})
    assert cash_answers(none, PANELS) == ()
    assert len(list(receipts_of(none, PANELS))) == 4


@pytest.mark.parametrize(
    ("cash", "words"),
    [
        ({"cost": -1.0}, r"cash\.cost"),
        ({"cost": []}, r"cash\.cost"),
        ({"cost": ["a"]}, r"cash\.cost\[1\].*text does not belong here"),
        ({"costs": 1.0}, "did you mean 'cost"),
        ({"cost": 1.0, "cost_of": "survey"}, "cost_of stands for costs that are not given"),
        ({"cost_of": "surveys"}, "did you mean 'survey'"),
        ({"settlement_month": 0}, r"cash\.settlement_month.*1 to 60"),
        ({"settlement_month": 18.5}, r"cash\.settlement_month"),
        ({"share_to_providers": 50.0}, "50 percent is 0.5"),
        ({"discount_rate": -0.1}, r"cash\.discount_rate"),
        ({"discount_rate": float("nan")}, r"cash\.discount_rate"),
        ({"physicians": 0}, r"cash\.physicians"),
        ({"advances": [{"months": 10, "every": 3}]}, "months must be a multiple of every"),
        ({"advances": [{"recouped": False, "rest_repaid": True}]}, "rest_repaid needs recouped"),
        ({"advances": [{"upfrnt": 1.0}]}, "did you mean 'upfront'"),
        ({"advances": {"upfront": 1.0}}, r"cash\.advances"),
    ],
)
def test_bad_tables_are_refused_with_their_key(cash: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        written(cash=cash)


@pytest.mark.parametrize(
    ("cash", "words"),
    [({"cost_of": "survey"}, r"cash\.cost_of: is of whole ACOs"), ({"practices": 3}, r"cash\.practices")],
)
def test_what_is_of_whole_acos_is_refused_for_a_practice(cash: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        written(practice=PRACTICE, cash=cash)


def test_a_metric_without_a_description_is_refused() -> None:
    with pytest.raises(KeyError, match="no description"):
        CashRow("a", "", 1, AGREEMENT, "whole", "nonsense", metrics.UNKNOWN)


# What a run leaves behind --------------------


def test_the_register_and_what_is_not_modelled_follow_the_table() -> None:
    lines = {line.name: line for line in assumptions(SCENARIO)}
    assert lines["settlement_month"].set_by == "default"
    assert lines["discount_rate"].confidence == "uncertain"
    assert (lines["cost"].value, lines["cost"].set_by) == ((500_000.0, 300_000.0), "scenario")
    assert "cost_st_johns" not in lines
    assert "cost_st_johns" in {line.name for line in assumptions(written(cash={}))}
    assert not any("when money moves" in item for item in not_modelled(SCENARIO))
    none = build_scenario({key: value for key, value in WRITTEN.items() if key != "cash"})
    assert not_modelled(none) == NOT_MODELLED
    assert not {"settlement_month", "cost_of_capital"} & {line.name for line in assumptions(none)}


def test_without_the_tables_nothing_is_written_that_was_not_before() -> None:
    none = build_scenario({**{key: value for key, value in WRITTEN.items() if key != "cash"}, "worlds": 100})
    assert not {"cash", "security"} & set(none.model_dump())
    assert "practice" in none.model_dump()
    answers = answer(none)
    assert (answers.cash, answers.security) == ((), ())
    assert not {"cash", "security", "cash_estimates"} & (
        set(run_record(answers)) | set(json.loads(json_document(answers)))
    )
    assert "When the money is in" not in report_page(answers)


def test_a_run_writes_prints_and_shows_cash(tmp_path: Path) -> None:
    toml = tmp_path / "c.toml"
    toml.write_text(
        f"""title = "c"
worlds = {WORLDS}
[panel]
sizes = [{POOL}]
[[arrangements]]
name = "mssp_enhanced"
label = "=E <b>"
[cash]
cost_before = 50000
[security]
""",
        encoding="utf-8",
    )
    folder = tmp_path / "out"
    result = CliRunner().invoke(main, ["run", str(toml), "--out", str(folder)])
    assert result.exit_code == 0, result.output
    assert "When the money is in" in result.output
    assert "held most cheaply" in result.output
    table = pd.read_parquet(folder / "cash.parquet")
    assert set(table.share) == {"whole", "physician"}
    assert (table.metric == "chance_never_back").sum() == 1
    record = json.loads((folder / "run.json").read_text())
    payee = record["cash"]["payees"][0]
    assert payee["settled_in"] == ["July 2025", "July 2026", "July 2027"]
    assert payee["cumulative"][0]["month"] == "January 2023"
    assert record["security"][0]["mixes"][0]["layers"]
    page = (folder / "report.html").read_text()
    section = page[page.index("When the money is in</h2>") : page.index("What a year brings</h2>")]
    assert "&lt;b&gt;" in section
    assert "the first settlement comes in July 2025" in section
    as_json = CliRunner().invoke(main, ["run", str(toml), "--out", str(folder), "--json"])
    assert len(json.loads(as_json.stdout)["cash_estimates"]) == len(table)


def test_the_page_tells_of_the_practice() -> None:
    page = report_page(answer(IN_A_POOL))
    section = page[page.index("When the money is in</h2>") : page.index("What a year brings</h2>")]
    assert "for each of 4 physicians" in section
    assert f"{SMALL:,} people under " in section
    for tier in ("Upside only", "Capitated"):
        assert tier in section


@pytest.mark.skipif(INTERPRETED, reason="a picture needs some hundred worlds")
def test_the_picture_has_three_bands_and_marks_what_it_says() -> None:
    for cost, in_half in ((5_000_000, False), (20_000, True)):
        found = cash_answers(written(cash={"cost": cost}), PANELS)[3]
        ax = plots.cash_over_time(found, name="a $x$ label")
        assert sum(isinstance(drawn, PolyCollection) for drawn in ax.collections) == 3
        told = " ".join(text.get_text() for text in ax.texts)
        assert "lowest, typically −$" in told
        back = found.estimate("payback_month_p50").value
        assert isfinite(back) == in_half == ("back, typically" in told)
        if in_half:
            assert f"back, typically {found.date(back)}" in told
        assert plots.svg(ax, "x") == plots.svg(plots.cash_over_time(found, name="a $x$ label"), "x")


def test_rows_make_a_tidy_frame() -> None:
    rows = cash_answers(SCENARIO, PANELS)[0].rows
    table = frame(rows)
    assert list(table.columns) == [
        "arrangement", "tier", "people", "period", "share", "metric", "value", "standard_error",
    ]  # fmt: skip
    assert len(table) == len(rows)
