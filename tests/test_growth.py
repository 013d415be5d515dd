"""Paths of the panel: people by law, money from the nested panel that applies, plans on common worlds."""

from __future__ import annotations

import json
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, sized
from matplotlib.figure import Figure
from scipy.stats import binom

from simdce import arrangements, metrics, plots
from simdce.assumptions import NOT_MODELLED, assumptions, cautions, not_modelled
from simdce.benchmarking.chain import benchmark_dollars
from simdce.cli import main
from simdce.errors import InputError
from simdce.growth import settled
from simdce.growth.draws import binomial_quantile, split, uptake
from simdce.growth.minimum import below_minimum
from simdce.growth.people import PeopleByYear, people_by_year
from simdce.growth.settled import PathPayments, outcome_along, payments_along, years_along
from simdce.output import json_document, run_record
from simdce.population import causes
from simdce.report import report_page
from simdce.results import AGREEMENT, frame
from simdce.run import answer
from simdce.scenario import Scenario, build_scenario, read_scenario
from simdce.settlements import counts_truncated, experience, settle
from simdce.slots import slot_laws
from simdce.studies.growth import FAN, GrowthAnswers, growth_answers
from simdce.worlds import MEASURED, simulate, sizes_by_world

SHIPPED = Path(__file__).parents[1] / "scenarios" / "growing_to_15000.toml"
WORLDS = sized(700, 100)
START = sized(6_000, 300)
PRACTICE = sized(1_500, 120)
CHOICES = [{"name": "mssp_enhanced"}, {"name": "reach_global"}, {"name": "lead_professional"}]
WRITTEN: dict[str, Any] = {
    "title": "growth",
    "worlds": WORLDS,
    "seed": 11,
    "panel": {"sizes": [START, START + PRACTICE], "price_year": 2023},
    "years": {"first_performance_year": 2024, "performance": 3, "gap": 1},
    "savings": {"true": 0.02},
    "arrangements": CHOICES,
}
OUTREACH = {"invited": sized(400, 40), "uptake": 0.2, "uptake_sd": 0.08}
BUSY: dict[str, Any] = {
    "replaced": 0.8,
    "joining": [
        {"name": "north", "people": PRACTICE, "year": 2024, "chance": 0.3},
        {"name": "south", "people": PRACTICE // 2, "year": 2025, "chance": 0.6},
    ],
    "outreach": OUTREACH,
    "one_more": {"people": PRACTICE, "year": 2025},
    "marks": [START, START + PRACTICE],
}


def growing(worlds: int | None = None, **growth: Any) -> Scenario:
    tables = {
        name: growth.pop(name) for name in ("years", "arrangements", "benchmark", "shocks", "seed") if name in growth
    }
    written = build_scenario({**WRITTEN, **tables, "growth": {"start": START, "years_let_pass": 9, **growth}})
    return written if worlds is None else written.model_copy(update={"worlds": worlds})


def path_of(scenario: Scenario, plan: int = 0, **more: Any) -> PeopleByYear:
    assert scenario.growth is not None
    return people_by_year(scenario, scenario.growth.plans[plan], **more)


def paid_along(scenario: Scenario, **more: Any) -> dict[str, PathPayments]:
    return payments_along(scenario, simulate(scenario), [path_of(scenario)], **more)[0]


# Draws --------------------


@pytest.mark.parametrize("people", [0, 1, 2, 40, 9_000])
@pytest.mark.parametrize("chance", [0.0, 1e-5, 0.02, 0.25, 0.9, 1.0])
def test_binomial_quantiles_are_those_of_the_law(people: int, chance: float) -> None:
    at = np.concatenate([np.random.default_rng(3).random(2_000), [2.0**-54, 1e-9, 1.0 - 1e-9]])
    found = binomial_quantile(at, np.full(len(at), people), chance)
    assert np.array_equal(found, binom.ppf(at, people, chance) if people else np.zeros(len(at)))


def test_a_larger_panel_never_becomes_the_smaller_one() -> None:
    at, people = np.random.default_rng(4).random(4_000)[:, None], np.arange(200, 260)[None, :]
    lost = binomial_quantile(at, people, 0.07)
    assert set(np.unique(np.diff(lost, axis=1))) == {0, 1}


def test_people_split_over_causes_add_up_and_keep_their_shares() -> None:
    weights = np.array([0.04, 0.05, 0.0, 0.16])
    at = list(np.random.default_rng(5).random((3, 20_000)))
    found = split(at, np.full(20_000, 400), weights)
    assert (found.sum(axis=1) == 400).all()
    assert (found[:, 2] == 0).all()
    error = np.sqrt(400 * 0.25 / 20_000)
    np.testing.assert_allclose(found.mean(axis=0), 400 * weights / weights.sum(), atol=4 * error)


@pytest.mark.parametrize("lasts", [True, False])
def test_uptake_has_its_mean_and_spread_and_lasts_where_it_should(lasts: bool) -> None:
    scenario = growing(20_000, outreach={**OUTREACH, "uptake_lasts": lasts})
    assert scenario.growth is not None
    assert scenario.growth.outreach is not None
    found = uptake(scenario.seed, 20_000, 3, scenario.growth.outreach)
    for year in range(3):
        mean, sd = metrics.mean(found[:, year]), metrics.standard_deviation(found[:, year])
        assert abs(mean.value - 0.2) < 4 * mean.standard_error
        assert abs(sd.value - 0.08) < 4 * sd.standard_error
    correlation = np.corrcoef(found[:, 0], found[:, 1])[0, 1]
    assert correlation == pytest.approx(1.0) if lasts else abs(correlation) < 4 / np.sqrt(20_000)


# People --------------------


def test_a_scenario_that_does_nothing_keeps_its_people() -> None:
    path = path_of(growing())
    assert (path.people == START).all()
    assert np.array_equal(path.left.sum(axis=2), path.replaced)  # turnover happens, and every place is taken again


def assert_mean_and_variance(people: np.ndarray, mean: float, variance: float) -> None:
    found, spread = metrics.mean(people.astype(float)), metrics.standard_deviation(people.astype(float))
    assert abs(found.value - mean) < 4 * found.standard_error
    assert abs(spread.value - np.sqrt(variance)) < 4 * spread.standard_error


def test_people_by_practice_follow_their_closed_form() -> None:
    scenario = growing(20_000, **{**BUSY, "outreach": None})
    path = path_of(scenario)
    stays = 1.0 - sum(causes(scenario).values()) * (1.0 - 0.8)
    for year in range(3):
        parts = [(START, 1.0, stays**year), (PRACTICE, 0.3, stays**year)]
        parts += [(PRACTICE // 2, 0.6, stays ** (year - 1))] if year else []
        mean = sum(n * q * a for n, q, a in parts)
        variance = sum(n * q * a * (1 - a) + q * (1 - q) * (n * a) ** 2 for n, q, a in parts)
        assert_mean_and_variance(path.aligned[:, year], mean, variance)


@pytest.mark.parametrize("lasts", [True, False])
def test_people_who_sign_follow_their_closed_form(lasts: bool) -> None:
    path = path_of(growing(20_000, outreach={**OUTREACH, "uptake_lasts": lasts, "stays": 0.7}))
    invited, mean, sd = 4 * OUTREACH["invited"], OUTREACH["uptake"], OUTREACH["uptake_sd"]
    square = mean**2 + sd**2
    assert_mean_and_variance(path.signed[:, 1], invited * mean, invited * (mean - square) + (invited * sd) ** 2)
    # in the third January those of two years, the first of them thinned once
    level = (invited * sd) ** 2 * ((1 + 0.7) ** 2 if lasts else 1 + 0.7**2)
    within = invited * (0.7 * mean - 0.7**2 * square) + invited * (mean - square)
    assert_mean_and_variance(path.voluntary[:, 2], invited * mean * (1 + 0.7), level + within)


def test_those_who_sign_count_for_the_quarters_that_are_left() -> None:
    soon, later = (path_of(growing(outreach={**OUTREACH, "same_year": same})) for same in (True, False))
    assert np.array_equal(soon.signed, later.signed)
    np.testing.assert_allclose(soon.people - soon.aligned - soon.voluntary, soon.signed * 6 / 16, atol=0.5)
    assert np.array_equal(later.people, later.aligned + later.voluntary)
    waiting = path_of(growing(outreach={**OUTREACH, "from_year": 2025}))
    assert (waiting.signed[:, 0] == 0).all()
    assert np.array_equal(waiting.signed[:, 1:], soon.signed[:, 1:])


def test_everybody_who_comes_or_goes_is_counted() -> None:
    path = path_of(growing(**BUSY, leaving=[{"name": "old", "people": START // 4, "year": 2025, "chance": 0.5}]))
    here = path.aligned + path.voluntary
    gone = path.left.sum(axis=2)
    arrived = path.joined[:, 1:] - path.withdrawn[:, 1:] + path.signed[:, :-1] + path.replaced[:, :-1]
    assert np.array_equal(here[:, 1:], here[:, :-1] - gone[:, :-1] + arrived)
    assert np.array_equal(here[:, 0], START + path.joined[:, 0])
    went = path.withdrawn[:, 1] > 0
    assert abs(went.mean() - 0.5) < 4 * 0.5 / np.sqrt(WORLDS)
    taken_off = went[:, None] * np.array([0, 1, 1]) * (START // 4)
    assert np.array_equal(path.listed, START + path.joined.cumsum(axis=1) - taken_off)
    for name in ("aligned", "voluntary", "signed", "joined", "left", "replaced"):
        assert (getattr(path, name) >= 0).all()


def test_leavers_by_cause_have_the_rates_of_the_calibration() -> None:
    scenario = growing(4_000)
    path, lost = path_of(scenario), causes(scenario)
    for place, cause in enumerate(path.causes):
        rate = metrics.mean(path.left[:, 0, place] / START)
        assert abs(rate.value - lost[cause]) < 4 * rate.standard_error
    chosen = path_of(growing(4_000, replaced=0.0, outreach={**OUTREACH, "stays": 0.0}))
    assert (chosen.voluntary[:, 1] == chosen.signed[:, 0]).all()  # nobody who signed is there after a second January
    assert (chosen.voluntary[:, 2] == chosen.signed[:, 1]).all()


def test_voluntary_people_do_not_leave_for_want_of_visits() -> None:
    scenario = growing(4_000, outreach={**OUTREACH, "invited": 4_000})
    with_them, without = path_of(scenario), path_of(growing(4_000))
    more = with_them.left.sum(axis=(0, 1)) - without.left.sum(axis=(0, 1))
    lost = causes(scenario)
    place = with_them.causes.index("lost_plurality")
    assert more[place] == 0
    rate = more.sum() / with_them.voluntary.sum()
    assert rate == pytest.approx(sum(lost.values()) - lost["lost_plurality"], rel=0.01)


def test_one_more_practice_never_lowers_people_and_leaves_all_else_alone() -> None:
    scenario = growing(**BUSY)
    less, more = path_of(scenario), path_of(scenario, one_more=True)
    assert (more.people >= less.people).all()
    assert (more.people <= less.people + PRACTICE).all()
    assert (more.people[:, 1] > less.people[:, 1]).all()
    assert np.array_equal(more.signed, less.signed)
    named = growing(**{**BUSY, "joining": [*BUSY["joining"], {"name": "new", "people": PRACTICE, "year": 2025}]})
    assert np.array_equal(path_of(named).people, more.people)


def test_a_path_does_not_depend_on_worlds_or_years_beside_it() -> None:
    few, many = path_of(growing(40, **BUSY)), path_of(growing(80, **BUSY))
    longer = path_of(growing(40, years={**WRITTEN["years"], "performance": 5}, **BUSY))
    for name in ("people", "listed", "left"):
        assert np.array_equal(getattr(few, name), getattr(many, name)[:40])
        assert np.array_equal(getattr(few, name), getattr(longer, name)[:, :3])


# Worlds and money --------------------


def test_sizes_that_differ_by_world_have_the_bits_of_panels_of_those_sizes() -> None:
    sizes = (START - 7, START, START + 13, START + PRACTICE)
    written = {**WRITTEN, "panel": {**WRITTEN["panel"], "sizes": list(sizes)}}
    scenario = build_scenario(written).model_copy(update={"worlds": sized(60, 12)})
    whole, laws = simulate(scenario), slot_laws(scenario)
    chosen = np.random.default_rng(1).integers(0, len(sizes), (scenario.worlds - 3, 5))
    wanted = np.array(sizes)[chosen]
    for options in ({}, {"threads": 3}, {"slots_per_block": 64}):
        found = sizes_by_world(scenario, laws, wanted, 3, **options)
        for name in (*MEASURED, "recovered_dollars"):
            expected = getattr(whole, name)[np.arange(3, scenario.worlds)[:, None], chosen]
            assert np.array_equal(found[name], expected), name
        assert np.array_equal(found["slots"], whole.slots[chosen])


def test_a_constant_path_pays_what_the_fixed_panel_pays_to_the_bit() -> None:
    scenario = growing()
    panels = simulate(scenario)
    found = payments_along(scenario, panels, [path_of(scenario)])[0]
    for choice in scenario.arrangements:
        assert np.array_equal(found[choice.key].net, settle(scenario, panels, choice.key, START).net)


def test_threads_and_worlds_at_a_time_leave_every_bit_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = growing(sized(300, 30), **BUSY)
    once = paid_along(scenario)
    monkeypatch.setattr(settled, "WORLDS_AT_A_TIME", sized(77, 7))
    again = paid_along(scenario, threads=3)
    for key, payments in once.items():
        assert np.array_equal(payments.net, again[key].net)
        assert np.array_equal(payments.admitted, again[key].admitted)


def test_who_joins_brings_the_past_along() -> None:
    """From the year of joining on the year is settled as in a panel that always had the practice's people."""
    joining = [{"name": "north", "people": PRACTICE, "year": 2025}]
    scenario = growing(joining=joining, arrangements=CHOICES[1:])  # settled year by year, without a memory
    panels = simulate(scenario)
    found = payments_along(scenario, panels, [path_of(scenario)])[0]
    for choice in scenario.arrangements:
        small, large = (settle(scenario, panels, choice.key, size).net for size in (START, START + PRACTICE))
        assert np.array_equal(found[choice.key].net[:, 0], small[:, 0])
        assert np.array_equal(found[choice.key].net[:, 1:], large[:, 1:])
        assert not np.array_equal(small, large)


def test_who_leaves_takes_the_past_along() -> None:
    leaving = [{"name": "north", "people": PRACTICE, "year": 2026}]
    scenario = growing(start=START + PRACTICE, leaving=leaving, arrangements=CHOICES[2:])
    panels = simulate(scenario)
    found = payments_along(scenario, panels, [path_of(scenario)])[0]["lead_professional"].net
    small, large = (settle(scenario, panels, "lead_professional", size).net for size in (START, START + PRACTICE))
    assert np.array_equal(found, np.hstack([large[:, :2], small[:, 2:]]))


def test_a_practice_that_leaves_takes_what_is_left_of_its_people() -> None:
    leaving = [{"name": "north", "people": START // 3, "year": 2026}]
    path = path_of(growing(4_000, replaced=0.2, leaving=leaving))
    stays = 1.0 - 0.8 * sum(causes(growing()).values())
    assert (path.withdrawn[:, 2] == np.floor(START // 3 * stays**2 + 0.5)).all()
    mean = metrics.mean(path.aligned[:, 2].astype(float))
    assert abs(mean.value - START * stays**2 * 2 / 3) < 4 * mean.standard_error + 1.0


def test_who_signs_leaves_the_benchmark_to_the_past_of_the_practices() -> None:
    """Against the rate of the list's own years times who is there, put together by hand from fixed panels."""
    scenario = growing(
        sized(40, 10),
        outreach={**OUTREACH, "uptake_sd": 0.0},
        arrangements=[{"name": "mssp_track_2"}],
        shocks={"preset": "none"},
        benchmark={"weights": [0.2, 0.3, 0.5], "annual_trend": 0.0, "risk_adjustment": False},
    )
    panels, path = simulate(scenario), path_of(scenario)
    _, (years,) = next(years_along(scenario, panels, [path], None))
    rule = arrangements.load("mssp_track_2").in_force(scenario.years.performance_years)
    outcome = outcome_along(scenario, rule, years, path)
    laws = slot_laws(scenario)
    now = sizes_by_world(scenario, laws, path.people)
    first = panels.panel_sizes.index(START)
    past = panels.truncated_dollars[:, first, :, :3] / np.maximum(panels.person_years(first)[..., :3], 1e-9)
    rate = past @ np.array([0.2, 0.3, 0.5])
    for year in range(3):
        present = now["slots"][:, year] - now["absent_units"][:, year, :, 4 + year] / 32
        np.testing.assert_allclose(outcome.benchmark[:, year], (rate * present).sum(axis=1), rtol=1e-12)
        spent = now["truncated_dollars"][:, year, :, 4 + year].sum(axis=1) * (1.0 - 0.02)
        np.testing.assert_allclose(outcome.expenditure[:, year], spent, rtol=1e-12)
    assert np.array_equal(outcome.assigned_beneficiaries, path.people)


def test_each_years_share_of_the_voluntary_is_measured_by_the_region() -> None:
    scenario = growing(
        sized(30, 6), outreach=OUTREACH, arrangements=[CHOICES[1]], benchmark={"regional_to_own_cost": 1.2}
    )
    panels, path = simulate(scenario), path_of(scenario)
    _, (years,) = next(years_along(scenario, panels, [path], None))
    rule = arrangements.load("reach_global").in_force(scenario.years.performance_years)
    found = outcome_along(scenario, rule, years, path).benchmark
    lived = experience(scenario, years, 0, truncated=counts_truncated(rule))
    for world, year in ((0, 0), (1, 1), (4, 2)):
        share = float(path.voluntary_share[world, year])
        assert share > 0
        panel = scenario.panel.model_copy(update={"voluntary_share": share})
        expected = benchmark_dollars(lived.inputs, rule, scenario.benchmark, panel)[world, year]
        assert found[world, year] == pytest.approx(expected, rel=1e-12)


# The minimum --------------------


def test_the_agreement_ends_where_the_minimum_is_missed_twice_running() -> None:
    scenario = growing(4, years={**WRITTEN["years"], "performance": 4}, years_let_pass=None)
    rule = arrangements.load("mssp_enhanced").in_force(scenario.years.performance_years)
    people = np.array([[5_000] * 4, [4_999, 5_000, 4_999, 5_000], [5_100, 4_900, 4_900, 9_000], [4_000] * 4])
    found = below_minimum(scenario, rule, people)
    assert found is not None
    assert found.missed.sum(axis=1).tolist() == [0, 2, 2, 4]
    assert found.ends.tolist() == [[False] * 4, [False] * 4, [False, False, True, False], [False, True, False, False]]
    assert found.over.tolist() == [[False] * 4, [False] * 4, [False] * 3 + [True], [False, False, True, True]]
    paid = found.paid(np.full((4, 4), 10.0), np.full((4, 4), 3.0))
    assert paid.tolist() == [[7.0] * 4, [7.0] * 4, [7.0, 7.0, -3.0, 0.0], [7.0, -3.0, 0.0, 0.0]]


def test_a_buffer_is_let_pass_once_and_longer_patience_ends_later() -> None:
    years = {**WRITTEN["years"], "performance": 4}
    scenario = growing(3, years=years, years_let_pass=None)
    rule = arrangements.load("reach_global").in_force(scenario.years.performance_years)
    people = np.array([[4_600, 4_600, 4_600, 4_600], [4_400, 4_600, 4_400, 4_400], [4_400, 4_400, 6_000, 6_000]])
    found = below_minimum(scenario, rule, people)
    patient = below_minimum(growing(3, years=years, years_let_pass=2), rule, people)
    assert found is not None
    assert patient is not None
    assert found.ends.argmax(axis=1).tolist() == [2, 2, 1]
    assert patient.ends.argmax(axis=1).tolist() == [3, 3, 0]
    assert not patient.ends[2].any()
    assert below_minimum(scenario, arrangements.load("pgp_demonstration").in_force([2024]), people) is None


def test_missing_the_minimum_costs_the_gate_and_the_agreement() -> None:
    minimum = START - 20 if INTERPRETED else START - 300
    choice = {"name": "mssp_enhanced", "elections": {"overrides": {"minimum_beneficiaries": float(minimum)}}}
    scenario = growing(replaced=0.5, arrangements=[choice], years_let_pass=1)
    panels, path = simulate(scenario), path_of(scenario)
    paid = payments_along(scenario, panels, [path])[0]["mssp_enhanced"]
    assert paid.below is not None
    assert np.array_equal(paid.below.missed, path.people < minimum)
    assert paid.below.ends[:, 2].all()
    assert np.array_equal(paid.net[:, 0], paid.admitted[:, 0])
    assert (paid.net[:, 2] <= 0).all()
    assert (paid.admitted[:, 2] > paid.net[:, 2]).mean() > 0.2
    found = growth_answers(scenario, panels)
    assert found is not None
    cost = found.estimate("as planned", "mean_lost_below_minimum", arrangement="mssp_enhanced")
    assert cost == metrics.mean((paid.admitted - paid.net).sum(axis=1))
    assert found.estimate("as planned", "chance_ended", arrangement="mssp_enhanced").value == 1.0


# Answers --------------------


PLANS = [
    {"name": "nothing", "joining": [], "outreach": False},
    {"name": "south only", "joining": ["south"], "outreach": False},
    {"name": "all"},
]
PLANNED = growing(**BUSY, plans=PLANS)
PANELS = simulate(PLANNED)


def answered(scenario: Scenario) -> GrowthAnswers:
    found = growth_answers(scenario, PANELS)
    assert found is not None
    return found


FOUND = answered(PLANNED)


def test_figures_are_those_of_the_paths() -> None:
    path = path_of(PLANNED, 2)
    for number, year in enumerate(FOUND.years):
        people = path.people[:, number].astype(float)
        assert FOUND.estimate("all", "mean_people", year) == metrics.mean(people)
        for share in FAN:
            assert FOUND.estimate("all", f"people_p{100 * share:g}", year) == metrics.percentile(people, share)
        assert FOUND.estimate("all", f"chance_at_least_{START}", year).value == (people >= START).mean()
    paid = payments_along(PLANNED, PANELS, [path_of(PLANNED, number) for number in range(3)])
    for key in FOUND.minimum:
        net, first = (paid[number][key].net.sum(axis=1) for number in (2, 0))
        assert FOUND.estimate("all", "mean_net", arrangement=key) == metrics.mean(net)
        assert FOUND.estimate("all", "mean_difference", arrangement=key) == metrics.mean(net - first)


def test_every_world_crosses_a_mark_first_in_one_year_or_never() -> None:
    for plan in FOUND.plans:
        for mark in FOUND.marks:
            never = FOUND.estimate(plan, f"chance_never_{mark}").value
            assert FOUND.crossed_by(plan, mark)[-1] + never == pytest.approx(1.0)
            assert list(FOUND.crossed_by(plan, mark)) == sorted(FOUND.crossed_by(plan, mark))
    path = path_of(PLANNED, 2)
    first = np.where((path.people >= FOUND.marks[1]).any(axis=1), (path.people >= FOUND.marks[1]).argmax(axis=1), -1)
    for number, year in enumerate(FOUND.years):
        assert FOUND.estimate("all", f"chance_first_{FOUND.marks[1]}", year).value == (first == number).mean()


def test_plans_meet_the_same_worlds_and_do_not_know_each_other() -> None:
    alone = answered(growing(**BUSY, plans=[PLANS[0], PLANS[2]]))
    for row in alone.rows:
        assert repr(row.estimate) == repr(FOUND._found[row.plan, row.arrangement, row.year, row.metric])
    for key in FOUND.minimum:
        paired = FOUND.estimate("south only", "mean_difference", arrangement=key)
        means = [FOUND.estimate(plan, "mean_net", arrangement=key) for plan in ("south only", "nothing")]
        assert paired.standard_error < 0.5 * metrics.unpaired(*means).standard_error


def test_one_more_practice_is_worth_the_difference_of_two_plans() -> None:
    more = {"name": "new", "people": PRACTICE, "year": 2025}
    plans = [{**PLANS[1], "name": "less"}, {**PLANS[1], "name": "more", "joining": ["south", "new"]}]
    both = answered(growing(**{**BUSY, "joining": [*BUSY["joining"], more]}, plans=plans))
    for key in FOUND.minimum:
        for ours, theirs in (("one_more_mean", "mean_difference"), ("one_more_p5", "net_p5_difference")):
            found = FOUND.estimate("south only", ours, arrangement=key)
            assert found == both.estimate("more", theirs, arrangement=key)
            assert found != FOUND.estimate("nothing", ours, arrangement=key)


def test_every_figure_is_described_and_has_an_error() -> None:
    table = frame(FOUND.rows)
    assert set(table["metric"]) == set(FOUND.metrics)
    assert len(table.drop_duplicates(["plan", "arrangement", "year", "metric"])) == len(table) == len(FOUND.rows)
    assert set(table["year"]) == {*map(str, FOUND.years), AGREEMENT}
    assert table["standard_error"].notna().mean() > 0.95
    assert (table["standard_error"].dropna() >= 0).all()


def test_the_fan_is_drawn_with_its_bands_marks_and_minimum() -> None:
    figure = plots.growth_fans(FOUND, "mssp_enhanced", name="a <contract>")
    assert isinstance(figure, Figure)
    assert len(figure.axes) == 2 * len(PLANS)
    for ax in figure.axes:
        assert len(ax.collections) == 3
    texts = chain.from_iterable(ax.texts for ax in figure.axes)
    assert {"95%", "80%", "50%", "middle"} <= {text.get_text() for text in texts}
    assert plots.svg(figure, "fan") == plots.svg(plots.growth_fans(FOUND, "mssp_enhanced", name="a <contract>"), "fan")


# Scenarios --------------------


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"joining": [{"name": "a", "people": 10, "year": 2030}]}, "growth.joining[1].year"),
        ({"leaving": [{"name": "a", "people": 10, "year": 2030}]}, "growth.leaving[1].year"),
        ({"leaving": [{"name": "a", "people": START, "year": 2024}]}, "growth.leaving"),
        ({"outreach": {**OUTREACH, "from_year": 2020}}, "growth.outreach.from_year"),
        ({"one_more": {"people": 10, "year": 2099}}, "growth.one_more.year"),
        ({"joining": [{"name": "a", "people": 10, "year": 2024}] * 2}, "growth.joining[2].name"),
        ({"plans": [{"name": "a"}, {"name": "a"}]}, "growth.plans[2].name"),
        ({"plans": [{"name": "a", "joining": ["nroth"]}], "joining": BUSY["joining"]}, "growth.plans[1].joining"),
        ({"outreach": {**OUTREACH, "uptake_sd": 0.45}}, "growth.outreach"),
        ({"marks": [10, 5]}, "growth.marks"),
        ({"replaced": 1.5}, "growth.replaced"),
        ({"plans": []}, "growth.plans"),
    ],
)
def test_what_cannot_be_is_refused_in_a_line(changes: dict[str, Any], key: str) -> None:
    with pytest.raises(InputError) as refused:
        growing(**changes)
    assert refused.value.key == key
    assert "\n" not in str(refused.value)


def test_a_name_written_wrong_is_told_the_nearest() -> None:
    with pytest.raises(InputError, match="north"):
        growing(joining=BUSY["joining"], plans=[{"name": "a", "joining": ["nroth"]}])


def test_without_growth_nothing_of_it_is_anywhere() -> None:
    scenario = build_scenario({**WRITTEN, "arrangements": CHOICES[:1]}).model_copy(update={"worlds": 100})
    found = answer(scenario)
    assert found.growth is None
    assert "growth" not in scenario.model_dump()
    assert "growth" not in run_record(found)
    assert "growth" not in json.loads(json_document(found))
    assert not_modelled(scenario) == NOT_MODELLED
    assert not {line.name for line in assumptions(scenario)} & {"marks", "replaced", "years_let_pass"}
    assert not [caution for caution in cautions(scenario) if "rowth stands" in caution]
    assert "Who comes and who goes" not in report_page(found)
    assert found.panels.digest == answer(growing(100, arrangements=CHOICES[:1])).panels.digest


def test_the_register_tells_what_growth_assumes() -> None:
    lines = {line.name: line for line in assumptions(growing(replaced=0.9))}
    assert lines["replaced"].value == 0.9
    assert lines["replaced"].set_by == "scenario"
    assert lines["years_let_pass"].value == 9
    assert {line.name: line for line in assumptions(growing(years_let_pass=None))}[
        "years_let_pass"
    ].confidence == "recalled"
    assert lines["marks"].value == [5_000, 10_000, 15_000]
    assert any("Growth stands" in caution for caution in cautions(growing()))


@pytest.mark.skipif(INTERPRETED, reason="thousands of people through interpreted code")
def test_the_shipped_scenario_answers_in_plain_words(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["run", str(SHIPPED), "--worlds", "300", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "How many people, plan by plan" in done.output
    assert "What growth brings under ENHANCED" in done.output
    table = pd.read_parquet(tmp_path / "out" / "growth.parquet")
    assert set(table["plan"]) == {"carry on", "practices", "practices and outreach"}
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["growth"]["marks"] == [5_000, 10_000, 15_000]
    page = (tmp_path / "out" / "report.html").read_text()
    for words in (
        "When do we cross 15,000 people?",
        "Probably not by 2031",
        "One more practice of 2,000 people from 2028 on",
        "In no simulated world does the panel fall below the minimum of 5,000 people.",
        "had done that and nothing else aligned them",
    ):
        assert words in page
    scenario = read_scenario(SHIPPED)
    assert scenario.growth is not None
    assert scenario.growth.start == 9_000


def test_falling_below_the_minimum_is_told_with_its_cost() -> None:
    choice = {"name": "mssp_enhanced", "elections": {"overrides": {"minimum_beneficiaries": float(START - 20)}}}
    found = answer(growing(sized(300, 100), replaced=0.5, arrangements=[choice], years_let_pass=None))
    page = report_page(found)
    assert f"falls below the {START - 20:,} people that ENHANCED asks for in 100% of worlds" in page
    assert "Medicare warns first and then ends the agreement" in page
