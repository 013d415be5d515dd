"""What a contract is worth when nothing but chance decides: Buckhead's scenarios, Friedberg's option prices."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import exp, pi, sqrt

from scipy.special import ndtr, ndtri

from simdce.evidence.chance import chance, gate
from simdce.evidence.row import Cell, Computed


def normal_law(cell: Cell) -> Computed:
    """Expected dollars under a normal law whose spread gives the article's chance of a loss."""
    spread, *ends = _spreads(cell)
    saved = cell.inputs["benchmark"] - cell.inputs["cost"]
    threshold = cell.inputs["gate"] * cell.inputs["benchmark"]

    def dollars(sd: float) -> float:
        side = cell.inputs["side"]
        mean, least = side * saved, threshold
        z = (least - mean) / sd
        return float(side * cell.inputs["share"] * (mean * ndtr(-z) + sd * exp(-0.5 * z * z) / sqrt(2.0 * pi)))

    return Computed(dollars(spread), _reach(dollars, spread, ends), note=f"standard deviation ${spread:,.0f}")


def person_level_law(cell: Cell) -> Computed:
    """The same of as many simulated people as have that spread."""
    asked, (spread, *ends) = cell.inputs, _spreads(cell)
    true_savings = 1.0 - float(asked["cost"] / asked["benchmark"])

    def dollars(sd: float) -> float:
        found = chance(_people(sd / asked["benchmark"]))
        scale = float(asked["share"] * asked["benchmark"])
        paid, _ = found.expected_savings(asked["gate"], true_savings)
        if asked["side"] > 0:
            return scale * paid
        return scale * (1.0 - (1.0 - found.laws[0].mean) * (1.0 - true_savings) - paid)

    people = _people(spread / asked["benchmark"])
    error = chance(people).expected_savings(asked["gate"], true_savings)[1] * asked["benchmark"]
    return Computed(dollars(spread), error + _reach(dollars, spread, ends), note=f"{people:,} people")


def person_level_loss(cell: Cell) -> Computed:
    """The chance that those people lose."""
    asked, (spread, *ends) = cell.inputs, _spreads(cell)
    even = gate(0.0, 1.0 - asked["cost"] / asked["benchmark"])

    def losing(sd: float) -> float:
        return chance(_people(sd / asked["benchmark"])).below(even)

    people = _people(spread / asked["benchmark"])
    found = chance(people)
    note = f"{people:,} people, skewness {found.laws[0].skewness:.2f}"
    return Computed(losing(spread), found.bound + _reach(losing, spread, ends), note=note)


def price(cell: Cell) -> Computed:
    """Expected share of all savings above nothing, untruncated cost."""
    asked = cell.inputs
    found = chance(asked["people"], truncated=False, shocks=asked["shocks"])
    value, error = found.expected_savings(0.0, 0.0)
    note = f"measured savings vary by {found.laws[0].sd:.1%}"
    return Computed(asked["share"] * value, asked["share"] * error, note=note)


def _spreads(cell: Cell) -> tuple[float, float, float]:
    """Standard deviation in dollars behind the stated chance of a loss, and at both ends of its rounding."""
    asked = cell.inputs
    saved = asked["benchmark"] - asked["loss_cost"]
    chances = (asked["loss_chance"] + shift * asked["loss_half_width"] for shift in (0, -1, 1))
    first, low, high = (saved / float(-ndtri(chance)) for chance in chances)
    return first, low, high


def _reach(figure: Callable[[float], float], spread: float, ends: list[float]) -> float:
    return max(abs(figure(end) - figure(spread)) for end in ends)


@cache
def _people(sd: float) -> int:
    """Panel size at which chance alone has this standard deviation of the savings rate."""
    size = 1000
    for _ in range(3):  # the spread is all but proportional to one over the root of the size
        size = round(size * (chance(size).laws[0].sd / sd) ** 2)
    return size


GROUPS = {
    "normal_law": normal_law,
    "person_level_law": person_level_law,
    "person_level_loss": person_level_loss,
    "price": price,
}
