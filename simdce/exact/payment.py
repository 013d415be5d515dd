"""The law of one year's net payment: the settlement as a function of the savings rate, integrated against its law.

For a unit benchmark every settlement is piecewise linear in E/B, with jumps at its gates. The rule itself is asked
where it bends, and between bends the integral is a difference of partial moments of the law, gates included exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements
from simdce.arrangements.settlement import Outcome, Settlement
from simdce.exact.law import SavingsRateLaw
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


@dataclass(frozen=True)
class PaymentLaw:
    """The net payment to the ACO in one performance year, negative when it owes.

    ``mean``, ``sd`` and percentiles are fractions of the benchmark; times ``expected_benchmark`` they are dollars at
    the expected benchmark. ``mean_dollars`` also holds the covariance of benchmark and payment, by regression of the
    benchmark on the savings rate, and is off by at most ``mean_dollars_bound`` (Cauchy and Schwarz, what is left of the
    regression). ``benchmark_slope``: of that regression, in units of the expected benchmark.
    """

    law: SavingsRateLaw
    settled: Settled
    expected_benchmark: float
    mean: float
    sd: float
    chance_paid: float
    chance_owing: float
    mean_dollars: float
    mean_dollars_bound: float
    benchmark_slope: float

    def percentile(self, probability: float) -> float:
        """The net payment, a fraction of the benchmark, not exceeded with a probability."""
        rate = self.law.quantile(np.array([probability]))
        return float(self.settled.at(1.0 - rate)[0])

    def value_at_risk(self, probability: float) -> float:
        """Loss (negative net payment) not exceeded with a probability, fraction of the benchmark."""
        return -self.percentile(1.0 - probability)

    def tail_value_at_risk(self, probability: float) -> float:
        """Mean loss in the worst share ``1 - probability``, fraction of the benchmark."""
        worst = 1.0 - probability
        ratio = 1.0 - float(self.law.quantile(np.array([worst]))[0])
        edges = np.append(ratio, self.settled.edges[self.settled.edges > ratio])
        piece = np.searchsorted(self.settled.edges, edges, side="right") - 1
        chance, first, _ = _moments(self.law, edges)
        return -float((self.settled.level[piece] * chance + self.settled.slope[piece] * first).sum()) / worst


def payment_law(
    law: SavingsRateLaw, settled: Settled, expected_benchmark: float, benchmark_cv: float, covariance: float
) -> PaymentLaw:
    """The payment law; ``covariance`` is that of the benchmark, in units of its expectation, with the savings rate."""
    level, tilt = settled.level, settled.slope
    chance, first, second = _moments(law, settled.edges)
    mean = float((level * chance + tilt * first).sum())
    square = float((level**2 * chance + 2.0 * level * tilt * first + tilt**2 * second).sum())
    with_ratio = float((level * first + tilt * second).sum())
    sd = float(np.sqrt(max(square - mean**2, 0.0)))
    value = settled.at(_middles(settled.edges))
    shared = -(with_ratio - mean * (1.0 - law.mean))  # covariance of payment and savings rate
    slope = covariance / law.sd**2
    left_of_benchmark = max(benchmark_cv**2 - slope * covariance, 0.0)
    left_of_payment = max(sd**2 - shared**2 / law.sd**2, 0.0)
    return PaymentLaw(
        law=law,
        settled=settled,
        expected_benchmark=expected_benchmark,
        mean=mean,
        sd=sd,
        chance_paid=float(chance[value > ROUNDING].sum()),
        chance_owing=float(chance[value < -ROUNDING].sum()),
        mean_dollars=expected_benchmark * (mean + slope * shared),
        mean_dollars_bound=expected_benchmark * float(np.sqrt(left_of_benchmark * left_of_payment)),
        benchmark_slope=slope,
    )


def _middles(edges: FloatArray) -> FloatArray:
    return np.append(0.5 * (edges[1:] + edges[:-1]), edges[-1] + 1.0)


def _moments(law: SavingsRateLaw, edges: FloatArray) -> FloatArray:
    """E[(E/B)^k; E/B in a piece] for k = 0, 1, 2; (k, piece)."""
    return np.diff(law.partial_moments(np.append(1.0 - edges, -np.inf)), axis=1)


@dataclass(frozen=True)
class Contract:
    """An arrangement with its numbers resolved for the scenario's performance years."""

    key: str
    years: int
    terms: Any
    settle: Callable[[Outcome, Any], Settlement]
    revenue_shares: tuple[float, ...] | None

    def net(self, ratio: FloatArray, year: int, panel_size: int, earlier: float = 1.0) -> FloatArray:
        """Net payment of a performance year per dollar of benchmark; others break even, or stand at ``earlier``."""
        expenditure = np.ones((len(ratio), self.years))
        expenditure[:, :year] = earlier
        expenditure[:, year] = ratio
        revenue = None if self.revenue_shares is None else expenditure * np.array(self.revenue_shares)
        outcome = Outcome(np.ones_like(expenditure), expenditure, np.array(float(panel_size)), revenue)
        return np.asarray(self.settle(outcome, self.terms).net[:, year])


def contract(scenario: Scenario, choice: ArrangementChoice) -> Contract:
    """The scenario's arrangement, ready to settle."""
    years = scenario.years.performance_years
    rules = arrangements.load(choice.name)
    shares = rules.in_force(years, choice.elections).elected("participant_revenue_share")
    return Contract(
        key=choice.key,
        years=len(years),
        terms=rules.resolve(years, choice.elections),
        settle=import_module(f"simdce.arrangements.{rules.mechanism}.rule").settle,
        revenue_shares=None if shares[0] is None else tuple(float(share) for share in shares),
    )


def settled_pieces(agreed: Contract, panel_size: int, year: int, known: dict[Any, Settled]) -> Settled:
    """The settlement of a performance year as a function of E/B, other years breaking even; ``known`` is a memory."""

    def net(ratio: FloatArray, earlier: float = 1.0) -> FloatArray:
        return agreed.net(ratio, year, panel_size, earlier)

    key = (agreed.key, year)
    if key in known and _same(known[key], net):
        return known[key]
    remembers = year > 0 and bool(np.any(net(_SCAN, 1.1) != net(_SCAN)))
    told = ("losses carried forward from earlier performance years",) if remembers else ()
    known[key] = _pieces(net, told)
    return known[key]


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
