"""How unequal cost is: shares of the costliest in the frozen person-year, and what two years together still vary by."""

from __future__ import annotations

from functools import cache

import numpy as np

from simdce.evidence.chance import chance_scenario
from simdce.evidence.row import Cell, Computed
from simdce.slot_law import SlotLaw, layout
from simdce.slot_law.classes import class_shares
from simdce.slot_law.moments import frozen_mass, top_shares
from simdce.slots import slot_laws

_AGED = ("aged_dual", "aged_non_dual")
_EXACT = "exact sum of the frozen tables"


def elderly(cell: Cell) -> Computed:
    """The share of the costliest among those 65 and older."""
    top = cell.inputs["top"]
    note = f"{_EXACT}; with ESRD and disabled {_share(tuple(_laws()), top):.1%}"
    return Computed(_share(_AGED, top), note=note)


def everybody(cell: Cell) -> Computed:
    """The share of the costliest among all."""
    return Computed(_share(tuple(_laws()), cell.inputs["top"]), note=_EXACT)


def bottom_half(cell: Cell) -> Computed:
    """The share of the cheapest among all."""
    return Computed(1.0 - _share(tuple(_laws()), 1.0 - cell.inputs["bottom"]), note=_EXACT)


def two_years(cell: Cell) -> Computed:
    """Variation of the two years' cost of those who stay on the panel, categories mixed."""
    mix = chance_scenario().mix
    shares = np.array([mix[name] for name in _laws()])
    stay, mean, square = np.array([_two_years(law) for law in _laws().values()]).T
    shares = shares * stay / (shares @ stay)
    return Computed(float(np.sqrt(shares @ square / (shares @ mean) ** 2 - 1.0)), note=f"stayers; {_EXACT}")


def _two_years(law: SlotLaw) -> tuple[float, float, float]:
    """Chance to stay into the second year; mean and mean square of both years' cost of those who do."""
    powers = np.stack([law.costs.astype(float) ** power for power in range(3)])
    by_class = (powers * frozen_mass(law)).sum(axis=3) / class_shares()  # (power, living or decedent, class)
    moves = 1 << layout.MOVE_BITS
    kept = (moves - law.drift_threshold) / moves
    moved = (law.drift_threshold - law.leave_threshold) / moves
    drift = np.bincount(law.classes[layout.KINDS["drift"]], minlength=law.costs.shape[1]) / law.classes.shape[1]
    step = kept * np.eye(len(drift)) + moved * drift
    moments = by_class[:, 0] @ (class_shares()[:, None] * step) @ by_class.sum(axis=1).T  # (power then, power next)
    stay = float(moments[0, 0])
    mean = float(moments[1, 0] + moments[0, 1]) / stay
    return stay, mean, float(moments[2, 0] + 2.0 * moments[1, 1] + moments[0, 2]) / stay


@cache
def _laws() -> dict[str, SlotLaw]:
    return slot_laws(chance_scenario())


def _share(categories: tuple[str, ...], top: float) -> float:
    mix = chance_scenario().mix
    shares = np.array([mix[name] for name in categories])
    return top_shares([_laws()[name] for name in categories], list(shares / shares.sum()), (top,))[0]


GROUPS = {
    "elderly": elderly,
    "elderly_2001": elderly,
    "everybody": everybody,
    "bottom_half": bottom_half,
    "two_years": two_years,
}
