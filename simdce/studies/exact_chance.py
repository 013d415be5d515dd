"""The exact chance of being paid or of owing at any panel size, true savings and spread of what no size averages out.

True savings and an annual shock multiply E/B, so one law of the savings rate, made without them, serves every rate and
every spread: its logarithm is shifted. People noisier by a factor f per head make a panel of n people as uncertain as
one of n / f² people is. Where a size is sought, four laws at sizes a factor of √2 apart tell the chance between them:
its normal score, at given edges of E/B, is all but a straight line in the log of the size.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log, log2, prod, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from simdce.exact import ExactModel, SavingsRateLaw
from simdce.scenario import Scenario
from simdce.settlements import SAVINGS_KNOWN

FloatArray = NDArray[np.float64]
Outcome = Literal["paid", "owing"]

SMALLEST = 500
"""People of the smallest panel with a law that chances between sizes are told from."""

_NEIGHBOURS = 4
_NEVER = 1e-15
"""Chances nearer to 0 and 1 have no normal score."""

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
        self._scores: dict[tuple[object, ...], FloatArray] = {}

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
        between: bool = False,
    ) -> float:
        """Probability of being paid, or of owing, in a performance year (position, from 0).

        ``noise`` multiplies what a person adds to the standard deviation of the savings rate; ``annual_sd`` replaces
        the scenario's annual shock; ``shocks`` the world-level shocks that are on. ``between``: from laws at sizes
        close by, which are soon all known; the settlement is that of the size itself.
        """
        edges, ceases, beyond = self._model.settled(arrangement, panel_size, year).where(paid=outcome == "paid")
        if not edges.size:
            return beyond
        on = tuple(self.shocks if shocks is None else shocks)
        if annual_sd is not None:
            on = tuple(name for name in on if name != "annual")
        ratio, alike = edges / (1.0 - true_savings), panel_size / noise**2
        if between:
            nodes, weights = _neighbours(alike)
            each = [self._score(arrangement, node, year, on, ratio, annual_sd) for node in nodes]
            below = ndtr(weights @ np.array(each))
        else:
            below = self._below(arrangement, max(round(alike), 1), year, on, ratio, annual_sd)
        return float(beyond + ceases @ below)

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
        between: bool = False,
    ) -> float:
        """The chance in an average performance year (of ``years``, positions; default all); arguments as ``chance``."""
        years = range(self.scenario.years.performance) if years is None else years
        return float(
            np.mean([
                self.chance(
                    arrangement, outcome, true_savings, panel_size, year,
                    noise=noise, annual_sd=annual_sd, between=between,
                )
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

    def _below(
        self,
        arrangement: str,
        size: int,
        year: int,
        shocks: tuple[str, ...],
        ratio: FloatArray,
        annual_sd: float | None,
    ) -> FloatArray:
        """P(E/B <= ratio) without true savings; shaped as ``ratio``."""
        law = self._law(arrangement, size, year, shocks)
        if annual_sd is None:
            return law.sf(1.0 - ratio)
        return np.asarray(_WEIGHTS @ law.sf(1.0 - ratio / (1.0 + annual_sd * _DRAWS)[:, None]))

    def _score(
        self,
        arrangement: str,
        size: int,
        year: int,
        shocks: tuple[str, ...],
        ratio: FloatArray,
        annual_sd: float | None,
    ) -> FloatArray:
        """The normal score of that; kept, as searches come back to it."""
        key = (arrangement, size, year, shocks, ratio.tobytes(), annual_sd)
        if key not in self._scores:
            below = self._below(arrangement, size, year, shocks, ratio, annual_sd)
            self._scores[key] = ndtri(np.clip(below, _NEVER, 1.0 - _NEVER))
        return self._scores[key]

    def _law(self, arrangement: str, panel_size: int, year: int, shocks: tuple[str, ...]) -> SavingsRateLaw:
        key = (arrangement, panel_size, year, shocks)
        if key not in self._laws:
            self._laws[key] = self._model.savings_rate(arrangement, panel_size, year, shocks)
        return self._laws[key]


def _neighbours(size: float) -> tuple[list[int], FloatArray]:
    """Sizes next to one, a factor of √2 apart, and the weights of a cubic through them in the log of the size."""
    first = max(floor(2.0 * log2(size / SMALLEST)) - (_NEIGHBOURS // 2 - 1), 0)
    nodes = [round(SMALLEST * sqrt(2.0) ** number) for number in range(first, first + _NEIGHBOURS)]
    at, here = [log(node) for node in nodes], log(size)
    weights = [prod((here - other) / (one - other) for other in at if other != one) for one in at]
    return nodes, np.array(weights)
