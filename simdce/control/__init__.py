"""The exact law as control variate: in every simulated world, the statistic whose law is known without simulation.

Of each performance year that is the savings rate to first order, from the world's own totals and shocks, and the year's
settlement of it. Whatever the law leaves out (curvature, bends of caps, memory of losses) costs variance, never bias:
the statistic is computed as the law defines it, not as the simulator settles.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from simdce.control.regression import PLAIN, Controlled, controlled
from simdce.exact import ExactModel, exact_model
from simdce.exact.first_order import FirstOrder
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
        self._totals: dict[tuple[int, bool], FloatArray] = {}
        self._regressions: dict[tuple[int, str], Controlled] = {}

    def at(self, arrangement: str, panel_size: int) -> Controlled:
        """The regression of one panel size under one arrangement; PLAIN where worlds are few or a law is rough.

        The choice of controls hangs on numbers known before the simulation: the laws, and the number of worlds. Those
        of one panel size are kept until another is asked for.
        """
        if (panel_size, arrangement) not in self._regressions:
            self._regressions = {key: kept for key, kept in self._regressions.items() if key[0] == panel_size}
            self._regressions[panel_size, arrangement] = self._regression(arrangement, panel_size)
        return self._regressions[panel_size, arrangement]

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
        ratios = [year.ratio(self._counted(panel_size, year), self._draws(number)) for number, year in enumerate(years)]
        nets = [year.settled.at(ratio) for year, ratio in zip(years, ratios, strict=True)]
        settling = [
            (net, year.mean_net)
            for year, net in zip(years, nets, strict=True)
            if worlds * (year.chance_paid + year.chance_owing) >= SEEN
        ]
        if len(settling) > 1:
            yield np.sum([net for net, _ in settling], axis=0), sum(exact for _, exact in settling)
        yield from settling
        for year, ratio in zip(years, ratios, strict=True):
            yield ratio, 1.0 - year.law.mean
        for year, net in zip(years, nets, strict=True):
            for chance, seen in ((year.chance_paid, net > 0), (year.chance_owing, net < 0)):
                if worlds * min(chance, 1.0 - chance) >= SEEN:
                    yield seen.astype(np.float64), chance
        last = years[-1]
        yield last.dollars(last.benchmark, self._counted(panel_size, last)), last.expected_benchmark
        for year, net in zip(years, nets, strict=True):
            if worlds * min(year.chance_paid, year.chance_owing) >= SEEN:
                yield np.maximum(net, 0.0), year.mean_earned

    def _draws(self, year: int) -> Mapping[str, FloatArray]:
        """World-level shocks of a performance year, standard normal (world,)."""
        return {name: draws if draws.ndim == 1 else draws[:, year] for name, draws in self.panels.shocks.items()}

    def _counted(self, panel_size: int, year: FirstOrder) -> FloatArray:
        """The totals, with dollars less what stop-loss pays in the year that counts them so."""
        totals = self._totals_of(panel_size, year.truncated)
        if year.net_year is None or not self.panels.has_recoveries:
            return totals
        net, size = totals.copy(), self.panels.panel_sizes.index(panel_size)
        recovered = self.panels.of_size("recovered_dollars", size)
        net[:, :, DOLLARS, year.net_year] -= recovered[:, self._where, year.net_year]
        return net

    def _totals_of(self, panel_size: int, truncated: bool) -> FloatArray:
        """Totals of every world in the order of the law's quantities (world, category, quantity, year)."""
        if (panel_size, truncated) not in self._totals:
            self._totals = {key: kept for key, kept in self._totals.items() if key[0] == panel_size}
            size, panels = self.panels.panel_sizes.index(panel_size), self.panels
            dollars = panels.of_size("truncated_dollars" if truncated else "dollars", size)[:, self._where]
            missing = panels.of_size("absent_units", size)[:, self._where] / layout.YEAR_UNITS
            scores = panels.of_size("score_units", size)[:, self._where] / (layout.SCORE_UNITS * layout.YEAR_UNITS)
            quantities = {DOLLARS: dollars, ABSENCE: missing, SCORE: scores}
            stacked = np.stack([quantities[number] for number in range(QUANTITIES)], axis=2)
            self._totals[panel_size, truncated] = stacked
        return self._totals[panel_size, truncated]
