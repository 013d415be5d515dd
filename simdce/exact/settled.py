"""One year's settlement as a function of E/B at panels of any size: straight pieces between bends and jumps.

For a unit benchmark every settlement is piecewise linear in E/B, with jumps at its gates. The rule itself is asked
where it bends. What it answered at sizes close by is tried first, everywhere and close to every bend: rules change with
the size of the panel in steps and in straight lines, if at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from math import floor, log2

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements
from simdce.arrangements.arrangement import Settler
from simdce.arrangements.settlement import Outcome
from simdce.scenario import ArrangementChoice, Scenario

FloatArray = NDArray[np.float64]

RATIO_LOW, RATIO_HIGH, SCANNED = 0.0, 3.0, 1025
PARTS, ROUNDS = 64, 4
_SCAN = np.linspace(RATIO_LOW, RATIO_HIGH, SCANNED)
_SPARSE = np.append(_SCAN[::16], np.linspace(0.8, 1.2, 65))
FINEST = (RATIO_HIGH - RATIO_LOW) / (SCANNED - 1) / PARTS**ROUNDS
"""How finely a bend is found, in units of the benchmark."""

ROUNDING = 1e-14
"""Of a settlement per dollar of benchmark: what is smaller is neither a payment nor a bend."""


@dataclass(frozen=True)
class Settled:
    """Net payment per dollar of benchmark, ``level + slope * ratio`` between ``edges`` of E/B, rising; (piece,).

    The first piece begins at 0, the last has no end.
    """

    edges: FloatArray
    level: FloatArray
    slope: FloatArray
    neglected: tuple[str, ...]

    def at(self, ratio: FloatArray) -> FloatArray:
        """Net payment per dollar of benchmark at ratios E/B."""
        piece = np.clip(np.searchsorted(self.edges, ratio, side="right") - 1, 0, len(self.level) - 1)
        return np.asarray(self.level[piece] + self.slope[piece] * ratio)

    @cached_property
    def middles(self) -> FloatArray:
        """Net payment per dollar of benchmark in the middle of each piece; (piece,)."""
        return self.at(np.append(0.5 * (self.edges[1:] + self.edges[:-1]), self.edges[-1] + 1.0))

    def where(self, *, paid: bool) -> tuple[FloatArray, FloatArray, float]:
        """What the chance of being paid (or of owing) is made of: edges of E/B where that ceases (1) or begins (-1),
        these signs, both (edge,), and whether it holds beyond the last."""
        holds = (self.middles > ROUNDING if paid else self.middles < -ROUNDING).astype(np.float64)
        ceases = holds[:-1] - holds[1:]
        return self.edges[1:][ceases != 0], ceases[ceases != 0], float(holds[-1])


@dataclass(frozen=True)
class Contract:
    """An arrangement with its numbers resolved for the scenario's performance years."""

    settler: Settler
    revenue_shares: tuple[float, ...] | None

    def net(self, ratio: FloatArray, year: int, panel_size: int, earlier: float = 1.0) -> FloatArray:
        """Net payment of a performance year per dollar of benchmark; others break even, or stand at ``earlier``."""
        expenditure = np.ones((len(ratio), len(self.settler.numbers.timeline.performance_years)))
        expenditure[:, :year] = earlier
        expenditure[:, year] = ratio
        revenue = None if self.revenue_shares is None else expenditure * np.array(self.revenue_shares)
        outcome = Outcome(np.ones_like(expenditure), expenditure, np.array(float(panel_size)), revenue)
        return np.asarray(self.settler.settle(outcome).net[:, year])


def contract(scenario: Scenario, choice: ArrangementChoice) -> Contract:
    """The scenario's arrangement, ready to settle."""
    settler = arrangements.load(choice.name).settler(scenario.years.performance_years, choice.elections)
    shares = settler.numbers.elected("participant_revenue_share")
    return Contract(settler, None if shares[0] is None else tuple(float(share) for share in shares))


@dataclass
class SettledBySize:
    """The settlement of a contract's performance year at any panel size, other years breaking even; kept once found.

    At sizes a factor of √2 apart the rule is cut into pieces; theirs are tried in between. So what is found does not
    depend on what was asked before.
    """

    agreed: Contract
    year: int
    _found: dict[int, Settled] = field(default_factory=dict)

    def at(self, panel_size: int) -> Settled:
        """The settlement as a function of E/B."""
        if panel_size not in self._found:
            self._found[panel_size] = self._tried(panel_size)
        return self._found[panel_size]

    def _tried(self, panel_size: int) -> Settled:
        """What holds at the sizes on either side, or between them, where the rule says the same."""

        def net(ratio: FloatArray, earlier: float = 1.0) -> FloatArray:
            return self.agreed.net(ratio, self.year, panel_size, earlier)

        step = floor(2.0 * log2(panel_size))
        low, high = (round(2.0 ** (0.5 * number)) for number in (step, step + 1))
        if low < panel_size < high:
            before, after = self.at(low), self.at(high)
            guesses = [before, after]
            if len(before.edges) == len(after.edges):
                guesses = [_mixed(before, after, (panel_size - low) / (high - low)), *guesses]
            for guess in guesses:
                if _same(guess, net):
                    return guess
        remembers = self.year > 0 and bool(np.any(net(_SCAN, 1.1) != net(_SCAN)))
        return _pieces(net, ("losses carried forward from earlier performance years",) if remembers else ())


def _mixed(one: Settled, other: Settled, share: float) -> Settled:
    """The settlement whose pieces are those of two others, mixed by the share of the second."""
    parts = ((one.edges, other.edges), (one.level, other.level), (one.slope, other.slope))
    edges, level, slope = ((1.0 - share) * a + share * b for a, b in parts)
    return Settled(edges, level, slope, one.neglected)


def _same(settled: Settled, net: Callable[[FloatArray], FloatArray]) -> bool:
    """Whether a settlement is one already cut into pieces, judged everywhere and close to every bend."""
    close = settled.edges[1:, None] + np.array([-8.0, 8.0]) * FINEST
    points = np.concatenate([_SPARSE, close.ravel()])
    return bool(np.abs(net(points) - settled.at(points)).max() < 100 * ROUNDING)


def _pieces(net: Callable[[FloatArray], FloatArray], told: tuple[str, ...]) -> Settled:
    """Pieces between the points where the settlement bends or jumps, found by cutting cells that are not straight."""
    cells = np.flatnonzero(_bent(net(_SCAN)[None, :])[0])
    width = _SCAN[1] - _SCAN[0]
    for _ in range(ROUNDS):
        # half a cell on either side, so that a bend on the border is inside
        fine = cells[:, None] * PARTS + np.arange(-PARTS // 2, 3 * PARTS // 2 + 1)
        width /= PARTS
        bent = _bent(net((RATIO_LOW + width * fine).ravel()).reshape(fine.shape))
        cells = np.unique(fine[:, :-1][bent])
    bends = RATIO_LOW + width * (cells[np.append(True, np.diff(cells) > 2)[: len(cells)]] + 1)
    edges = np.append(RATIO_LOW, bends[bends > RATIO_LOW + 2 * width])
    ends = np.append(edges[1:], RATIO_HIGH)
    near, far = edges + 0.25 * (ends - edges), edges + 0.75 * (ends - edges)
    low, high = net(near), net(far)
    slope = (high - low) / (far - near)
    return Settled(edges, low - slope * near, slope, told)


def _bent(values: FloatArray) -> NDArray[np.bool_]:
    """Cells next to a point where the second difference is not nought; (row, cell)."""
    second = np.abs(np.diff(values, 2, axis=1)) > ROUNDING
    bent = np.zeros((len(values), values.shape[1] - 1), bool)
    bent[:, 1:] |= second
    bent[:, :-1] |= second
    return bent
