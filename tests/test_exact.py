"""The exact law against enumeration, convolution, brute force and the simulator, and the chain it linearises."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import INTERPRETED, sized
from conftest import scenario_of as scenario_with
from oracle import frozen_tables
from reference import histories
from scipy import fft
from scipy.special import ndtr

from simdce import arrangements, calibration
from simdce.arrangements.elections import Elections
from simdce.arrangements.settlement import Outcome
from simdce.benchmarking.chain import BenchmarkInputs, benchmark_dollars
from simdce.benchmarking.scores import RiskScores, score_growth
from simdce.cli import main
from simdce.errors import InputError
from simdce.exact import ExactModel, SavingsRateLaw
from simdce.exact.benchmark import PanelSums, panel_sums
from simdce.exact.contract import BenchmarkRule, price_level
from simdce.exact.cost import CountedCost
from simdce.exact.inversion import RatioLaws
from simdce.exact.linear import Smooth
from simdce.exact.regional_rule import RegionalRule
from simdce.exact.shocks import Shock, shaken
from simdce.exact.slot import ABSENCE, DOLLARS, SCORE, SlotChain
from simdce.scenario import Scenario
from simdce.scenario.people import HealthEquity
from simdce.settlements import experience, outcome_of, settle
from simdce.slot_law import SlotLaw, layout
from simdce.worlds import simulate

NO_SHOCKS = {"preset": "none"}


def scenario_of(worlds: int = 100, sizes: Sequence[int] = (100,), **tables: Any) -> Scenario:
    """A scenario of BASIC E where nothing else is asked for; the regional weight by year, thirds as weights."""
    plain = {"benchmark": {}, "arrangements": [{"name": "mssp_basic_e"}], **tables}
    plain["benchmark"] = {"weights": [1 / 3] * 3, **plain["benchmark"]}
    return scenario_with(worlds, tuple(sizes), **plain)


TWO_CATEGORIES = {"aged_non_dual": 0.8, "aged_dual": 0.2}


def tiny_law(deaths: bool = True) -> SlotLaw:
    """Two health classes, a few dozen dollars, lives short enough to enumerate."""
    cells = np.arange(layout.CELLS)
    sick = 7 * (cells < 100) + 19 * (cells < 175) + 40 * (cells < 160)
    costs = np.stack([np.stack([2 * (cells < 184), sick]), np.stack([5 * (cells < 180), sick + 3])])
    draws = np.arange(1 << layout.CLASS_BITS)
    return SlotLaw(
        costs=costs.astype(np.int32),
        classes=np.stack([draws >= 1200, draws >= 700, draws >= 1900]).astype(np.int64),
        death_thresholds=np.array([900, 5000] if deaths else [0, 0]),
        leave_threshold=6000,
        drift_threshold=15000,
        truncation=50,
        scores=np.array([layout.SCORE_UNITS // 2, layout.SCORE_UNITS, 3 * layout.SCORE_UNITS]),
        coded=np.stack([draws % 3 == 0] * 3),
    )


def chain_of(law: SlotLaw, years: int, counting: str = "truncated", **kinds: Any) -> SlotChain:
    return SlotChain(law, CountedCost(law, counting), years, **kinds)


def sums_of(law: SlotLaw) -> PanelSums:
    """One baseline year and one performance year of history alone."""
    rule = BenchmarkRule(
        truncated=True, net=False, charge=0.0, weights=(1.0,), to_own_history=1.0, scores=None,
        adjustments=(RegionalRule(0.0, 0.0),), voluntary_share=0.0, equity=0.0, shocks=(), shock_key=(),
        scale=1.0, kept=1.0, benchmark_noise=0.0,
    )  # fmt: skip
    one = np.ones(1)
    chains = [chain_of(law, 2)]
    return panel_sums(chains, rule, 1, 1, national=one, regional=one, score=one, recovery=one, mix=one)


Year = tuple[int, float, float]


def life_stories(law: SlotLaw, years: int) -> dict[tuple[Year, ...], float]:
    """Probability of every sequence of (counted dollars, absence, score held) of one slot, by plain enumeration."""
    low, high = layout.cell_bounds()
    kinds = [np.bincount(d + 2 * c, minlength=4) / d.size for d, c in zip(law.classes, law.coded, strict=True)]
    leave, drift = law.leave_threshold / 2**15, (law.drift_threshold - law.leave_threshold) / 2**15
    grades = [float(law.scores[person - 1 if person > 1 else 0]) / layout.SCORE_UNITS for person in range(4)]
    year_costs: list[list[dict[int, float]]] = []
    for fate in (0, 1):
        year_costs.append([])
        for person in (0, 1):
            found: dict[int, float] = defaultdict(float)
            for cost, weight in zip(law.costs[fate, person], high - low, strict=True):
                found[min(int(cost), law.truncation)] += float(weight)
            year_costs[fate].append(found)
    states = {((), person): float(kinds[0][person]) for person in range(4)}
    for _ in range(years):
        after: dict[tuple[tuple[Year, ...], int], float] = defaultdict(float)
        for (story, person), chance in states.items():
            death = float(law.death_thresholds[person % 2]) / 2**14
            for cost, part in year_costs[0][person % 2].items():
                alive, told = chance * (1 - death) * part, (*story, (cost, 0.0, grades[person]))
                after[told, person] += alive * (1 - leave - drift)
                for other in range(4):
                    after[told, other] += alive * (drift * kinds[1][other] + leave * kinds[2][other])
            for cost, part in year_costs[1][person % 2].items():
                for units in range(1, 32, 2):
                    told = (*story, (cost, units / 32, grades[person] * (1 - units / 32)))
                    for other in range(4):
                        after[told, other] += chance * death * part / 16 * kinds[2][other]
        states = {state: chance for state, chance in after.items() if chance > 0}
    stories: dict[tuple[Year, ...], float] = defaultdict(float)
    for (story, _), chance in states.items():
        stories[story] += chance
    return stories


# One slot --------------------


@pytest.fixture(scope="module")
def enumerated() -> tuple[SlotChain, np.ndarray, np.ndarray]:
    law = tiny_law()
    stories = life_stories(law, 2)
    totals = np.array([np.array(story).T for story in stories])  # (story, quantity, year)
    return chain_of(law, 2, scored=True), totals, np.array(list(stories.values()))


def test_moments_of_a_slot_equal_enumeration(enumerated: tuple[SlotChain, np.ndarray, np.ndarray]) -> None:
    chain, totals, chances = enumerated
    assert chances.sum() == pytest.approx(1.0, abs=1e-12)
    mean = np.einsum("s,sqy->qy", chances, totals)
    np.testing.assert_allclose(chain.mean, mean, rtol=1e-12)
    off = totals - mean
    np.testing.assert_allclose(chain.covariance, np.einsum("s,sqy,srz->qyrz", chances, off, off), atol=1e-10)


def test_characteristic_function_of_a_slot_equals_enumeration(
    enumerated: tuple[SlotChain, np.ndarray, np.ndarray],
) -> None:
    chain, totals, chances = enumerated
    rng = np.random.default_rng(3)
    for reach in (0.1, 1e-4):
        dollars, absence, score = (rng.normal(0.0, by * reach, (40, 2)) for by in (1, 20, 30))
        for held in (score, np.zeros_like(score)):
            phase = dollars @ totals[:, DOLLARS].T + absence @ totals[:, ABSENCE].T + held @ totals[:, SCORE].T
            less_one = (-2 * np.sin(phase / 2) ** 2 + 1j * np.sin(phase)) @ chances
            found = chain.log_characteristic(dollars, absence, held, 1e-15)
            np.testing.assert_allclose(found, np.log1p(less_one), rtol=1e-9, atol=1e-15)


def test_moments_of_calibrated_slots_equal_brute_force() -> None:
    scenario = scenario_of(arrangements=[{"name": "reach_global"}])
    slots = sized(200_000, 2_000)
    for number, name in enumerate(calibration.CATEGORIES):
        law = frozen_tables(scenario)[name]
        chain = chain_of(law, 4, scored=True, net_cost=CountedCost(law, "net"), net_year=3)
        lives = histories(law, 5, number, 1, slots, 4)
        dollars = lives.truncated_dollars[:, 0].copy()
        dollars[3] = lives.dollars[3, 0] - lives.recovered_dollars[3, 0]
        scores = lives.score_units[:, 0] / (layout.YEAR_UNITS * layout.SCORE_UNITS)
        totals = np.concatenate([dollars, lives.absent_units[:, 0] / layout.YEAR_UNITS, scores])
        mean, cov = chain.mean.ravel(), chain.covariance.reshape(12, 12)
        z = (totals.mean(axis=1) - mean) / np.sqrt(np.diag(cov) / slots)
        assert np.abs(z).max() < 4.0
        off = (totals - mean[:, None]) / np.sqrt(np.diag(cov))[:, None]
        for row in range(12):
            products = off[row] * off
            error = products.std(axis=1) / np.sqrt(slots)
            exact = cov[row] / np.sqrt(cov[row, row] * np.diag(cov))
            assert (np.abs(products.mean(axis=1) - exact) < 4.5 * np.maximum(error, 1e-12)).all()


# The law of a ratio --------------------


def lattice_chance(law: SlotLaw, slots: int, over: int, under: int) -> float:
    """P(over x later > under x earlier) + half the tie, by convolving whole dollars of two years without deaths."""
    stories = life_stories(law, 2)
    low = -under * law.truncation
    pmf = np.zeros((over + under) * law.truncation + 1)
    for ((earlier, *_), (later, *_)), chance in stories.items():
        pmf[over * later - under * earlier - low] += chance
    length = fft.next_fast_len(slots * (len(pmf) - 1) + 1)
    total = fft.irfft(fft.rfft(pmf, length) ** slots, length)
    zero = -slots * low
    return float(total[zero + 1 :].sum() + 0.5 * total[zero])


def test_ratio_law_equals_convolution_of_whole_dollars() -> None:
    law = tiny_law(deaths=False)
    law = replace(law, costs=law.costs * 23, truncation=law.truncation * 23)  # dollars fine beside their sum
    law = replace(law, costs=law.costs + (np.arange(layout.CELLS) * 17 % 11).astype(np.int32))
    ratios = RatioLaws(sums_of(law), np.ones(1))
    for slots in (250, 700):
        grid = ratios.at(np.array([slots]))
        rates = SavingsRateLaw(grid.start, grid.step, grid.cdf, grid.error, 0.0, 0.0)
        assert grid.error < 1e-8
        for over, under in ((4, 3), (1, 1), (5, 6)):
            exact = lattice_chance(law, slots, over, under)
            found = float(rates.cdf(1.0 - under / over))
            assert found == pytest.approx(exact, abs=grid.error + 1e-9)  # ties are a billionth


def test_second_order_term_agrees_with_brute_force() -> None:
    slots, worlds = 60, sized(40_000, 200)
    law = replace(tiny_law(), death_thresholds=np.array([6_000, 14_000]), truncation=2_000)  # most are absent for long
    law = replace(law, costs=law.costs * 31 + (np.arange(layout.CELLS) * 17 % 11).astype(np.int32))
    grid = RatioLaws(sums_of(law), np.ones(1)).at(np.array([slots]))
    lives = histories(law, 9, 0, worlds, slots, 2)
    spent, present = lives.truncated_dollars.sum(axis=2), slots - lives.absent_units.sum(axis=2) / layout.YEAR_UNITS
    log_ratio = np.log(spent[1] / (present[1] * spent[0] / present[0]))
    points = grid.points[np.searchsorted(grid.cdf, np.linspace(0.05, 0.95, 19))]
    chances = np.interp(points, grid.points, grid.cdf)
    errors = np.sqrt(chances * (1 - chances) / worlds)
    assert grid.second_order > 2 * 0.5 / np.sqrt(40_000)  # of the wrong sign it would be found
    assert grid.left_out < 2e-4
    assert np.abs(((log_ratio[:, None] <= points).mean(axis=0) - chances) / errors).max() < 4.0


def test_shocks_shift_a_normal_law() -> None:
    step, deviation = 0.002, 0.02
    x = step * np.arange(-90, 91)
    for sigma, mean, kinks in ((0.03, 0.05, ()), (0.004, -0.02, (0.3,)), (0.3, 0.0, (-1.0, 2.0))):
        shock = Shock(lambda z, sigma=sigma, mean=mean: np.exp(mean + sigma * z), sigma, kinks)
        cdf, start = shaken(ndtr(x / deviation), x[0], step, deviation, shock)
        found = ndtr((start + step * np.arange(len(cdf)) - mean) / np.hypot(deviation, sigma))
        np.testing.assert_allclose(cdf, found, atol=1e-9)


@pytest.fixture(scope="module")
def model() -> ExactModel:
    choices = [
        {"name": "mssp_track_1"},
        {"name": "mssp_basic_e", "elections": {"minimum_savings_rate": 0.02}},
        {"name": "reach_global"},
    ]
    return ExactModel(scenario_of(price_year=2024, years={"performance": 2}, arrangements=choices))


def test_every_size_meets_its_bound(model: ExactModel) -> None:
    for size in (100, 317, 1_000, 5_000, 64_000, 1_000_000, 10_000_000):
        law = model.savings_rate("mssp_track_1", size)
        assert law.error_bound < 1e-8, size
        assert law.ratio_cdf[0] < 1e-8
        assert law.ratio_cdf[-1] > 1 - 1e-8
        assert (np.diff(law.ratio_cdf) >= 0).all()


def test_what_was_asked_before_changes_no_bit() -> None:
    asked = scenario_of(price_year=2024, arrangements=[{"name": "reach_global"}])
    sizes = [5_000, 460, 2_000_000, 4_097]
    found = []
    for order in (sizes, sizes[::-1]):
        model = ExactModel(asked)
        found.append({size: model.savings_rate("reach_global", size) for size in order})
    for size in sizes:
        one, other = (laws[size] for laws in found)
        assert one.start == other.start
        np.testing.assert_array_equal(one.ratio_cdf, other.ratio_cdf)


def test_moments_of_the_law_are_those_of_the_slots(model: ExactModel) -> None:
    law = model.savings_rate("mssp_track_1", 1_000_000, shocks=())
    rule = model._rule("mssp_track_1", 0, ())
    ratios = model._ratio(rule, 0)
    slots = model.slots(1_000_000)
    mean, deviation = ratios._moments(slots, np.log(np.array([1.0 - law.mean]) / rule.scale))
    assert law.mean == pytest.approx(1 - rule.scale * np.exp(ratios._centre(slots)[0]), abs=3e-6)
    assert law.sd == pytest.approx(ratios._centre(slots)[1] * (1 - law.mean), rel=1e-4)
    assert abs(float(mean[0])) < 0.01 * float(deviation[0])
    assert law.sd**2 == pytest.approx(
        float(np.trapezoid((s := np.linspace(-0.1, 0.1, 20001)) ** 2 * law.density(s), s)) - law.mean**2, rel=1e-8
    )


def test_large_panels_are_normal(model: ExactModel) -> None:
    worst = []
    for size in (100_000, 10_000_000):
        law = model.savings_rate("mssp_track_1", size, shocks=())
        z = np.linspace(-5, 5, 201)
        worst.append(float(np.abs(law.cdf(law.mean + law.sd * z) - ndtr(z)).max()))
    assert worst[1] < 3e-4
    assert worst[0] / worst[1] == pytest.approx(10.0, rel=0.05)  # skewness falls with the root of the panel


def test_quantiles_invert_chances(model: ExactModel) -> None:
    law = model.savings_rate("reach_global", 5_000)
    p = np.concatenate([[1e-6, 1e-4], np.linspace(0.01, 0.99, 50), [1 - 1e-4]])
    np.testing.assert_allclose(law.cdf(law.quantile(p)), p, rtol=1e-9, atol=1e-13)
    rates = np.linspace(-0.2, 0.2, 400)
    assert (np.diff(law.cdf(rates)) > 0).all()
    np.testing.assert_allclose(law.quantile(law.cdf(rates[50:350])), rates[50:350], atol=1e-9)
    slope = np.gradient(law.cdf(rates), rates)
    np.testing.assert_allclose(law.density(rates)[1:-1], slope[1:-1], rtol=2e-3, atol=2e-3)
    with pytest.raises(ValueError, match="between 0 and 1"):
        law.quantile(1.0)


def test_law_refuses_what_it_does_not_know(model: ExactModel) -> None:
    with pytest.raises(InputError, match="no such arrangement"):
        model.savings_rate("mssp_basic_f", 5_000)
    with pytest.raises(InputError, match="performance year"):
        model.savings_rate("reach_global", 5_000, year=2)
    with pytest.raises(InputError, match="100 to 10,000,000"):
        model.savings_rate("reach_global", 99)


# The benchmark it linearises --------------------


STABLE = RiskScores.stable(3, 1)
GROWTH = {"coding_growth": 0.01, "demographic_growth": 0.004}


@pytest.mark.parametrize("own_cost", [0.9, 1.1])
@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mssp_track_1", {"risk_scores": GROWTH}),
        ("mssp_2011_track_1", {"benchmark": {"to_own_history": 1.05}}),
        ("reach_global", {"risk_scores": GROWTH}),
        ("reach_global", {"risk_scores": {"coding_growth": 0.1}}),
        ("reach_global", {"risk_scores": {"coding_growth": -0.1}, "benchmark": {"risk_adjustment": True}}),
        ("mssp_basic_e", {"risk_scores": {"coding_growth": 0.1}}),
        ("lead_professional", {"risk_scores": GROWTH}),
        ("next_generation_a", {"risk_scores": GROWTH, "benchmark": {"to_own_history": 0.97}}),
    ],
)
def test_gradient_is_that_of_the_benchmark_chain(name: str, changes: dict[str, Any], own_cost: float) -> None:
    tables = {**changes, "benchmark": {**changes.get("benchmark", {}), "regional_to_own_cost": own_cost}}
    scenario = scenario_of(
        years={"performance": 1}, arrangements=[{"name": name, "elections": {"overrides": wide_caps(name)}}], **tables
    )
    people = {"voluntary_share": 0.25 if name == "reach_global" else 0.0}
    scenario = scenario.model_copy(update={"panel": scenario.panel.model_copy(update=people)})
    model = ExactModel(scenario)
    rule = model._rule(name, 0, ())
    sums = model._ratio(rule, 0).sums
    slots, chains = model.slots(50_000), sums.chains
    mean = slots[:, None, None] * np.stack([chain.mean for chain in chains])
    moments = [model._moments[category] for category in model._categories]
    expected = np.array([each.truncated_mean if rule.truncated else each.mean for each in moments])
    score = np.array([each.score for each in moments])[:, None]
    in_force = arrangements.load(name).in_force(scenario.years.performance_years, scenario.arrangements[0].elections)
    price = price_level(scenario, 0)

    def benchmark(totals: np.ndarray) -> float:
        present = slots[:, None] - totals[:, ABSENCE]
        inputs = BenchmarkInputs(
            baseline_per_capita=(totals[:, DOLLARS, :3] / present[:, :3])[None],
            person_years=present[None, :, 3:],
            scores=score_growth(scenario, (totals[:, SCORE] / present / score)[None]) if rule.scores else STABLE,
            expected_per_capita=expected,
            price_level=np.array([price]),
            trend_error=np.zeros((1, 1)),
            mismatch=np.zeros(1),
        )
        return float(benchmark_dollars(inputs, in_force, scenario.benchmark, scenario.panel)[0, 0]) / rule.kept / price

    assert benchmark(mean) == pytest.approx(sums.benchmark.mean(slots, chains), rel=1e-9)
    scale = {DOLLARS: 1e3, ABSENCE: 1.0, SCORE: 1.0}
    smallest = {DOLLARS: 1e-7, ABSENCE: 1e-2, SCORE: 1e-2}
    for place in np.ndindex(mean.shape):
        aside = np.zeros_like(mean)
        aside[place] = 1e-5 * slots[place[0]] * scale[place[1]]
        slope = (benchmark(mean + aside) - benchmark(mean - aside)) / (2 * aside[place])
        found = sums.benchmark.coefficients[place]
        assert found == pytest.approx(slope, rel=1e-5, abs=smallest[place[1]]), place


def test_curvature_is_that_of_a_product_of_powers() -> None:
    law = frozen_tables(scenario_of())["aged_non_dual"]
    chain = chain_of(law, 2, scored=True)
    one = Smooth(((2.5, {(DOLLARS, 0): 1, (SCORE, 0): -1, (ABSENCE, 1): 1, (SCORE, 1): 1, (ABSENCE, 0): -1}),))
    gradient, constant, half = one.expanded(chain)
    assert one.at_mean(chain) == pytest.approx(float(np.vdot(gradient, chain.mean)) + constant, rel=1e-12)

    def value(x: np.ndarray) -> float:
        d, a, s = x.reshape(3, 2)
        return float(2.5 * d[0] / s[0] * (1 - a[1]) * s[1] / (1 - a[0]))

    middle = chain.mean.ravel()
    steps = np.diag(1e-3 * np.maximum(middle, 0.01))
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            mixed = value(middle + a + b) - value(middle + a - b) - value(middle - a + b) + value(middle - a - b)
            rounding = 1e-15 * value(middle) / (a[i] * b[j])
            assert 2 * half[i, j] == pytest.approx(mixed / (4 * a[i] * b[j]), rel=1e-4, abs=rounding), (i, j)


def wide_caps(name: str) -> dict[str, float]:
    """Caps that do not bind, so that only one branch of the rule is left."""
    known = arrangements.load(name).benchmark
    caps = ("regional_cap_positive", "regional_cap_negative", "regional_ceiling", "regional_floor", "prior_savings_cap")
    return {cap: 1.0 for cap in caps if cap in known}


# Against the simulator --------------------


def conditional_z(law: SavingsRateLaw, rates: np.ndarray, cells: int = 50) -> np.ndarray:
    """Counts of equally likely cells, each given those before it: independent standard normals if the law is right."""
    inner = law.quantile(np.arange(1, cells) / cells)
    counts = np.bincount(np.searchsorted(inner, rates), minlength=cells)
    left = np.maximum(len(rates) - np.concatenate([[0], np.cumsum(counts)[:-2]]), 1)
    share = 1.0 / (cells - np.arange(cells - 1))
    return np.asarray((counts[:-1] - left * share) / np.sqrt(left * share * (1.0 - share)))


def simulated_rates(scenario: Scenario, arrangement: str, size: int, year: int = 0) -> np.ndarray:
    choice = next(choice for choice in scenario.arrangements if choice.key == arrangement)
    rule = arrangements.load(choice.name).in_force(scenario.years.performance_years, choice.elections)
    lived = experience(scenario, simulate(scenario), size, truncated=bool(rule.values("truncated")[0]))
    outcome = outcome_of(lived, scenario, rule)
    return np.asarray(1.0 - outcome.expenditure[:, year] / outcome.benchmark[:, year])


SIZES = sized((300, 1_000, 5_000, 20_000), (300,))
WORLDS = sized(8_000, 100)


def z_over_sizes(model: ExactModel) -> np.ndarray:
    found = []
    for seed, size in enumerate(SIZES):  # a seed a size: nested panels would not be independent
        scenario = model.scenario.model_copy(
            update={"seed": seed, "panel": model.scenario.panel.model_copy(update={"sizes": (size,)})}
        )
        rates = simulated_rates(scenario, "mssp_track_1", size)
        found.append(conditional_z(model.savings_rate("mssp_track_1", size), rates, sized(51, 5)))
    return np.concatenate(found)


@pytest.fixture(scope="module")
def two_categories() -> ExactModel:
    return ExactModel(
        scenario_of(
            WORLDS, SIZES, mix=TWO_CATEGORIES, years={"performance": 1}, shocks=NO_SHOCKS,
            arrangements=[{"name": "mssp_track_1"}],
        )
    )  # fmt: skip


def test_two_hundred_chances_agree_with_the_simulator(two_categories: ExactModel) -> None:
    z = z_over_sizes(two_categories)
    assert len(z) >= sized(200, 4)
    assert abs(z.mean()) < 3.5 / np.sqrt(len(z))
    assert abs(z.std() - 1.0) < 3.5 / np.sqrt(2 * len(z))


def more_begin_sick(law: SlotLaw) -> SlotLaw:
    classes = law.classes.copy()
    classes[layout.KINDS["initial"], :40] = classes.max()  # one in fifty
    return replace(law, classes=classes)


def class_always_kept(law: SlotLaw) -> SlotLaw:
    return replace(law, drift_threshold=law.leave_threshold)


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
@pytest.mark.parametrize("mistaken", [more_begin_sick, class_always_kept])
def test_a_wrong_table_entry_is_found(two_categories: ExactModel, mistaken: Callable[[SlotLaw], SlotLaw]) -> None:
    wrong = ExactModel(two_categories.scenario)
    wrong._laws["aged_non_dual"] = mistaken(wrong._laws["aged_non_dual"])
    z = z_over_sizes(wrong)
    assert z.std() - 1.0 > 3.5 / np.sqrt(2 * len(z))


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
@pytest.mark.parametrize(
    ("name", "benchmark", "shocks"),
    [
        ("mssp_basic_e", {}, NO_SHOCKS),
        ("mssp_basic_e", {"regional_to_own_cost": 1.02}, {"preset": "forecast"}),
        ("mssp_basic_e", {"regional_to_own_cost": 0.98}, NO_SHOCKS),
        ("mssp_basic_e", {"regional_to_own_cost": 1.4}, NO_SHOCKS),
        ("reach_global", {"regional_to_own_cost": 0.8}, NO_SHOCKS),
        ("lead_global_lower_spending", {}, {"preset": "forecast"}),
        ("reach_global", {}, {"preset": "forecast", "trend_error_sd": 0.03}),
        ("reach_global", {"regional_to_own_cost": 1.09}, NO_SHOCKS),
        ("next_generation_a", {"regional_weight": 0.3}, {"preset": "forecast"}),
    ],
)
def test_benchmark_rules_and_shocks_agree_with_the_simulator(
    name: str, benchmark: dict[str, float], shocks: dict[str, object]
) -> None:
    tables = {"mix": TWO_CATEGORIES, "shocks": shocks, "benchmark": benchmark, "years": {"performance": 2}}
    scenario = scenario_of(20_000, (5_000,), arrangements=[{"name": name}], seed=11, **tables)
    law = ExactModel(scenario).savings_rate(name, 5_000, year=1)
    z = conditional_z(law, simulated_rates(scenario, name, 5_000, year=1), 61)
    assert abs(z.mean()) < 3.5 / np.sqrt(len(z))
    assert abs(z.std() - 1.0) < 3.5 / np.sqrt(2 * len(z))


EVERYTHING: dict[str, Any] = {
    "years": {"performance": 2},
    "arrangements": [
        {"name": "reach_global"},
        {"name": "mssp_enhanced"},
        {"name": "mssp_enhanced", "label": "by category", "elections": {"agreement_start": 2022}},
        {"name": "lead_global_lower_spending"},
        {"name": "next_generation_a"},
    ],
}
CHANGED: dict[str, Any] = {
    "risk_scores": {"coding_growth": 0.006, "demographic_growth": 0.004},
    "benchmark": {"prior_savings": 0.03, "regional_to_own_cost": 1.02, "to_own_history": 1.01},
    "savings": {"true": 0.02},
    "stop_loss": {"attachments": [4.0], "payout_rates": [0.7], "charge_loading": 0.1},
}


def all_contracts(worlds: int, sizes: Sequence[int], changed: bool) -> Scenario:
    scenario = scenario_of(worlds, sizes, price_year=2024, seed=21, **EVERYTHING, **(CHANGED if changed else {}))
    unlike = HealthEquity(highest_decile=0.3, second_decile=0.2, third_decile=0.1, lower_half=0.2)
    people = {"voluntary_share": 0.3, "health_equity": unlike} if changed else {}
    return scenario.model_copy(update={"panel": scenario.panel.model_copy(update=people)})


def outcomes_of(scenario: Scenario, panels: Any, key: str, size: int) -> Outcome:
    choice = next(choice for choice in scenario.arrangements if choice.key == key)
    rule = arrangements.load(choice.name).in_force(scenario.years.performance_years, choice.elections)
    return outcome_of(experience(scenario, panels, size, truncated=bool(rule.values("truncated")[0])), scenario, rule)


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
@pytest.mark.parametrize("changed", [False, True])
def test_default_contracts_agree_with_the_simulator(changed: bool) -> None:
    """Scores with their caps, stop-loss, health equity, voluntary alignment, prior savings: law and payment."""
    sizes = (1_000, 5_000, 20_000)
    scenario = all_contracts(10_000, sizes, changed)
    model, panels = ExactModel(scenario), simulate(scenario)
    root = np.sqrt(scenario.worlds)
    for key in (choice.key for choice in scenario.arrangements):
        for size in sizes:
            outcome = outcomes_of(scenario, panels, key, size)
            net = settle(scenario, panels, key, size).net
            for year in (0, 1):
                found = model.payment(key, size, year)
                z = conditional_z(found.law, 1.0 - outcome.expenditure[:, year] / outcome.benchmark[:, year], 41)
                assert abs(z.mean()) < 3.5 / np.sqrt(len(z)), (key, size, year)
                assert abs(z.std() - 1.0) < 3.5 / np.sqrt(2 * len(z)), (key, size, year)
                off = (net[:, year].mean() - found.mean_dollars) / (net[:, year].std() / root)
                assert abs(off) < 4.0, (key, size, year)


def no_recoveries(law: SlotLaw) -> SlotLaw:
    return replace(law, recoveries=np.zeros_like(law.costs))


def no_scores(law: SlotLaw) -> SlotLaw:
    return replace(law, scores=np.full_like(law.scores, layout.SCORE_UNITS))


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
@pytest.mark.parametrize("mistaken", [no_recoveries, no_scores])
def test_a_law_without_stop_loss_or_scores_is_found(mistaken: Callable[[SlotLaw], SlotLaw]) -> None:
    scenario = all_contracts(10_000, (5_000,), changed=False)
    wrong = ExactModel(scenario)
    wrong._laws = {name: mistaken(law) for name, law in wrong._laws.items()}
    outcome = outcomes_of(scenario, simulate(scenario), "reach_global", 5_000)
    law = wrong.savings_rate("reach_global", 5_000)
    z = conditional_z(law, 1.0 - outcome.expenditure[:, 0] / outcome.benchmark[:, 0], 41)
    assert max(abs(z.mean()) * np.sqrt(len(z)), abs(z.std() - 1.0) * np.sqrt(2 * len(z))) > 3.5


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
def test_chance_of_a_gate_at_delia_sizes() -> None:
    sizes = (5_000, 50_000)
    choices = [{"name": "mssp_basic_e", "elections": {"minimum_savings_rate": 0.02}}]
    scenario = scenario_of(
        10_000, sizes, arrangements=choices, shocks=NO_SHOCKS, savings={"true": 0.0}, years={"performance": 1},
        benchmark={"regional_weight": 0.0},
    )  # fmt: skip
    model, panels = ExactModel(scenario), simulate(scenario)
    for size in sizes:
        net = settle(scenario, panels, "mssp_basic_e", size).net[:, 0]
        found = model.payment("mssp_basic_e", size)
        for events, chance in ((net > 0, found.chance_paid), (net < 0, found.chance_owing)):
            assert abs(events.mean() - chance) < 4 * np.sqrt(chance * (1 - chance) / len(net)), size
    assert model.payment("mssp_basic_e", 5_000).chance_paid > 5 * model.payment("mssp_basic_e", 50_000).chance_paid / 3


@pytest.mark.skipif(INTERPRETED, reason="needs thousands of worlds")
def test_payments_agree_with_the_simulator() -> None:
    keys = ("mssp_basic_e", "mssp_enhanced", "reach_professional", "next_generation_b", "pioneer_core")
    choices = [{"name": key} for key in keys]
    choices[0]["elections"] = {"participant_revenue_share": 0.2, "minimum_savings_rate": 0.01}  # type: ignore[assignment]
    scenario = scenario_of(20_000, (5_000,), arrangements=choices, years={"performance": 1}, seed=5)
    model, panels = ExactModel(scenario), simulate(scenario)
    root = np.sqrt(scenario.worlds)
    for key in keys:
        net, found = settle(scenario, panels, key).net[:, 0], model.payment(key, 5_000)
        assert abs(net.mean() - found.mean_dollars) < 4 * net.std() / root, key
        assert found.mean_dollars_bound < 2e-3 * found.expected_benchmark
        assert abs((net > 0).mean() - found.chance_paid) < 4 * 0.5 / root
        assert abs((net < 0).mean() - found.chance_owing) < 4 * 0.5 / root
        share = net / found.expected_benchmark
        assert share.std() == pytest.approx(found.sd, rel=0.05)
        assert -np.quantile(share, 0.05) == pytest.approx(found.value_at_risk(0.95), rel=0.06, abs=1e-4)
        worst = np.sort(share)[:1000].mean()
        assert -worst == pytest.approx(found.tail_value_at_risk(0.95), rel=0.06, abs=1e-4)


# Settlements as functions of the ratio --------------------


@pytest.mark.parametrize("name", arrangements.names())
def test_pieces_reproduce_the_settlement(name: str) -> None:
    scenario = scenario_of(arrangements=[{"name": name}], years={"performance": 1})
    model = ExactModel(scenario)
    payment = model.payment(name, 7_000)
    ratio = np.concatenate([np.random.default_rng(2).uniform(0.3, 1.7, 400), 1 + np.linspace(-0.05, 0.05, 61) + 1e-7])
    outcome = Outcome(np.full((461, 1), 3e7), 3e7 * ratio[:, None], np.array(7_000.0))
    settled = arrangements.load(name).settle(outcome, scenario.years.performance_years, Elections())
    np.testing.assert_allclose(payment.settled.at(ratio), settled.net[:, 0] / 3e7, atol=1e-12)
    edges = np.linspace(-3.0, 0.8, 950_001)
    chances, at = np.diff(payment.law.cdf(edges)), payment.settled.at(1 - edges)
    step = np.abs(np.diff(at))
    within = float(chances @ np.where(step > 1e-4, step, 0.0)) + 1e-9  # a gate somewhere inside a cell
    assert payment.mean == pytest.approx(float(chances @ (at[1:] + at[:-1])) / 2, abs=within)


def test_memory_of_earlier_years_is_told() -> None:
    model = ExactModel(scenario_of(arrangements=[{"name": "pgp_demonstration"}], years={"performance": 2}))
    assert not any("carried" in text for text in model.payment("pgp_demonstration", 5_000).law.neglected)
    assert any("carried" in text for text in model.payment("pgp_demonstration", 5_000, year=1).law.neglected)


# Command line --------------------


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, ["law", *arguments])
    assert done.exit_code == 0, done.output
    return str(done.output)


def written(tmp_path: object, sizes: Sequence[int]) -> str:
    path = tmp_path / "scenario.toml"  # type: ignore[operator]
    text = f'title = "[b]law"\n[panel]\nsizes = {list(sizes)}\n[[arrangements]]\nname = "reach_global"\n'
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_law_command_answers(tmp_path: object) -> None:
    scenario = written(tmp_path, (5_000, 20_000))
    text = run(scenario)
    assert "[b]law" in text
    assert "5,000 people" in text
    assert "20,000 people" in text
    assert "second-order" in text
    found = json.loads(run(scenario, "--size", "7000", "--json"))["laws"]
    assert [row["panel_size"] for row in found] == [7_000]
    assert found[0]["error_bound"] < 1e-8
    assert found[0]["chance_paid"] + found[0]["chance_owing"] == pytest.approx(1.0)
    assert "handful" in run(scenario, "--size", "300")


def test_law_command_complains_in_a_line(tmp_path: object) -> None:
    done = CliRunner().invoke(main, ["law", "nowhere.toml"])
    assert done.exit_code == 2
    assert done.output.count("\n") == 1
    assert CliRunner().invoke(main, ["law", written(tmp_path, (5_000,)), "--size", "50"]).exit_code == 2
