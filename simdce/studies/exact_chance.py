"""The exact chance of being paid or of owing at any panel size, true savings and spread of what no size averages out.

True savings and an annual shock multiply E/B, so one law of the savings rate, made without them, serves every rate and
every spread: its logarithm is shifted. People noisier by a factor f per head make a panel of n people as uncertain as
one of n / f² people is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simdce.exact import ExactModel, SavingsRateLaw
from simdce.scenario import Scenario
from simdce.settlements import SAVINGS_KNOWN

FloatArray = NDArray[np.float64]
Outcome = Literal["paid", "owing"]

_NOTHING = 1e-14
"""Of a settlement per dollar of benchmark, as the law of the payment has it."""

_DRAWS = np.linspace(-8.0, 8.0, 401)
_WEIGHTS = np.exp(-0.5 * _DRAWS**2) / np.exp(-0.5 * _DRAWS**2).sum()
"""The standard normal law on a grid finer than any panel's own noise: a sum over it is exact to rounding."""


class ExactChances:
    """Chances of a scenario's arrangements in one performance year; laws already found are kept.

    ``shocks`` names the world-level shocks that are on; ``model``: the scenario's, where there is one. Raises
    InputError as ``ExactModel`` does.
    """

    def __init__(
        self, scenario: Scenario, shocks: Sequence[str] = SAVINGS_KNOWN, model: ExactModel | None = None
    ) -> None:
        self.shocks = tuple(shocks)
        self._model = (ExactModel(scenario) if model is None else model).at_savings(0.0)
        self.scenario = self._model.scenario
        self._laws: dict[tuple[str, int, int, tuple[str, ...]], SavingsRateLaw] = {}

    def chance(
        self,
        arrangement: str,
        outcome: Outcome,
        true_savings: float,
        panel_size: int,
        year: int,
        *,
        noise: float = 1.0,
        annual_sd: float | None = None,
        shocks: Sequence[str] | None = None,
    ) -> float:
        """Probability of being paid, or of owing, in a performance year (position, from 0).

        ``noise`` multiplies what a person adds to the standard deviation of the savings rate; ``annual_sd`` replaces
        the scenario's annual shock; ``shocks`` the world-level shocks that are on.
        """
        on = tuple(self.shocks if shocks is None else shocks)
        if annual_sd is not None:
            on = tuple(name for name in on if name != "annual")
        law, settled = self._law(arrangement, panel_size, year, on), self._model.settled(arrangement, panel_size, year)
        if noise != 1.0:
            alike = max(round(panel_size / noise**2), 1)
            law = self._law(arrangement, alike, year, on)
        edges = settled.edges
        moved = np.log1p(-true_savings) + (np.zeros(1) if annual_sd is None else np.log1p(annual_sd * _DRAWS))
        weights = np.ones(1) if annual_sd is None else _WEIGHTS
        below = weights @ law.sf(1.0 - edges[None, :] * np.exp(-moved)[:, None])  # P(E/B <= edge)
        by_piece = np.diff(np.append(below, 1.0))
        net = settled.at(np.append(0.5 * (edges[1:] + edges[:-1]), edges[-1] + 1.0))
        return float(by_piece[net > _NOTHING if outcome == "paid" else net < -_NOTHING].sum())

    def average(
        self,
        arrangement: str,
        outcome: Outcome,
        true_savings: float,
        panel_size: int,
        *,
        years: Sequence[int] | None = None,
        noise: float = 1.0,
        annual_sd: float | None = None,
    ) -> float:
        """The chance in an average performance year (of ``years``, positions; default all); arguments as ``chance``."""
        years = range(self.scenario.years.performance) if years is None else years
        return float(
            np.mean([
                self.chance(arrangement, outcome, true_savings, panel_size, year, noise=noise, annual_sd=annual_sd)
                for year in years
            ])
        )  # fmt: skip

    def left_out(
        self, arrangement: str, panel_size: int = 10_000, years: Sequence[int] | None = None
    ) -> tuple[str, ...]:
        """What the simulator does and the law does not, a sentence each, in the first of the years that has any."""
        for year in range(self.scenario.years.performance) if years is None else years:
            neglected = self._model.settled(arrangement, panel_size, year).neglected
            if neglected:
                return neglected
        return ()

    def handful(self, arrangement: str, panel_size: int, year: int = 0) -> float:
        """About what the law's missing terms would move a chance, large where a category has few people."""
        return self._law(arrangement, panel_size, year, self.shocks).left_out

    def _law(self, arrangement: str, panel_size: int, year: int, shocks: tuple[str, ...]) -> SavingsRateLaw:
        key = (arrangement, panel_size, year, shocks)
        if key not in self._laws:
            self._laws[key] = self._model.savings_rate(arrangement, panel_size, year, shocks)
        return self._laws[key]
