"""Published arithmetic through the tool's own rules: Axene's example, amounts to set aside."""

from __future__ import annotations

import numpy as np

from simdce import arrangements
from simdce.arrangements.elections import Elections
from simdce.arrangements.repayment import repayment_amount
from simdce.arrangements.settlement import Outcome
from simdce.evidence.row import Cell, Computed

_MONTHS = 12


def payment(cell: Cell) -> Computed:
    """A settlement of given dollars, without sequestration, which the example leaves out."""
    asked, year = cell.inputs, cell.about.first_year
    assert year is not None
    months = asked["member_months"]
    outcome = Outcome(
        benchmark=np.array([asked["target"] * months]),
        expenditure=np.array([asked["actual"] * months]),
        assigned_beneficiaries=np.array([months / _MONTHS]),
    )
    overrides = {"sequestration_factor": 1.0, "max_sharing_rate": float(asked["share"])}
    chosen = Elections(minimum_savings_rate=asked["gate"], overrides=overrides)
    settled = arrangements.load(asked["arrangement"]).settle(outcome, (year,), chosen)
    return Computed(float(settled.net[0]), note=f"settled as {asked['arrangement']}, unsequestered")


def repayment(cell: Cell) -> Computed:
    """What the rule asks to set aside."""
    asked = cell.inputs
    revenue = asked["revenue"] * asked["people"] if "revenue" in asked else None
    rules = arrangements.load(asked["arrangement"])
    found = repayment_amount(rules, asked["start"], asked["cost"] * asked["people"], revenue)
    return Computed(found.amount, note=found.branch)


GROUPS = {"payment": payment, "repayment": repayment, "repayment_range": repayment}
