"""The frozen slot against what is known of Medicare: means, variation, concentration, persistence, deaths, turnover.

Targets are those of the calibration notes (price year 2019, the year the shapes are stated in): published where a
source is named, else the notes' own fit. Where a tolerance is wider than rounding, the text says what was achieved.
All figures are exact sums over the integer tables; only the empirical correlations are simulated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import oracle
import pytest
import reference
from conftest import scenario_of
from hypothesis import given
from hypothesis import strategies as st

from simdce import calibration
from simdce.costs.gamma import gamma
from simdce.costs.lognormal_mixture import LognormalMixture, lognormal
from simdce.population import causes, departures, mortality
from simdce.slot_law import NO_LIMIT, SlotLaw, SlotModel, frozen, layout
from simdce.slot_law.moments import slot_moments
from simdce.slots import calendar_year_law

CATEGORIES = calibration.CATEGORIES
LOW, HIGH = layout.cell_bounds()
WIDTH = HIGH - LOW
CLASSES = len(layout.class_counts())
DRAWS = 1 << layout.CLASS_BITS


@pytest.fixture(scope="module")
def laws() -> dict[str, SlotLaw]:
    return oracle.frozen_tables(scenario_of())


MIX = scenario_of().mix


def class_mix(law: SlotLaw, kind: str) -> np.ndarray:
    """Share of each class among the draws of a kind."""
    return np.bincount(law.classes[layout.KINDS[kind]], minlength=CLASSES) / DRAWS


def death_chance(law: SlotLaw) -> np.ndarray:
    return law.death_thresholds / (1 << layout.DEATH_BITS)


def mass_of(law: SlotLaw) -> np.ndarray:
    """Probability of every entry of the cost table in the first year; (living or decedent, class, cell)."""
    dying = death_chance(law)
    by_class = class_mix(law, "initial") * np.stack([1 - dying, dying])
    return by_class[:, :, None] * WIDTH


def capped(law: SlotLaw, *, truncated: bool) -> np.ndarray:
    return np.minimum(law.costs, law.truncation if truncated else NO_LIMIT).astype(float)


def pooled(laws: dict[str, SlotLaw], *, truncated: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Costs and their probabilities over all categories."""
    costs = np.concatenate([capped(law, truncated=truncated).ravel() for law in laws.values()])
    mass = np.concatenate([MIX[name] * mass_of(law).ravel() for name, law in laws.items()])
    return costs, mass


def cv_of(costs: np.ndarray, mass: np.ndarray) -> float:
    mean = float((mass * costs).sum())
    return float(np.sqrt((mass * costs**2).sum() - mean**2) / mean)


def mixture_cv(law: LognormalMixture) -> float:
    """sum w m^2 exp(sigma^2) is the second moment of a mixture of lognormals."""
    second = sum(w * m * m * np.exp(s * s) for w, m, s in zip(law.weights, law.means, law.log_sds, strict=True))
    return float(np.sqrt(second / law.mean**2 - 1))


# ------------------------------------------------------------------------------------------------ layout


def test_fields_fill_a_word_and_classes_fill_the_draws() -> None:
    assert layout.COST_BITS + layout.CLASS_BITS + layout.DEATH_BITS + layout.MOVE_BITS == 64
    assert layout.class_counts().sum() == DRAWS
    assert CLASSES == 16


def test_cells_are_those_of_float_bits() -> None:
    """Every small odd integer, and a million of all sizes: exponent and leading mantissa bits of the float."""
    every = np.arange(1, 1 << 16, 2)
    random = np.random.default_rng(0).integers(0, 1 << layout.COST_BITS, 1_000_000) | 1
    odd = np.concatenate([every, random, [(1 << layout.COST_BITS) - 1]])
    bits = odd.astype(np.float32).view(np.uint32).astype(np.int64)
    expected = (bits >> (23 - layout.MANTISSA_BITS)) - (127 << layout.MANTISSA_BITS)
    np.testing.assert_array_equal(layout.cell_of(odd), expected)
    np.testing.assert_array_equal(reference.cells(odd), expected)
    assert [oracle.cell_of(int(x)) for x in odd[:40_000:7]] == expected[:40_000:7].tolist()


def test_cells_share_out_the_unit_interval() -> None:
    """Each tail share belongs to one cell: the reached ones follow on each other from 0 to 1, none overlapping."""
    reached = HIGH > LOW
    assert LOW[reached][0] == 0
    assert HIGH[reached][-1] == 1
    np.testing.assert_array_equal(HIGH[reached][:-1], LOW[reached][1:])
    assert WIDTH.sum() == 1


def test_a_cell_holds_the_integers_its_bounds_say() -> None:
    """Counting all odd integers of 24 bits: each stands for 2^-23 of all people."""
    cells = layout.cell_of(np.arange(1, 1 << layout.COST_BITS, 2))
    np.testing.assert_array_equal(np.bincount(cells, minlength=layout.CELLS) * 2.0**-23, WIDTH)


@given(st.integers(0, (1 << layout.COST_BITS) - 1))
def test_a_cost_field_falls_within_the_bounds_of_its_cell(cost: int) -> None:
    cell = oracle.cell_of(cost)
    assert LOW[cell] <= cost / 2**layout.COST_BITS < HIGH[cell]


def test_half_of_the_cells_describe_the_top_of_cost() -> None:
    reached = HIGH > LOW
    assert (HIGH[reached] <= 2.0**-11).sum() >= 0.45 * reached.sum()


# ------------------------------------------------------------------------------------------------ tables


def assert_sound(law: SlotLaw) -> None:
    assert law.costs.shape == (2, CLASSES, layout.CELLS)
    assert law.costs.dtype == np.int32
    assert law.classes.shape == (3, DRAWS)
    assert law.costs.min() >= 0
    assert law.classes.min() >= 0
    assert law.classes.max() < CLASSES
    assert law.death_thresholds.min() >= 0
    assert law.death_thresholds.max() <= 1 << layout.DEATH_BITS
    assert 0 <= law.leave_threshold <= law.drift_threshold <= 1 << layout.MOVE_BITS
    assert 0 < law.truncation <= NO_LIMIT


def test_tables_are_sound(laws: dict[str, SlotLaw]) -> None:
    for law in laws.values():
        assert_sound(law)


def test_costs_fall_along_the_tail_and_rise_with_the_class(laws: dict[str, SlotLaw]) -> None:
    """A smaller cost field is never cheaper (but for two dollars of carried rounding), a sicker class dearer."""
    reached = HIGH > LOW
    for law in laws.values():
        along = law.costs[:, :, reached].astype(np.int64)
        living = along[0]
        assert (np.diff(living[:, 1:], axis=1) <= 2).all()
        means = (living * WIDTH[reached]).sum(axis=1)
        assert (np.diff(means) > 0).all()
        assert (np.diff(death_chance(law)) >= 0).all()


# ------------------------------------------------------------------------------------------------ means and variation


def test_means_are_exact(laws: dict[str, SlotLaw]) -> None:
    """Calibration section 10: dollars per person-year, untruncated, 2019; met to 1 in 10 million."""
    target = {"esrd": 87_500, "disabled": 11_600, "aged_dual": 17_350, "aged_non_dual": 10_750}
    for name, law in laws.items():
        assert slot_moments(law).mean == pytest.approx(target[name], rel=1e-7), name


def test_variation_is_that_of_the_cost_law(laws: dict[str, SlotLaw]) -> None:
    """A cell holds its mean, so what varies within a cell is lost: at most 1 in 1,000 of the CV."""
    for name, law in laws.items():
        analytic = mixture_cv(calendar_year_law(scenario_of(), name))
        assert 0 <= 1 - slot_moments(law).cv / analytic < 1e-3, name


# Section 10. Achieved, in the order of the table: .777 2.414 1.718 2.145, truncated .748 1.992 1.541 1.856. The notes'
# figures are themselves rounded and simulated: disabled 2.38 there is 2.414 by the closed form of the shape they state
# (1.4% more), aged non-dual 2.12 is 2.145 (1.2%); truncated all are within .6%.
CV_TARGETS = {
    "esrd": (0.78, 0.75),
    "disabled": (2.38, 1.99),
    "aged_dual": (1.73, 1.54),
    "aged_non_dual": (2.12, 1.85),
}


@pytest.mark.parametrize("name", CATEGORIES)
def test_variation_of_a_category_is_that_of_the_calibration(laws: dict[str, SlotLaw], name: str) -> None:
    moments, (untruncated, truncated) = slot_moments(laws[name]), CV_TARGETS[name]
    assert moments.cv == pytest.approx(untruncated, rel=0.015)
    assert moments.truncated_cv == pytest.approx(truncated, rel=0.006)


def test_pooled_variation(laws: dict[str, SlotLaw]) -> None:
    """Sections 1 and 10: 2.17, truncated 1.91. Achieved 2.160 and 1.901: half a per cent less, because a calendar year
    of ESRD or of a dual holds less than a person-year (they die more), so categories differ less than in the notes."""
    assert cv_of(*pooled(laws)) == pytest.approx(2.17, rel=0.006)
    assert cv_of(*pooled(laws, truncated=True)) == pytest.approx(1.91, rel=0.006)


def test_truncated_means_meet_the_results_of_the_shared_savings_program(laws: dict[str, SlotLaw]) -> None:
    """PUF 2019: 84,504 11,009 16,536 10,267. Section 10 reaches 87,057 10,831 16,783 10,176; achieved 86,851 10,892
    16,783 10,241, nearer to the PUF in three of four; ESRD is 2.8% high (section 10: 3.0%), the others within 1.5%."""
    notes = {"esrd": 87_057, "disabled": 10_831, "aged_dual": 16_783, "aged_non_dual": 10_176}
    published = calibration.default("truncated_mean", 2019)
    for name, law in laws.items():
        achieved = slot_moments(law).truncated_mean
        assert achieved == pytest.approx(notes[name], rel=0.0075), name
        assert achieved == pytest.approx(published[name], rel=0.03 if name == "esrd" else 0.0155), name


def test_pooled_means(laws: dict[str, SlotLaw]) -> None:
    """Section 10: 11,824 untruncated, 11,275 truncated, person-years of the mix; PUF 11,462 truncated."""
    weight = {name: MIX[name] * slot_moments(law).presence for name, law in laws.items()}
    total = sum(weight.values())
    mean = sum(weight[name] * slot_moments(law).mean for name, law in laws.items()) / total
    counted = sum(weight[name] * slot_moments(law).truncated_mean for name, law in laws.items()) / total
    assert mean == pytest.approx(11_824, rel=0.005)
    assert counted == pytest.approx(11_275, rel=0.0075)
    assert counted == pytest.approx(11_462, rel=0.02)


@pytest.mark.parametrize("price_year", [2014, 2018, 2024])
def test_truncated_means_of_other_price_years(price_year: int) -> None:
    """Categories move with the published truncated means, so each year is as near to the PUF as 2019 is."""
    scenario = scenario_of(price_year=price_year)
    found = oracle.frozen_tables(scenario)
    reference_year = oracle.frozen_tables(scenario_of())
    published = {year: calibration.default("truncated_mean", year) for year in (2019, price_year)}
    for name, law in found.items():
        growth = published[price_year][name] / published[2019][name]
        expected = slot_moments(reference_year[name]).truncated_mean * growth
        # steepness is solved on the year's own mix, so the tables differ a little beyond the level
        assert slot_moments(law).truncated_mean == pytest.approx(expected, rel=5e-4), name
    weights = {name: scenario.mix[name] * slot_moments(law).presence for name, law in found.items()}
    counted = sum(weights[name] * slot_moments(law).truncated_mean for name, law in found.items())
    pooled_puf = sum(scenario.mix[name] * dollars for name, dollars in published[price_year].items())
    assert counted / sum(weights.values()) == pytest.approx(pooled_puf, rel=0.005)


@pytest.mark.parametrize(
    ("top", "notes", "published"),
    [(0.01, 0.153, 0.149), (0.05, 0.417, 0.415), (0.10, 0.599, 0.600), (0.20, 0.790, 0.791), (0.50, 0.956, 0.957)],
)
def test_concentration(laws: dict[str, SlotLaw], top: float, notes: float, published: float) -> None:
    """Share of dollars of the costliest people: Wallis 2021, and the notes' own pooled figure.

    Achieved .1508 .4144 .5965 .7883 .9560: every point within .36 of a percentage point of the published one, and
    within .3 of the notes' (the top is lighter because ESRD and duals, who die more, hold less of a calendar year).
    """
    costs, mass = pooled(laws)
    order = np.argsort(-costs, kind="stable")
    people, dollars = np.cumsum(mass[order]), np.cumsum((mass * costs)[order])
    achieved = float(np.interp(top, people, dollars / dollars[-1]))
    assert achieved == pytest.approx(published, abs=0.0036)
    assert achieved == pytest.approx(notes, abs=0.003)


def test_high_cost_frequency(laws: dict[str, SlotLaw]) -> None:
    """Section 1: 1.6% above $100,000, 0.11% above $250,000; achieved 1.49% and 0.099%, as calendar-year dollars are 2%
    less than dollars per person-year, and the tail thins 7 to 10% for every 2% of level (index 3.3 and more)."""
    costs, mass = pooled(laws)
    for dollars, share in ((100_000, 0.016), (250_000, 0.0011)):
        assert mass[costs > dollars].sum() == pytest.approx(share, rel=0.11)
        assert mass[costs * 1.022 > dollars].sum() == pytest.approx(share, rel=0.05)  # per person-year present


# ------------------------------------------------------------------------------------------------ persistence


def cost_powers(law: SlotLaw, *, truncated: bool) -> np.ndarray:
    """E[cost^power; fate] by class; (power 0 to 2, living or decedent, class)."""
    costs, dying = capped(law, truncated=truncated), death_chance(law)
    means = np.stack([((costs**power) * WIDTH).sum(axis=2) for power in range(3)])
    return means * np.stack([1 - dying, dying])


def stayer_moments(law: SlotLaw, lag: int, *, truncated: bool = False) -> np.ndarray:
    """E[x^i y^j] of a stayer's cost x and that ``lag`` years later y, from the thresholds and tables alone; (3, 3).

    A stayer of the first year lives through every year but the last and never leaves; all are weighted by the chance.
    """
    moves = 1 << layout.MOVE_BITS
    drift = (law.drift_threshold - law.leave_threshold) / moves
    keep = (moves - law.drift_threshold) / moves
    onward = keep * np.eye(CLASSES) + drift * class_mix(law, "drift")[None, :]
    powers = cost_powers(law, truncated=truncated)
    through = onward
    for _ in range(lag - 1):
        through = through @ ((1 - death_chance(law))[:, None] * onward)
    first = class_mix(law, "initial") * powers[:, 0]
    return first @ through @ powers.sum(axis=1).T


def correlation_of(moments: np.ndarray) -> float:
    m = moments / moments[0, 0]
    return float((m[1, 1] - m[1, 0] * m[0, 1]) / np.sqrt((m[2, 0] - m[1, 0] ** 2) * (m[0, 2] - m[0, 1] ** 2)))


@pytest.mark.parametrize("name", CATEGORIES)
def test_persistence(laws: dict[str, SlotLaw], name: str) -> None:
    """Section 2's copula: lag 1 met to .001 (what cells round away), lags 2 and 3 as near as one geometric decay can.

    Achieved at lags 2 and 3: ESRD .376 .284 (.37 .32), disabled .270 .186 (.25 .20), dual .324 .234 (.30 .25), aged
    non-dual .291 .205 (.27 .22): lag 2 high and lag 3 low by at most .025, the compromise that class_kept makes; for
    ESRD lag 3 by .037, because a class cannot be kept more often than its people survive (.864) and joiners need room.
    """
    lag_1, lag_2, lag_3 = calibration.default("lag_correlations")[name]
    achieved = [correlation_of(stayer_moments(laws[name], lag)) for lag in (1, 2, 3)]
    assert achieved[0] == pytest.approx(lag_1, abs=1e-3)
    assert achieved[1] == pytest.approx(lag_2, abs=0.025)
    assert achieved[2] == pytest.approx(lag_3, abs=0.04 if name == "esrd" else 0.025)
    assert achieved[2] / achieved[1] == pytest.approx(achieved[1] / achieved[0], abs=0.06)


@pytest.mark.parametrize(
    ("name", "lag_1", "lag_2", "lag_3"),
    [
        ("aged_non_dual", 0.44, 0.29, 0.25),
        ("aged_dual", 0.47, 0.32, 0.27),
        ("disabled", 0.43, 0.28, 0.24),
        ("esrd", 0.52, 0.37, 0.32),
    ],
)
def test_persistence_of_truncated_cost(
    laws: dict[str, SlotLaw], name: str, lag_1: float, lag_2: float, lag_3: float
) -> None:
    """Section 2, truncated: achieved .438 .474 .430 .529 at lag 1, never asked for but implied by the untruncated."""
    achieved = [correlation_of(stayer_moments(laws[name], lag, truncated=True)) for lag in (1, 2, 3)]
    assert achieved[0] == pytest.approx(lag_1, abs=0.01)
    assert achieved[1] == pytest.approx(lag_2, abs=0.035)
    assert achieved[2] == pytest.approx(lag_3, abs=0.04 if name == "esrd" else 0.035)


def test_pooled_persistence_and_two_year_variation(laws: dict[str, SlotLaw]) -> None:
    """Section 2, all categories together: lag 1 .46, CV of two years' cost 1.85 (published 1.90, with Part D).

    Achieved .443 and 1.857. The notes' own figures by category pool to .458 in closed form; a calendar year instead of
    a person-year brings categories nearer to each other (.452), and only survivors of the first year are counted here.
    """
    parts = [MIX[name] * stayer_moments(law, 1) for name, law in laws.items()]
    moments = np.sum(parts, axis=0)
    assert correlation_of(moments) == pytest.approx(0.46, abs=0.018)
    m = moments / moments[0, 0]
    mean = m[1, 0] + m[0, 1]
    cv = np.sqrt(m[2, 0] + 2 * m[1, 1] + m[0, 2] - mean**2) / mean
    assert cv == pytest.approx(1.85, rel=0.01)


@pytest.mark.parametrize("name", CATEGORIES)
@pytest.mark.parametrize("lag", [1, 2, 3])
def test_simulated_histories_have_the_exact_correlation(laws: dict[str, SlotLaw], name: str, lag: int) -> None:
    """Stayers of simulated histories, within 4 standard errors (from each person's influence on the correlation)."""
    found = histories_of(name)
    stays = ~found.joined[1 : lag + 1].any(axis=0)
    x, y = (found.dollars[year][stays].astype(float) for year in (0, lag))
    zx, zy = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    r = float((zx * zy).mean())
    error = (zx * zy - 0.5 * r * (zx**2 + zy**2)).std() / np.sqrt(len(x))
    exact = correlation_of(stayer_moments(laws[name], lag))
    assert abs(r - exact) < 4 * error
    # sharp enough to notice: tens of thousands of stayers
    assert error < 0.06


_HISTORIES: dict[str, reference.Histories] = {}


def histories_of(name: str) -> reference.Histories:
    """Four years of 400,000 slots of a category (the tail of cost makes fewer say little)."""
    if name not in _HISTORIES:
        law = oracle.frozen_tables(scenario_of())[name]
        _HISTORIES[name] = reference.histories(law, 5, CATEGORIES.index(name), 40, 10_000, 4)
    return _HISTORIES[name]


def test_histories_have_the_exact_moments_of_stayers(laws: dict[str, SlotLaw]) -> None:
    """Mean cost now and later of those who stay, and their number: 4 standard errors."""
    for name, law in laws.items():
        found = histories_of(name)
        people = found.joined[0].size
        for lag in (1, 2, 3):
            stays = ~found.joined[1 : lag + 1].any(axis=0)
            exact = stayer_moments(law, lag)
            share = exact[0, 0]
            assert abs(stays.mean() - share) < 4 * np.sqrt(share * (1 - share) / people)
            for year, moment in ((0, exact[1, 0]), (lag, exact[0, 1])):
                cost = found.dollars[year][stays].astype(float)
                assert abs(cost.mean() - moment / share) < 4 * cost.std() / np.sqrt(len(cost)), (name, lag, year)


# ------------------------------------------------------------------------------------------------ deaths and leaving


def test_mortality_is_exact(laws: dict[str, SlotLaw]) -> None:
    """Deaths by category to 2 in 10 million people (a threshold is 2^-14, a class at least 2^-8), and 4.3% overall."""
    target = {"esrd": 0.136, "disabled": 0.028, "aged_dual": 0.095, "aged_non_dual": 0.040}
    for name, law in laws.items():
        assert mass_of(law)[1].sum() == pytest.approx(target[name], abs=2e-7), name
    overall = sum(MIX[name] * mass_of(law)[1].sum() for name, law in laws.items())
    assert overall == pytest.approx(0.043, abs=5e-4)


def test_decedents_cost_3_8_times_survivors(laws: dict[str, SlotLaw]) -> None:
    """KFF: $34,529 against $9,121, calendar-year dollars of all categories together."""
    dollars, people = np.zeros(2), np.zeros(2)
    for name, law in laws.items():
        mass = MIX[name] * mass_of(law)
        dollars += (mass * law.costs).sum(axis=(1, 2))
        people += mass.sum(axis=(1, 2))
    survivors, decedents = dollars / people
    assert decedents / survivors == pytest.approx(34_529 / 9_121, rel=0.005)
    assert decedents / survivors == pytest.approx(3.8, rel=2e-3)
    # about 13.6% of a calendar year's spending (derived in section 3; with 4.3% of people and 3.8 it is 14.6%)
    assert dollars[1] / dollars.sum() == pytest.approx(0.146, abs=0.002)


@pytest.mark.parametrize("multiple", [1.0, 2.0, 3.0, 5.0])
def test_the_decedent_multiple_is_the_users(multiple: float) -> None:
    turnover = {"decedent_cost_multiple": multiple}
    tables = oracle.frozen_tables(scenario_of(mix={"aged_non_dual": 1.0}, turnover=turnover))
    assert slot_moments(tables["aged_non_dual"]).decedent_multiple == pytest.approx(multiple, rel=2e-3)


def test_decedents_are_on_the_panel_for_half_a_year() -> None:
    """All 2^15 values of the move field: an odd number of 32nds, 16 on average, each equally often."""
    units = [32 - (move >> 10 | 1) for move in range(1 << layout.MOVE_BITS)]
    assert sum(units) / len(units) == 16
    assert np.bincount(units, minlength=33)[1::2].tolist() == [2048] * 16
    assert not np.bincount(units, minlength=33)[::2].any()
    everybody = SlotLaw(
        costs=np.ones((2, CLASSES, layout.CELLS), np.int32),
        classes=np.zeros((3, DRAWS), np.int64),
        death_thresholds=np.full(CLASSES, 1 << layout.DEATH_BITS),
        leave_threshold=0,
        drift_threshold=0,
        truncation=NO_LIMIT,
        scores=np.full(CLASSES + 1, layout.SCORE_UNITS),
        coded=np.zeros((3, DRAWS), bool),
    )
    found = reference.histories(everybody, 1, 0, 10, 2000, 1)
    assert found.deaths.all()
    # an odd number of 32nds uniform on 16 values has variance (4 * (16^2 - 1) / 12) = 85
    assert abs(found.absent_units.mean() - 16) < 4 * np.sqrt(85 / found.absent_units.size)


def test_turnover_is_25_per_cent_and_split_by_cause(laws: dict[str, SlotLaw]) -> None:
    """Section 4: 25% a year: death 4.4 there and 4.3 in section 10 (achieved 4.29), Medicare Advantage 4.0, moved 1.6,
    provider 5, plurality 10; these share what death leaves, so each is within 1% of its own figure."""
    scenario = scenario_of()
    split = causes(scenario)
    assert sum(split.values()) == pytest.approx(0.25, rel=1e-12)
    assert split["death"] == pytest.approx(0.043, abs=0.0005)
    target = {"medicare_advantage": 0.04, "moved_or_ineligible": 0.016, "provider_left": 0.05, "lost_plurality": 0.1}
    for cause, share in target.items():
        assert split[cause] == pytest.approx(share, rel=0.01), cause
    assert list(split) == ["death", *target]
    # what the tables do: deaths and departures of the first year (thresholds of 2^-15)
    lost = sum(
        MIX[name] * (m.mortality + (1 - m.mortality) * m.leave)
        for name, m in ((name, slot_moments(law)) for name, law in laws.items())
    )
    assert lost == pytest.approx(0.25, abs=2e-5)
    assert departures(scenario) == pytest.approx(0.25 - split["death"], rel=1e-12)


@pytest.mark.parametrize("annual", [0.16, 0.196, 0.30, 0.8])
def test_other_turnovers(annual: float) -> None:
    tables = oracle.frozen_tables(scenario_of(turnover={"annual": annual}))
    lost = 0.0
    for name, law in tables.items():
        living, dying = mass_of(law).sum(axis=(1, 2))
        lost += MIX[name] * (dying + living * law.leave_threshold / 2**15)
    assert lost == pytest.approx(annual, abs=2e-5)


def test_causes_are_only_proportions() -> None:
    split = causes(scenario_of(turnover={"causes": {"medicare_advantage": 2.0, "moved_or_ineligible": 0.0}}))
    assert split["moved_or_ineligible"] == 0
    assert split["medicare_advantage"] / split["provider_left"] == pytest.approx(2.0 / 0.05)
    assert sum(split.values()) == pytest.approx(0.25)


def test_turnover_below_deaths_is_refused() -> None:
    with pytest.raises(ValueError, match="below deaths"):
        departures(scenario_of(turnover={"annual": 0.02}))


def test_own_mortality_stands_beside_the_calibrated() -> None:
    found = mortality(scenario_of(turnover={"mortality": {"esrd": 0.2}}))
    assert found == {"esrd": 0.2, "disabled": 0.028, "aged_dual": 0.095, "aged_non_dual": 0.040}


# ------------------------------------------------------------------------------------------------ stationarity


def class_mixes(law: SlotLaw, years: int) -> np.ndarray:
    """Share of slots in each class, year by year, by the recursion of the tables; (year, class)."""
    moves = 1 << layout.MOVE_BITS
    leave, keep = law.leave_threshold / moves, (moves - law.drift_threshold) / moves
    initial, drift, joiner = (class_mix(law, kind) for kind in ("initial", "drift", "joiner"))
    found = [initial]
    for _ in range(years - 1):
        living = found[-1] * (1 - death_chance(law))
        survivors = living.sum()
        refilled = (1 - survivors) + survivors * leave
        found.append(living * keep + survivors * (1 - leave - keep) * drift + refilled * joiner)
    return np.array(found)


STATIONARY: dict[str, dict[str, Any]] = {
    "defaults": {},
    "16%": {"turnover": {"annual": 0.16}},
    "80%": {"turnover": {"annual": 0.8}},
    "dearer joiners": {"turnover": {"joiner_cost_multiple": 1.1}},
    "weak persistence": {"persistence": {"lag_1_correlation": 0.1, "class_kept": 0.3}},
}


@pytest.mark.parametrize("case", STATIONARY)
def test_the_panel_is_the_same_every_year(case: str) -> None:
    """Ten years of the same people, as near as class draws of 2^-11 can hold them.

    Mean and truncated cost, which the draws are chosen to keep, stay within 40 parts per million of the first year's
    (achieved with defaults: 30), with dearer joiners, who are drawn in 2^-11 too, within 110 (101): at most 1 in 60 of
    the standard error of a panel of 100,000.
    """
    limits = (110, 110) if "joiners" in case else (40, 40)
    for name, law in oracle.frozen_tables(scenario_of(**STATIONARY[case])).items():
        mixes = class_mixes(law, 10)
        np.testing.assert_allclose(mixes.sum(axis=1), 1, rtol=1e-12)
        for truncated in (False, True):
            mean = mixes @ cost_powers(law, truncated=truncated)[1].sum(axis=0)
            ppm = 1e6 * (mean / mean[0] - 1)
            assert np.abs(ppm).max() < limits[truncated], (name, truncated, ppm.round(1))
        deaths = mixes @ death_chance(law)
        assert np.abs(deaths - deaths[0]).max() < 1e-4, name
        moved = 0.5 * np.abs(mixes - mixes[0]).sum(axis=1).max()  # people in another class; achieved: 0.0027
        assert moved < 3e-3, name


@pytest.mark.parametrize("multiple", [1.0, 1.05, 1.1])
def test_joiners_cost_what_was_asked(multiple: float) -> None:
    tables = oracle.frozen_tables(scenario_of(turnover={"joiner_cost_multiple": multiple}))
    for name, law in tables.items():
        mean = cost_powers(law, truncated=False)[1].sum(axis=0)
        achieved = class_mix(law, "joiner") @ mean / (class_mix(law, "initial") @ mean)
        assert achieved == pytest.approx(multiple, rel=1e-4), name


# ------------------------------------------------------------------------------------------------ any law, frozen


def model(**changes: Any) -> SlotModel:
    plain = {"mortality": 0.04, "steepness": 1.5, "kept": 0.75, "lag_1_correlation": 0.2, "leave": 0.2}
    return SlotModel(**{"law": lognormal(10_000, 2.0, 0.05), **plain, **changes})


@pytest.mark.parametrize(
    "law",
    [lognormal(10_000, 0.3), lognormal(10_000, 4.0, 0.3), gamma(10_000, 0.3), gamma(10_000, 2.0, 0.1), gamma(3, 1.0)],
    ids=["narrow", "wide", "narrow gamma", "wide gamma", "three dollars"],
)
@pytest.mark.parametrize("mortality_rate", [0.0, 0.04, 0.5])
def test_any_law_keeps_its_mean_and_deaths(law: Any, mortality_rate: float) -> None:
    """Half dying leave nobody to be ill twice, so no persistence is asked of them."""
    kept, lag_1 = (0.3, 0.0) if mortality_rate == 0.5 else (0.75, 0.15)
    tables = frozen(model(law=law, mortality=mortality_rate, kept=kept, lag_1_correlation=lag_1))
    assert_sound(tables)
    mass = mass_of(tables)
    assert (mass * tables.costs).sum() == pytest.approx(law.mean, rel=1e-6)
    assert mass[1].sum() == pytest.approx(mortality_rate, abs=1e-6)
    if mortality_rate < 0.5:
        assert correlation_of(stayer_moments(tables, 1)) == pytest.approx(lag_1, abs=0.02 if law.mean < 10 else 0.003)


@pytest.mark.parametrize("lag_1", [0.0, 0.01, 0.2, 0.4])
def test_lag_1_is_what_was_asked(lag_1: float) -> None:
    tables = frozen(model(lag_1_correlation=lag_1))
    assert correlation_of(stayer_moments(tables, 1)) == pytest.approx(lag_1, abs=2e-3)


@pytest.mark.parametrize("kept", [0.5, 0.75, 0.9])
def test_correlations_fall_by_the_chance_of_keeping_the_class(kept: float) -> None:
    """Without deaths the geometric fall is exact."""
    tables = frozen(model(kept=kept, mortality=0.0))
    achieved = [correlation_of(stayer_moments(tables, lag)) for lag in (1, 2, 3)]
    assert achieved[1] / achieved[0] == pytest.approx(kept, abs=2e-3)
    assert achieved[2] / achieved[1] == pytest.approx(kept, abs=2e-3)


@pytest.mark.parametrize("truncation", [None, 1.0, 50_000.4, 1e12])
def test_truncation_is_whole_dollars_within_the_table(truncation: float | None) -> None:
    expected = {None: NO_LIMIT, 1.0: 1, 50_000.4: 50_000, 1e12: NO_LIMIT}[truncation]
    assert frozen(model(truncation=truncation)).truncation == expected


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kept": 0.0}, "out of reach"),
        ({"lag_1_correlation": 0.9}, "out of reach"),
        ({"law": lognormal(1e9, 3.0)}, "does not fit"),
    ],
)
def test_models_no_table_can_meet_are_refused(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        frozen(model(**changes))


@pytest.mark.parametrize("leave", [0.0, 0.5, 0.999, 1.0])
def test_any_chance_of_leaving(leave: float) -> None:
    tables = frozen(model(leave=leave))
    assert_sound(tables)
    mean = class_mixes(tables, 10) @ cost_powers(tables, truncated=False)[1].sum(axis=0)
    assert np.abs(mean / mean[0] - 1).max() < 5e-5


def test_freezing_is_repeatable() -> None:
    first, again = frozen(model()), frozen(model())
    for name in ("costs", "classes", "death_thresholds"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))


def test_panel_spread_is_that_of_the_calibration(laws: dict[str, SlotLaw]) -> None:
    """Section 10: sd of the mean of 5,000 people, truncated 2.70%, untruncated 3.07% (achieved 2.69 and 3.05)."""
    for truncated, target in ((True, 2.70), (False, 3.07)):
        costs, mass = pooled(laws, truncated=truncated)
        assert 100 * cv_of(costs, mass) / np.sqrt(5_000) == pytest.approx(target, rel=0.01)
