"""What must hold of every arrangement in the folder under any elections it offers, and of elections and overrides.

What each pays is held against a settlement in decimal arithmetic: test_decimal_settlement.py.
"""

from __future__ import annotations

import ast
import dataclasses
import math
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from decimal_settlement import Contract
from random_contracts import Choice, drawn_choice, drawn_results, outcome_of

import simdce.arrangements
from simdce.arrangements import Arrangement, load, names
from simdce.arrangements.elections import Elections
from simdce.arrangements.settlement import FloatArray, Outcome, Settlement
from simdce.errors import InputError
from simdce.sourced import CONFIDENCES

ROOM = Path(simdce.arrangements.__file__).parent
SHARED_SAVINGS = [name for name in names() if load(name).mechanism == "shared_savings"]
every_arrangement = pytest.mark.parametrize("name", names())


def years_of(arrangement: Arrangement) -> tuple[int, ...]:
    """A whole agreement that begins with the arrangement, as far as it was in force."""
    last = arrangement.first_year + arrangement.agreement_years - 1
    return tuple(range(arrangement.first_year, min(last, arrangement.last_year or last) + 1))


def outcome(benchmark: float, savings_rates: object, people: float = 12_000.0) -> Outcome:
    saved = np.asarray(savings_rates, dtype=np.float64)
    return Outcome(np.full(saved.shape, benchmark), benchmark * (1 - saved), np.array(people))


def worlds(count: int, years: int) -> FloatArray:
    # wide enough that every limit binds somewhere
    return np.random.default_rng(7).normal(0.0, 0.2, size=(count, years)).clip(max=0.9)


def settle_worlds(name: str, elections: Elections | None = None) -> tuple[Arrangement, Outcome, Settlement]:
    arrangement = load(name)
    years = years_of(arrangement)
    panel = outcome(1e8, worlds(2000, len(years)))
    return arrangement, panel, arrangement.settle(panel, years, elections)


# The folder -----------------------------------------------------------------------------------------------------------


def test_the_folder_holds_the_arrangements_promised() -> None:
    promised = {
        "mssp_2011_track_1",
        "mssp_2011_track_2",
        "mssp_track_1",
        "mssp_track_2",
        "mssp_track_3",
        "mssp_track_1_plus",
        *(f"mssp_basic_{level}" for level in "abcde"),
        "mssp_enhanced",
        *(f"mssp_2027_{track}_{law}" for track in ("basic_e", "enhanced") for law in ("current_law", "proposed")),
        "reach_global",
        "reach_professional",
        "lead_global_lower_spending",
        "lead_global_higher_spending",
        "lead_professional",
        "next_generation_a",
        "next_generation_b",
        "pioneer_core",
        "pioneer_option_a",
        "pioneer_option_b",
        "pgp_demonstration",
    }
    assert promised <= set(names())


def test_no_file_of_the_folder_is_forgotten() -> None:
    files = {path.stem: path for path in ROOM.glob("*/*.toml")}
    assert set(names()) == {stem for stem in files if not stem.startswith("_")}
    included = {stem for path in files.values() for stem in tomllib.loads(path.read_text()).get("include", [])}
    assert included == {stem for stem in files if stem.startswith("_")}


def test_the_guide_to_adding_an_arrangement_shows_a_real_one() -> None:
    shown = re.findall(r"```toml\n(.*?)```", (ROOM / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    files = ["reach_global_new_entrant.toml", "_reach_new_entrant.toml"]
    assert shown == [(ROOM / "risk_corridors" / file).read_text(encoding="utf-8") for file in files]


def test_an_unknown_arrangement_is_answered_with_the_nearest() -> None:
    with pytest.raises(InputError, match="did you mean 'mssp_enhanced'"):
        load("mssp_enhancd")


@every_arrangement
def test_every_number_is_sourced(name: str) -> None:
    arrangement = load(name)
    for section, number, entry in arrangement.numbers():
        assert entry.unit, (section, number)
        assert len(entry.source) > 8, (section, number)
        assert entry.confidence in CONFIDENCES


@every_arrangement
def test_names_are_unique_across_sections(name: str) -> None:
    arrangement = load(name)
    sections = (arrangement.terms, arrangement.benchmark, arrangement.repayment)
    assert len({key for section in sections for key in section}) == sum(len(section) for section in sections)


@every_arrangement
def test_every_number_is_known_in_every_year_in_force(name: str) -> None:
    arrangement = load(name)
    first, last = arrangement.first_year, arrangement.last_year or 2035
    dates = {
        "calendar_year": range(first, last + 1),
        "agreement_start": range(first, last + 1),
        "agreement_year": range(1, 15),
        "agreement_number": range(1, 8),
    }
    for section in (arrangement.terms, arrangement.benchmark, arrangement.repayment, arrangement.elections):
        for term in section.values():
            if not term.name.startswith("observed_"):  # history ends where observation does
                assert all(term.known_at(date) for date in dates[term.by]), term.name


@every_arrangement
def test_benchmark_says_what_a_benchmark_needs(name: str) -> None:
    benchmark = load(name).benchmark
    assert math.isclose(sum(benchmark["baseline_weights"].entries[0].value), 1.0)
    assert isinstance(benchmark["truncated"].entries[0].value, bool)
    assert benchmark["trend"].entries[0].value in ("retrospective", "prospective")


@pytest.mark.parametrize("path", sorted(ROOM.glob("*/*.py")), ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_policy_number_stands_in_python(path: Path) -> None:
    literals = [node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)]
    numbers = [value for value in literals if isinstance(value, int | float) and not isinstance(value, bool)]
    assert set(numbers) <= {0, 1}


# Properties -----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Drawn:
    """A random contract, results for it and what they settle to."""

    choice: Choice
    panel: Outcome
    settlement: Settlement

    def again(self, panel: Outcome) -> Settlement:
        return load(self.choice.name).settle(panel, self.choice.years, self.choice.elections)

    def number(self, name: str, absent: float = math.inf) -> FloatArray:
        held = load(self.choice.name).in_force(self.choice.years, self.choice.elections)
        return held.numbers(name, absent=absent)

    def elected(self, name: str, absent: float) -> FloatArray:
        held = load(self.choice.name).in_force(self.choice.years, self.choice.elections)
        return np.array([absent if value is None else value for value in held.elected(name)], dtype=np.float64)


def drawn_contracts(name: str, count: int = 15, *, overridden: float = 0.0) -> Iterator[Drawn]:
    random = Random(f"properties {name}")
    for _ in range(count):
        choice = drawn_choice(random, name, overridden=overridden)
        contract = Contract.of(choice.name, choice.years, choice.elections)
        panel = outcome_of(drawn_results(random, contract, 60))
        yield Drawn(choice, panel, load(name).settle(panel, choice.years, choice.elections))


@every_arrangement
def test_payments_scale_with_dollars(name: str) -> None:
    for drawn in drawn_contracts(name, overridden=0.5):
        panel = drawn.panel
        revenue = None if panel.participant_revenue is None else 2 * panel.participant_revenue
        doubled = Outcome(2 * panel.benchmark, 2 * panel.expenditure, panel.assigned_beneficiaries, revenue)
        again = drawn.again(doubled)
        for figure in ("gross_savings", "earned", "owed", "cash"):
            np.testing.assert_array_equal(getattr(again, figure), 2 * getattr(drawn.settlement, figure))


@every_arrangement
def test_more_savings_never_pay_less(name: str) -> None:
    saved = np.linspace(-0.9, 0.9, 1801)
    for drawn in drawn_contracts(name, overridden=0.5):
        for year in range(len(drawn.choice.years)):
            # one year saves more and more, the others stay as they were drawn
            rows = [
                None if figures is None else np.repeat(figures[:1], len(saved), axis=0)
                for figures in dataclasses.astuple(drawn.panel)
            ]
            rows[1][:, year] = rows[0][:, year] * (1 - saved)
            settlement = drawn.again(Outcome(*rows))
            for paid in (settlement.net, settlement.cash):
                total = paid.sum(axis=-1)
                assert (np.diff(total) >= -1e-12 * rows[0].sum(axis=-1)[1:]).all(), drawn.choice


@every_arrangement
def test_a_payment_is_earned_or_owed_and_within_its_limits(name: str) -> None:
    for drawn in drawn_contracts(name):
        panel, settlement = drawn.panel, drawn.settlement
        earned, owed, gross = settlement.earned, settlement.owed, settlement.gross_savings
        assert (earned >= 0).all()
        assert (owed >= 0).all()
        assert not (earned * owed).any()
        assert (earned <= np.maximum(gross, 0)).all()
        assert (owed <= np.maximum(-gross, 0)).all()
        limit = np.minimum(drawn.number("performance_payment_limit"), drawn.elected("gross_cap", math.inf))
        assert (earned <= limit * panel.benchmark).all()
        limit = np.minimum(drawn.number("loss_limit_of_benchmark"), drawn.elected("gross_cap", math.inf))
        assert (owed <= limit * panel.benchmark).all()
        revenue = panel.participant_revenue
        if revenue is None:
            revenue = drawn.elected("participant_revenue_share", math.inf) * panel.expenditure
        rate = drawn.number("loss_limit_of_revenue")
        assert (owed <= rate * revenue).all()


@every_arrangement
def test_limits_bind_and_say_so(name: str) -> None:
    _, _, settlement = settle_worlds(name)
    steps = {step.name: step.value for step in settlement.steps}
    if "performance payment limit" in steps:
        at_limit = settlement.earned == steps["performance payment limit"]
        np.testing.assert_array_equal(settlement.savings_cap_hit, at_limit)
        assert at_limit.any()
    if "loss limit" in steps:
        np.testing.assert_array_equal(settlement.loss_limit_hit, settlement.owed == steps["loss limit"])
        assert settlement.loss_limit_hit.any()


@every_arrangement
def test_only_two_sided_arrangements_ever_owe(name: str) -> None:
    settlements = [settle_worlds(name)[2], *(drawn.settlement for drawn in drawn_contracts(name, overridden=0.5))]
    assert any(each.owed.any() for each in settlements) == load(name).two_sided
    assert any(each.loss_gate_met.any() for each in settlements) == load(name).two_sided


@every_arrangement
def test_steps_explain_the_payment_and_end_in_it(name: str) -> None:
    _, panel, settlement = settle_worlds(name)
    last = settlement.steps[-1]
    assert (last.name, last.unit) == ("payment", "dollars")
    np.testing.assert_array_equal(last.value, settlement.cash)
    assert len({step.name for step in settlement.steps}) == len(settlement.steps)
    for step in settlement.steps:
        assert step.sentence.endswith(".")
        np.broadcast_to(step.value, panel.benchmark.shape)


@every_arrangement
def test_worlds_do_not_touch_each_other(name: str) -> None:
    arrangement, panel, settlement = settle_worlds(name)
    alone = Outcome(panel.benchmark[17], panel.expenditure[17], panel.assigned_beneficiaries)
    np.testing.assert_array_equal(arrangement.settle(alone, years_of(arrangement)).cash, settlement.cash[17])


@every_arrangement
def test_years_settle_alone_unless_the_contract_remembers(name: str) -> None:
    arrangement, panel, settlement = settle_worlds(name)
    start = Elections(agreement_start=arrangement.first_year)
    alone = np.concatenate(
        [
            arrangement.settle(
                Outcome(panel.benchmark[:, [k]], panel.expenditure[:, [k]], panel.assigned_beneficiaries), [year], start
            ).net
            for k, year in enumerate(years_of(arrangement))
        ],
        axis=1,
    )
    remembers = arrangement.mechanism == "savings_threshold"
    assert np.array_equal(alone, settlement.net) != remembers


@every_arrangement
def test_what_is_withheld_comes_back_when_the_agreement_closes(name: str) -> None:
    arrangement, _, settlement = settle_worlds(name)
    difference = settlement.cash.sum(axis=-1) - settlement.net.sum(axis=-1)
    if arrangement.mechanism == "savings_threshold":
        assert (difference <= 1e-6).all()  # losses left unpaid are taken from it
        assert (difference < -1.0).any()
    elif len(years_of(arrangement)) == arrangement.agreement_years:
        np.testing.assert_allclose(difference, 0.0, atol=1e-6)
    if "withhold" not in arrangement.terms:
        np.testing.assert_array_equal(settlement.cash, settlement.net)


@pytest.mark.parametrize("name", SHARED_SAVINGS)
def test_nothing_moves_inside_the_band(name: str) -> None:
    arrangement = load(name)
    years = years_of(arrangement)
    settlement = arrangement.settle(outcome(1e8, worlds(2000, len(years)) / 10), years)
    minimum = np.broadcast_to(np.asarray(settlement.steps[1].value, dtype=np.float64), settlement.net.shape)
    inside = np.abs(settlement.gross_savings) < minimum
    assert inside.any()
    assert not inside.all()
    assert not settlement.net[inside].any()
    # and everything from the first dollar (less a threshold, where there is one) once savings are outside
    np.testing.assert_array_equal(settlement.earned[settlement.gross_savings > minimum] > 0.0, True)


def test_the_public_health_emergency_forgives_losses_as_dated() -> None:
    arrangement, years = load("mssp_enhanced"), range(2019, 2025)
    panel = outcome(1e8, np.full(6, -0.05))
    before = arrangement.settle(panel, years, Elections(agreement_start=2019)).owed
    after = arrangement.settle(panel, years, Elections(agreement_start=2019, public_health_emergency_relief=True)).owed
    assert after / before == pytest.approx([1, 0, 0, 0, 7 / 12, 1])


# Gates, elections, overrides ------------------------------------------------------------------------------------------


def test_a_minimum_of_zero_still_needs_a_saving() -> None:
    settlement = load("mssp_enhanced").settle(
        outcome(1e8, [[0.0], [1e-8], [-1e-8]]), [2024], Elections(minimum_savings_rate=0.0)
    )
    assert settlement.gate_met[:, 0].tolist() == [False, True, False]
    assert settlement.loss_gate_met[:, 0].tolist() == [False, False, True]
    assert settlement.net[0, 0] == 0


def test_savings_at_exactly_the_minimum_count() -> None:
    panel = Outcome(np.array([1e8]), np.array([98e6]), np.array([12_000.0]))
    assert load("mssp_enhanced").settle(panel, [2024], Elections(minimum_savings_rate=0.02)).earned[0] > 0


def test_under_five_thousand_people_the_variable_table_applies() -> None:
    arrangement, elections = load("mssp_enhanced"), Elections(minimum_savings_rate=0.0)
    panel = Outcome(np.full((3, 1), 1e8), np.full((3, 1), 97e6), np.array([[4999.0], [4999.9], [5000.0]]))
    settlement = arrangement.settle(panel, [2024], elections)
    assert settlement.gate_met[:, 0].tolist() == [False, False, True]
    assert settlement.steps[1].value[:, 0] == pytest.approx([3.9e6, 3.9e6, 0.0])


@pytest.mark.parametrize("elected", [{"low_revenue": True}, {"participant_revenue_share": 0.2}])
def test_low_revenue_keeps_half_below_the_minimum_from_2024_starts(elected: dict[str, Any]) -> None:
    arrangement, panel = load("mssp_basic_e"), outcome(1e8, [0.01])
    full = 0.5 * 1e6 * 0.98
    assert arrangement.settle(panel, [2024], Elections(**elected)).earned == pytest.approx([full / 2])
    assert not arrangement.settle(panel, [2024], Elections(agreement_start=2023, **elected)).earned.any()
    assert not arrangement.settle(panel, [2024]).earned.any()
    small = Outcome(panel.benchmark, panel.expenditure, np.array(4000.0))
    assert not arrangement.settle(small, [2024], Elections(**elected)).earned.any()


def test_low_revenue_may_not_contradict_the_revenue_share() -> None:
    elections = Elections(low_revenue=True, participant_revenue_share=0.4)
    with pytest.raises(InputError, match="contradicts"):
        load("mssp_basic_e").settle(outcome(1e8, [0.0]), [2024], elections)


def test_the_lesser_loss_limit_binds() -> None:
    arrangement, panel = load("mssp_basic_e"), outcome(1e8, [-0.3])
    assert arrangement.settle(panel, [2024]).owed == pytest.approx([4e6])
    share = arrangement.settle(panel, [2024], Elections(participant_revenue_share=0.1))
    assert share.owed == pytest.approx([0.08 * 0.1 * 130e6])
    stated = dataclasses.replace(panel, participant_revenue=np.array([20e6]))
    assert arrangement.settle(stated, [2024], Elections(participant_revenue_share=0.1)).owed == pytest.approx([1.6e6])


def test_relief_is_taken_after_the_loss_limit_and_part_years_after_both() -> None:
    arrangement, panel = load("mssp_basic_e"), outcome(1e8, [-0.3])
    elections = Elections(extreme_circumstance_relief=0.5)
    assert arrangement.settle(panel, [2024], elections).owed == pytest.approx([2e6])
    elections = Elections(extreme_circumstance_relief=0.5, part_year=0.5)
    assert arrangement.settle(panel, [2024], elections).owed == pytest.approx([1e6])


@pytest.mark.parametrize(
    ("year", "met", "alternative"),
    [(2020, 0.75 * 0.8, 0.0), (2021, 0.75, 0.0), (2022, 0.75, 0.0), (2023, 0.75, 0.6), (2024, 0.75, 0.6)],
)
def test_quality_regimes_by_year(year: int, met: float, alternative: float) -> None:
    arrangement = load("mssp_enhanced")
    rate = {
        standard: arrangement.resolve([year], Elections(quality_standard=standard, quality_score=0.8)).sharing_rate[0]
        for standard in ("met", "alternative", "not_met")
    }
    assert rate == pytest.approx({"met": met, "alternative": alternative, "not_met": 0.0})


@pytest.mark.parametrize(("year", "lost"), [(2020, 0.75), (2022, 0.75), (2023, 1 - 0.75 * 0.6), (2024, 1 - 0.75 * 0.6)])
def test_before_2023_there_is_no_alternative_standard_that_lowers_the_loss_rate(year: int, lost: float) -> None:
    elections = Elections(quality_standard="alternative", quality_score=0.6)
    assert load("mssp_enhanced").resolve([year], elections).loss_rate == pytest.approx([lost])


@pytest.mark.parametrize(
    ("name", "years", "lost"),
    [
        ("mssp_2011_track_2", [2012, 2013], [1 - 0.6, 1 - 0.6 * 0.5]),  # the first year only reports
        ("mssp_2011_track_1", [2012, 2013, 2014], [0.0, 0.0, 1 - 0.6 * 0.5]),
        ("mssp_track_2", [2020, 2021], [0.6, 1 - 0.6]),  # the ceiling; then all or nothing
        ("mssp_enhanced", [2020, 2021], [1 - 0.75 * 0.5, 1 - 0.75 * 0.5]),
    ],
)
def test_the_loss_rate_follows_the_sharing_rate_or_the_score(name: str, years: list[int], lost: list[float]) -> None:
    assert load(name).resolve(years, Elections(quality_score=0.5)).loss_rate == pytest.approx(lost)


def test_a_revenue_limit_of_zero_does_not_bind_where_no_revenue_is_stated() -> None:
    arrangement, panel = load("mssp_basic_e"), outcome(1e8, [-0.3])
    elections = Elections(overrides={"loss_limit_of_revenue": 0.0})
    assert arrangement.settle(panel, [2024], elections).owed == pytest.approx([4e6])
    stated = elections.model_copy(update={"participant_revenue_share": 0.1})
    assert not arrangement.settle(panel, [2024], stated).owed.any()


def test_of_two_reliefs_the_larger_counts() -> None:
    arrangement, panel = load("mssp_enhanced"), outcome(1e8, [-0.05])
    for disaster, forgiven in ((0.3, 5 / 12), (0.8, 0.8)):
        elections = Elections(extreme_circumstance_relief=disaster, public_health_emergency_relief=True)
        assert arrangement.settle(panel, [2023], elections).owed == pytest.approx([5e6 * 0.4 * (1 - forgiven)])


def test_track_2_losses_are_limited_by_agreement_year() -> None:
    limits = load("mssp_track_2").resolve([2013, 2014, 2015, 2016]).loss_limit_of_benchmark
    assert limits.tolist() == [0.05, 0.075, 0.1, 0.1]
    assert load("mssp_track_2").resolve([2015], Elections(agreement_start=2014)).loss_limit_of_benchmark[0] == 0.075


def test_a_year_in_which_the_arrangement_was_not_in_force_is_said_to_be_so() -> None:
    arrangement, panel = load("reach_global"), outcome(1e8, [[0.2, 0.2]])
    settlement = arrangement.settle(panel, [2026, 2030])
    assert "Not in force in 2030" in settlement.steps[0].sentence
    assert settlement.net[0, 0] == settlement.net[0, 1]
    assert "Not in force" not in arrangement.settle(panel, [2025, 2026]).steps[0].sentence


def test_overrides_replace_a_number_and_are_reported() -> None:
    arrangement, panel = load("mssp_basic_e"), outcome(1e8, [[0.1, 0.1]])
    with pytest.raises(InputError, match="no such number"):
        arrangement.settle(panel, [2026, 2027], Elections(overrides={"discount": 0.0}))
    elections = Elections.of({"overrides": {"max_sharing_rate": [0.5, 0.6], "prior_savings_scaling": 0.75}})
    assert arrangement.settle(panel, [2026, 2027], elections).earned[0] == pytest.approx([4.9e6, 5.88e6])
    assert arrangement.in_force([2026, 2027], elections).numbers("prior_savings_scaling").tolist() == [0.75, 0.75]
    told = {(name, entry.value) for name, entry in arrangement.uncertain([2026, 2027], elections)}
    assert {("max_sharing_rate", 0.5), ("max_sharing_rate", 0.6), ("prior_savings_scaling", 0.75)} <= told
    assert "max_sharing_rate" not in dict(arrangement.uncertain([2026, 2027]))


def test_bands_words_and_yes_or_no_can_be_replaced_too() -> None:
    arrangement, years = load("reach_global"), [2024, 2025]
    own: dict[str, Any] = {"savings_shares": [0.5, 0.5, 0.25, 0.1], "trend": "retrospective", "truncated": True}
    elections = Elections.of({"overrides": own})
    settled = arrangement.settle(outcome(1e8, [[0.1, 0.1]]), years, elections)
    assert settled.earned[0] == pytest.approx([4.9e6, 4.9e6])
    held = arrangement.in_force(years, elections)
    assert held.values("trend") == ("retrospective",) * 2
    assert held.values("truncated") == (True, True)
    assert {name for name, entry in arrangement.uncertain(years, elections) if entry.value is True} == {
        "truncated",
        "risk_score_cap_follows_demographics",
    }


@pytest.mark.parametrize(
    ("name", "elected", "message"),
    [
        ("mssp_enhanced", {"minimum_savings_rate": 0.03}, "does not offer this choice"),
        ("mssp_track_1", {"minimum_savings_rate": 0.02}, "does not offer this choice"),
        ("mssp_track_2", {"minimum_savings_rate": 0.01, "agreement_start": 2013}, "does not offer this choice"),
        ("mssp_track_1", {"retention_withhold": True}, "does not offer this election"),
        ("reach_global", {"minimum_savings_rate": 0.02}, "does not offer this election"),
        ("next_generation_a", {"gross_cap": 0.1}, "does not offer this choice"),
        ("pioneer_core", {"gross_cap": 0.05}, "does not offer this election"),
        ("pgp_demonstration", {"low_revenue": True}, "does not offer this election"),
        ("mssp_enhanced", {"quality_score": [0.8, 0.9]}, "one value per performance year"),
        ("mssp_enhanced", {"agreement_start": 2030}, "starts after the first performance year"),
        ("mssp_enhanced", {"overrides": {"max_sharing_rat": 0.6}}, "did you mean 'max_sharing_rate'"),
        ("mssp_enhanced", {"overrides": {"max_sharing_rate": 75.0}}, "0 to 1"),
        ("mssp_enhanced", {"overrides": {"max_sharing_rate": [0.5, 0.6]}}, "one value per performance year"),
        ("reach_global", {"overrides": {"savings_shares": 0.5}}, "needs a list .*4 numbers"),
        ("reach_global", {"overrides": {"savings_shares": [0.5, 0.5]}}, "needs a list .*4 numbers"),
        ("reach_global", {"overrides": {"savings_shares": [0.5, 0.5, 0.5, 1.5]}}, "out of range .*1.5.* 0 to 1"),
        ("reach_global", {"overrides": {"trend": "backwards"}}, "allowed: retrospective, prospective"),
        ("reach_global", {"overrides": {"trend": 1.0}}, "allowed: retrospective, prospective"),
        ("reach_global", {"overrides": {"truncated": "yes"}}, "allowed: true or false"),
        ("reach_global", {"overrides": {"discount": True}}, "out of range"),
        ("reach_global", {"overrides": {"discount": "much"}}, "out of range"),
        ("reach_global", {"overrides": {"below_minimum": "nothing"}}, "cannot stand here"),
        ("reach_global", {"overrides": {"corridor_edges": [0.5, 0.3, 0.1]}}, "edges must rise"),
        ("mssp_enhanced", {"overrides": {"minimum_savings_rate_table": [0.1]}}, "a table cannot be overridden"),
    ],
)
def test_elections_an_arrangement_does_not_offer(name: str, elected: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        load(name).settle(outcome(1e8, [0.0]), [2024], Elections.of(elected))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"quality_score": 75}, "75 percent is 0.75"),
        ({"quality_score": math.nan}, "finite"),
        ({"quality_score": "0.75"}, "text does not belong"),
        ({"quality_score": True}, "true or false does not belong"),
        ({"low_revenue": 1}, "allowed: true or false"),
        ({"quality_standard": "mett"}, "did you mean 'met'"),
        ({"qualty_score": 0.75}, "did you mean 'quality_score'"),
        ({"overrides": {"discount": math.inf}}, "finite"),
        ({"agreement_start": 2024.0}, "allowed: a whole number"),
    ],
)
def test_elections_are_strict(chosen: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Elections.of(chosen)


def test_years_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="rising order"):
        load("mssp_enhanced").settle(outcome(1e8, [0.0, 0.0]), [2024, 2023])
    with pytest.raises(InputError, match="2 years"):
        load("mssp_enhanced").settle(outcome(1e8, [0.0]), [2023, 2024])


@pytest.mark.parametrize("bad", [math.nan, math.inf, -1.0])
@pytest.mark.parametrize("field", ["benchmark", "expenditure", "assigned_beneficiaries", "participant_revenue"])
def test_an_outcome_refuses_figures_that_are_none(field: str, bad: float) -> None:
    good = {key: np.array([1.0]) for key in ("benchmark", "expenditure", "assigned_beneficiaries")}
    with pytest.raises(InputError, match=field):
        Outcome(**{**good, field: np.array([bad])})


def test_an_outcome_refuses_shapes_that_do_not_fit() -> None:
    with pytest.raises(InputError, match="fit together"):
        Outcome(np.ones((3, 2)), np.ones((3, 2)), np.ones((4, 1)))
    with pytest.raises(InputError, match="last axis"):
        Outcome(np.ones((3, 2)), np.ones((3, 1)), np.ones(1))


def test_a_benchmark_of_zero_pays_nothing() -> None:
    for name in names():
        panel = Outcome(np.array([0.0]), np.array([0.0]), np.array([8000.0]))
        assert load(name).settle(panel, [load(name).first_year]).cash[0] == 0
