"""What to hold against losses: layers against a linear program, flows against a ledger, amounts against the worlds."""

from __future__ import annotations

from math import inf, isnan
from typing import Any

import numpy as np
import pytest
from conftest import INTERPRETED, sized
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from simdce import metrics
from simdce.assumptions import assumptions
from simdce.errors import InputError
from simdce.report import report_page
from simdce.run import answer
from simdce.scenario import InstrumentChoice, Scenario, Security, build_scenario
from simdce.settlements import settle
from simdce.studies.instruments import instrument_terms
from simdce.studies.layers import Draws, Priced, cheapest_layers
from simdce.studies.payment import Lived
from simdce.studies.repayment import repayment_at
from simdce.studies.security import (
    SecurityAnswer,
    after_flows,
    security_at,
    security_of,
    security_of_practice,
)
from simdce.worlds import simulate

WORLDS = sized(1_000, 100)
SMALL, POOL = sized((300, 3_000), (100, 400))
WRITTEN: dict[str, Any] = {
    "title": "security",
    "worlds": WORLDS,
    "seed": 5,
    "panel": {"sizes": [SMALL, POOL], "price_year": 2023},
    "years": {"first_performance_year": 2024, "performance": 3},
    "arrangements": [{"name": "mssp_basic_a"}, {"name": "mssp_enhanced"}],
    "security": {},
}


def written(**tables: Any) -> Scenario:
    return build_scenario({**WRITTEN, **tables})


SCENARIO = written()
PANELS = simulate(SCENARIO)


def held_by(name: str, **prices: Any) -> InstrumentChoice:
    return InstrumentChoice(name=name, **prices)  # type: ignore[arg-type]


def asked(*choices: InstrumentChoice, **more: Any) -> Security:
    return Security(**more, **({"instruments": choices} if choices else {}))


def losses(worlds: int = 2_000, years: int = 3, seed: int = 1) -> Any:
    return np.random.default_rng(seed).normal(0.2e6, 1e6, (worlds, years))


def answered(security: Security, net: Any, required: float = 0.0) -> SecurityAnswer:
    return security_of(security, np.asarray(net, float), required, "a", None, 5_000)


# Layers --------------------

prices = st.one_of(st.sampled_from([0.0, 0.02, 0.1]), st.floats(0.0, 0.5))
limits = st.one_of(st.just(inf), st.floats(1e4, 2e6))


@st.composite
def stacks(draw: st.DrawFn) -> list[Priced]:
    """Instruments, mostly such that what is cheap to hold is dear to draw, or one alone would do."""
    count = draw(st.integers(1, 5))
    holding, drawing = ([draw(prices) for _ in range(count)] for _ in range(2))
    if draw(st.booleans()):
        holding, drawing = sorted(holding, reverse=True), sorted(drawing)
    return [Priced(str(n), h, d, draw(limits)) for n, (h, d) in enumerate(zip(holding, drawing, strict=True))]


drawn = st.lists(
    st.one_of(st.just(0.0), st.integers(0, 300).map(lambda count: 1e4 * count), st.floats(0.0, 3e6)),
    min_size=1,
    max_size=40,
)
held = st.floats(1e4, 3.5e6)


def linear_program(amount: float, instruments: list[Priced], amounts: Any, times: float) -> float | None:
    """The least cost by a general solver: dollars between neighbouring amounts drawn, from each instrument."""
    edges = np.unique(np.clip(np.concatenate([[0.0, amount], amounts]), 0.0, amount))
    low, widths = edges[:-1], np.diff(edges)
    above = np.array([(amounts > edge).mean() * times for edge in low])
    cost = np.concatenate([each.holding + each.drawing * above for each in instruments])
    count = len(low)
    whole = np.hstack([np.eye(count)] * len(instruments))
    within = np.kron(np.eye(len(instruments)), np.ones(count))
    most = [min(each.limit, amount) for each in instruments]
    found = linprog(cost, A_ub=within, b_ub=most, A_eq=whole, b_eq=widths, method="highs")
    return float(found.fun) if found.success else None


@settings(max_examples=300)
@given(stacks(), drawn, held, st.floats(0.1, 1.0))
def test_layers_cost_no_more_than_a_linear_program_finds(
    instruments: list[Priced], draws: list[float], amount: float, times: float
) -> None:
    amounts = np.array(draws)
    least = linear_program(amount, instruments, amounts, times)
    if sum(each.limit for each in instruments) < amount:
        assert least is None
        with pytest.raises(ValueError, match="less than the amount"):
            cheapest_layers(amount, instruments, Draws(amounts, times))
        return
    layers = cheapest_layers(amount, instruments, Draws(amounts, times))
    assert least is not None
    ours = sum(layer.cost for layer in layers)
    blind = 1e-7 * amount * max(times, 1.0)  # to smaller rates the solver is indifferent
    assert least - 0.02 - blind <= ours + 1e-6 * least
    assert ours <= least * (1 + 1e-6) + 0.02  # layers under a cent drop out
    most = {each.name: each.limit for each in instruments}
    assert all(layer.top - layer.bottom <= most[layer.instrument] + 1e-6 for layer in layers)
    assert sum(layer.top - layer.bottom for layer in layers) == pytest.approx(amount, abs=0.05)
    used = [layer.instrument for layer in layers]
    assert len(set(used)) == len(used)


@given(stacks(), drawn, held, st.floats(0.1, 1.0))
def test_the_cost_of_a_layer_is_that_of_every_draw_in_turn(
    instruments: list[Priced], draws: list[float], amount: float, times: float
) -> None:
    unlimited = [Priced(each.name, each.holding, each.drawing) for each in instruments]
    by_name = {each.name: each for each in unlimited}
    for layer in cheapest_layers(amount, unlimited, Draws(np.array(draws), times)):
        priced = by_name[layer.instrument]
        assert layer.holding == pytest.approx(priced.holding * (layer.top - layer.bottom))
        used = sum(min(max(each - layer.bottom, 0.0), layer.top - layer.bottom) for each in draws) * times / len(draws)
        assert layer.drawing == pytest.approx(priced.drawing * used, abs=1e-9)


@given(stacks(), drawn, held, st.floats(0.0, 5e5))
def test_more_to_hold_is_dearer_and_more_choice_is_not(
    instruments: list[Priced], draws: list[float], amount: float, more: float
) -> None:
    use = Draws(np.array(draws), 0.5)
    whole = [*instruments, Priced("last", 0.6, 0.0)]

    def cost(dollars: float, choice: list[Priced]) -> float:
        return sum(layer.cost for layer in cheapest_layers(dollars, choice, use))

    assert cost(amount + more, whole) >= cost(amount, whole) - 0.05
    assert cost(amount, [*whole, Priced("another", 0.1, 0.1, 4e5)]) <= cost(amount, whole) + 0.05


def test_nothing_to_hold_costs_nothing() -> None:
    assert cheapest_layers(0.0, [Priced("a", 0.1, 0.0)], Draws(np.array([1.0]), 1.0)) == ()


def test_a_stop_loss_stands_on_top() -> None:
    use = Draws(np.array([0.0, 50.0, 100.0]), 1.0)
    layers = cheapest_layers(100.0, [Priced("stop", 0.0, 0.1, 60.0, on_top=True), Priced("credit", 0.01, 0.2)], use)
    assert [(layer.instrument, layer.bottom, layer.top) for layer in layers] == [
        ("credit", 0.0, pytest.approx(40.0)), ("stop", pytest.approx(40.0), 100.0)
    ]  # fmt: skip


# Flows --------------------


def by_ledger(net: list[float], withheld: float | None, recouped: float | None) -> tuple[list[float], float, float]:
    """One world, one dollar amount after the other: what is left to pay by year, kept and owed over year ends."""
    kept, debts, left, kept_years, debt_years = 0.0, 0.0, [], 0.0, 0.0
    for number, amount in enumerate(net):
        this_year = 0.0
        if amount < 0:
            loss = -amount
            from_kept = loss if loss < kept else kept
            kept -= from_kept
            if recouped is None:
                this_year = loss - from_kept
            else:
                debts += loss - from_kept
        elif amount > 0:
            if recouped is not None:
                back = recouped * amount if recouped * amount < debts else debts
                debts -= back
                amount -= back
            if withheld is not None:
                kept += withheld * amount
        if number < len(net) - 1:
            kept_years += kept
            debt_years += debts
        left.append(this_year)
    left[-1] += debts
    return left, kept_years, debt_years


share = st.one_of(st.none(), st.sampled_from([0.0, 0.25, 0.5, 1.0]))
worlds = st.lists(st.lists(st.integers(-100, 100).map(float), min_size=3, max_size=3), min_size=1, max_size=4)


@given(worlds, share, share)
def test_what_is_kept_and_recouped_is_that_of_a_ledger(
    net: list[list[float]], withheld: float | None, recouped: float | None
) -> None:
    left, cost = after_flows(np.array(net), withheld, recouped, 0.06, 0.10)
    for number, world in enumerate(net):
        expected, kept, debts = by_ledger(world, withheld, recouped)
        assert left[number].tolist() == pytest.approx(expected)
        assert cost[number] == pytest.approx((0.06 * kept + 0.10 * debts) / 3)
        assert left[number].sum() <= sum(max(-amount, 0.0) for amount in world) + 1e-9


def test_nothing_used_leaves_every_loss() -> None:
    net = losses(50)
    left, cost = after_flows(net, None, None, 0.06, 0.1)
    assert np.array_equal(left, np.maximum(-net, 0.0))
    assert not cost.any()


# Amounts --------------------


@pytest.mark.parametrize("over", ["year", "agreement"])
def test_what_is_held_is_enough_in_the_stated_share_of_worlds(over: str) -> None:
    net = losses()
    owed = np.maximum(-net, 0.0)
    loss = owed.max(axis=1) if over == "year" else owed.sum(axis=1)
    found = answered(asked(chance=0.9, over=over), net, 100_000.0)
    without = next(mix for mix in found.mixes if not mix.flows)
    assert without.held == np.sort(loss)[1_799]
    assert (loss <= without.held).mean() == pytest.approx(0.9)
    assert found.falls_short.value == np.mean(owed.max(axis=1) > 100_000)
    assert found.falls_short_agreement.value == np.mean(owed.sum(axis=1) > 100_000)
    assert found.falls_short.standard_error > 0
    for mix in found.mixes:
        assert mix.cost_at[0] <= mix.cost.value <= mix.cost_at[1]
        assert [layer.bottom for layer in mix.layers] == pytest.approx([0.0, *(layer.top for layer in mix.layers[:-1])])
        assert mix.layers[-1].top == pytest.approx(mix.held)
        cost = sum(layer.cost for layer in mix.layers) + mix.flow_cost.value
        assert mix.cost.value == pytest.approx(cost)
    assert found.cheapest.cost.value == min(mix.cost.value for mix in found.mixes)
    for _, (low, usual, high) in found.alone:
        assert low <= usual <= high
        assert without.cost.value <= usual + 0.05


@pytest.mark.parametrize("over", ["year", "agreement"])
def test_the_yearly_cost_is_that_of_every_world_in_turn(over: str) -> None:
    net = losses(300)
    found = answered(asked(held_by("letter_of_credit"), held_by("escrow", limit=2e5), over=over), net)
    mix = found.cheapest
    terms = instrument_terms()
    usual = {name: terms[name].at().value[1] for name in terms if isinstance(terms[name].at().value, list)
             and not isinstance(terms[name].at().value[0], str)}  # fmt: skip
    carry = usual["cost_of_capital"] - terms["deposit_yield"].at().value
    holding = {
        "escrow": usual["escrow_holding"] + carry,
        "letter_of_credit": usual["letter_of_credit_holding"] + usual["letter_of_credit_collateral"] * carry,
    }
    drawing = {"escrow": 0.0, "letter_of_credit": usual["letter_of_credit_drawing"]}
    cost = 0.0
    for layer in mix.layers:
        cost += holding[layer.instrument] * (layer.top - layer.bottom)
        for world in net:
            owed = [max(-amount, 0.0) for amount in world]
            for loss in owed if over == "year" else [sum(owed)]:
                drawn = min(max(loss - layer.bottom, 0.0), layer.top - layer.bottom)
                cost += drawing[layer.instrument] * drawn / len(world) / len(net)
    assert mix.cost.value == pytest.approx(cost)


def test_the_error_of_the_cost_is_what_other_worlds_would_show() -> None:
    security = asked()
    costs, errors = [], []
    for seed in range(250):
        mix = next(mix for mix in answered(security, losses(1_000, seed=seed), 5e4).mixes if not mix.flows)
        costs.append(mix.cost.value)
        errors.append(mix.cost.standard_error)
    assert np.mean(errors) == pytest.approx(np.std(costs), rel=0.15)


def test_the_2011_proposal_and_only_what_the_programme_takes() -> None:
    # $8,000 x 1% x 5,000 = $400,000, and worlds without a loss: what the rule asks is all there is to hold
    found = answered(asked(), np.full((200, 3), 1e5), 400_000.0)
    mix = next(mix for mix in found.mixes if not mix.flows)
    assert mix.held == 400_000
    assert [layer.instrument for layer in mix.layers] == ["letter_of_credit"]
    assert mix.cost == metrics.Estimate(pytest.approx(400_000 * (0.02 + 0.25 * 0.06)), 0.0)
    assert found.falls_short == metrics.Estimate(0.0, 1 / 200)
    assert dict(found.alone).keys() == {"escrow", "letter_of_credit", "surety_bond"}
    accepted = asked(held_by("escrow"), held_by("reinsurance", accepted=True, attachment=0.0))
    mix = answered(accepted, np.full((200, 3), 1e5), 400_000.0).cheapest
    assert [layer.instrument for layer in mix.layers] == ["reinsurance"]


def test_reinsurance_pays_beyond_its_attachment_and_never_within_what_the_rule_asks() -> None:
    net = losses()
    for attachment in (0.0, 1.2e6, 9e6):
        choice = asked(held_by("escrow"), held_by("reinsurance", attachment=attachment))
        mix = answered(choice, net, 3e5).cheapest
        stop = [layer for layer in mix.layers if layer.instrument == "reinsurance"]
        assert all(layer.bottom >= max(attachment, 3e5) - 0.01 for layer in stop)
        assert bool(stop) == (attachment < mix.held)
    usual = answered(asked(), net).mixes
    mix = next(mix for mix in usual if not mix.flows)
    reached = np.mean(np.maximum(-net, 0.0).sum(axis=1) > mix.layers[-1].bottom)
    assert mix.layers[-1].instrument == "reinsurance"
    assert reached <= instrument_terms()["reinsurance_reached"].at().value


def test_surer_is_more_and_never_cheaper() -> None:
    net = losses()
    found = [answered(asked(chance=chance), net).cheapest for chance in (0.8, 0.9, 0.95, 0.99)]
    assert [mix.held for mix in found] == sorted(mix.held for mix in found)
    assert [mix.cost.value for mix in found] == sorted(mix.cost.value for mix in found)


def test_recoupment_and_withheld_savings_leave_less_to_hold() -> None:
    everything = asked(*(held_by(name) for name in ("escrow", "withheld_savings", "recoupment")))
    found = {mix.flows: mix for mix in answered(everything, losses()).mixes}
    assert set(found) == {(), ("withheld_savings",), ("recoupment",), ("withheld_savings", "recoupment")}
    assert all(mix.held <= found[()].held for mix in found.values())
    assert found[("recoupment",)].held < found[()].held
    assert all(mix.flow_cost.value > 0 for flows, mix in found.items() if flows)


def test_a_limit_passes_the_rest_to_the_next() -> None:
    whole = answered(asked(held_by("letter_of_credit"), held_by("escrow")), losses()).cheapest
    half = answered(asked(held_by("letter_of_credit", limit=3e5), held_by("escrow")), losses()).cheapest
    assert half.cost.value > whole.cost.value
    widths = {layer.instrument: layer.top - layer.bottom for layer in half.layers}
    assert widths["letter_of_credit"] == pytest.approx(3e5)
    assert sum(widths.values()) == pytest.approx(half.held)


def test_too_few_worlds_are_said_to_be_too_few() -> None:
    found = answered(asked(chance=0.999), losses(200))
    assert isnan(found.cheapest.needed.value)
    assert isnan(found.cheapest.cost.value)
    assert found.cheapest.layers == ()


# A scenario --------------------


def test_the_rule_is_held_against_the_worlds_by_arrangement_and_size() -> None:
    for size in (SMALL, POOL):
        lived = Lived(SCENARIO, PANELS, size)
        (reserve,), (found,) = repayment_at(lived), security_at(lived)
        assert (found.arrangement, found.people, found.tier) == ("mssp_enhanced", size, None)
        assert found.required == reserve.rule.amount > 0
        assert found.confidence == reserve.rule.confidence
        assert found.falls_short.value == pytest.approx(1 - reserve.enough_worst_year.value)
        assert found.falls_short_agreement.value == pytest.approx(1 - reserve.enough_agreement.value)
    assert security_at(Lived(build_scenario({k: v for k, v in WRITTEN.items() if k != "security"}), PANELS, POOL)) == []
    owed = settle(SCENARIO, PANELS, "mssp_enhanced", panel_size=POOL).owed.sum(axis=1)
    bare = next(mix for mix in found.mixes if not mix.flows)
    assert bare.needed == metrics.percentile(owed, 0.95)


def test_a_practice_holds_what_its_tier_can_charge() -> None:
    scenario = written(
        arrangements=[{"name": "reach_global"}],
        practice={"people": [SMALL], "tiers": [{"name": name} for name in ("upside_only", "full")]},
    )
    found = security_of_practice(scenario, simulate(scenario))
    assert [(each.tier, each.people, each.required) for each in found] == [("Full risk", SMALL, 0.0)]
    assert security_of_practice(written(security=None, arrangements=[{"name": "reach_global"}]), PANELS) == []


def test_the_register_names_every_price_and_who_set_it() -> None:
    choice = [{"name": "escrow"}, {"name": "surety_bond", "holding": 0.04}]
    lines = {line.name: line for line in assumptions(written(security={"instruments": choice}))}
    assert (lines["surety_bond_holding"].value, lines["surety_bond_holding"].set_by) == (0.04, "scenario")
    assert (lines["escrow_holding"].set_by, lines["escrow_holding"].confidence) == ("default", "uncertain")
    assert lines["deposit_yield"].value == 0.02
    assert "letter_of_credit_holding" not in lines


@pytest.mark.parametrize(
    ("security", "words"),
    [
        ({"chance": 95.0}, "95 percent is 0.95"),
        ({"chance": 1.0}, r"security\.chance"),
        ({"over": "years"}, "did you mean 'year'"),
        ({"cost_of_capital": 8.0}, "8 percent is 0.08"),
        ({"instruments": []}, r"security\.instruments"),
        ({"instruments": [{"name": "escow"}]}, r"security\.instruments\[1\]\.name.*did you mean 'escrow'"),
        ({"instruments": [{"name": "escrow"}, {"name": "escrow"}]}, "named twice"),
        ({"instruments": [{"name": "reinsurance"}]}, "must be among them without limit"),
        ({"instruments": [{"name": "escrow", "limit": 1e6}]}, "must be among them without limit"),
        ({"instruments": [{"name": "escrow", "share": 0.5}]}, "escrow has no share"),
        ({"instruments": [{"name": "escrow"}, {"name": "recoupment", "limit": 5.0}]}, "recoupment has no limit"),
        ({"instruments": [{"name": "escrow", "attachment": 5.0}]}, "escrow has no attachment"),
        ({"instruments": [{"name": "escrow", "limit": 0.0}]}, r"security\.instruments\[1\]\.limit"),
        ({"chanse": 0.9}, "did you mean 'chance'"),
    ],
)
def test_bad_tables_are_refused_with_their_key(security: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        written(security=security)


@pytest.mark.skipif(INTERPRETED, reason="95% certainty needs some hundred worlds")
def test_the_page_says_what_to_hold() -> None:
    page = report_page(answer(SCENARIO))
    section = page[page.index("What must be set aside</h2>") : page.index("Does size matter?</h2>")]
    assert "To be 95% sure of being able to pay" in section
    assert "What to hold, and what that costs" in section
    assert "One instrument alone" in section
