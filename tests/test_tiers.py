"""Tiers by hand, against an oracle in plain rational numbers, and by the properties that every contract must have."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction
from math import inf, sqrt
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simdce import calibration, tiers
from simdce.errors import InputError
from simdce.tiers.credibility import limited_fluctuation
from simdce.tiers.rule import Division, Pool, Practice, amounts, credited, divided
from simdce.tiers.terms import Terms

YEARS = (2024,)


def terms_of(name: str, **overrides: Any) -> Terms:
    return tiers.load(name).resolve(YEARS, overrides)


def dollars(*amounts: float) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([amounts], float)


def pool_of(payment: float, benchmark: float, expenditure: float) -> Pool:
    return Pool(dollars(payment), dollars(benchmark), dollars(expenditure))


def practice_of(people: float, benchmark: float, expenditure: float, quality_score: float = 1.0) -> Practice:
    return Practice(people, dollars(benchmark), dollars(expenditure), quality_score)


GAIN = pool_of(6e6, 200e6, 192e6)  # CMS shares 75% of savings
LOSS = pool_of(-8e6, 200e6, 208e6)  # and charges all of the losses

# By hand --------------------


def test_st_johns_split_half_of_its_payment_to_providers() -> None:
    # Performance year 3 of the demonstration: $3,143,044 paid to the group; half to providers, half to the system.
    terms = terms_of("upside_only", share_of_gains=1.0, entity_take=0.0)
    found = divided(pool_of(3_143_044, 200e6, 190e6), practice_of(29_000, 200e6, 190e6), terms, 29_000)
    assert found.practice.total[0, 0] == 3_143_044_00
    assert found.practice.to_providers[0, 0] == 1_571_522_00
    assert found.entity[0, 0] == 0


def test_upside_only_shares_the_pools_gain_and_no_loss() -> None:
    # 10 of 200 million: 5% of $6,000,000 is $300,000, whatever its own people cost; less 5%, of that 40%.
    own = practice_of(900, 10e6, 11e6)
    assert amounts(GAIN, own, terms_of("upside_only")).total[0, 0] == 114_000_00
    assert amounts(LOSS, own, terms_of("upside_only")).total[0, 0] == 0


def test_shared_weighs_own_people_by_credibility_and_holds_its_floor() -> None:
    # 1,275 people weigh sqrt(1275 / 5100) = 1/2. Own: 75% of 800,000 = 600,000; of the pool: 300,000; between: 450,000;
    # less 5% is 427,500, of which 60%.
    assert amounts(GAIN, practice_of(1275, 10e6, 9.2e6), terms_of("shared")).total[0, 0] == 256_500_00
    # Own loss 2,000,000, of the pool 400,000, between 1,200,000; 60% is 720,000, but at most 3% of 10 million is owed.
    assert amounts(LOSS, practice_of(1275, 10e6, 12e6), terms_of("shared")).total[0, 0] == -300_000_00
    # Own gain 3,000,000 x 75%, between 1,275,000; less 5%, 60% is 726,750, but at most 6% is paid.
    assert amounts(GAIN, practice_of(1275, 10e6, 7e6), terms_of("shared")).total[0, 0] == 600_000_00


def test_full_risk_is_the_practices_own_result() -> None:
    assert amounts(GAIN, practice_of(300, 10e6, 9.2e6), terms_of("full")).total[0, 0] == 570_000_00  # less 5%
    assert amounts(LOSS, practice_of(300, 10e6, 12e6), terms_of("full")).total[0, 0] == -2_000_000_00


def test_capitated_pays_monthly_a_bonus_and_a_share_and_insulates_the_small() -> None:
    # 5,100 people count in full: 75% of 4 million, less 5%, of that 40% = 1,140,000. Capitation 1.15 x 4% of 50 million
    # = 2,300,000 for claims of 2,000,000: half of 300,000 is kept. Bonus 0.3% x 0.8 x 50 million = 120,000.
    found = amounts(GAIN, practice_of(5100, 50e6, 46e6, 0.8), terms_of("capitated"))
    parts = (found.settlement, found.capitation, found.capitation_margin, found.quality_bonus)
    assert [part[0, 0] for part in parts] == [1_140_000_00, 2_300_000_00, 150_000_00, 120_000_00]
    assert found.total[0, 0] == 1_410_000_00
    assert found.to_providers[0, 0] == 705_000_00
    # A loss of 10 million counts up to 5% of the benchmark: 40% of 2,500,000 is owed, unless there are few people.
    assert amounts(LOSS, practice_of(5100, 50e6, 60e6), terms_of("capitated")).settlement[0, 0] == -1_000_000_00
    assert amounts(LOSS, practice_of(999, 50e6, 60e6), terms_of("capitated")).settlement[0, 0] == 0
    assert amounts(LOSS, practice_of(1000, 50e6, 60e6), terms_of("capitated")).settlement[0, 0] < 0


def test_a_corridor_keeps_what_is_small() -> None:
    terms = terms_of("full", corridor=0.02, entity_take=0.0)
    assert amounts(GAIN, practice_of(300, 10e6, 9.2e6), terms).total[0, 0] == 400_000_00  # 600,000 less 200,000
    assert amounts(LOSS, practice_of(300, 10e6, 10.1e6), terms).total[0, 0] == 0


def test_capitation_may_be_a_share_of_the_benchmark() -> None:
    terms = terms_of("capitated", capitation=0.05, capitation_basis="benchmark", reconciliation_share=0.0)
    found = amounts(GAIN, practice_of(300, 10e6, 10e6), terms)
    assert found.capitation[0, 0] == 500_000_00
    assert found.capitation_margin[0, 0] == 100_000_00


def test_where_cms_pays_nothing_there_is_nothing_to_divide() -> None:
    gate = pool_of(0.0, 200e6, 198e6)
    assert amounts(gate, practice_of(300, 10e6, 8e6), terms_of("full")).total[0, 0] == 0


# Credibility --------------------


@pytest.mark.parametrize(("people", "weight"), [(51, 0.1), (1275, 0.5), (5100, 1.0), (20_000, 1.0)])
def test_credibility_is_the_square_root_rule(people: float, weight: float) -> None:
    assert limited_fluctuation(people, np.array([5100.0]))[0] == pytest.approx(weight, rel=1e-12)
    assert terms_of("shared").weight_of_own(people)[0] == pytest.approx(weight, rel=1e-12)
    assert terms_of("shared", basis="weighted", own_weight=0.3).weight_of_own(people)[0] == 0.3
    assert terms_of("shared", basis="own").weight_of_own(people)[0] == 1.0
    assert terms_of("shared", basis="pool").weight_of_own(people)[0] == 0.0


def test_full_credibility_is_within_5_percent_nine_years_in_ten() -> None:
    full = terms_of("shared").full_credibility_people[0]
    spread = calibration.default("pooled_cv") / sqrt(full)
    assert 0.05 / spread == pytest.approx(1.645, rel=1e-3)


# Any contract --------------------

SHARES = st.floats(0.0, 1.0)
MAYBE = SHARES | st.just(inf)


@st.composite
def any_terms(draw: st.DrawFn) -> Terms:
    limits = {name: draw(MAYBE) for name in ("stop_loss", "gain_cap", "loss_floor")}
    found: dict[str, Any] = {each.name: draw(SHARES) for each in fields(Terms)} | limits
    found["corridor"] = draw(st.floats(0.0, 0.1))
    found["full_credibility_people"] = draw(st.floats(0.0, 50_000.0))
    found["insulated_below"] = draw(st.sampled_from([0.0, 1_000.0, 20_000.0]))
    found["capitation"] = draw(st.floats(0.0, 2.0))
    found["weighs_by_credibility"] = draw(st.booleans())
    found["capitation_is_of_benchmark"] = draw(st.booleans())
    return Terms(**{name: np.array([value]) for name, value in found.items()})


@st.composite
def any_pool(draw: st.DrawFn) -> tuple[Pool, Practice]:
    benchmark = draw(st.floats(1e6, 1e9))
    expenditure = benchmark * draw(st.floats(0.5, 1.5))
    savings = benchmark - expenditure
    payment = savings * draw(st.sampled_from([0.0, 0.4, 0.75, 0.98, 1.0])) + draw(
        st.sampled_from([0.0, 0.0, -1e4, 1e4])
    )
    size = draw(st.floats(0.001, 1.0))
    own = size * expenditure * draw(st.floats(0.0, 1.0))
    people = float(draw(st.integers(1, 30_000)))
    return (pool_of(payment, benchmark, expenditure), practice_of(people, size * benchmark, own, draw(SHARES)))


def oracle(pool: Pool, own: Practice, terms: Terms) -> Fraction:
    """What the tier brings, from the README's words, in rational numbers (the credibility weight but for its root)."""

    def exact(values: Any) -> Any:
        value = float(np.ravel(values)[0])
        return inf if value == inf else Fraction(value)

    term = {each.name: exact(getattr(terms, each.name)) for each in fields(Terms)}
    payment, whole, spent = exact(pool.payment), exact(pool.benchmark), exact(pool.expenditure)
    mine, cost = exact(own.benchmark), exact(own.expenditure)
    weight = term["own_weight"]
    if terms.weighs_by_credibility[0]:
        full = float(terms.full_credibility_people[0])
        weight = Fraction(1 if own.people >= full else sqrt(own.people / full))
    rate = min(max(payment / (whole - spent), Fraction(0)), Fraction(1)) if whole != spent else Fraction(0)
    mine_of_pool = payment * mine / whole
    result = mine_of_pool + weight * rate * (mine - cost - (whole - spent) * mine / whole)
    if result > 0:
        gain = max(result - term["corridor"] * mine, Fraction(0)) * (1 - term["entity_take"])
        settled = min(term["share_of_gains"] * gain, term["gain_cap"] * mine)
    elif own.people < term["insulated_below"]:
        settled = Fraction(0)
    else:
        loss = max(min(-result, term["stop_loss"] * mine) - term["corridor"] * mine, Fraction(0))
        settled = -min(term["share_of_losses"] * loss, term["loss_floor"] * mine)
    primary_care = term["primary_care_share"] * mine
    paid = term["capitation"] * (mine if terms.capitation_is_of_benchmark[0] else primary_care)
    margin = (1 - term["reconciliation_share"]) * (paid - (primary_care if term["capitation"] > 0 else 0))
    return Fraction(settled + margin + term["quality_bonus"] * Fraction(own.quality_score) * mine)


def near(cents: Any, exact: Fraction, scale: float) -> bool:
    """Within rounding of three amounts to the cent and of doubles at the scale of the pool's dollars."""
    return bool(abs(float(np.ravel(cents)[0]) - 100 * float(exact)) <= 2.0 + 1e-12 * 100 * scale)


def parts_add_up(found: Division) -> bool:
    return bool((found.practice.total + found.others.total + found.entity == found.cms).all())


@given(any_pool(), any_terms(), any_terms(), st.integers(1, 30_000))
def test_cms_payment_is_divided_to_the_cent(
    case: tuple[Pool, Practice], terms: Terms, others_terms: Terms, others_people: int
) -> None:
    pool, own = case
    found = divided(pool, own, terms, others_people, others_terms)
    rest = replace(
        own,
        people=float(others_people),
        benchmark=pool.benchmark - own.benchmark,
        expenditure=pool.expenditure - own.expenditure,
    )
    mine, theirs = oracle(pool, own, terms), oracle(pool, rest, others_terms)
    scale = float(pool.benchmark[0, 0] + pool.expenditure[0, 0])
    assert parts_add_up(found)
    assert abs(found.cms[0, 0] - 100 * pool.payment[0, 0]) <= 0.5
    assert near(found.practice.total, mine, scale)
    assert near(found.others.total, theirs, scale)
    assert near(found.entity, Fraction(float(pool.payment[0, 0])) - mine - theirs, scale)
    assert 0 <= found.practice.to_providers[0, 0] <= max(found.practice.total[0, 0], 0)


@given(any_pool(), SHARES)
def test_results_of_all_practices_add_up_to_the_payment(case: tuple[Pool, Practice], weight: float) -> None:
    pool, own = case
    rest = replace(own, benchmark=pool.benchmark - own.benchmark, expenditure=pool.expenditure - own.expenditure)
    both = credited(pool, own, np.array([weight])) + credited(pool, rest, np.array([weight]))
    assert both[0, 0] == pytest.approx(pool.payment[0, 0], abs=1e-9 * float(pool.benchmark[0, 0]))


@given(any_pool(), any_terms())
def test_nothing_is_left_over_where_everything_is_passed_on(case: tuple[Pool, Practice], terms: Terms) -> None:
    pool, own = case
    everything = {"share_of_gains": 1.0, "share_of_losses": 1.0, "gain_cap": inf, "loss_floor": inf, "stop_loss": inf}
    nothing = dict.fromkeys(("entity_take", "corridor", "insulated_below", "capitation", "quality_bonus"), 0.0)
    passed_on = replace(terms, **{name: np.array([value]) for name, value in (everything | nothing).items()})
    found = divided(pool, own, passed_on, own.people)
    assert abs(found.entity[0, 0]) <= 2 + 1e-7 * float(pool.benchmark[0, 0])


@given(any_pool(), any_terms(), SHARES)
def test_a_larger_share_of_gains_never_pays_less(case: tuple[Pool, Practice], terms: Terms, share: float) -> None:
    pool, own = case
    less, more = sorted([share, float(terms.share_of_gains[0])])
    pays = [amounts(pool, own, replace(terms, share_of_gains=np.array([each]))).total for each in (less, more)]
    assert pays[0] <= pays[1]


@given(any_pool(), any_terms(), SHARES)
def test_a_larger_share_of_losses_never_pays_more(case: tuple[Pool, Practice], terms: Terms, share: float) -> None:
    pool, own = case
    less, more = sorted([share, float(terms.share_of_losses[0])])
    pays = [amounts(pool, own, replace(terms, share_of_losses=np.array([each]))).total for each in (less, more)]
    assert pays[0] >= pays[1]


@given(any_pool(), any_terms())
def test_limits_hold_and_the_insulated_never_owe(case: tuple[Pool, Practice], terms: Terms) -> None:
    pool, own = case
    settlement = amounts(pool, own, terms).settlement / 100
    cap, floor, beyond = (
        each * own.benchmark if np.isfinite(each[0]) else inf
        for each in (terms.gain_cap, terms.loss_floor, terms.stop_loss)
    )
    assert settlement <= cap + 0.01
    assert -settlement <= floor + 0.01
    assert -settlement <= beyond + 0.01
    if not terms.can_owe(own.people):
        assert settlement >= 0
    if terms.insulated_below[0] > 1:
        small = replace(own, people=float(terms.insulated_below[0]) - 1)
        assert amounts(pool, small, terms).settlement >= 0


@given(any_pool(), any_terms(), st.floats(0.0, 1.0))
def test_saving_more_never_brings_less(case: tuple[Pool, Practice], terms: Terms, more: float) -> None:
    pool, own = case  # the others save less by as much, so that the pool's payment stays
    better = replace(own, expenditure=own.expenditure * (1.0 - more))
    assert amounts(pool, better, terms).total >= amounts(pool, own, terms).total


# The folder --------------------


@pytest.mark.parametrize("name", tiers.names())
def test_a_tier_says_what_it_is_and_holds_its_own_terms(name: str) -> None:
    tier = tiers.load(name)
    assert tier.title
    assert tier.summary.endswith(".")
    numbers = tier.in_force(YEARS)
    assert {each.name for each in fields(Terms)} - {"weighs_by_credibility", "capitation_is_of_benchmark"} <= set(
        numbers.known
    )
    assert tier.resolve((2024, 2025, 2026)).share_of_gains.shape == (3,)


def test_the_tiers_of_the_folder() -> None:
    assert set(tiers.names()) >= {"capitated", "full", "shared", "upside_only"}
    assert len({tiers.load(name).title for name in tiers.names()}) == len(tiers.names())
    assert not terms_of("upside_only").can_owe(1e9)
    assert terms_of("full").can_owe(1)
    assert not terms_of("capitated").can_owe(999)


@pytest.mark.parametrize(
    ("overrides", "words"),
    [
        ({"share_of_gain": 0.5}, "did you mean 'share_of_gains'"),
        ({"share_of_gains": 50.0}, "0 to 1"),
        ({"share_of_gains": -0.1}, "0 to 1"),
        ({"basis": "mine"}, "own, pool, weighted, credibility"),
        ({"basis": 1.0}, "own, pool, weighted, credibility"),
        ({"gain_cap": True}, "0 to 1"),
        ({"capitation": float("nan")}, "overrides"),
        ({"entity_take": (0.1, 0.2)}, "1 values"),
    ],
)
def test_bad_terms_are_refused(overrides: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        terms_of("shared", **overrides)


def test_an_unknown_tier_is_refused() -> None:
    with pytest.raises(InputError, match="did you mean 'shared'"):
        tiers.load("sharde")
