"""The simulated worlds: the oracle's integers whatever the machinery, and the moments they should have."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import reference
from conftest import INTERPRETED, scenario_of, sized
from scipy.special import ndtr

from simdce import calibration, worlds
from simdce.population import slots_by_category
from simdce.scenario import Scenario
from simdce.slot_law.moments import slot_moments
from simdce.worlds import PanelYears, simulate, world_shocks

FEW = sized(20, 3)
SHORT = {"baseline": 1, "gap": 1, "performance": 2}  # four years like the default of most tests: one compilation
FOUR = {"baseline": 2, "gap": 0, "performance": 2}

ODD_SCENARIOS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "largest seed": {"seed": 2**63 - 1},
    "seed 0": {"seed": 0},
    "gap year": {"years": SHORT},
    "one year of each": {"years": {"baseline": 1, "gap": 0, "performance": 1}},
    "three and six": {"years": {"baseline": 3, "gap": 0, "performance": 3}, "sizes": (100, 101, 163)},
    "price year 2024": {"price_year": 2024},
    "no aged non-dual": {"mix": {"esrd": 0.1, "disabled": 0.4, "aged_dual": 0.5}},
    "one category": {"mix": {"disabled": 1.0}},
    "a category with a share and no slot": {"mix": {"esrd": 0.001, "aged_non_dual": 0.999}},
    "dearer joiners": {"turnover": {"joiner_cost_multiple": 1.1}},
    "deaths only": {"turnover": {"annual": 0.05, "mortality": dict.fromkeys(calibration.CATEGORIES, 0.05)}},
    "nearly everybody leaves": {"turnover": {"annual": 0.9}},
    "everybody leaves": {"turnover": {"annual": 1.0}},
    "nobody dies": {"turnover": {"mortality": dict.fromkeys(calibration.CATEGORIES, 0.0), "annual": 0.2}},
    "nobody dies or leaves": {"turnover": {"mortality": dict.fromkeys(calibration.CATEGORIES, 0.0), "annual": 0.0}},
    "no truncation": {"truncation": {"percentile": 1.0}},
    "truncated at a dollar": {"truncation": {"dollars": 1.0}},
    "truncated by category": {
        "truncation": {"dollars": {"esrd": 1e5, "disabled": 2e4, "aged_dual": 3e9, "aged_non_dual": 99_999.5}}
    },
    "no persistence": {"persistence": {"lag_1_correlation": 0.0}},
    "gamma": {"cost": {"aged_non_dual": {"law": "gamma", "mean": 9000.0, "cv": 2.5, "zero_share": 0.1}}},
    "lognormal": {"cost": {"aged_non_dual": {"law": "lognormal", "mean": 9000.0, "cv": 3.0, "zero_share": 0.2}}},
    "mixture": {
        "cost": {"aged_non_dual": {"law": "mixture", "weights": [0.6, 0.3], "means": [3e3, 3e4], "log_sds": [1.2, 0.6]}}
    },
    "scores that know nothing": {"risk_scores": {"explained_variance": 0.0}},
    "scores that know much": {"risk_scores": {"explained_variance": 0.4}},
    "stop-loss": {"arrangements": [{"name": "reach_global"}]},
    "stop-loss in three bands": {
        "arrangements": [{"name": "mssp_enhanced"}, {"name": "lead_professional", "elections": {"stop_loss": True}}],
        "stop_loss": {"attachments": [0.5, 2.0, 9.0], "payout_rates": [0.3, 0.0, 1.0]},
    },
    "catastrophic": {"cost": {"catastrophic": {"frequency_multiplier": 2.0, "severity_multiplier": 1.5}}},
    "a Pareto tail at fifty times the dollars": {
        "cost": {"level": 50.0, "catastrophic": {"pareto_index": 3.5}},
        "mix": {"aged_non_dual": 1.0},
        "persistence": {"lag_1_correlation": 0.02},
    },
}


@pytest.fixture(autouse=True)
def tables_frozen_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Freezing takes a third of a second and is tested elsewhere; simulations of the same people share it here."""
    monkeypatch.setattr(worlds, "slot_laws", oracle.frozen_tables)


def as_arrays(panels: PanelYears) -> dict[str, np.ndarray]:
    nothing = np.zeros_like(panels.dollars)
    found = {name: getattr(panels, name) for name in oracle.MEASURES}
    return {name: nothing if total is None else total for name, total in found.items()}


def assert_same(found: dict[str, Any], expected: dict[str, Any]) -> None:
    for name in oracle.MEASURES:
        np.testing.assert_array_equal(np.asarray(found[name]), np.asarray(expected[name]), err_msg=name)


@pytest.mark.parametrize("name", ODD_SCENARIOS)
def test_kernel_reference_and_oracle_agree_to_the_bit(name: str) -> None:
    tables = {"years": FOUR, "sizes": (100, 140), **ODD_SCENARIOS[name]}
    scenario = scenario_of(sized(8, 1), **tables)
    expected = oracle.panel_totals(scenario)
    assert_same(as_arrays(simulate(scenario)), expected)
    assert_same(reference.panel_totals(scenario), expected)


def test_an_empirical_law_agrees_to_the_bit(tmp_path: Path) -> None:
    costs = np.random.default_rng(5).lognormal(8, 1.6, 150).round(2)
    file = tmp_path / "costs.csv"
    file.write_text("id,paid,years\n" + "\n".join(f"{i},{c},{1 if i % 3 else 0.5}" for i, c in enumerate(costs)))
    law = {"law": "empirical", "file": str(file), "column": "paid", "weight_column": "years"}
    scenario = scenario_of(sized(8, 1), years=FOUR, cost={"aged_non_dual": law})
    expected = oracle.panel_totals(scenario)
    assert_same(as_arrays(simulate(scenario)), expected)
    assert_same(reference.panel_totals(scenario), expected)


def test_panels_of_thousands_agree_with_the_reference() -> None:
    sizes, count = sized(((500, 3000, 7001), 100), ((100, 150), 2))
    scenario = scenario_of(count, sizes, seed=77, years=FOUR, turnover={"joiner_cost_multiple": 1.05})
    assert_same(as_arrays(simulate(scenario)), reference.panel_totals(scenario))


BLOCKS: tuple[int | None, ...] = sized((1, 7, 64, None), (7, None))


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("slots_per_block", BLOCKS)
def test_threads_and_blocks_leave_every_bit_alone(threads: int, slots_per_block: int | None) -> None:
    scenario = scenario_of(FEW, (100, 333) if sized(True, False) else (100,), years=FOUR)
    once, again = simulate(scenario), simulate(scenario, threads=threads, slots_per_block=slots_per_block)
    assert once.digest == again.digest
    assert_same(as_arrays(again), as_arrays(once))


def test_many_calls_are_put_together_in_order() -> None:
    """More worlds than one call to the kernel takes (512), so that several calls write side by side."""
    scenario = scenario_of(sized(1100, 2), years=FOUR)
    assert_same(as_arrays(simulate(scenario, threads=3)), reference.panel_totals(scenario))


@pytest.mark.parametrize("beside", [(120, 200), (100, 101, 150, 200), (200, 260)])
def test_a_panel_does_not_depend_on_the_others_in_the_grid(beside: tuple[int, ...]) -> None:
    alone = simulate(scenario_of(FEW, (200,), years=FOUR))
    among = simulate(scenario_of(FEW, beside, years=FOUR))
    place = beside.index(200)
    for name in oracle.MEASURES:
        np.testing.assert_array_equal(as_arrays(among)[name][:, place], as_arrays(alone)[name][:, 0])
    np.testing.assert_array_equal(among.slots[place], alone.slots[0])
    for name, draws in alone.shocks.items():
        np.testing.assert_array_equal(among.shocks[name], draws)


def test_more_worlds_leave_the_first_ones_as_they_were() -> None:
    few, more = simulate(scenario_of(FEW, years=FOUR)), simulate(scenario_of(2 * FEW + 1, years=FOUR))
    for name in oracle.MEASURES:
        np.testing.assert_array_equal(as_arrays(more)[name][:FEW], as_arrays(few)[name])
    for name, draws in few.shocks.items():
        np.testing.assert_array_equal(more.shocks[name][:FEW], draws)


def test_more_years_leave_the_first_ones_as_they_were() -> None:
    few, more = simulate(scenario_of(FEW, years=FOUR)), simulate(scenario_of(FEW, years={**FOUR, "performance": 4}))
    for name in oracle.MEASURES:
        np.testing.assert_array_equal(as_arrays(more)[name][..., :4], as_arrays(few)[name])
    np.testing.assert_array_equal(more.shocks["annual"][:, :2], few.shocks["annual"])
    np.testing.assert_array_equal(more.shocks["persistent"], few.shocks["persistent"])


@pytest.mark.parametrize(
    "settled",
    [
        {"savings": {"true": [0.05, -0.02]}},
        {"arrangements": [{"name": "mssp_track_1"}, {"name": "mssp_enhanced"}]},
        {"shocks": {"preset": "none"}},
        {"arrangements": [{"name": "reach_global"}]},
        {"risk_scores": {"coding_growth": 0.06, "demographic_growth": 0.01}},
        {"benchmark": {"annual_trend": 0.08, "weights": [0.2, 0.8]}},
        {"years": {**FOUR, "first_performance_year": 2025}},
        {"title": "another title"},
    ],
    ids=lambda tables: next(iter(tables)),
)
def test_what_is_only_settled_leaves_the_totals_alone(settled: dict[str, Any]) -> None:
    plain = simulate(scenario_of(FEW, years=FOUR))
    assert simulate(scenario_of(FEW, **{"years": FOUR, **settled})).digest == plain.digest


def test_another_seed_gives_other_worlds() -> None:
    digests = {simulate(scenario_of(FEW, years=FOUR, seed=seed)).digest for seed in (0, 1, 2, 2**32 + 1, 2**63 - 1)}
    assert len(digests) == 5


def test_a_digest_notices_one_dollar() -> None:
    scenario = scenario_of(FEW, years=FOUR)
    panels = simulate(scenario)
    dollars = panels.dollars
    assert replace(panels, dollars=dollars).digest == panels.digest
    dollars[-1, -1, -1, -1] += 1
    assert replace(panels, dollars=dollars).digest != panels.digest


# ------------------------------------------------------------------------------------------------ panels


def test_slots_add_up_to_the_sizes_and_do_not_depend_on_each_other() -> None:
    sizes = tuple(range(100, 3000, 7))
    for price_year in (2014, 2019, 2024):
        mix = calibration.default("mix", price_year)
        slots = slots_by_category(sizes, mix)
        assert (slots.sum(axis=1) == sizes).all()
        assert (slots >= 0).all()
        for size, row in zip(sizes[::40], slots[::40], strict=True):
            np.testing.assert_array_equal(slots_by_category((size,), mix)[0], row)


def test_smaller_panels_are_the_first_slots_of_larger_ones() -> None:
    """Calibrated mixes: a category never shrinks when the panel grows by four people or more.

    Below that the rounding of three categories may together outrun the growth of the largest (which takes the rest).
    """
    for price_year in range(2014, 2025):
        slots = slots_by_category(tuple(range(100, 20_000)), calibration.default("mix", price_year))
        assert (slots[4:] >= slots[:-4]).all(), price_year


def test_totals_of_a_larger_panel_are_at_least_those_of_a_smaller_one() -> None:
    panels = simulate(scenario_of(FEW, (100, 150, 260), years=FOUR))
    for name in oracle.MEASURES:
        assert (np.diff(as_arrays(panels)[name], axis=1) >= 0).all(), name


def test_person_years_are_slots_less_the_time_after_death() -> None:
    scenario = scenario_of(FEW, (100, 150), years=FOUR)
    panels, expected = simulate(scenario), oracle.panel_totals(scenario)
    for size in range(2):
        absent = np.array(expected["absent_units"])[:, size]
        np.testing.assert_array_equal(panels.person_years(size), panels.slots[size][None, :, None] - absent / 32)


def test_absent_categories_hold_nothing() -> None:
    panels = simulate(scenario_of(FEW, years=FOUR, mix={"aged_dual": 0.5, "aged_non_dual": 0.5}))
    for name in oracle.MEASURES:
        assert not as_arrays(panels)[name][:, :, :2].any(), name
    assert (panels.slots[:, :2] == 0).all()
    assert (panels.expected_per_capita[:2] == 0).all()


# ------------------------------------------------------------------------------------------------ shocks

SHOCK_WORLDS, SHOCK_YEARS = 20_000, 4


def test_shocks_are_a_function_of_seed_world_purpose_and_year() -> None:
    many = world_shocks(3, 500, 5)
    few = world_shocks(3, 200, 2)
    for name, draws in few.items():
        np.testing.assert_array_equal(many[name][:200] if draws.ndim == 1 else many[name][:200, :2], draws)
    assert many["annual"].shape == many["trend_error"].shape == (500, 5)
    assert many["persistent"].shape == (500,)
    assert not np.array_equal(world_shocks(4, 500, 5)["annual"], many["annual"])


def test_shocks_are_standard_normal() -> None:
    """Mean 0, standard deviation 1, fourth moment 3, each within 4 standard errors; Kolmogorov distance below 1e-6."""
    for name, draws in world_shocks(11, SHOCK_WORLDS, SHOCK_YEARS).items():
        n = draws.size
        assert abs(draws.mean()) < 4 / np.sqrt(n), name
        assert abs(draws.std() - 1) < 4 / np.sqrt(2 * n), name
        assert abs((draws**4).mean() - 3) < 4 * np.sqrt(96 / n), name  # var(z^4) = 105 - 9
        ordered = ndtr(np.sort(draws, axis=None))
        distance = np.abs(ordered - (np.arange(n) + 0.5) / n).max()
        assert distance < np.sqrt(np.log(2 / 1e-6) / (2 * n)) + 0.5 / n, name


def test_shocks_of_other_purposes_years_and_worlds_are_independent() -> None:
    shocks = world_shocks(12, SHOCK_WORLDS, SHOCK_YEARS)
    columns = np.column_stack([shocks["annual"], shocks["persistent"], shocks["trend_error"]])
    beside = np.column_stack([columns[:-1], columns[1:]])  # and the next world
    for values in (beside, beside**2):
        correlation = np.corrcoef(values, rowvar=False) - np.eye(beside.shape[1])
        # 153 pairs: 5 standard errors are exceeded by chance once in 11,000 such tests
        assert np.abs(correlation).max() < 5 / np.sqrt(SHOCK_WORLDS)


def test_shocks_do_not_follow_the_panel() -> None:
    panels = simulate(scenario_of(sized(400, 30), (100,), years=FOUR))
    counted = panels.dollars.sum(axis=(1, 2))
    for name, draws in panels.shocks.items():
        for year in range(counted.shape[1]):
            for column in np.atleast_2d(draws.T):
                r = np.corrcoef(column, counted[:, year])[0, 1]
                assert abs(r) < 5 / np.sqrt(panels.worlds), name


# ------------------------------------------------------------------------------------------------ moments in every year

LONG = {"baseline": 3, "gap": 2, "performance": 5}


def _z_scores(panels: PanelYears, scenario: Scenario) -> dict[str, np.ndarray]:
    """How many standard errors (of the simulated worlds) every total is from its exact mean; axes (category, year)."""
    found = {}
    laws = oracle.frozen_tables(scenario)
    for name in oracle.MEASURES:
        if name == "recovered_dollars" and INTERPRETED:
            continue  # a handful of claims in three thousand person-years has no normal mean
        totals = as_arrays(panels)[name][:, -1].astype(float)
        expected = np.zeros(totals.shape[1:])
        for category, of_category in enumerate(panels.categories):
            if of_category not in laws:
                continue
            m = slot_moments(laws[of_category])
            per_slot = {
                "dollars": m.mean * m.presence,
                "truncated_dollars": m.truncated_mean * m.presence,
                "absent_units": 32 * (1 - m.presence),
                "deaths": m.mortality,
                "departures": (1 - m.mortality) * m.leave,
                "score_units": 1024 * 32 * m.score * m.presence,
                "recovered_dollars": m.recovery * m.presence,
            }[name]
            expected[category] = per_slot * panels.slots[-1, category]
        error = totals.std(axis=0, ddof=1) / np.sqrt(panels.worlds)
        found[name] = np.divide(totals.mean(axis=0) - expected, error, out=np.zeros_like(error), where=error > 0)
    return found


@pytest.mark.parametrize(
    "tables",
    [
        {"mix": dict.fromkeys(calibration.CATEGORIES, 0.25), "arrangements": [{"name": "reach_global"}]},
        {"turnover": {"joiner_cost_multiple": 1.1}, "mix": {"disabled": 0.5, "aged_non_dual": 0.5}},
        {"turnover": {"annual": 0.8}, "mix": {"aged_dual": 0.5, "aged_non_dual": 0.5}},
    ],
    ids=["defaults", "dearer joiners", "high turnover"],
)
def test_totals_have_their_exact_mean_in_every_year(tables: dict[str, Any]) -> None:
    """Within 4 standard errors of the exact moments of the tables, category by category, in each of ten years.

    The deviations of ten years of one measure are correlated, so 4 is not stretched for their number.
    """
    count, size = sized((400, 20_000), (30, 100))
    scenario = scenario_of(count, (size,), seed=2024, years=LONG, **tables)
    panels = simulate(scenario)
    assert panels.years[3:5] == ("GY1", "GY2")
    for name, z in _z_scores(panels, scenario).items():
        assert np.abs(z).max() < 4, (name, z.round(1))


def test_expected_per_capita_is_that_of_the_tables() -> None:
    scenario = scenario_of(FEW, years=FOUR)
    panels, laws = simulate(scenario), oracle.frozen_tables(scenario)
    for category, name in enumerate(panels.categories):
        moments = slot_moments(laws[name])
        assert panels.expected_per_capita[category] == moments.mean
        assert panels.expected_truncated_per_capita[category] == moments.truncated_mean


# ------------------------------------------------------------------------------------------------ interruption


def test_ctrl_c_leaves_promptly_and_leaves_no_thread_behind() -> None:
    """The progress callback raises as Ctrl-C would; work that has not begun is dropped."""
    scenario = scenario_of(sized(20_000, 500), (sized(5_000, 100),), years=FOUR)
    simulate(scenario_of(1, years=FOUR))  # compiled before the clock starts
    before = threading.active_count()
    told: list[float] = []

    def interrupt(share: float) -> None:
        told.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(scenario, threads=2, progress=interrupt)
    assert threading.active_count() <= before
    assert len(told) == 1
    assert told[0] < 0.5  # the rest was never simulated


def test_progress_rises_to_one() -> None:
    told: list[float] = []
    simulate(scenario_of(sized(600, 4), years=FOUR), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)


def test_an_error_inside_the_work_is_raised() -> None:
    def fail(share: float) -> None:
        raise RuntimeError(f"at {share}")

    with pytest.raises(RuntimeError, match="at "):
        simulate(scenario_of(FEW, years=FOUR), progress=fail)
