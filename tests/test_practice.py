"""A practice inside the pool: the same worlds, the same bits, sums that hold, and answers that say what they may."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, sized

from simdce import metrics
from simdce.arrangements import load
from simdce.assumptions import assumptions, cautions
from simdce.cli import main
from simdce.errors import InputError
from simdce.report import report_page
from simdce.results import AGREEMENT, PRACTICE, PracticeRow, frame
from simdce.run import answer
from simdce.scenario import Scenario, build_scenario
from simdce.settlements import counts_truncated, experience, outcome_of, settle
from simdce.studies.practice import PracticeAnswers, divisions_at, practice_answers
from simdce.studies.practice_result import pool_years
from simdce.worlds import simulate

WORLDS = sized(400, 100)
POOL = sized(3_000, 400)
SMALL, MIDDLE = sized((300, 1_000), (100, 200))
TIERS = [{"name": name} for name in ("upside_only", "shared", "full", "capitated")]
WRITTEN: dict[str, Any] = {
    "title": "a practice",
    "worlds": WORLDS,
    "seed": 7,
    "panel": {"sizes": [SMALL, MIDDLE, POOL], "price_year": 2023},
    "years": {"first_performance_year": 2024, "performance": 2, "gap": 1},
    "savings": {"true": 0.03},
    "arrangements": [{"name": "reach_global"}, {"name": "mssp_enhanced"}],
    "practice": {"people": [SMALL, MIDDLE], "tiers": TIERS, "quality_score": 0.8, "bearable_loss": 0.01},
}


def written(**practice: Any) -> Scenario:
    return build_scenario({**WRITTEN, "practice": {**WRITTEN["practice"], **practice}})


def answered(scenario: Scenario) -> PracticeAnswers:
    """The answers, on the worlds below wherever only the practice differs."""
    found = practice_answers(scenario, PANELS if scenario.panel == SCENARIO.panel else simulate(scenario))
    assert found is not None
    return found


SCENARIO = written()
PANELS = simulate(SCENARIO)
FOUND = answered(SCENARIO)
KEYS = ("reach_global", "mssp_enhanced")

# The result of the practice --------------------


@pytest.mark.parametrize("number", [0, 1])
def test_the_pool_is_settled_as_everywhere_and_its_rates_add_up(number: int) -> None:
    choice = SCENARIO.arrangements[number]
    years = pool_years(SCENARIO, PANELS, choice)
    pool, own = years.with_practice(MIDDLE)
    assert np.array_equal(pool.payment, settle(SCENARIO, PANELS, choice.key).net)
    whole = np.einsum("wcy,wcy->wy", years.rates, years.lived.inputs.person_years)
    np.testing.assert_allclose(whole, pool.benchmark, rtol=1e-12)
    # one rate for all: the practice's part of the benchmark lies between its parts of each category's person-years
    parts = PANELS.person_years(1) / PANELS.person_years(2)
    performance = parts[..., SCENARIO.years.performance_slice]
    assert (own.benchmark / pool.benchmark >= performance.min(axis=1) * (1 - 1e-12)).all()
    assert (own.benchmark / pool.benchmark <= performance.max(axis=1) * (1 + 1e-12)).all()
    assert (own.benchmark < pool.benchmark).all()
    assert (own.expenditure < pool.expenditure).all()  # its people are among the pool's


def test_the_practices_cost_is_that_of_its_own_panel_in_the_same_worlds() -> None:
    pool, own = pool_years(SCENARIO, PANELS, SCENARIO.arrangements[0]).with_practice(SMALL)
    choice = SCENARIO.arrangements[0]
    rule = load(choice.name).in_force(SCENARIO.years.performance_years, choice.elections)
    lived = experience(SCENARIO, PANELS, SMALL, truncated=counts_truncated(rule))
    assert np.array_equal(own.expenditure, outcome_of(lived, SCENARIO, rule).expenditure)
    assert own.expenditure.mean() / pool.expenditure.mean() == pytest.approx(SMALL / POOL, rel=0.1)


def test_what_the_practice_itself_saves_moves_its_cost_and_the_pools() -> None:
    better = written(true_savings=0.05)
    base, changed = (
        pool_years(each, PANELS, each.arrangements[1]).with_practice(MIDDLE) for each in (SCENARIO, better)
    )
    np.testing.assert_allclose(changed[1].expenditure, base[1].expenditure * 0.95 / 0.97, rtol=1e-12)
    saved = base[1].expenditure - changed[1].expenditure
    np.testing.assert_allclose(base[0].expenditure - changed[0].expenditure, saved, rtol=1e-9)
    assert np.array_equal(base[1].benchmark, changed[1].benchmark)
    same = pool_years(written(true_savings=0.03), PANELS, SCENARIO.arrangements[1]).with_practice(MIDDLE)
    np.testing.assert_allclose(same[0].payment, base[0].payment, rtol=1e-9, atol=1e-3)


# Division --------------------


@pytest.mark.parametrize("key", KEYS)
def test_every_cent_of_every_world_goes_somewhere(key: str) -> None:
    choice = next(each for each in SCENARIO.arrangements if each.key == key)
    pool = pool_years(SCENARIO, PANELS, choice)
    assert SCENARIO.practice is not None
    found, _ = divisions_at(pool, SCENARIO.practice, SMALL)
    paid = np.rint(100 * settle(SCENARIO, PANELS, key).net).astype(np.int64)
    for division in found.values():
        total = division.practice.total + division.others.total + division.entity
        assert np.array_equal(total, paid)
        assert division.practice.total.dtype == np.int64


def test_rows_are_the_law_of_what_the_division_gives() -> None:
    choice = SCENARIO.arrangements[0]
    assert SCENARIO.practice is not None
    divisions, _ = divisions_at(pool_years(SCENARIO, PANELS, choice), SCENARIO.practice, MIDDLE)
    first, full = (divisions[tier].practice.total for tier in ("Upside only", "Full risk"))

    def figure(metric: str, year: str = AGREEMENT, tier: str = "Full risk") -> metrics.Estimate:
        return FOUND.estimate("reach_global", tier, MIDDLE, metric, year)

    assert figure("mean_amount", "PY2") == metrics.mean(full[:, 1] / 100)
    assert figure("mean_amount") == metrics.mean(full.sum(axis=1) / 100)
    assert figure("mean_difference") == metrics.mean(full.sum(axis=1) / 100 - first.sum(axis=1) / 100)
    assert figure("chance_owing").value == np.mean(full.sum(axis=1) < 0)
    assert figure("amount_p5") == metrics.percentile(full.sum(axis=1) / 100, 0.05)
    assert figure("chance_owing", tier="Upside only") == metrics.Estimate(0.0, 0.0)
    assert figure("mean_difference", tier="Upside only").value == 0
    kept = figure("mean_kept_by_entity", tier="Capitated").value
    assert kept == pytest.approx(divisions["Capitated"].entity.sum(axis=1).mean() / 100)


def totals_a_benchmark_dollar(people: int, tier: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    assert SCENARIO.practice is not None
    pool = pool_years(SCENARIO, PANELS, SCENARIO.arrangements[0])
    divisions, benchmark = divisions_at(pool, SCENARIO.practice, people)
    return np.asarray(divisions[tier].practice.total / 100 / benchmark)


def test_on_the_pools_result_every_practice_is_paid_alike() -> None:
    small, middle = (totals_a_benchmark_dollar(people, "Upside only") for people in (SMALL, MIDDLE))
    np.testing.assert_allclose(small, middle, rtol=0, atol=1e-7)  # cents of about a million dollars


@pytest.mark.skipif(INTERPRETED, reason="a spread needs some hundred worlds")
def test_full_risk_is_wider_the_smaller_the_practice() -> None:
    small, middle = (
        metrics.standard_deviation(totals_a_benchmark_dollar(people, "Full risk")[:, 0]) for people in (SMALL, MIDDLE)
    )
    assert small.value - middle.value > 4 * np.hypot(small.standard_error, middle.standard_error)


def test_a_practice_has_the_same_bits_whatever_sizes_stand_beside_it() -> None:
    extra = {**WRITTEN, "panel": {"sizes": [SMALL, SMALL + 50, MIDDLE, POOL], "price_year": 2023}}
    alone = {**WRITTEN, "panel": {"sizes": [SMALL, POOL], "price_year": 2023}}
    alone["practice"] = {**WRITTEN["practice"], "people": [SMALL]}
    wanted = [row for row in FOUND.rows if row.people == SMALL]
    for other in (extra, alone):
        rows = [row for row in answered(build_scenario(other)).rows if row.people == SMALL]
        assert [(row.metric, repr(row.estimate)) for row in rows] == [
            (row.metric, repr(row.estimate)) for row in wanted
        ]


def test_the_others_tier_changes_what_the_entity_keeps_and_nothing_else() -> None:
    found = answered(written(others="Full risk"))
    for row in FOUND.rows:
        other = found.estimate(row.arrangement, row.tier, row.people, row.metric, row.performance_year)
        if row.metric != "mean_kept_by_entity" or row.tier == "Full risk":
            assert repr(other) == repr(row.estimate)
        else:
            assert other != row.estimate


def test_others_of_another_size_are_insulated_by_their_own() -> None:
    def kept(**practice: Any) -> float:
        return answered(written(**practice)).estimate("reach_global", "Capitated", SMALL, "mean_kept_by_entity").value

    assert kept() < kept(others_people=20_000)  # as small as this one they owe nothing, and the entity bears it


# Best and price --------------------


def test_the_best_tier_is_the_one_with_the_largest_mean_that_can_be_borne() -> None:
    for free in answered(written(bearable_loss=None)).best:
        means = {tier: FOUND.estimate(free.arrangement, tier, free.people, "mean_amount").value for tier in FOUND.tiers}
        assert free.best == max(means, key=means.__getitem__)
        assert free.unbearable == ()
    for best in FOUND.best:
        assert best.best not in best.unbearable
        assert not set(best.ties) & {best.best, *best.unbearable}
        assert "Upside only" not in best.unbearable
        choice = next(each for each in SCENARIO.arrangements if each.key == best.arrangement)
        assert SCENARIO.practice is not None
        divisions, benchmark = divisions_at(pool_years(SCENARIO, PANELS, choice), SCENARIO.practice, best.people)
        for tier, division in divisions.items():
            too_much = (division.practice.total / 100 < -0.01 * benchmark).mean(axis=0) > 0.05
            assert (tier in best.unbearable) == too_much.any()
    assert any("Full risk" in best.unbearable for best in FOUND.best)
    nothing = answered(written(bearable_loss=0.0, tiers=[{"name": "full"}]))
    assert {best.best for best in nothing.best} == {None}


def test_ties_are_within_two_standard_errors() -> None:
    twice = [{"name": "upside_only"}, {"name": "upside_only", "label": "The same again"}]
    for best in answered(written(tiers=twice)).best:
        assert (best.best, best.ties) == ("Upside only", ("The same again",))
    apart = [{"name": "upside_only"}, {"name": "upside_only", "label": "More", "overrides": {"share_of_gains": 0.6}}]
    for best in answered(written(tiers=apart)).best:
        assert (best.best, best.ties) == ("More", ())


def test_the_price_of_insulation_is_the_mean_given_up_for_the_var_spared() -> None:
    for price in FOUND.insulation:
        means = [FOUND.estimate(price.arrangement, t, price.people, "mean_amount") for t in ("Full risk", price.tier)]
        vars_ = [FOUND.estimate(price.arrangement, t, price.people, "var_95") for t in ("Full risk", price.tier)]
        assert price.given_up.value == pytest.approx(means[0].value - means[1].value, abs=1e-6)
        assert price.avoided.value == pytest.approx(vars_[0].value - vars_[1].value, abs=1e-6)
        if np.isfinite(price.per_dollar.value):
            assert price.per_dollar.value == pytest.approx(price.given_up.value / price.avoided.value)
            assert price.per_dollar.standard_error > 0
    assert FOUND.price("reach_global", "Full risk", SMALL) is None
    assert answered(written(tiers=TIERS[:2])).insulation == ()


# The table of the scenario --------------------


@pytest.mark.parametrize(
    ("practice", "words"),
    [
        ({"people": [SMALL + 1]}, rf"practice\.people.*allowed: {SMALL}, {MIDDLE}"),
        ({"people": [POOL]}, r"practice\.people"),
        ({"people": []}, r"practice\.people"),
        ({"people": [MIDDLE, SMALL]}, "must rise"),
        ({"people": SMALL}, r"practice\.people"),
        ({"tiers": []}, r"practice\.tiers"),
        ({"tiers": [{"name": "ful"}]}, r"practice\.tiers\[1\]\.name.*did you mean 'full'"),
        ({"tiers": [{"name": "full"}, {"name": "full"}]}, r"practice\.tiers\[2\]\.label"),
        ({"tiers": [{"name": "full", "overrides": {"gain_cop": 0.1}}]}, r"tiers\[1\]\.overrides\.gain_cop.*'gain_cap'"),
        ({"tiers": [{"name": "full", "overrides": {"gain_cap": 6.0}}]}, r"tiers\[1\]\.overrides\.gain_cap.*0 to 1"),
        ({"tiers": [{"name": "full", "overrides": {"gain_cap": [0.1]}}]}, "2 values"),
        ({"tiers": [{"name": "full", "lable": "x"}]}, "did you mean 'label'"),
        ({"others": "Ful risk"}, r"practice\.others.*did you mean 'Full risk'"),
        ({"others_people": 0}, r"practice\.others_people"),
        ({"quality_score": 79.0}, "79 percent is 0.79"),
        ({"bearable_loss": -0.1}, r"practice\.bearable_loss"),
        ({"true_savings": [0.02, "3%"]}, r"practice\.true_savings"),
        ({"size": 3}, r"practice\.size"),
    ],
)
def test_bad_tables_are_refused_with_their_key(practice: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        written(**practice)


def test_one_panel_size_has_no_room_for_a_practice() -> None:
    with pytest.raises(InputError, match="smaller size"):
        build_scenario({**WRITTEN, "panel": {"sizes": [POOL], "price_year": 2023}})


def test_terms_may_differ_by_year() -> None:
    ramp = [{"name": "full", "label": "Ramp", "overrides": {"share_of_losses": [0.0, 1.0]}}]
    found = answered(written(tiers=ramp))
    assert found.estimate("reach_global", "Ramp", SMALL, "chance_owing", "PY1").value == 0
    assert found.estimate("reach_global", "Ramp", SMALL, "chance_owing", "PY2").value > 0


def test_the_register_names_every_term_and_who_set_it() -> None:
    changed = written(tiers=[{"name": "shared", "label": "Theirs", "overrides": {"loss_floor": 0.02}}])
    own = {line.name: line for line in assumptions(changed) if line.arrangement == "Theirs"}
    assert (own["loss_floor"].value, own["loss_floor"].set_by) == (0.02, "scenario")
    assert (own["gain_cap"].value, own["gain_cap"].set_by) == (0.06, "tier")
    assert "stop_loss" not in own  # there is none
    assert own["share_of_gains"].confidence == "uncertain"
    assert any("illustrations" in caution for caution in cautions(changed))


# What a run leaves behind --------------------


def test_a_metric_without_a_description_is_refused() -> None:
    with pytest.raises(KeyError, match="no description"):
        PracticeRow("a", "b", 1, "PY1", "nonsense", metrics.UNKNOWN)
    assert {row.metric for row in FOUND.rows} == set(PRACTICE)


def test_the_page_says_what_the_practice_would_sign() -> None:
    answers = answer(SCENARIO)
    page = report_page(answers)
    section = page[page.index("What the practice would sign") : page.index("What a year brings")]
    for tier in FOUND.tiers:
        assert tier in section
    assert f"With {SMALL:,} of the {POOL:,} people" in section
    assert "Tiers under" in section
    assert report_page(answers) == page
    without = answer(build_scenario({key: value for key, value in WRITTEN.items() if key != "practice"}))
    assert without.practice is None
    assert "What the practice would sign" not in report_page(without)


def test_a_run_writes_and_prints_the_tiers(tmp_path: Path) -> None:
    toml = tmp_path / "p.toml"
    toml.write_text(
        f"""title = "p"
worlds = {WORLDS}
seed = 7
[panel]
sizes = [{SMALL}, {POOL}]
price_year = 2023
[[arrangements]]
name = "reach_global"
[practice]
people = [{SMALL}]
[[practice.tiers]]
name = "upside_only"
[[practice.tiers]]
name = "full"
label = "=Full <risk>"
""",
        encoding="utf-8",
    )
    result = CliRunner().invoke(main, ["run", str(toml), "--out", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "would sign under reach_global" in result.output
    assert "practice.parquet" in result.output
    table = pd.read_parquet(tmp_path / "out" / "practice.parquet")
    assert set(table.tier) == {"Upside only", "=Full <risk>"}
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert record["practice"]["pool"] == POOL
    assert len(record["practice"]["best"]) == 1
    assert "practice.parquet" in record["files"]
    assert "&lt;risk&gt;" in (tmp_path / "out" / "report.html").read_text()
    as_json = CliRunner().invoke(main, ["run", str(toml), "--out", str(tmp_path / "out"), "--json"])
    assert len(json.loads(as_json.stdout)["practice_estimates"]) == len(table)


def test_rows_make_a_tidy_frame() -> None:
    table = frame(FOUND.rows)
    assert list(table.columns) == [
        "arrangement", "tier", "people", "performance_year", "metric", "value", "standard_error",
    ]  # fmt: skip
    assert len(table) == len(FOUND.rows) == 2 * 2 * 4 * 3 * len(PRACTICE)
