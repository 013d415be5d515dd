"""CMS's minimum savings rates as the model's own: what chance alone reaches one time in 10, 20 or 100."""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import ndtri

from simdce.evidence.chance import chance
from simdce.evidence.row import Cell, Computed


def rate(cell: Cell) -> Computed:
    """The quantile of chance at the level that CMS meant."""
    return _rate(cell, cell.inputs["level"])


def rate_between(cell: Cell) -> Computed:
    """The same, at a level between those of the neighbouring anchors, linear in people."""
    people, levels = np.array(cell.inputs["levels"]).T
    return _rate(cell, float(np.interp(cell.inputs["people"], people, levels)))


def false_reward(cell: Cell) -> Computed:
    """The chance that who saved nothing reaches the minimum savings rate."""
    found = chance(cell.inputs["people"], cell.inputs["years"])
    return Computed(found.above(cell.inputs["gate"]), found.bound, note=found.spreads)


def _rate(cell: Cell, level: float) -> Computed:
    people = cell.inputs["people"]
    found = chance(people, cell.inputs["years"])
    value, error = found.quantile(level)
    implied = cell.figure * sqrt(people) / float(ndtri(level))
    away = value / cell.figure - 1.0
    side = "below" if away < 0 else "above"
    note = f"{abs(away):.1%} {side} CMS's, at {level:.1%}: {found.spreads}, CMS's rate implies {implied:.2f}"
    return Computed(value, error, note=note)


GROUPS = {"rate": rate, "rate_between": rate_between, "false_reward": false_reward}
