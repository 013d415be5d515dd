"""Arrangement against arrangement: errors against brute force, break-evens against closed forms and worked cases."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED
from numpy.typing import NDArray

import simdce
from simdce import metrics, plots
from simdce.control import Controls
from simdce.metrics import Estimate
from simdce.report import report_page
from simdce.report.comparison import side_by_side
from simdce.report.laws import laws
from simdce.results import AGREEMENT, DIFFERENCES
from simdce.run import Answers
from simdce.scenario import Scenario, build_scenario
from simdce.studies.break_even import (
    ALWAYS,
    NEVER,
    BreakEven,
    Crossing,
    RuleBreakEven,
    break_evens,
    paid_by_rule,
    rule_break_evens,
    sign_changes,
)
from simdce.studies.comparison import comparison, differences_at, distinguishable, pairs, reference
from simdce.studies.payment import Lived
from simdce.worlds import MEASURED, PanelYears, simulate

pytestmark = pytest.mark.skipif(INTERPRETED, reason="brute force needs millions of person-years")

FloatArray = NDArray[np.float64]
CASES = tomllib.loads((Path(__file__).parent / "known_answers" / "lead.toml").read_text(encoding="utf-8"))
LEAD, MSSP = "lead_global_lower_spending", "mssp_2027_enhanced_current_law"
HIGHER = "lead_global_higher_spending"


def written(*names: str, worlds: int = 400, sizes: tuple[int, ...] = (1_000,), **tables: Any) -> dict[str, Any]:
    """A scenario of 2027 with one baseline year and no minimum savings rate."""
    choices = [
        {"name": name, "elections": {"minimum_savings_rate": 0.0} if name.startswith("mssp_2027") else {}}
        for name in names
    ]
    return {
        "title": "side by side",
        "worlds": worlds,
        "seed": 11,
        "panel": {"sizes": list(sizes)},
        "years": {"first_performance_year": 2027, "performance": 2, "baseline": 1},
        "benchmark": {"weights": [1.0]},
        "arrangements": choices,
        **tables,
    }


def lived_of(scenario: Scenario, size: int | None = None) -> Lived:
    return Lived(scenario, simulate(scenario), scenario.panel.sizes[-1] if size is None else size)


# Errors against brute force --------------------

BATCHES, WORLDS = 80, 400


def worlds_of(panels: PanelYears, chosen: slice) -> PanelYears:
    """Some of the worlds, which are independent of the others, as a simulation of their own."""
    assert panels.recovered_dollars is None
    shocks = {name: draws[chosen] for name, draws in panels.shocks.items()}
    return replace(panels, shocks=shocks, **{name: getattr(panels, name)[chosen] for name in MEASURED})


@cache
def many() -> dict[str, list[Estimate]]:
    """Estimates of one pair from independent simulations, by metric; "root" is where both pay alike."""
    scenario = build_scenario(written(LEAD, MSSP, worlds=BATCHES * WORLDS))
    panels = simulate(scenario)
    found: dict[str, list[Estimate]] = {}
    for batch in range(BATCHES):
        lived = Lived(scenario, worlds_of(panels, slice(batch * WORLDS, (batch + 1) * WORLDS)), 1_000)
        for row in differences_at(lived):
            if row.performance_year == AGREEMENT:
                found.setdefault(row.metric, []).append(row.estimate)
        for even in break_evens(lived, ((LEAD, MSSP),), MSSP)[0]:
            name = "root" if even.against else f"alone {even.arrangement}"
            if len(even.crossings) == 1:
                found.setdefault(name, []).append(even.crossings[0].true_savings)
    return found


@pytest.mark.parametrize("metric", [*DIFFERENCES, "root", f"alone {LEAD}"])
def test_the_error_stated_is_the_spread_over_independent_worlds(metric: str) -> None:
    estimates = many()[metric]
    values = np.array([each.value for each in estimates])
    stated = sqrt(float(np.mean([each.standard_error**2 for each in estimates])))
    assert len(values) >= BATCHES
    if metric == "chance_alike":
        assert (values == 0).all()
        assert stated == pytest.approx(1 / WORLDS)  # never seen, not known to be impossible
        return
    spread = float(values.std(ddof=1))
    noise = 4.0 / sqrt(2.0 * (len(values) - 1))  # of a standard deviation from so many draws, relative
    if metric == "mean_difference_unpaired":
        assert stated > 1.3 * spread  # what pairing gains
        return
    assert stated == pytest.approx(spread, rel=noise)


def test_the_error_of_a_percentile_difference_on_correlated_figures() -> None:
    rng = np.random.default_rng(5)
    draws, worlds = 400, 2_000
    found = []
    for _ in range(draws):
        shared, own = rng.normal(size=worlds), rng.normal(size=worlds)
        found.append(metrics.percentile_difference(shared, 0.9 * shared + 0.3 * own, 0.05))
    spread = float(np.std([each.value for each in found], ddof=1))
    stated = sqrt(float(np.mean([each.standard_error**2 for each in found])))
    assert stated == pytest.approx(spread, rel=4.0 / sqrt(2.0 * draws) + 0.05)  # a spacing is a rough density
    apart = sqrt(
        float(np.mean([2 * metrics.percentile(rng.normal(size=worlds), 0.05).standard_error ** 2 for _ in found]))
    )
    assert stated < 0.7 * apart


def test_a_percentile_against_itself_has_neither_difference_nor_error() -> None:
    amounts = np.random.default_rng(1).normal(1e6, 1e6, 1_000)
    found = metrics.percentile_difference(amounts, amounts, 0.05)
    assert found.value == 0.0
    assert found.standard_error <= 1e-6 * metrics.percentile(amounts, 0.05).standard_error
    assert np.isnan(metrics.percentile_difference(amounts[:20], amounts[:20], 0.05).value)


# Identities --------------------


@cache
def answers() -> Answers:
    names = (LEAD, MSSP, "mssp_2027_basic_e_current_law", "mssp_basic_a")
    asked = {"comparison": {"against": MSSP}}
    return simdce.answer(build_scenario(written(*names, sizes=(1_000, 3_000, 9_000), questions=asked)))


def test_the_mean_difference_is_the_difference_of_the_means() -> None:
    run = answers()
    assert run.comparison is not None
    rows = run.estimates[run.estimates.metric == "mean_net"]
    means = {
        (row.arrangement, row.panel_size, row.performance_year): Estimate(row.value, row.standard_error)
        for row in rows.itertuples()
    }
    for row in run.comparison.differences:
        place = (row.panel_size, row.performance_year)
        one, other = means[row.arrangement, *place], means[row.against, *place]
        if row.metric == "mean_difference":
            assert row.estimate.value == pytest.approx(one.value - other.value, abs=1e-6)
        if row.metric == "mean_difference_unpaired":
            error = sqrt(one.standard_error**2 + other.standard_error**2)  # of means floored at a world by the gate
            assert 0.9 * error < row.estimate.standard_error <= error * (1 + 1e-9)
            assert row.estimate.value == pytest.approx(one.value - other.value, abs=1e-6)


def test_every_pair_at_every_size_in_every_year_by_every_metric() -> None:
    run = answers()
    assert run.comparison is not None
    rows = run.comparison.differences
    places = {(r.arrangement, r.against, r.panel_size, r.performance_year, r.metric) for r in rows}
    assert len(places) == len(rows) == 6 * 3 * 3 * len(DIFFERENCES)
    assert {(r.arrangement, r.against) for r in rows} == set(pairs(run.scenario))
    by = {place: row.estimate.value for place, row in zip([(r.arrangement, r.against, r.panel_size, r.performance_year,
          r.metric) for r in rows], rows, strict=True)}  # fmt: skip
    for one, other, size, year, _ in places:
        assert sum(by[one, other, size, year, f"chance_{word}"] for word in ("more", "less", "alike")) == pytest.approx(
            1
        )
    dollars = run.comparison.difference(LEAD, "mean_difference")
    each = run.comparison.difference(LEAD, "mean_difference_per_person_year")
    assert each.value == pytest.approx(dollars.value / (9_000 * 2))


def test_the_question_names_what_the_others_are_held_against() -> None:
    run = answers()
    assert reference(run.scenario) == MSSP
    assert [pair[1] for pair in pairs(run.scenario)[:3]] == [MSSP] * 3
    assert reference(build_scenario(written(LEAD, MSSP))) == LEAD
    choices = [{"name": "mssp_2027_enhanced_current_law", "label": str(number)} for number in range(9)]
    crowded = build_scenario({**written(), "arrangements": choices})
    assert pairs(crowded) == tuple((str(number), "0") for number in range(1, 9))


def test_other_panel_sizes_beside_change_no_bit() -> None:
    run = answers()
    assert run.comparison is not None
    alone = build_scenario({**run.scenario.model_dump(mode="json", exclude_none=True), "panel": {"sizes": [9_000]}})
    lived = lived_of(alone)
    found = differences_at(lived, Controls(alone, lived.panels))
    assert comparison(found, lived) == replace(
        run.comparison, differences=tuple(row for row in run.comparison.differences if row.panel_size == 9_000)
    )


def test_a_contract_against_its_copy_is_alike_in_every_world() -> None:
    choices = [{"name": LEAD}, {"name": LEAD, "label": "copy"}]
    run = simdce.answer(build_scenario({**written(), "arrangements": choices}))
    assert run.comparison is not None
    assert run.comparison.difference("copy", "chance_alike").value == 1.0
    assert run.comparison.difference("copy", "mean_difference") == Estimate(0.0, 0.0)
    assert not distinguishable(run.comparison.difference("copy", "mean_difference"))
    assert run.comparison.crossings("copy", LEAD).text == "always alike"
    assert run.comparison.by_rule[0].text == "always alike"
    assert "Side by side" not in report_page(run)  # one law, nothing to compare


# Break-evens --------------------


def test_the_break_even_of_a_linear_contract_is_benchmark_over_expenditure() -> None:
    """Unsequestered and within the first corridor the net is benchmark less cost: nought at 1 − mean(B) / mean(E)."""
    flat = {"savings_sequestration_factor": 1.0, "loss_sequestration_factor": 1.0}
    choice = {"name": LEAD, "elections": {"overrides": {**flat, "discount": 0.05}}}
    scenario = build_scenario(
        {
            **written(sizes=(20_000,)),
            "arrangements": [choice],
            "shocks": {"preset": "none"},
            "years": {"first_performance_year": 2027, "performance": 1, "baseline": 1},
        }
    )
    lived = lived_of(scenario)
    settlement, benchmark = lived.settled(LEAD, 0.0)
    cost = benchmark[:, 0] - settlement.gross_savings[:, 0]
    root = 1.0 - benchmark[:, 0].mean() / cost.mean()
    rates = settlement.gross_savings / benchmark
    assert 0.02 < root < 0.10
    assert np.abs(rates).max() < 0.15
    (found,), _ = break_evens(lived, (), LEAD)
    (crossing,) = found.crossings
    left = benchmark[:, 0] - (1.0 - root) * cost
    assert crossing.upwards
    assert crossing.true_savings.value == pytest.approx(root, abs=2e-6)
    assert crossing.true_savings.standard_error == pytest.approx(
        left.std(ddof=1) / sqrt(len(left)) / cost.mean(), rel=1e-4
    )
    assert found.side == -1


def test_at_the_root_both_pay_the_same_on_the_same_worlds() -> None:
    scenario = build_scenario(written(HIGHER, MSSP))
    lived = lived_of(scenario)
    evens, curves = break_evens(lived, ((HIGHER, MSSP),), MSSP)
    pair = next(each for each in evens if each.against == MSSP)
    (crossing,) = pair.crossings
    rate = crossing.true_savings.value
    paid = [lived.settled(key, rate)[0].net.sum(axis=1).mean() for key in (HIGHER, MSSP)]
    dollar_a_step = 1e7 * 2 * 1e-6  # what one step of the search is worth at most
    assert paid[0] == pytest.approx(paid[1], abs=dollar_a_step)
    assert pair.at_none == curves.difference[HIGHER][0]
    assert pair.at_none.value < 0 < pair.at_most.value
    assert len(curves.savings) == len(curves.net[MSSP]) == 26


def test_a_one_sided_contract_pays_for_itself_always() -> None:
    run = answers()
    assert run.comparison is not None
    alone = run.comparison.crossings("mssp_basic_a", None)
    assert alone.crossings == ()
    assert alone.text == ALWAYS


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([-1.0, 1.0], [(0, 1)]),
        ([-1.0, 0.0, 0.0, 2.0, -3.0], [(0, 3), (3, 4)]),
        ([0.0, 0.0, 1.0, 0.0], []),
        ([0.0, -1.0, 0.0, -1.0], []),
    ],
)
def test_where_a_sign_turns(values: list[float], expected: list[tuple[int, int]]) -> None:
    assert sign_changes(np.array(values)) == expected


@pytest.mark.parametrize(
    ("turns", "ends", "text"),
    [
        ((), (1.0, 1.0), ALWAYS),
        ((), (0.0, -1.0), NEVER),
        ((), (0.0, 0.0), "always alike"),
        (((0.0986, True),), (-1.0, 1.0), "above 9.86% ± 0.03%"),
        (((0.05, False),), (1.0, -1.0), "below 5.00% ± 0.03%"),
        (((0.05, True), (0.2, False)), (-1.0, -1.0), "from 5.00% ± 0.03% to 20.00% ± 0.03%"),
        (((0.05, False), (0.2, True)), (1.0, 1.0), "below 5.00% ± 0.03% and above 20.00% ± 0.03%"),
    ],
)
def test_break_evens_in_words(turns: tuple[tuple[float, bool], ...], ends: tuple[float, float], text: str) -> None:
    crossings = tuple(Crossing(Estimate(rate, 0.0003), upwards) for rate, upwards in turns)
    low, high = (Estimate(1e6 * end, 1e4) for end in ends)
    assert BreakEven("one", "other", 5_000, crossings, low, high).text == text


# The rule alone: worked cases L01 to L06 (L07 to L09 are about trend, region and capitation, not about paying alike)


def by_rule(*names: str, performance: int = 1, **tables: Any) -> list[RuleBreakEven]:
    years = {"first_performance_year": 2027, "performance": performance, "baseline": 1}
    scenario = build_scenario({**written(*names), "years": years, **tables})
    return rule_break_evens(scenario, 20_000, [(scenario.arrangements[0].key, scenario.arrangements[1].key)])


@pytest.mark.parametrize("case", CASES["break_even"], ids=lambda case: case["id"])
def test_lead_and_the_shared_savings_program_pay_alike_where_worked_out(case: dict[str, Any]) -> None:
    (found,) = by_rule(case["lead"], case["against"])
    rate, more_above = found.by_year[0][0]
    assert rate == pytest.approx(case["savings"], abs=1e-9)
    assert more_above
    assert found.sides[0] == -1


def test_beyond_the_first_corridor_enhanced_overtakes_lead_again() -> None:
    """s − .03 up to .1455 (15% of .97), half beyond: .1455 + (s − .03 − .1455) / 2 = .75 s at s = .231."""
    (found,) = by_rule(LEAD, MSSP)
    (low, above), (high, more) = found.by_year[0]
    assert (low, high) == pytest.approx((0.12, 0.231), abs=1e-9)
    assert (above, more) == (True, False)
    assert found.text == "from 12% to 23.1%"


def test_a_rate_between_two_tried_lies_on_their_line() -> None:
    """s − .030123 = .75 s at s = .120492, between hundredths of a percent."""
    odd = {"name": LEAD, "elections": {"overrides": {"discount": 0.030123}}}
    (found,) = by_rule(arrangements=[odd, {"name": MSSP, "elections": {"minimum_savings_rate": 0.0}}])
    assert found.by_year[0][0][0] == pytest.approx(0.120492, abs=1e-9)


def test_the_rule_is_followed_to_the_end_of_the_agreement() -> None:
    """The higher-spending discount, less the add-on, rises from .25% to 1.5% in 2032: s − d = .75 s at 4 d."""
    (found,) = by_rule(HIGHER, MSSP)
    assert found.years == tuple(range(2027, 2037))
    net = [0.0025, 0.005, 0.0075, 0.01, 0.0125] + [0.015] * 5
    assert [rates[0][0] for rates in found.by_year] == pytest.approx([4 * part for part in net], abs=1e-9)
    assert found.text == "above 1% in 2027, above 6% in 2032"


def test_an_election_for_the_years_simulated_keeps_to_them() -> None:
    choices = [{"name": HIGHER, "elections": {"quality_score": [1.0]}}, {"name": MSSP}]
    (found,) = by_rule(performance=1, arrangements=choices)
    assert found.years == (2027,)


@pytest.mark.parametrize(
    ("name", "gross", "shared"),
    [
        (LEAD, [0.02, 0.08, 0.15, 0.2, 0.4, 0.6, 1.0], [0.02, 0.08, 0.15, 0.175, 0.2625, 0.2975, 0.3375]),  # L01
        ("lead_professional", [0.02, 0.08, 0.15, 0.2, 0.4], [0.012, 0.048, 0.0775, 0.085, 0.095]),  # L02
        ("lead_professional", [-0.02, -0.08, -0.15, -0.2, -0.4], [-0.01, -0.04, -0.0675, -0.075, -0.085]),  # L03
    ],
)
def test_paid_by_rule_follows_the_corridors(name: str, gross: list[float], shared: list[float]) -> None:
    flat = {"savings_sequestration_factor": 1.0, "loss_sequestration_factor": 1.0}
    overrides = {**flat, **({"discount": 0.0} if name == LEAD else {})}
    scenario = build_scenario({**written(), "arrangements": [{"name": name, "elections": {"overrides": overrides}}]})
    found = paid_by_rule(scenario, name, 5_000, np.array(gross), (2027,))
    assert found[:, 0] == pytest.approx(shared, abs=1e-12)


@pytest.mark.parametrize("case", CASES["settlement"], ids=lambda case: case["id"])
def test_paid_by_rule_settles_the_worked_cases(case: dict[str, Any]) -> None:
    """L04 and L05: what is taken off the benchmark, and the payment on the rest."""
    elections = {"quality_score": case["quality_score"], "overrides": case.get("overrides", {})}
    scenario = build_scenario({**written(), "arrangements": [{"name": case["arrangement"], "elections": elections}]})
    saved = np.array([1.0 - case["expenditure"] / case["unadjusted"]])
    found = paid_by_rule(scenario, case["arrangement"], 10_000, saved, (case["performance_year"],))
    assert found[0, 0] * case["unadjusted"] == pytest.approx(case["net"], abs=case["tolerance"])


# Words, tables, figures --------------------


def test_the_page_says_what_cannot_be_distinguished() -> None:
    run = answers()
    assert run.comparison is not None
    lived = Lived(run.scenario, run.panels, 9_000)
    found = side_by_side(run, laws(run, lived))
    assert found is not None
    assert len(found.sentences) == 3
    assert all(len(cells) == len(found.headings) for _, cells in found.rows)
    assert found.rows[0][0].keys == (MSSP,)
    close = tuple(
        replace(row, estimate=Estimate(row.estimate.value, abs(row.estimate.value) / 1.9))
        if row.metric.startswith("mean_difference")
        else row
        for row in run.comparison.differences
    )
    doubtful = side_by_side(replace(run, comparison=replace(run.comparison, differences=close)), laws(run, lived))
    assert doubtful is not None
    assert "not distinguishable" in doubtful.sentences[0]
    assert all(cells[0].value == "not distinguishable" for _, cells in doubtful.rows[1:])
    assert "not distinguishable from it" not in found.sentences[0]


def test_the_figures_mark_every_crossing() -> None:
    run = answers()
    assert run.comparison is not None
    ax = plots.difference_by_true_savings(run.comparison, 2)
    marked = sorted(float(line.get_xdata()[0]) for line in ax.get_lines() if line.get_marker() == "D"
                    and len(line.get_xdata()) == 1)  # fmt: skip
    crossings = [100 * each.true_savings.value for found in run.comparison.break_even if found.against == MSSP
                 for each in found.crossings]  # fmt: skip
    assert crossings
    assert marked == pytest.approx(sorted(crossings))
    left = plots.net_by_true_savings(run.comparison, 2)
    (line,) = [each for each in left.get_lines() if each.get_label() == LEAD]
    values = [each.value / 2 for each in run.comparison.curves.net[LEAD]]
    assert list(line.get_ydata()) == pytest.approx(values)
