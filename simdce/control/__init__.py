"""The exact law as control variate: in every simulated world, the statistic whose law is known without simulation.

Of each performance year that is the savings rate to first order, from the world's own totals and shocks, and the year's
settlement of it. Whatever the law leaves out (curvature, bends of caps, memory of losses) costs variance, never bias:
the statistic is computed as the law defines it, not as the simulator settles.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce.control.regression import PLAIN, Controlled, controlled
from simdce.exact import ExactModel, exact_model
from simdce.exact.first_order import FirstOrder
from simdce.exact.linear import SlotSum
from simdce.exact.slot import ABSENCE, DOLLARS, QUANTITIES, SCORE
from simdce.scenario import Scenario
from simdce.slot_law import layout
from simdce.worlds import PanelYears

__all__ = ["PLAIN", "Controlled", "Controls"]

FloatArray = NDArray[np.float64]

WORLDS_A_CONTROL = 50
"""Fewer worlds than this for each control and the error of the regression itself would tell."""

SEEN = 20.0
"""Worlds expected on either side of an event that may be a control: rare ones hang on a world or two."""

WORST_LAW = 1e-6
"""The largest error of a chance with which a law's mean is called exact."""


class Controls:
    """The controls of a scenario's simulated worlds; laws are made once and kept, or are those of a given model."""

    def __init__(self, scenario: Scenario, panels: PanelYears, model: ExactModel | None = None) -> None:
        self.scenario, self.panels = scenario, panels
        self._model = exact_model(scenario) if model is None else model
        self._where = [panels.categories.index(name) for name, share in scenario.mix.items() if share > 0]
        self._kept: tuple[int, str, Controlled] | None = None
        self._size: int | None = None
        self._totals: dict[bool, FloatArray] = {}
        self._sums: dict[tuple[Any, ...], FloatArray] = {}

    def at(self, arrangement: str, panel_size: int) -> Controlled:
        """The regression of one panel size under one arrangement; PLAIN where worlds are few or a law is rough.

        The choice of controls hangs on numbers known before the simulation: the laws, and the number of worlds. It is
        kept until another is asked for, and what arrangements share of a panel size until another size is.
        """
        if self._kept is None or self._kept[:2] != (panel_size, arrangement):
            if panel_size != self._size:
                self._size = panel_size
                self._totals.clear()
                self._sums.clear()
            self._kept = panel_size, arrangement, self._regression(arrangement, panel_size)
        return self._kept[2]

    def _regression(self, arrangement: str, panel_size: int) -> Controlled:
        worlds = self.panels.worlds
        if worlds < WORLDS_A_CONTROL:
            return PLAIN
        years = [
            self._model.first_order(arrangement, panel_size, year) for year in range(self.scenario.years.performance)
        ]
        if max(year.law.error_bound for year in years) > WORST_LAW:
            return PLAIN
        jump = max(year.largest_jump * year.expected_benchmark * year.paid_as for year in years)
        pairs = self._pairs(years, panel_size)
        return controlled(pairs, worlds, worlds // WORLDS_A_CONTROL, jump)

    def _pairs(self, years: list[FirstOrder], panel_size: int) -> Iterator[tuple[FloatArray, float]]:
        """Controls (world,) and their exact means, the most telling first."""
        worlds = self.panels.worlds
        ratios = [self._ratio(year, number, panel_size) for number, year in enumerate(years)]
        nets = [year.settled.at(ratio) for year, ratio in zip(years, ratios, strict=True)]
        chances = [(year.chance_paid, year.chance_owing) for year in years]
        settling = [
            (net, year.mean_net)
            for year, net, known in zip(years, nets, chances, strict=True)
            if worlds * sum(known) >= SEEN
        ]
        if len(settling) > 1:
            yield np.sum([net for net, _ in settling], axis=0), sum(exact for _, exact in settling)
        yield from settling
        for year, ratio in zip(years, ratios, strict=True):
            yield ratio, 1.0 - year.law.mean
        for net, known in zip(nets, chances, strict=True):
            for chance, seen in zip(known, (net > 0, net < 0), strict=True):
                if worlds * min(chance, 1.0 - chance) >= SEEN:
                    yield seen.astype(np.float64), chance
        last = years[-1]
        yield self._dollars(last, last.benchmark, panel_size), last.expected_benchmark
        for year, net, known in zip(years, nets, chances, strict=True):
            if worlds * min(known) >= SEEN:
                yield np.maximum(net, 0.0), year.mean_earned

    def _ratio(self, year: FirstOrder, number: int, panel_size: int) -> FloatArray:
        """E/B in every world under its own shocks (world,)."""
        draws = {name: each if each.ndim == 1 else each[:, number] for name, each in self.panels.shocks.items()}
        spent, benchmark = (self._dollars(year, part, panel_size) for part in (year.expenditure, year.benchmark))
        return year.shaken(spent / benchmark, draws)

    def _dollars(self, year: FirstOrder, part: SlotSum, panel_size: int) -> FloatArray:
        """A sum over slots in every world (world,), less what stop-loss pays in the year that counts dollars so.

        Arrangements whose benchmarks are alike share it.
        """
        key = (year.truncated, year.net_year, part.key)
        if key not in self._sums:
            found = year.dollars(part, self._totals_of(panel_size, year.truncated))
            if year.net_year is not None and self.panels.has_recoveries:
                recovered = self.panels.of_size("recovered_dollars", self.panels.panel_sizes.index(panel_size))
                paid = recovered[:, self._where, year.net_year]
                found = found - np.einsum("wk,k->w", paid, part.coefficients[:, DOLLARS, year.net_year])
            self._sums[key] = found
        return self._sums[key]

    def _totals_of(self, panel_size: int, truncated: bool) -> FloatArray:
        """Totals of every world in the order of the law's quantities (world, category, quantity, year).

        Those counted one way are kept until they are asked for counted the other way.
        """
        if truncated not in self._totals:
            self._totals.clear()
            size, panels = self.panels.panel_sizes.index(panel_size), self.panels
            found = np.empty((panels.worlds, len(self._where), QUANTITIES, len(panels.years)))
            for number, name, unit in (
                (DOLLARS, "truncated_dollars" if truncated else "dollars", 1),
                (ABSENCE, "absent_units", layout.YEAR_UNITS),
                (SCORE, "score_units", layout.SCORE_UNITS * layout.YEAR_UNITS),
            ):
                found[:, :, number] = panels.of_size(name, size)[:, self._where] / unit
            self._totals[truncated] = found
        return self._totals[truncated]
