"""What drives the answer: every end settled by hand, flips that are roots, and inputs that nobody reads left out."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED
from matplotlib.patches import Rectangle

from simdce import arrangements, calibration, metrics, plots
from simdce.cli import main
from simdce.errors import InputError
from simdce.metrics import FloatArray
from simdce.report import report_page
from simdce.run import answer
from simdce.scenario import Scenario, build_scenario
from simdce.settlements import settle
from simdce.slots import calendar_year_law
from simdce.studies.break_even import break_evens
from simdce.studies.cost_spread import spread_scaled
from simdce.studies.drivers import Driver, DriverStudy, drivers, flips
from simdce.studies.drivers.elections import all_inputs, inputs_of, reads
from simdce.studies.drivers.flips import nested_flip
from simdce.studies.drivers.inputs import Asked, plausible
from simdce.studies.drivers.words import share, times, with_error
from simdce.studies.drivers.worlds import DriverWorlds, same_people
from simdce.studies.payment import Lived
from simdce.studies.practice import divisions_at
from simdce.studies.practice_result import pool_years
from simdce.tiers.terms import CENTS
from simdce.worlds import PanelYears, simulate

pytestmark = pytest.mark.skipif(INTERPRETED, reason="people are simulated again for several inputs")

SIZE, WORLDS = 1_000, 400
LARGER = 5_500  # below 5,000 people no gate may be elected
RAMP = (0.01, 0.02)
PEOPLE = ("annual_turnover", "cost_spread", "lag_1_correlation")
ENHANCED = {
    "name": "mssp_enhanced",
    "elections": {"minimum_savings_rate": 0.0, "quality_score": 0.8, "quality_standard": "alternative"},
}
BASIC = {"name": "mssp_basic_e", "elections": {"low_revenue": True, "participant_revenue_share": 0.1}}
REACH = {"name": "reach_global", "elections": {"stop_loss": False}}
WRITTEN: dict[str, Any] = {
    "title": "drivers",
    "worlds": WORLDS,
    "seed": 5,
    "panel": {"sizes": [SIZE]},
    "years": {"first_performance_year": 2024, "performance": 2},
    "savings": {"true": list(RAMP)},
    "arrangements": [ENHANCED, BASIC, REACH],
}


def written(*choices: dict[str, Any], **tables: Any) -> Scenario:
    return build_scenario({**WRITTEN, **({"arrangements": list(choices)} if choices else {}), **tables})


SCENARIO = written()


@cache
def panels() -> PanelYears:
    return simulate(SCENARIO)


@cache
def worlds() -> DriverWorlds:
    return DriverWorlds(SCENARIO, panels())


@cache
def found(arrangement: str) -> dict[str, Driver]:
    moved = drivers(SCENARIO, arrangement, SIZE, worlds=worlds())
    return {driver.name: driver for driver in moved}


def net(scenario: Scenario, arrangement: str, on: PanelYears, size: int = SIZE) -> FloatArray:
    return np.asarray(settle(scenario, on, arrangement, size).net)


# Every end, by hand --------------------

SETTLED: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "true_savings": ({"savings": {"true": [-0.004, 0.006]}}, {"savings": {"true": [0.024, 0.034]}}),
    "regional_to_own_cost": (
        {"benchmark": {"regional_to_own_cost": 0.935}},
        {"benchmark": {"regional_to_own_cost": 1.061}},
    ),
    "annual_shock_sd": ({"shocks": {"annual_sd": 0.0105}}, {"shocks": {"annual_sd": 0.0124}}),
    "persistent_mismatch_sd": ({"shocks": {"persistent_sd": 0.0233}}, {"shocks": {"persistent_sd": 0.0249}}),
    "trend_error_sd": ({"shocks": {"trend_error_sd": 0.011}}, {"shocks": {"trend_error_sd": 0.016}}),
    "coding_growth": ({"risk_scores": {"coding_growth": -0.005}}, {"risk_scores": {"coding_growth": 0.01}}),
    "demographic_growth": (
        {"risk_scores": {"demographic_growth": -0.005}},
        {"risk_scores": {"demographic_growth": 0.005}},
    ),
    "annual_turnover": ({"turnover": {"annual": 0.16}}, {"turnover": {"annual": 0.30}}),
    "lag_1_correlation": ({"persistence": {"lag_1_correlation": 0.38}}, {"persistence": {"lag_1_correlation": 0.46}}),
    "panel_size": ({"panel": {"sizes": [500]}}, {"panel": {"sizes": [2_000]}}),
}


@pytest.mark.parametrize("name", SETTLED)
@pytest.mark.parametrize("arrangement", ["mssp_enhanced", "reach_global"])
def test_an_end_is_the_scenario_that_says_so(arrangement: str, name: str) -> None:
    driver, base = found(arrangement)[name], net(SCENARIO, arrangement, panels())
    for tables, at, change, worst in zip(
        SETTLED[name],
        (driver.at_low, driver.at_high),
        (driver.change_low, driver.change_high),
        (driver.worst_low, driver.worst_high),
        strict=True,
    ):
        scenario = written(**tables)
        anew = name in PEOPLE or name == "panel_size"
        moved = net(scenario, arrangement, simulate(scenario) if anew else panels(), scenario.panel.sizes[-1])
        assert at.value == pytest.approx(moved.mean(), rel=1e-9)
        more = (moved - base).mean(axis=1)
        assert change.value == pytest.approx(more.mean(), rel=1e-6)
        assert change.standard_error == pytest.approx(more.std(ddof=1) / sqrt(WORLDS), rel=1e-6)
        assert worst == metrics.percentile_of_years(moved, 0.05)
    ends = [driver.at_low.value, driver.at_base.value, driver.at_high.value]
    assert driver.swing.value == pytest.approx(max(ends) - min(ends), rel=1e-9)


def test_quality_is_moved_as_the_score_of_all_years() -> None:
    score = found("mssp_enhanced")["quality_score"]
    assert (score.low, score.base, score.high) == pytest.approx((0.687, 0.8, 0.887))
    by_hand = written({**ENHANCED, "elections": {**ENHANCED["elections"], "quality_score": 0.687}})
    assert score.at_low.value == pytest.approx(net(by_hand, "mssp_enhanced", panels()).mean(), rel=1e-12)


def test_elections_are_tried_one_by_one() -> None:
    scenario = written(ENHANCED, worlds=300, panel={"sizes": [LARGER]})
    on = simulate(scenario)
    study = DriverStudy(Asked(scenario, "mssp_enhanced", LARGER), None, DriverWorlds(scenario, on), None)
    gate = study.choice(next(each for each in inputs_of(study.asked) if each.name == "minimum_savings_rate"))
    paid = {}
    for rate in (0.0, 0.005, 0.01, 0.015, 0.02, "variable"):
        choice = {**ENHANCED, "elections": {**ENHANCED["elections"], "minimum_savings_rate": rate}}
        paid[rate] = net(written(choice), "mssp_enhanced", on, LARGER).mean()
    assert len(set(paid.values())) == len(paid)
    assert gate.low == min(paid, key=paid.__getitem__)
    assert gate.high == max(paid, key=paid.__getitem__)
    assert gate.at_low.value == pytest.approx(paid[gate.low], rel=1e-12)  # type: ignore[index]
    assert gate.at_high.value == pytest.approx(paid[gate.high], rel=1e-12)  # type: ignore[index]
    assert "minimum_savings_rate" not in found("mssp_enhanced")  # too small for a choice


def test_stop_loss_is_simulated_where_nobody_elected_it() -> None:
    stopped = found("reach_global")["stop_loss"]
    elected = written(ENHANCED, BASIC, {**REACH, "elections": {"stop_loss": True}})
    other = stopped.at_high if stopped.high is True else stopped.at_low
    assert other.value == pytest.approx(net(elected, "reach_global", simulate(elected)).mean(), rel=1e-12)


def test_spread_of_cost_leaves_means_and_scales_deviations() -> None:
    scenario = written(cost={"disabled": {"law": "gamma", "mean": 9_000.0, "cv": 2.0, "zero_share": 0.1}})
    edges = np.concatenate([[0.0], np.geomspace(1e-12, 1.0, 40_000)])

    def moments(of: Scenario, category: str) -> tuple[float, float]:
        law = calendar_year_law(of, category)
        cells = np.diff(law.upper_partial_mean(edges)) / np.diff(edges)
        return law.mean, float(np.sqrt(np.diff(edges) @ np.square(cells) / law.mean**2 - 1.0))

    for factor in (0.85, 1.04):
        scaled = spread_scaled(scenario, factor)
        for category in calibration.CATEGORIES:
            mean, cv = moments(scaled, category)
            assert mean == pytest.approx(moments(scenario, category)[0], rel=1e-9)
            assert cv == pytest.approx(factor * moments(scenario, category)[1], rel=2e-3)
    with pytest.raises(InputError, match="so small a spread"):
        spread_scaled(written(), 0.2)
    driver = found("mssp_enhanced")["cost_spread"]
    again = spread_scaled(SCENARIO, 0.85)
    assert driver.at_low.value == pytest.approx(net(again, "mssp_enhanced", simulate(again)).mean(), rel=1e-12)


def test_an_input_that_is_stated_moves_as_far_as_one_that_is_not() -> None:
    stated = written(shocks={"annual_sd": 0.02, "persistent_sd": 0.0}, turnover={"annual": 0.3})
    given = {each.name: each for each in all_inputs(Asked(stated, "mssp_enhanced", SIZE))}
    assert given["annual_shock_sd"].ends == pytest.approx((0.0185, 0.0204))
    assert given["persistent_mismatch_sd"].ends == pytest.approx((0.0, 0.0009))  # never below nought
    assert given["annual_turnover"].ends == pytest.approx((0.21, 0.35))
    assert all(given[name].stated for name in ("annual_shock_sd", "annual_turnover", "true_savings"))
    usual = {each.name: each for each in all_inputs(Asked(SCENARIO, "mssp_enhanced", SIZE))}
    assert not usual["annual_shock_sd"].stated
    assert usual["annual_turnover"].ends == (0.16, 0.30)


def test_usual_values_are_the_calibrated_ones() -> None:
    for name in ("annual_shock_sd", "persistent_mismatch_sd", "trend_error_sd", "annual_turnover"):
        assert plausible(name)[1] == calibration.default(name)
        assert plausible(name)[0] < plausible(name)[1] < plausible(name)[2]


# Who reads what --------------------


def everything() -> Scenario:
    """Every arrangement there is, in its own time or now, as far as its elections need saying."""
    choices = []
    for name in arrangements.names():
        offered = arrangements.load(name).elections
        elections: dict[str, Any] = {}
        if "low_revenue" in offered:
            elections["low_revenue"] = True
        if "participant_revenue_share" in offered:
            elections["participant_revenue_share"] = 0.1
        choices.append({"name": name, "elections": elections})
    return written(*choices, worlds=200, panel={"sizes": [LARGER]}, risk_scores={"coding_growth": 0.001})


@cache
def of_everything() -> DriverWorlds:
    scenario = everything()
    return DriverWorlds(scenario, simulate(scenario))


@pytest.mark.parametrize("name", arrangements.names())
def test_what_is_left_out_is_without_effect_and_what_is_not_has_one(name: str) -> None:
    asked = Asked(everything(), name, LARGER)
    base = of_everything().paid(asked)
    left_out = 0
    for given in all_inputs(asked):
        tried = [value for value in given.options or given.ends if value != given.base]
        moved = [of_everything().paid(given.changed(value)) for value in tried]
        if reads(asked, given):
            assert any((each != base).any() for each in moved), given.name
        else:
            left_out += 1
            assert all(np.array_equal(each, base) for each in moved), given.name
    assert left_out < 8
    assert of_everything().simulations <= 2 * (len(PEOPLE) + 1)  # two ends each, and two sizes, for all arrangements


def test_only_what_makes_people_is_simulated_again() -> None:
    asked = Asked(SCENARIO, "reach_global", SIZE)
    for given in inputs_of(asked):
        if not given.options:
            alike = [same_people(given.changed(end).scenario, SCENARIO) for end in given.ends]
            assert all(alike) is (given.name not in PEOPLE), given.name


@pytest.mark.parametrize("arrangement", ["mssp_enhanced", "reach_global"])
@pytest.mark.parametrize("name", ["true_savings", "regional_to_own_cost", "coding_growth"])
def test_what_lifts_the_benchmark_or_saves_lifts_the_payment(arrangement: str, name: str) -> None:
    driver = found(arrangement)[name]
    assert driver.change_low.value < -2 * driver.change_low.standard_error
    assert driver.change_high.value > 2 * driver.change_high.standard_error


# Flips --------------------


def test_the_payment_is_nought_where_it_flips() -> None:
    turned = 0
    for arrangement in ("mssp_enhanced", "mssp_basic_e", "reach_global"):
        asked = Asked(SCENARIO, arrangement, SIZE)
        for given in inputs_of(asked):
            driver = found(arrangement).get(given.name)
            if driver is None or driver.flips_at is None or given.name in (*PEOPLE, "panel_size"):
                continue
            turned += 1
            assert driver.searched is not None
            assert driver.searched[0] <= driver.flips_at <= driver.searched[1]
            step = 1e-4 * max(abs(end - float(given.base)) for end in given.ends)  # type: ignore[arg-type]
            below, at, above = (
                worlds().paid(given.changed(driver.flips_at + more)).mean() for more in (-step, 0.0, step)
            )
            assert abs(at) <= abs(above - below)
            assert bool(above > below) is driver.flips_upwards
            assert below * above <= 0
    assert turned >= 6


def test_true_savings_flip_where_the_contract_breaks_even() -> None:
    scenario = written(savings={"true": 0.06})
    on = simulate(scenario)
    for arrangement in ("mssp_enhanced", "mssp_basic_e", "reach_global"):
        known, _ = break_evens(Lived(scenario, on, SIZE), [], arrangement)
        crossings = next(each for each in known if each.arrangement == arrangement).crossings
        study = DriverStudy(Asked(scenario, arrangement, SIZE), None, DriverWorlds(scenario, on), None)
        driver = study.number(next(each for each in inputs_of(study.asked) if each.name == "true_savings"))
        inside = [c for c in crossings if driver.searched and driver.searched[0] <= c.true_savings.value]
        if not inside:
            continue
        nearest = min(inside, key=lambda each: abs(each.true_savings.value - 0.06))
        assert driver.flips_at == pytest.approx(nearest.true_savings.value, abs=3e-6)
        assert driver.flips_at_error == pytest.approx(nearest.true_savings.standard_error, rel=0.15)
        assert driver.flips_upwards is nearest.upwards


def test_the_error_of_a_flip_is_its_spread_over_seeds() -> None:
    flipped, errors = [], []
    for seed in range(30):
        scenario = written(ENHANCED, worlds=300, seed=1_000 + seed)
        on = simulate(scenario)
        study = DriverStudy(Asked(scenario, "mssp_enhanced", SIZE), None, DriverWorlds(scenario, on), None)
        savings = next(each for each in inputs_of(study.asked) if each.name == "true_savings")
        driver = study.number(savings)
        flipped.append(driver.flips_at)
        errors.append(driver.flips_at_error)
    spread = float(np.std(np.array(flipped, float), ddof=1))
    error = float(np.sqrt(np.mean(np.square(np.array(errors, float)))))
    assert spread == pytest.approx(error, rel=3.5 / sqrt(2 * (len(flipped) - 1)))


def test_held_to_another_a_flip_makes_both_pay_alike() -> None:
    turned = 0
    for given in inputs_of(Asked(SCENARIO, "mssp_enhanced", SIZE), "reach_global"):
        if given.options or given.name in (*PEOPLE, "panel_size"):
            continue
        driver = compared()[given.name]
        if driver.flips_at is None:
            continue
        turned += 1
        at = given.changed(driver.flips_at)
        ours, theirs = (worlds().paid(replace(at, arrangement=key)).mean() for key in ("mssp_enhanced", "reach_global"))
        assert ours == pytest.approx(theirs, abs=50.0)
    assert turned >= 1


@cache
def compared() -> dict[str, Driver]:
    moved = drivers(SCENARIO, "mssp_enhanced", SIZE, against="reach_global", worlds=worlds())
    return {driver.name: driver for driver in moved}


def test_nested_sizes_flip_where_a_line_does() -> None:
    noise = np.random.default_rng(3).normal(0.0, 40.0, 500)

    def margins_at(sizes: Any) -> list[FloatArray]:
        return [(size - 730.4) * 2.0 + noise - noise.mean() for size in sizes]

    turned = nested_flip(margins_at, [500, 700, 1_000, 1_400, 2_000], 1_000)
    assert turned is not None
    assert turned.at.value == pytest.approx(730.4, rel=1e-9)
    assert turned.at.standard_error == pytest.approx(noise.std(ddof=1) / sqrt(500) / 2.0, rel=1e-9)
    assert turned.upwards
    assert nested_flip(margins_at, [800, 1_000, 2_000], 1_000) is None


def test_the_nearest_flips_come_first() -> None:
    turning = flips(list(found("reach_global").values()))
    assert len(turning) <= 3
    assert [each.how_far for each in turning] == sorted(each.how_far for each in turning)
    assert all(each.flips_text for each in turning)


# Quantiles of a year --------------------


def test_of_one_year_the_quantile_is_the_usual_one() -> None:
    drawn = np.random.default_rng(1).normal(size=(4_000, 1))
    one, other = metrics.percentile_of_years(drawn, 0.05), metrics.percentile(drawn[:, 0], 0.05)
    assert one.value == other.value
    assert one.standard_error == pytest.approx(other.standard_error, rel=0.1)
    assert metrics.percentile_of_years(np.zeros((30, 3)), 0.05) is metrics.UNKNOWN


def test_years_of_a_world_count_as_one() -> None:
    rng = np.random.default_rng(2)
    batches, count = 400, 800
    found, errors, apart, errors_apart = [], [], [], []
    for _ in range(batches):
        lasting = rng.normal(size=(count, 1))
        years = lasting + 0.5 * rng.normal(size=(count, 3))
        moved = years + 0.2 * lasting
        estimate = metrics.percentile_of_years(years, 0.05)
        difference = metrics.percentile_of_years_difference(moved, years, 0.05)
        found.append(estimate.value)
        errors.append(estimate.standard_error)
        apart.append(difference.value)
        errors_apart.append(difference.standard_error)
    assert np.std(found) == pytest.approx(np.sqrt(np.mean(np.square(errors))), rel=0.15)
    assert np.std(apart) == pytest.approx(np.sqrt(np.mean(np.square(errors_apart))), rel=0.25)


# Practices, files, pages --------------------

PRACTICE: dict[str, Any] = {
    **WRITTEN,
    "worlds": 300,
    "panel": {"sizes": [300, 2_000]},
    "arrangements": [{"name": "reach_global", "elections": {"stop_loss": False}}],
    "practice": {
        "people": [300],
        "tiers": [{"name": "full"}, {"name": "capitated"}],
        "quality_score": 0.7,
        "true_savings": 0.03,
    },
}


def test_a_practice_is_moved_with_its_pool() -> None:
    scenario = build_scenario(PRACTICE)
    on = simulate(scenario)
    tier = scenario.practice.tiers[1].key  # type: ignore[union-attr]
    study = DriverStudy(Asked(scenario, "reach_global", 300, tier), None, DriverWorlds(scenario, on), None)
    wanted = ("panel_size", "practice_quality_score", "practice_true_savings")
    moved = {each.name: study.number(each) for each in inputs_of(study.asked) if each.name in wanted}
    assert (moved["panel_size"].low, moved["panel_size"].high) == (150, 600)
    for name, change in (
        ("practice_quality_score", {"quality_score": 0.587}),
        ("practice_true_savings", {"true_savings": 0.016}),
    ):
        by_hand = build_scenario({**PRACTICE, "practice": {**PRACTICE["practice"], **change}})
        pool = pool_years(by_hand, on, by_hand.arrangements[0])
        assert by_hand.practice is not None
        total = divisions_at(pool, by_hand.practice, 300)[0][tier].practice.total / CENTS
        assert moved[name].at_low.value == pytest.approx(total.mean(), rel=1e-9)
    full = scenario.practice.tiers[0].key  # type: ignore[union-attr]
    assert "practice_quality_score" not in {each.name for each in inputs_of(Asked(scenario, "reach_global", 300, full))}


@pytest.mark.parametrize(
    ("arguments", "options"),
    [(("mssp_enhance", SIZE), {}), (("mssp_enhanced", 999), {}), (("mssp_enhanced", SIZE), {"against": "x"}),
     (("mssp_enhanced", SIZE), {"tier": "full"})],
)  # fmt: skip
def test_what_the_scenario_has_not_is_refused(arguments: Any, options: Any) -> None:
    with pytest.raises(InputError, match="no such thing"):
        drivers(SCENARIO, *arguments, **options)


def test_values_are_told_no_finer_than_their_error() -> None:
    assert with_error(share, 0.018123, 0.0018) == "1.8% ± 0.2%"
    assert with_error(share, 0.018123, 0.00009) == "1.81% ± 0.009%"
    assert (times(0.85), times(1.0), times(1.04)) == ("15% less", "as assumed", "4% more")


def test_means_have_the_same_base_as_the_report_and_smaller_errors_than_without_controls() -> None:
    scenario = written(ENHANCED, worlds=2_000, questions={"viability": []})
    answers, plain = answer(scenario, drivers=True), answer(scenario)
    table = answers.estimates.set_index(["arrangement", "performance_year", "metric"]).value
    assert [each.arrangement for each in answers.drivers] == [choice.key for choice in scenario.arrangements]
    for tornado in answers.drivers:
        mean = table[tornado.arrangement, "agreement", "mean_net"] / scenario.years.performance
        assert tornado.drivers[0].at_base.value == pytest.approx(mean, rel=1e-9)
        swings = [driver.swing.value for driver in tornado.drivers]
        assert swings == sorted(swings, reverse=True)
    page = report_page(answers)
    assert "What drives the answer" in page
    assert report_page(replace(answers, drivers=())) == report_page(plain)
    assert "What drives the answer" not in report_page(plain)
    uncontrolled = metrics.mean(net(scenario, "mssp_enhanced", answers.panels).mean(axis=1))
    assert answers.drivers[0].drivers[0].at_base.standard_error < 0.5 * uncontrolled.standard_error


def test_files_and_tables_tell_them_where_asked(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        'title = "t"\nworlds = 200\n[panel]\nsizes = [500]\n[years]\nperformance = 1\n[[arrangements]]\n'
        'name = "mssp_enhanced"\n[arrangements.elections]\nquality_score = 0.8\n'
    )

    def run(*more: str) -> str:
        done = CliRunner().invoke(
            main, ["run", str(file), "--out", str(tmp_path / "out"), *more], catch_exceptions=False
        )
        assert done.exit_code == 0
        return done.output

    plain = json.loads(run("--json"))
    assert "drivers" not in plain
    assert not (tmp_path / "out" / "drivers.parquet").exists()
    asked = json.loads(run("--json", "--drivers"))
    assert {key: value for key, value in asked.items() if key != "drivers"} == plain
    moved = asked["drivers"][0]["drivers"]
    table = pd.read_parquet(tmp_path / "out" / "drivers.parquet")
    lows = table[(table.end == "low") & (table.metric == "mean_net")].set_index("driver").value
    assert {each["name"]: each["at_low"]["value"] for each in moved} == pytest.approx(lows.to_dict())
    assert json.loads((tmp_path / "out" / "run.json").read_text())["drivers"] == asked["drivers"]
    assert "What drives the answer" in run("--drivers")


def test_a_tornado_has_two_bars_an_input_from_the_line() -> None:
    moved = list(found("mssp_enhanced").values())
    ax, base = plots.tornado(moved), moved[0].at_base.value
    drawn = [p for p in ax.patches if isinstance(p, Rectangle) and abs(p.get_height() - 0.36) < 1e-9]
    ends = [
        (change.value, bool(change.value < 0))
        for each in moved
        for told, change in ((each.told[0], each.change_low), (each.told[2], each.change_high))
        if told != each.told[1]
    ]
    assert [p.get_width() for p in drawn] == pytest.approx([change for change, _ in ends])
    assert [p.get_hatch() is not None for p in drawn] == [worse for _, worse in ends]
    assert {p.get_x() for p in drawn} == {base}
    for each, label in zip(moved, ax.get_yticklabels(), strict=True):
        assert label.get_text() == f"{each.spoken} ({each.told[1]})"
    worst = plots.tornado(moved, measure="worst")
    assert "Worst year in 20" in worst.get_title(loc="left")
    assert plots.svg(plots.tornado(moved), "t") == plots.svg(plots.tornado(moved), "t")
    still = [replace(each, worst_change_low=metrics.Estimate(0.0, 0.0), worst_change_high=metrics.Estimate(0.0, 0.0))
             for each in moved]  # fmt: skip
    assert list(plots.tornado(still, measure="worst").get_xticks()) == [still[0].worst_base.value]
