"""The law of one year's net payment: the settlement as a function of the savings rate, integrated against its law.

For a unit benchmark every settlement is piecewise linear in E/B, with jumps at its gates. The rule itself is asked
where it bends, and between bends the integral is a difference of partial moments of the law, gates included exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simdce import arrangements
from simdce.arrangements.settlement import Outcome
from simdce.exact.law import SavingsRateLaw
from simdce.scenario import ArrangementChoice, Scenario

FloatArray = NDArray[np.float64]

RATIO_LOW, RATIO_HIGH, SCANNED = 0.0, 3.0, 1025
PARTS, ROUNDS = 64, 4
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
    regression).
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
        return -_partial(self.law, self.settled, 1, ratio) / worst


def payment_law(
    law: SavingsRateLaw, settled: Settled, expected_benchmark: float, benchmark_cv: float, covariance: float
) -> PaymentLaw:
    """The payment law; ``covariance`` is that of the benchmark, in units of its expectation, with the savings rate."""
    mean, square = _partial(law, settled, 1, 0.0), _partial(law, settled, 2, 0.0)
    sd = float(np.sqrt(max(square - mean**2, 0.0)))
    middle = _middles(settled.edges)
    value = settled.at(middle)
    chance = _moments(law, settled.edges)[0]
    with_ratio = _with_ratio(law, settled)
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
    )


def _middles(edges: FloatArray) -> FloatArray:
    return np.append(0.5 * (edges[1:] + edges[:-1]), edges[-1] + 1.0)


def _moments(law: SavingsRateLaw, edges: FloatArray) -> FloatArray:
    """E[(E/B)^k; E/B in a piece] for k = 0, 1, 2; (k, piece)."""
    at = np.stack([law.partial_moment(1.0 - edges, power) for power in range(3)])
    whole = np.stack([law.partial_moment(np.array([-1e9]), power) for power in range(3)])
    return np.diff(np.hstack([at, whole]), axis=1)


def _partial(law: SavingsRateLaw, settled: Settled, power: int, beyond: float) -> float:
    """E[payment^power; E/B > beyond] for power 1 or 2."""
    edges = np.append(beyond, settled.edges[settled.edges > beyond])
    ratio = _middles(edges)
    piece = np.clip(np.searchsorted(settled.edges, ratio, side="right") - 1, 0, len(settled.level) - 1)
    level, slope = settled.level[piece], settled.slope[piece]
    zeroth, first, second = _moments(law, edges)
    if power == 1:
        return float((level * zeroth + slope * first).sum())
    return float((level**2 * zeroth + 2.0 * level * slope * first + slope**2 * second).sum())


def _with_ratio(law: SavingsRateLaw, settled: Settled) -> float:
    """E[payment x E/B]."""
    _, first, second = _moments(law, settled.edges)
    return float((settled.level * first + settled.slope * second).sum())


def settled_pieces(
    scenario: Scenario, choice: ArrangementChoice, panel_size: int, year: int, known: dict[Any, Settled]
) -> Settled:
    """The settlement of a performance year as a function of E/B, other years breaking even; ``known`` is a memory."""
    years = scenario.years.performance_years
    rules = arrangements.load(choice.name)
    in_force = rules.in_force(years, choice.elections)
    shares = in_force.elected("participant_revenue_share")

    def net(ratio: FloatArray, earlier: float = 1.0) -> FloatArray:
        expenditure = np.ones((len(ratio), len(years)))
        expenditure[:, :year] = earlier
        expenditure[:, year] = ratio
        revenue = None if shares[0] is None else expenditure * np.array(shares, float)
        outcome = Outcome(np.ones_like(expenditure), expenditure, np.array(float(panel_size)), revenue)
        return np.asarray(rules.settle(outcome, years, choice.elections).net[:, year])

    scan = np.linspace(RATIO_LOW, RATIO_HIGH, SCANNED)
    values = net(scan)
    key = (choice.key, year, values.tobytes())
    if key not in known:
        known[key] = _pieces(net, scan, values, bool(year and np.any(net(scan, 1.1) != values)))
    return known[key]


def _pieces(net: Any, scan: FloatArray, values: FloatArray, remembers: bool) -> Settled:
    """Pieces between the points where the settlement bends or jumps, found by cutting cells that are not straight."""
    cells = np.flatnonzero(_bent(values[None, :])[0])
    width = scan[1] - scan[0]
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
    told = ("losses carried forward from earlier performance years",) if remembers else ()
    return Settled(edges, low - slope * near, slope, told)


def _bent(values: FloatArray) -> NDArray[np.bool_]:
    """Cells next to a point where the second difference is not nought; (row, cell)."""
    second = np.abs(np.diff(values, 2, axis=1)) > ROUNDING
    bent = np.zeros((len(values), values.shape[1] - 1), bool)
    bent[:, 1:] |= second
    bent[:, :-1] |= second
    return bent
