"""Every panel size settled under every arrangement and asked every question; a second process takes sizes from the end.

What is found at a size depends on nothing but its simulated totals, so it does not matter where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from simdce.beside import Beside
from simdce.control import Controls
from simdce.metrics import Estimate
from simdce.resources.machine import returned
from simdce.results import Row
from simdce.scenario import Scenario, ViabilityCondition
from simdce.studies.comparison import differences_of
from simdce.studies.observed import Happened, observed_at
from simdce.studies.payment import Lived, Paid, payments, rows_of
from simdce.studies.repayment import RepaymentAnswer, repayment_at
from simdce.studies.security import SecurityAnswer, security_at
from simdce.studies.viability import chances_at
from simdce.unfinished import AtSize
from simdce.worlds import PanelYears


def settle(
    scenario: Scenario,
    panels: PanelYears,
    settled: list[AtSize],
    controls: Controls | None,
    beside: Beside,
    progress: Callable[[float], None],
) -> None:
    """Adds the panel sizes that ``settled`` has not yet, in their order; ``progress`` hears the finished share.

    Those of the second process are added last: an interruption loses them.
    """
    sizes, theirs = panels.panel_sizes, list[Callable[[], Any]]()
    while len(settled) + len(theirs) < len(sizes):
        size = sizes[len(sizes) - 1 - len(theirs)]
        if beside.free and size != sizes[len(settled)]:
            theirs.append(beside.ask(__name__, "alone", scenario, panels.only(size), size, controls is not None))
            continue
        settled.append(at_size(scenario, panels, sizes[len(settled)], controls))
        returned()
        progress((len(settled) + len(theirs)) / len(sizes))
    settled += [found() for found in reversed(theirs)]
    progress(1.0)


def alone(scenario: Scenario, panels: PanelYears, size: int, controlled: bool) -> AtSize:
    """One panel size with controls of its own."""
    return at_size(scenario, panels, size, Controls(scenario, panels) if controlled else None)


def at_size(scenario: Scenario, panels: PanelYears, size: int, controls: Controls | None) -> AtSize:
    """One arrangement after the other, so that what was settled under it serves every question and is then let go."""
    lived = Lived(scenario, panels, size)
    paid: dict[str, Sequence[Paid]] = {}
    rows: list[Row] = []
    chances: list[tuple[str, ViabilityCondition, Estimate]] = []
    reserves: list[RepaymentAnswer] = []
    happened: list[Happened] = []
    secured: list[SecurityAnswer] = []
    for key, of_one in lived.by_arrangement():
        paid[key] = payments(of_one, key, controls)
        rows += rows_of(of_one, key, paid[key], controls)
        chances += [(*of_what, chance) for of_what, chance in chances_at(of_one).items()]
        owing = repayment_at(of_one)
        reserves += owing
        happened += observed_at(of_one)
        secured += security_at(of_one, owing)
    differences = tuple(differences_of(lived, paid))
    return AtSize(tuple(rows), tuple(chances), tuple(reserves), tuple(happened), differences, tuple(secured))
