"""How often chance pays, charges or denies: DeLia, Hoover and Cantor 2012, and round words on size since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simdce.evidence.chance import chance, gate
from simdce.evidence.row import Cell, Computed


def reward(cell: Cell) -> Computed:
    """The chance of a savings rate at or above the gate."""
    found = chance(cell.inputs["people"], cell.inputs["years"])
    return Computed(found.above(cell.inputs["gate"]), found.bound, note=found.spreads)


def penalty(cell: Cell) -> Computed:
    """The chance of a savings rate at or below minus the gate."""
    found = chance(cell.inputs["people"], cell.inputs["years"])
    return Computed(found.below(-cell.inputs["gate"]), found.bound, note=found.spreads)


def denial(cell: Cell) -> Computed:
    """The chance that those who truly saved stay below the minimum savings rate."""
    asked = cell.inputs
    found = chance(asked["people"], asked["years"])
    return Computed(found.below(gate(asked["gate"], asked["true_savings"])), found.bound, note=found.spreads)


def payments(cell: Cell) -> Computed:
    """The ratio of two expected payments, in which cost per person cancels."""
    (least, low), (most, high) = (_payment(cell.inputs[name], cell.inputs["years"]) for name in ("smallest", "largest"))
    ratio = most / least
    return Computed(ratio, ratio * (low / least + high / most))


def wrong_outcome(cell: Cell) -> Computed:
    """The chance that those who saved nothing are paid or charged."""
    found = chance(cell.inputs["people"], cell.inputs["years"])
    rate = cell.inputs["gate"]
    return Computed(found.above(rate) + found.below(-rate), 2.0 * found.bound, note=found.spreads)


def near_the_truth(cell: Cell) -> Computed:
    """Half the width of the central range at a level."""
    found = chance(cell.inputs["people"], cell.inputs["years"])
    tail = 0.5 * (1.0 - cell.inputs["level"])
    (low, low_error), (high, high_error) = found.quantile(tail), found.quantile(1.0 - tail)
    return Computed(0.5 * (high - low), 0.5 * (low_error + high_error), note=found.spreads)


def _payment(contract: dict[str, Any], years: Sequence[int]) -> tuple[float, float]:
    """Expected payment in units of one person's benchmark, and its bound."""
    found = chance(contract["people"], years)
    savings, error = found.expected_savings(contract["gate"], contract["true_savings"])
    scale = contract["people"] * contract["share"]
    return scale * savings, scale * error


GROUPS = {
    "reward": reward,
    "penalty": penalty,
    "denial": denial,
    "payments": payments,
    "wrong_outcome": wrong_outcome,
    "near_the_truth": near_the_truth,
}
