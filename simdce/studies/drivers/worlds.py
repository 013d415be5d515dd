"""Payments with an input otherwise, on the same worlds; people are simulated again only where they are other people."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simdce.metrics import FloatArray
from simdce.scenario import Scenario
from simdce.studies.drivers.inputs import Asked
from simdce.studies.payment import Lived
from simdce.studies.practice import division_under
from simdce.studies.practice_result import pool_years
from simdce.tiers.terms import CENTS
from simdce.worlds import PanelYears, simulate

_MAKES_PEOPLE = ("cost", "persistence", "turnover")
"""Tables of a scenario that the inputs change and that decide who falls ill, dies and leaves."""


class DriverWorlds:
    """The panels of a scenario, and of the scenarios that differ from it in what makes people; each simulated once."""

    def __init__(
        self,
        scenario: Scenario,
        panels: PanelYears,
        *,
        threads: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self._threads, self._progress = threads, progress
        self._kept: dict[str, list[PanelYears]] = {_people_of(scenario): [panels]}
        self.simulations = 0

    def panels(self, scenario: Scenario, sizes: tuple[int, ...], *, keep: bool = True) -> PanelYears:
        """Panels of these sizes on the same seed; simulated where none of those kept holds them."""
        kept = self._kept.setdefault(_people_of(scenario), [])
        for panels in kept:
            held = panels.recovered_dollars is not None or not scenario.elects_stop_loss
            if held and set(sizes) <= set(panels.panel_sizes):
                return panels
        panel = scenario.panel.model_copy(update={"sizes": tuple(sorted(set(sizes)))})
        found = simulate(scenario.model_copy(update={"panel": panel}), threads=self._threads, progress=self._progress)
        self.simulations += 1
        if keep:
            kept.append(found)
        return found

    def paid(self, asked: Asked, *, keep: bool = True) -> FloatArray:
        """Net payment of every world and performance year, dollars; what a tier brings in all for a practice."""
        panels = self.panels(asked.scenario, asked.sizes, keep=keep)
        if asked.tier is None:
            return Lived(asked.scenario, panels, asked.people).settled(asked.arrangement)[0].net
        practice = asked.scenario.practice
        assert practice is not None
        tier = next(tier for tier in practice.tiers if tier.key == asked.tier)
        pool = pool_years(asked.scenario, panels, asked.choice)
        division = division_under(tier, asked.scenario, *pool.with_practice(asked.people))
        return np.asarray(division.practice.total / CENTS)


def same_people(one: Scenario, other: Scenario) -> bool:
    """Whether two scenarios simulate the same people, panel sizes apart."""
    return _people_of(one) == _people_of(other)


def _people_of(scenario: Scenario) -> str:
    return "".join(getattr(scenario, name).model_dump_json() for name in _MAKES_PEOPLE)
