"""Exact panel sizes against a scan of every size, the simulator, and what confidence and savings must do to them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED, scenario_of

from simdce import arrangements
from simdce.arrangements.settlement import Outcome
from simdce.exact import ExactModel
from simdce.exact.settled import FINEST, SettledBySize, _pieces, contract
from simdce.metrics import Estimate
from simdce.scenario import Scenario, ViabilityCondition
from simdce.settlements import SAVINGS_KNOWN
from simdce.studies.exact_chance import ExactChances
from simdce.studies.exact_size import FEWEST, MOST, crossing, exact_size, input_ranges, nearby, smallest_size
from simdce.studies.viability import ViabilityCurve, exact_sizes, viability, with_exact_sizes
from simdce.worlds import simulate

GATE = {"minimum_savings_rate": 0.02}
CONTRACTS = [
    {"name": "mssp_track_1"},
    {"name": "mssp_basic_e", "elections": GATE},
    {"name": "mssp_enhanced", "elections": GATE},
]
PAID = ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.70)
OWING = ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.15)
FALSELY = ViabilityCondition(outcome="paid", true_savings=0.0, at_most=0.10)


def plain(worlds: int = 100, sizes: tuple[int, ...] = (5_000,), **tables: Any) -> Scenario:
    """Without risk scores, which the law may leave out."""
    tables = {"years": {"performance": 2}, "arrangements": CONTRACTS, **tables}
    tables["benchmark"] = {"weights": [0.1, 0.3, 0.6], "risk_adjustment": False, **tables.get("benchmark", {})}
    return scenario_of(worlds, sizes, price_year=2024, **tables)


@pytest.fixture(scope="module")
def chances() -> ExactChances:
    return ExactChances(plain())


# Chances --------------------


def test_one_law_serves_every_true_savings(chances: ExactChances) -> None:
    for saved in (-0.01, 0.03):
        model = ExactModel(plain(savings={"true": saved}))
        for key, year in (("mssp_basic_e", 0), ("mssp_track_1", 1)):
            found = model.payment(key, 8_000, year, SAVINGS_KNOWN)
            assert chances.chance(key, "paid", saved, 8_000, year) == pytest.approx(found.chance_paid, abs=1e-9)
            assert chances.chance(key, "owing", saved, 8_000, year) == pytest.approx(found.chance_owing, abs=1e-9)


@pytest.mark.parametrize("size", [600, 20_000, 1_000_000])
def test_another_annual_shock_is_that_of_another_scenario(chances: ExactChances, size: int) -> None:
    other = ExactChances(plain(shocks={"annual_sd": 0.02}))
    for outcome in ("paid", "owing"):
        found = chances.chance("mssp_basic_e", outcome, 0.01, size, 0, annual_sd=0.02)
        assert found == pytest.approx(other.chance("mssp_basic_e", outcome, 0.01, size, 0), abs=1e-8)
        assert abs(found - chances.chance("mssp_basic_e", outcome, 0.01, size, 0)) > 1e-3


def test_noisier_people_count_as_fewer_under_the_rule_for_their_number(chances: ExactChances) -> None:
    alike = chances.chance("mssp_basic_e", "paid", 0.0, 18_000, 0, noise=1.5)
    assert alike == pytest.approx(chances.chance("mssp_basic_e", "paid", 0.0, 8_000, 0), abs=1e-12)
    variable = chances.chance("mssp_track_1", "paid", 0.0, 18_000, 0, noise=1.5)  # a lower gate for 18,000 than 8,000
    assert variable > chances.chance("mssp_track_1", "paid", 0.0, 8_000, 0) + 0.01


@pytest.mark.parametrize("key", ["mssp_track_1", "mssp_basic_e"])
@pytest.mark.parametrize("inputs", [{}, {"noise": 1.09}, {"annual_sd": 0.012}], ids=["plain", "noise", "annual"])
def test_chances_between_sizes_are_those_of_as_many_people(
    chances: ExactChances, key: str, inputs: dict[str, float]
) -> None:
    """To three in a thousand people, which is how close an end of an input's range is meant."""
    for size in (700, 3_210, 6_543, 23_456, 345_678):
        found = chances.chance(key, "paid", 0.03, size, 1, between=True, **inputs)  # type: ignore[arg-type]
        near = []
        for noise in (1.0015, 0.9985):  # as many people fewer and more, under the rule for the size itself
            other = {**inputs, "noise": inputs.get("noise", 1.0) * noise}
            near.append(chances.chance(key, "paid", 0.03, size, 1, **other))  # type: ignore[arg-type]
        assert min(near) <= found <= max(near), size


@pytest.mark.parametrize("name", arrangements.names())
def test_settlements_found_from_other_sizes_are_those_found_alone(name: str) -> None:
    scenario = plain(years={"performance": 3}, arrangements=[{"name": name}])
    agreed = contract(scenario, scenario.arrangements[0])
    kept = SettledBySize(agreed, 2)
    sizes = np.exp(np.random.default_rng(4).uniform(np.log(200), np.log(2e6), 60)).astype(int)
    for size in (*sizes, 4_999, 5_000, 59_999, 60_000):
        found, fresh = kept.at(int(size)), SettledBySize(agreed, 2).at(int(size))
        alone = _pieces(partial(agreed.net, year=2, panel_size=int(size)), found.neglected)
        for part, off in (("edges", 8 * FINEST), ("level", 1e-11), ("slope", 1e-11)):
            assert (getattr(found, part) == getattr(fresh, part)).all(), size  # whatever was asked before
            np.testing.assert_allclose(getattr(found, part), getattr(alone, part), atol=off, rtol=0, err_msg=str(size))


def test_a_rule_that_goes_and_comes_back_with_size_is_asked_every_time() -> None:
    scenario = plain(arrangements=CONTRACTS[:1])
    agreed = contract(scenario, scenario.arrangements[0])

    def settle(outcome: Outcome, terms: Any) -> Any:
        there = not 2_000 <= float(outcome.assigned_beneficiaries) < 3_000
        return SimpleNamespace(net=there * agreed.settler.rule(outcome, terms).net)

    kept = SettledBySize(replace(agreed, settler=replace(agreed.settler, rule=settle)), 0)
    paid = [bool(kept.at(size).middles.any()) for size in (1_000, 8_000, 4_000, 2_500)]
    assert paid == [True, True, True, False]


# Sizes --------------------


@pytest.mark.parametrize("key", ["mssp_track_1", "mssp_basic_e"])
@pytest.mark.parametrize("condition", [PAID, OWING, FALSELY], ids=["paid", "owing", "falsely"])
def test_size_is_that_of_a_scan(chances: ExactChances, key: str, condition: ViabilityCondition) -> None:
    found = exact_size(chances, key, condition).smallest
    assert found is not None
    if found == FEWEST:
        assert (key, condition) == ("mssp_track_1", OWING)  # one-sided: never owes
        return

    def holds(size: int) -> bool:
        chance = np.mean([_independent(chances, key, condition, size, year) for year in range(2)])
        return bool(chance >= condition.at_least if condition.at_least else chance <= (condition.at_most or 0.0))

    window = range(found - 40, found + 41)
    failing = [size for size in window if not holds(size)]
    assert holds(found)
    assert not holds(found - 1)
    assert abs(max(failing) + 1 - found) <= 2  # people are whole, by category


_MODELS: dict[float, ExactModel] = {}


def _independent(chances: ExactChances, key: str, condition: ViabilityCondition, size: int, year: int) -> float:
    saved = condition.true_savings
    if saved not in _MODELS:
        _MODELS[saved] = ExactModel(plain(savings={"true": saved}))
    law = _MODELS[saved].payment(key, size, year, SAVINGS_KNOWN)
    return law.chance_paid if condition.outcome == "paid" else law.chance_owing


def test_more_confidence_takes_more_people_and_more_savings_fewer(chances: ExactChances) -> None:
    def size(saved: float, at_least: float) -> int:
        condition = ViabilityCondition(outcome="paid", true_savings=saved, at_least=at_least)
        return exact_size(chances, "mssp_basic_e", condition).smallest or MOST + 1

    sizes = [size(0.03, at_least) for at_least in (0.68, 0.70, 0.72, 0.74, 0.95)]
    assert sizes == sorted(sizes)
    assert len(set(sizes)) == len(sizes)
    assert sizes[-1] == MOST + 1  # annual shocks and the gate are not outgrown
    sizes = [size(saved, 0.75) for saved in (0.030, 0.032, 0.035, 0.04)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(set(sizes[:3])) == 3


def test_range_holds_the_size_and_both_inputs_widen_it(chances: ExactChances) -> None:
    found = exact_size(chances, "mssp_basic_e", OWING)
    assert {each.name for each in found.inputs} == {"noise", "annual_sd"}
    assert found.smallest is not None
    assert found.low == min(size for each in found.inputs for size in each.sizes if size)
    assert found.high == max(size for each in found.inputs for size in each.sizes if size)
    for each in found.inputs:
        low, high = each.sizes
        assert low is not None
        assert high is not None
        assert low < found.smallest < high
    noise = next(each for each in found.inputs if each.name == "noise")
    for end, size in zip(noise.ends, noise.sizes, strict=True):  # a flat gate: noise is nothing but a number of people
        assert size == pytest.approx(found.smallest * end**2, rel=0.01)


def test_ends_are_those_of_scenarios_made_so(chances: ExactChances) -> None:
    found = exact_size(chances, "mssp_basic_e", OWING)
    annual = next(each for each in found.inputs if each.name == "annual_sd")
    for end, size in zip(annual.ends, annual.sizes, strict=True):
        other = exact_size(ExactChances(plain(shocks={"annual_sd": end})), "mssp_basic_e", OWING)
        assert [each.name for each in other.inputs] == ["noise"]  # what a scenario states has no range
        assert size == pytest.approx(other.smallest, rel=0.01)  # the proportions of the middle year


def test_noise_per_person_is_in_units_of_the_models() -> None:
    model = ExactModel(
        plain(arrangements=[{"name": "mssp_basic_e"}], benchmark={"weights": None}, savings={"true": 0.0})
    )
    own = model.savings_rate("mssp_basic_e", 5_000, 1, ()).sd * 5_000**0.5
    low, high = input_ranges()["noise_per_person"].at().value
    assert low == pytest.approx(1.84 / own, abs=0.005)
    assert high == pytest.approx(2.22 / own, abs=0.005)


# The search --------------------


@pytest.mark.parametrize("root", [501, 777, 12_345, 999_999])
def test_a_crossing_is_found_to_the_person_in_few_tries(root: int) -> None:
    tried = []

    def margin(size: int) -> float:
        tried.append(size)
        return float(np.log(size / (root - 0.5)) + 0.1 * np.log(size / (root - 0.5)) ** 3)

    assert crossing(margin, FEWEST, MOST) == root
    assert len(tried) < 40
    assert nearby(margin, 30_000) == pytest.approx(root, rel=0.0031)


def test_a_jump_is_found_too() -> None:
    assert smallest_size(lambda n: 1.0 if n >= 5_000 else -1e-3, lambda n: 1.0 if n >= 5_000 else -1.0) == 5_000
    assert smallest_size(lambda n: 1.0, lambda n: -1.0) == FEWEST  # what is cheaper only says where to look
    assert smallest_size(lambda n: -1.0, lambda n: 1.0) is None
    twice = lambda n: -1.0 if 3_000 <= n < 60_000 or n < 700 else 1.0  # noqa: E731
    assert smallest_size(twice, twice) == 60_000


# In a run --------------------


def test_what_the_law_leaves_out_is_simulated_and_said() -> None:
    scenario = plain(100, (2_000, 8_000), arrangements=[{"name": "pgp_demonstration"}, {"name": "mssp_basic_e"}])
    over = ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.15, over="agreement")
    questions = scenario.questions.model_copy(update={"viability": (PAID, over)})
    scenario = scenario.model_copy(update={"questions": questions})
    found = {(c.arrangement, c.condition.over): c for c in viability(scenario, simulate(scenario))}
    carried, kept = found["pgp_demonstration", "year"], found["mssp_basic_e", "year"]
    assert carried.exact is None
    assert "carried forward" in carried.left_out[0]
    assert carried.searched == (2_000, 8_000)
    assert kept.exact is not None
    assert kept.left_out == ()
    assert kept.searched == (FEWEST, MOST)
    assert found["mssp_basic_e", "agreement"].exact is None
    assert found["mssp_basic_e", "agreement"].left_out == ()


def test_risk_scores_are_in_the_law_or_left_out_in_words() -> None:
    scenario = plain(benchmark={"risk_adjustment": None}, arrangements=[{"name": "mssp_basic_e"}])
    curves = viability(scenario, simulate(scenario))[:1]
    assert (curves[0].exact is None) == bool(curves[0].left_out)


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
def test_simulated_chances_at_the_exact_size_are_what_was_asked_for(chances: ExactChances) -> None:
    sizes = sorted({exact_size(chances, "mssp_basic_e", condition).smallest or 0 for condition in (PAID, OWING)})
    scenario = plain(8_000, tuple(sizes), arrangements=CONTRACTS[1:2])
    questions = scenario.questions.model_copy(update={"viability": (PAID, OWING)})
    scenario = scenario.model_copy(update={"questions": questions})
    for curve in viability(scenario, simulate(scenario)):
        at = sizes.index(int(curve.smallest or 0))
        asked = curve.condition.at_least or curve.condition.at_most or 0.0
        assert abs(curve.chances[at].value - asked) < 4 * curve.chances[at].standard_error


def test_a_step_of_the_rule_has_no_range() -> None:
    found = of_basic_e(ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.60))
    assert found.smallest == 5_000  # the elected gate begins there
    assert found.range_text == found.size_text == "5,000"
    assert not found.at_every_size
    never = of_basic_e(ViabilityCondition(outcome="paid", true_savings=0.0, at_least=0.9))
    assert never.smallest is None
    assert never.size_text == "none up to 1,000,000"
    assert never.range_text == ""


def of_basic_e(condition: ViabilityCondition) -> ViabilityCurve:
    scenario = plain(arrangements=CONTRACTS[1:2])
    questions = scenario.questions.model_copy(update={"viability": (condition,)})
    curve = ViabilityCurve("mssp_basic_e", condition, (5_000,), (Estimate(0.5, 0.1),), None, None, None)
    return with_exact_sizes([curve], exact_sizes(scenario.model_copy(update={"questions": questions})))[0]
