"""The exact law as control variate: unbiased, honest about its error, and of known statistics only."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED, scenario_of

from simdce import metrics
from simdce.control import PLAIN, Controls
from simdce.control.regression import controlled
from simdce.exact import ExactModel
from simdce.metrics import Estimate
from simdce.output import run_record
from simdce.report.exhibits import checks
from simdce.report.laws import laws
from simdce.results import AGREEMENT, Row, variance_saved
from simdce.run import answer
from simdce.scenario import Scenario
from simdce.studies.comparison import differences_at
from simdce.studies.payment import Lived, payment_rows
from simdce.worlds import PanelYears, simulate

pytestmark = pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")

NAMES = ("pgp_demonstration", "mssp_track_1", "mssp_enhanced", "reach_global")
SIZE = 2000
MANY = 20_000
CONTROLLED = ("mean_net", "mean_earned", "mean_owed", "chance_paid", "chance_owing")


def scenario(worlds: int, seed: int = 1, sizes: tuple[int, ...] = (SIZE,), **tables: Any) -> Scenario:
    """Calibrated shocks, risk scores and stop-loss, with the arrangements' own benchmark weights."""
    years = {"first_performance_year": 2024, "performance": 3}
    arrangements = [{"name": name} for name in NAMES]
    written = {"years": years, "savings": {"true": 0.01}, "arrangements": arrangements, "benchmark": {}, **tables}
    return scenario_of(worlds, sizes, price_year=2024, seed=seed, **written)


@cache
def simulated(worlds: int, seed: int) -> PanelYears:
    return simulate(scenario(worlds, seed))


@cache
def model() -> ExactModel:
    """The laws, which neither seed nor worlds change."""
    return ExactModel(scenario(100))


def figures(worlds: int, seed: int, at: Any = None) -> dict[tuple[str, str], tuple[Estimate, Estimate]]:
    """Estimates with and without control by arrangement and figure."""
    asked, panels = scenario(worlds, seed), simulated(worlds, seed)
    lived, found = Lived(asked, panels, SIZE), {}
    for name in NAMES:
        control = (at or Controls(asked, panels, model()).at)(name, SIZE)
        settlement, _ = lived.settled(name)
        net, last = settlement.net.sum(axis=1), settlement.net[:, -1]
        found[name, "mean"] = control.mean(net), metrics.mean(net)
        found[name, "mean of the last year"] = control.mean(last), metrics.mean(last)
        found[name, "worst year"] = control.mean(settlement.net.min(axis=1)), metrics.mean(settlement.net.min(axis=1))
        found[name, "paid"] = control.chance(net > 0), metrics.chance(net > 0)
        found[name, "paid in the last year"] = control.chance(last > 0), metrics.chance(last > 0)
    return found


def distances(controls: list[tuple[np.ndarray, float]]) -> np.ndarray:
    """How far sample means are from exact ones, in standard errors."""
    return np.array([(metrics.mean(v).value - exact) / metrics.mean(v).standard_error for v, exact in controls])


def pairs(name: str, asked: Scenario, panels: PanelYears) -> list[tuple[np.ndarray, float]]:
    found = Controls(asked, panels, model())
    years = [model().first_order(name, SIZE, year) for year in range(3)]
    return list(found._pairs(years, SIZE))


@pytest.mark.parametrize("name", NAMES)
def test_every_control_has_its_exact_mean(name: str) -> None:
    """With shocks, risk scores and stop-loss in the scenario, all of which the statistic counts."""
    asked, panels = scenario(MANY), simulated(MANY, 1)
    away = distances([(values, exact) for values, exact in pairs(name, asked, panels) if values.std() > 0])
    assert len(away) >= 8
    assert np.abs(away).max() < 4.0, away


def test_a_wrong_exact_mean_would_be_seen() -> None:
    """A law moved by three tenths of a per cent is a mean that the same worlds refuse."""
    asked, panels = scenario(MANY), simulated(MANY, 1)
    wrong = [(values, exact * 1.003) for values, exact in pairs("mssp_enhanced", asked, panels)]
    assert np.abs(distances(wrong)).max() > 6.0


def test_controlled_means_are_unbiased_and_their_errors_honest() -> None:
    """Sixty small runs against one large one: distances in standard errors have mean 0 and spread 1."""
    runs, worlds = 60, 300
    truth = figures(MANY, 10_000)
    found = [figures(worlds, seed) for seed in range(1, runs + 1)]
    for key, (exact, _) in truth.items():
        if exact.standard_error == 0.0:  # the worst year of a contract that never pays in every year
            continue
        with_control, without = (
            np.array(
                [
                    (run[key][which].value - exact.value)
                    / np.hypot(run[key][which].standard_error, exact.standard_error)
                    for run in found
                    if run[key][which].standard_error > 0
                ]
            )
            for which in (0, 1)
        )
        assert len(with_control) >= runs - 5, key
        assert abs(with_control.mean()) < 4.0 / np.sqrt(runs), (key, with_control.mean(), without.mean())
        assert 0.6 < with_control.std() < 1.4, (key, with_control.std(), without.std())


def test_with_and_without_control_agree() -> None:
    for key, (with_control, without) in figures(MANY, 1).items():
        assert abs(with_control.value - without.value) <= 4.0 * without.standard_error, key
        assert with_control.standard_error <= 1.01 * without.standard_error, key


def test_it_saves_most_where_the_law_leaves_nothing_out() -> None:
    """Three-year carry-forward without risk scores: fifty times the worlds, at least."""
    asked = scenario(4000, sizes=(15_000,), benchmark={"risk_adjustment": False})
    panels = simulate(asked)
    rows = payment_rows(Lived(asked, panels, 15_000), Controls(asked, panels))
    saved = {each.arrangement: each.ratio for each in variance_saved(rows, asked.worlds)}
    assert saved["pgp_demonstration"] > 50
    assert saved["mssp_track_1"] > 50


def test_parts_add_up_and_uncontrolled_metrics_are_as_they_were() -> None:
    asked, panels = scenario(MANY), simulated(MANY, 1)
    lived = Lived(asked, panels, SIZE)
    found, plain = by_metric(payment_rows(lived, Controls(asked, panels, model()))), by_metric(payment_rows(lived))
    for name in NAMES:
        years = sum(found[name, f"PY{year}", "mean_net"].value for year in (1, 2, 3))
        whole = found[name, AGREEMENT, "mean_net"].value
        assert years == pytest.approx(whole, rel=1e-9)
        assert whole == pytest.approx(
            found[name, AGREEMENT, "mean_earned"].value - found[name, AGREEMENT, "mean_owed"].value, rel=1e-9
        )
        assert found[name, AGREEMENT, "mean_net"] != plain[name, AGREEMENT, "mean_net"]
    for key, estimate in found.items():
        if key[-1] not in CONTROLLED:
            np.testing.assert_equal(vars(estimate), vars(plain[key]))


def by_metric(rows: list[Row]) -> dict[tuple[str, str, str], Estimate]:
    return {(row.arrangement, row.performance_year, row.metric): row.estimate for row in rows}


def test_the_same_bits_for_any_threads_and_other_sizes_and_arrangements_beside() -> None:
    worlds = 1000
    alone = answer(scenario(worlds), threads=1, controlled=True).estimates
    beside = scenario(worlds, sizes=(500, SIZE, 3000), arrangements=[{"name": name} for name in NAMES[::-1]])
    among = answer(beside, threads=2, controlled=True).estimates
    keys = ["arrangement", "panel_size", "performance_year", "metric"]
    one, other = alone.set_index(keys).sort_index(), among[among.panel_size == SIZE].set_index(keys).sort_index()
    assert one.equals(other)


def test_it_is_taken_unless_declined_and_told() -> None:
    asked = scenario(1000)
    found, plain = answer(asked), answer(asked, controlled=False)
    assert not found.estimates.equals(plain.estimates)
    assert "variance_saved" in run_record(found)
    assert plain.variance_saved == ()
    assert "variance_saved" not in run_record(plain)
    for answers in (found, plain):
        told, miss = checks(answers)[-1]
        assert told.startswith("mean difference is the difference of the means")
        assert miss < 0.01
    rows = payment_rows(Lived(asked, plain.panels, SIZE))
    assert [row.estimate.value for row in rows if row.metric == "mean_net"] == list(
        plain.estimates[plain.estimates.metric == "mean_net"].value
    )


def test_the_report_speaks_of_the_same_means_as_the_tables() -> None:
    answers = answer(scenario(1000))
    rows = answers.estimates.set_index(["arrangement", "performance_year", "metric"])["value"]
    for law in laws(answers, Lived(answers.scenario, answers.panels, SIZE)):
        assert law.average.value == pytest.approx(rows[law.keys[0], AGREEMENT, "mean_net"] / 3, rel=1e-9)


def test_differences_scatter_by_their_errors_and_less_than_without() -> None:
    """Means of 40 seeds: z-scores of the difference of two contracts against the mean of all of them."""
    found: dict[bool, list[Estimate]] = {True: [], False: []}
    for seed in range(1, 41):
        asked = scenario(1000, seed)
        lived = Lived(asked, simulated(1000, seed), SIZE)
        controls = Controls(asked, lived.panels, model())
        for controlled_too, rows in ((True, differences_at(lived, controls)), (False, differences_at(lived))):
            chosen = next(row for row in rows if (row.performance_year, row.metric) == (AGREEMENT, "mean_difference"))
            found[controlled_too].append(chosen.estimate)
    best = np.mean([each.value for each in found[True]])
    errors = {kind: np.array([each.standard_error for each in rows]) for kind, rows in found.items()}
    for kind, rows in found.items():
        z = (np.array([each.value for each in rows]) - best) / errors[kind]
        assert abs(z.mean()) < 4 / np.sqrt(40)
        assert abs(z.std() - 1.0) < 4 * np.sqrt(0.5 / 40)
    assert errors[True].mean() < 0.5 * errors[False].mean()


def test_a_one_sided_contract_never_owes() -> None:
    asked, panels = scenario(MANY), simulated(MANY, 1)
    found = by_metric(payment_rows(Lived(asked, panels, SIZE), Controls(asked, panels, model())))
    for year in ("PY1", "PY3", AGREEMENT):
        assert found["mssp_track_1", year, "chance_owing"] == Estimate(0.0, 0.0)
        assert found["mssp_track_1", year, "mean_owed"] == Estimate(0.0, 0.0)


def test_few_worlds_and_rough_laws_are_left_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    few, enough = scenario(49), scenario(100)
    assert Controls(few, simulate(few), model()).at("mssp_track_1", SIZE) is PLAIN
    controls = Controls(enough, simulated(100, 1), model())
    assert controls.at("mssp_track_1", SIZE).controls == 2
    monkeypatch.setattr("simdce.control.WORST_LAW", 0.0)
    assert Controls(enough, simulated(100, 1), model()).at("mssp_track_1", SIZE) is PLAIN


def normal(worlds: int = 1000, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    control = draws.normal(size=worlds)
    return control, 2.0 + control + 0.1 * draws.normal(size=worlds)


def test_regression_finds_the_textbook_estimate_and_error() -> None:
    """Against ordinary least squares with the control at its exact mean."""
    control, amounts = normal()
    found = controlled([(control + 5.0, 5.0)], 1000, 5).mean(amounts)
    slope, level = np.polyfit(control, amounts, 1)
    rest = amounts - level - slope * control
    spread = rest @ rest / 998
    error = np.sqrt(spread * (1 / 1000 + control.mean() ** 2 / (1000 * control.var())))
    assert found.value == pytest.approx(level)
    assert found.standard_error == pytest.approx(error, rel=0.05)
    assert found.standard_error < 0.12 * metrics.mean(amounts).standard_error


def test_the_error_is_that_of_leaving_out_each_world() -> None:
    worlds = 60
    control, amounts = normal(worlds)
    square = control**2
    whole = controlled([(control, 0.0), (square, 1.0)], worlds, 5).mean(amounts)
    left_out = []
    for world in range(worlds):
        kept = np.arange(worlds) != world
        part = controlled([(control[kept], 0.0), (square[kept], 1.0)], worlds - 1, 5).mean(amounts[kept])
        left_out.append(part.value)
    jackknife = np.sqrt((worlds - 1) / worlds * np.sum(np.square(left_out - np.mean(left_out))))
    assert whole.standard_error == pytest.approx(jackknife, rel=1e-9)


def test_controls_that_say_nothing_new_change_nothing() -> None:
    control, amounts = normal()
    one = controlled([(control, 0.0)], 1000, 9)
    doubled = [(control, 0.0), (3.0 * control + 1.0, 1.0), (np.full(1000, 7.0), 7.0), (np.zeros(1000), 0.0)]
    many = controlled(doubled, 1000, 9)
    assert many.controls == one.controls == 1
    assert many.mean(amounts) == one.mean(amounts)


def test_no_more_controls_than_worlds_allow() -> None:
    draws = np.random.default_rng(2)
    many = [(draws.normal(size=100), 0.0) for _ in range(200)]
    assert controlled(many, 100, 2).controls == 2
    assert controlled(many, 100, 0).controls == 0
    assert controlled(many, 100, 0).mean(many[0][0]) == metrics.mean(many[0][0])


def test_a_chance_fully_explained_has_the_error_of_one_world() -> None:
    """So has a payment with a gate: worlds between the control's gate and its own may exist, though none was seen."""
    events = np.random.default_rng(3).random(1000) < 0.3
    found = controlled([(events.astype(float), 0.31)], 1000, 5, jump=500.0)
    assert found.chance(events).value == pytest.approx(0.31)
    assert found.chance(events).standard_error == 1e-3
    assert found.mean(100.0 * events) == Estimate(pytest.approx(31.0), 0.5)  # type: ignore[arg-type]
    assert found.chance(np.zeros(1000, bool)) == Estimate(0.0, 1e-3)
    assert 0.0 <= controlled([(events.astype(float), -2.0)], 1000, 5).chance(events).value <= 1.0


def test_the_saving_is_told_from_the_spread_and_the_error() -> None:
    rows = [
        Row("a", 100, AGREEMENT, "mean_net", Estimate(5.0, 0.1)),
        Row("a", 100, AGREEMENT, "sd_net", Estimate(20.0, 1.0)),
        Row("b", 100, AGREEMENT, "mean_net", Estimate(0.0, 0.0)),
        Row("b", 100, AGREEMENT, "sd_net", Estimate(0.0, 0.0)),
    ]
    (saved,) = variance_saved(rows, 401)
    assert (saved.arrangement, saved.ratio) == ("a", pytest.approx(100.0))


def test_the_statistic_counts_what_the_law_counts() -> None:
    """Scores where benchmarks follow them, recoveries in the year and under the rule that elects stop-loss."""
    asked, panels = scenario(1000), simulated(1000, 5)
    assert panels.recovered_dollars is not None
    scores = panels.score_units + panels.score_units % 1000
    other_scores, other_recoveries = (
        replace(panels, score_units=scores),
        replace(panels, recovered_dollars=2 * panels.recovered_dollars),
    )
    for name, followed, recovered in (
        ("pgp_demonstration", True, False),
        ("mssp_enhanced", True, False),
        ("reach_global", True, True),
    ):
        before, after, again = (pairs(name, asked, each)[1][0] for each in (panels, other_scores, other_recoveries))
        assert (not np.array_equal(before, after)) == followed, name
        assert (not np.array_equal(before, again)) == recovered, name
