"""Figures: every year drawn once, nothing smoothed or joined across the gate, the same bytes every time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import PathCollection

from simdce import plots
from simdce.arrangements.repayment import Repayment
from simdce.metrics import Estimate
from simdce.plots.payment import DOTS
from simdce.plots.style import dollar_tick, spread
from simdce.results import AGREEMENT, Row
from simdce.scenario import ViabilityCondition
from simdce.studies.repayment import RepaymentAnswer
from simdce.studies.viability import ViabilityCurve

PAID = ViabilityCondition(outcome="paid", true_savings=0.03, at_least=0.8)
OWING = ViabilityCondition(outcome="owing", true_savings=0.0, at_most=0.05)


def years(count: int = 600) -> np.ndarray:
    """Net payments with a gap: nothing between −1 and 1 million."""
    drawn = np.random.default_rng(7).normal(0.3e6, 2e6, count)
    return np.where(np.abs(drawn) < 1e6, 0.0, drawn)


def curve(name: str, chances: tuple[float, ...], condition: ViabilityCondition = PAID) -> ViabilityCurve:
    sizes = (5_000, 15_000, 50_000)[: len(chances)]
    estimates = tuple(Estimate(chance, 0.01) for chance in chances)
    return ViabilityCurve(name, condition, sizes, estimates, 20_000.0, 18_000.0, None)


def reserve(worst: tuple[float, ...], total: tuple[float, ...], rule: float = 1e6) -> RepaymentAnswer:
    amounts = [tuple(Estimate(amount, 5e4) for amount in amounts) for amounts in (worst, total)]
    enough = Estimate(0.93, 0.01)
    rules = Repayment(rule, "0.01 of Part A and B expenditure", "a rule", "quoted")
    return RepaymentAnswer("x", 15_000, rules, enough, enough, (0.9, 0.95, 0.99), *amounts)


def words(drawn: object) -> str:
    return plots.svg(drawn, "a figure")  # type: ignore[arg-type]


@pytest.mark.parametrize("net", [years(), np.zeros(50), np.full(50, -3e5), years().reshape(200, 3)])
def test_every_row_of_payments_has_twenty_marks(net: np.ndarray) -> None:
    ax = plots.payment_laws({"one": net, "two": years()})
    marks = sum(len(drawn.get_offsets()) for drawn in ax.collections if isinstance(drawn, PathCollection))
    assert marks == 2 * DOTS


def test_no_mark_stands_in_the_lane_of_nothing_but_squares() -> None:
    ax = plots.payment_laws({"tiny": np.array([-5.0, 5.0, 0.0, 1e6])})
    for drawn in ax.collections:
        if isinstance(drawn, PathCollection) and len(drawn.get_offsets()):
            columns = np.abs(np.asarray(drawn.get_offsets())[:, 0])
            assert (columns <= 2).all() or (columns > 2.5).all()


def test_shares_of_a_savings_rate_law_are_those_of_the_years() -> None:
    rates = np.random.default_rng(1).normal(0.0, 0.03, 2_000)
    net = np.where(rates >= 0.02, 1.0, np.where(rates <= -0.02, -1.0, 0.0))
    ax = plots.savings_rate_law(rates, net, minimum_savings=(0.02,), minimum_losses=(-0.02,))
    told = " ".join(text.get_text() for text in ax.texts)
    assert f"paid\n{100 * (net > 0).mean():.0f}%" in told
    assert "minimum savings 2%" in told
    assert "minimum loss 2%" in told
    area = sum(patch.get_data().values @ np.diff(patch.get_data().edges) for patch in ax.patches[-1:])  # type: ignore[attr-defined]
    assert area == pytest.approx(1.0)


def test_a_rule_without_a_gate_is_said_to_have_none() -> None:
    rates = np.linspace(-0.05, 0.05, 201)
    ax = plots.savings_rate_law(rates, rates, minimum_savings=(0.0,), minimum_losses=(0.0,))
    assert any("first dollar" in text.get_text() for text in ax.texts)


def test_equal_curves_are_drawn_and_named_once() -> None:
    curves = [curve("a", (0.4, 0.6, 0.7)), curve("b", (0.4, 0.6, 0.7)), curve("c", (0.5, 0.6, 0.7))]
    ax = plots.chance_by_panel_size(curves, names={"a": "A and B", "b": "A and B"}, admitted_from=10_000)
    assert sum(len(np.asarray(line.get_xdata())) == 3 for line in ax.lines) == 2
    told = [text.get_text() for text in ax.texts]
    assert told.count("A and B") == 1
    assert "under 10,000: not admitted" in told
    assert "asked for: at least 80%" in told


def test_curves_of_two_conditions_are_refused() -> None:
    with pytest.raises(ValueError, match="one condition"):
        plots.chance_by_panel_size([curve("a", (0.5, 0.6)), curve("a", (0.1, 0.0), OWING)])


def test_no_line_joins_nothing_owed_to_the_smallest_loss() -> None:
    ax = plots.repayment_by_confidence(reserve((0.0, 1.2e6, 2e6), (0.0, 1.4e6, 4e6)), name="a $x$ label")
    for line in ax.lines:
        heights = np.asarray(line.get_ydata(), float)
        if line.get_linestyle() != "None" and len(heights) > 1:
            assert (heights > 0).all() or (heights == 0).all()
    assert "$x$" in words(ax)


def test_the_rule_is_marked_at_the_chance_that_it_suffices() -> None:
    ax = plots.repayment_by_confidence(reserve((1e6, 2e6, 3e6), (2e6, 3e6, 4e6), rule=1.5e6))
    diamond = next(line for line in ax.lines if line.get_marker() == "D")
    assert np.asarray(diamond.get_ydata())[0] == 1.5e6
    assert 10 ** -float(np.asarray(diamond.get_xdata())[0]) == pytest.approx(0.07)
    silent = plots.repayment_by_confidence(reserve((1e6, 2e6, 3e6), (1e6, 2e6, 3e6), rule=0.0))
    assert "asks for nothing" in silent.get_title(loc="left")


def test_variance_bars_add_up_to_the_whole() -> None:
    rows = [
        Row("x", size, AGREEMENT, metric, Estimate(value, 0.0))
        for size, spread_, share in ((5_000, 0.04, 0.6), (50_000, 0.03, 0.1))
        for metric, value in (("sd_savings_rate", spread_), ("removable_variance", share))
    ]
    ax = plots.variance_by_panel_size(rows)
    tops = sorted(patch.get_y() + patch.get_height() for patch in ax.patches)  # type: ignore[attr-defined]
    assert tops[-1] == pytest.approx(16.0)
    assert any("60%" in text.get_text() for text in ax.texts)


def test_the_same_figure_gives_the_same_bytes_and_no_script() -> None:
    law = {"<script>x</script> & $a_b$": years()}
    first, second = (words(plots.payment_laws(law)) for _ in range(2))
    assert first == second
    assert "<script" not in first
    assert "$a_b$" in first
    assert "<metadata" not in first


def test_axes_given_are_the_axes_drawn_on() -> None:
    figure = plots.new_figure(8, 4)
    ax = figure.add_subplot()
    assert plots.payment_laws({"one": years()}, ax=ax) is ax
    assert plots.chance_by_panel_size([curve("a", (0.5,))], ax=figure.add_subplot()) is not ax


def test_labels_move_apart_in_their_order() -> None:
    placed = spread([50.0, 50.1, 50.2, 99.0], 5.0, 0.0, 100.0)
    assert placed == sorted(placed)
    assert min(np.diff(placed)) >= 4.9
    assert spread([], 1.0, 0.0, 1.0) == []
    assert all(0 <= place <= 10 for place in spread([9.0] * 30, 2.0, 0.0, 10.0))


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "$0"), (-2.5e6, "−$2.5M"), (8e5, "$800k"), (1.2e9, "$1.2B"), (-40.0, "−$40")]
)
def test_ticks_have_the_sign_before_the_dollar(value: float, text: str) -> None:
    assert dollar_tick(value) == text


def test_errors_that_are_not_numbers_do_not_stop_a_figure() -> None:
    answer = reserve((1e6, 2e6, 3e6), (1e6, 2e6, 3.5e6))
    unknown = tuple(Estimate(e.value, float("nan")) for e in answer.needed_agreement)
    assert plots.repayment_by_confidence(replace(answer, needed_agreement=unknown)).lines
