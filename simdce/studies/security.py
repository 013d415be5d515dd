"""What to hold against losses: how much for a stated chance of being able to pay, by which means, at what yearly cost.

What the rule requires must stand in instruments that the programme takes; what the worlds ask for beyond it may stand
in any. Savings kept back, and recoupment from later payments where it is offered, first make the losses smaller, world
by world; the rest is held in layers, and the cheapest of all these is exact for the simulated worlds (``layers``).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations

import numpy as np

from simdce import metrics
from simdce.metrics import UNKNOWN, Estimate, FloatArray
from simdce.scenario import InstrumentChoice, Scenario, Security
from simdce.studies.instruments import FLOWS, PRICES, Price, accepted, carry, holding, part_price, priced, reached
from simdce.studies.layers import Draws, Layer, cheapest_layers
from simdce.studies.payment import Lived
from simdce.studies.receipts import receipts_of_practice
from simdce.studies.repayment import RepaymentAnswer, repayment_at
from simdce.worlds import PanelYears


@dataclass(frozen=True)
class Mix:
    """One way to be able to pay: ``flows`` used first, then ``layers``; dollars, costs a year.

    ``needed``: amount that covers what is left of the losses with the wanted chance; ``held``: that, or what the rule
    requires where it is more. ``flow_cost``: of keeping savings back and of debts recouped. ``cost_at``: the yearly
    cost at the lowest and the highest prices, the layers chosen anew.
    """

    flows: tuple[str, ...]
    needed: Estimate
    held: float
    layers: tuple[Layer, ...]
    flow_cost: Estimate
    cost: Estimate
    cost_at: tuple[float, float]


@dataclass(frozen=True)
class SecurityAnswer:
    """What whoever may owe should hold: the ACO or DCE (``tier`` None) or a practice under a tier.

    ``required``: what the rule asks for, zero between a practice and its entity; ``falls_short``: chance that the
    worst year's loss is more than that, ``falls_short_agreement``: that all losses together are. ``mixes``: cheapest
    first. ``alone``: yearly cost of holding all of it by one instrument, at lowest, usual and highest price.
    """

    arrangement: str
    tier: str | None
    people: int
    chance: float
    required: float
    confidence: str | None
    falls_short: Estimate
    falls_short_agreement: Estimate
    mixes: tuple[Mix, ...]
    alone: tuple[tuple[str, tuple[float, float, float]], ...]

    @property
    def cheapest(self) -> Mix:
        """The mix of least yearly cost at usual prices."""
        return self.mixes[0]


def security_at(lived: Lived, reserves: Sequence[RepaymentAnswer] | None = None) -> list[SecurityAnswer]:
    """The answers of one panel size, for every arrangement that can owe; none where the scenario has no such table.

    ``reserves``: ``repayment_at`` of the same, where it is there already.
    """
    if lived.scenario.security is None:
        return []
    return [_of_contract(lived, reserve) for reserve in (repayment_at(lived) if reserves is None else reserves)]


def security_of_practice(scenario: Scenario, panels: PanelYears) -> list[SecurityAnswer]:
    """The answers of the practice, for every tier under which some world owes; none without the table."""
    if scenario.security is None:
        return []
    return [
        security_of(scenario.security, receipts.net, 0.0, receipts.arrangement, receipts.tier, receipts.people)
        for receipts in receipts_of_practice(scenario, panels)
        if (receipts.net < 0).any()
    ]


def _of_contract(lived: Lived, reserve: RepaymentAnswer) -> SecurityAnswer:
    assert lived.scenario.security is not None
    settlement, _ = lived.settled(reserve.arrangement)
    found = security_of(
        lived.scenario.security, settlement.net, reserve.rule.amount, reserve.arrangement, None, lived.panel_size
    )
    return replace(found, confidence=reserve.rule.confidence)


def security_of(
    asked: Security, net: FloatArray, required: float, arrangement: str, tier: str | None, people: int
) -> SecurityAnswer:
    """The answer from what each settlement comes to, dollars (world, performance year), and the amount required."""
    owed = np.maximum(-net, 0.0)
    usable = [name for name in FLOWS if any(choice.name == name for choice in asked.instruments)]
    subsets = chain.from_iterable(combinations(usable, count) for count in range(len(usable) + 1))
    mixes = sorted((_mix(asked, net, required, flows) for flows in subsets), key=lambda mix: mix.cost.value)
    drawn = _draws(asked, owed)
    needed = metrics.percentile(_loss(asked, owed), asked.chance)
    held = max(required, needed.value) if np.isfinite(needed.value) else np.nan
    alone = []
    for choice in asked.instruments:
        if choice.name not in FLOWS and accepted(choice) and not (choice.limit or np.inf) < held:
            alone.append((choice.name, _alone(asked, choice, held, drawn)))
    return SecurityAnswer(
        arrangement,
        tier,
        people,
        asked.chance,
        required,
        None,
        metrics.chance(owed.max(axis=1) > required),
        metrics.chance(owed.sum(axis=1) > required),
        tuple(mixes),
        tuple(alone),
    )


def after_flows(
    net: FloatArray, withheld: float | None, recouped: float | None, carry: float, interest: float
) -> tuple[FloatArray, FloatArray]:
    """What of the losses is still to be paid from elsewhere (world, year), and the cost a year of waiting (world,).

    ``withheld``: share of each payment kept until the last settlement, losses being paid from it first, at ``carry`` a
    year. ``recouped``: share of each later payment taken against debts, which bear ``interest`` and fall due at last.
    None: not used.
    """
    worlds, years = net.shape
    left, kept, debt, cost = np.zeros_like(net), np.zeros(worlds), np.zeros(worlds), np.zeros(worlds)
    for year in range(years):
        owed, earned = np.maximum(-net[:, year], 0.0), np.maximum(net[:, year], 0.0)
        paid = np.minimum(kept, owed)
        kept, owed = kept - paid, owed - paid
        if recouped is None:
            left[:, year] = owed
        else:
            taken = np.minimum(debt, recouped * earned)
            debt, earned = debt - taken + owed, earned - taken
        kept = kept + (withheld or 0.0) * earned
        if year + 1 < years:
            cost += carry * kept + interest * debt
    left[:, -1] += debt
    return left, cost / years


def _mix(asked: Security, net: FloatArray, required: float, flows: tuple[str, ...]) -> Mix:
    choices: dict[str, InstrumentChoice] = {choice.name: choice for choice in asked.instruments}

    def share(name: str) -> float | None:
        return part_price(choices[name], "share", "usual") if name in flows else None

    def flowing(price: Price) -> tuple[FloatArray, FloatArray]:
        interest = part_price(choices["recoupment"], "holding", price) if "recoupment" in flows else 0.0
        fees = part_price(choices["withheld_savings"], "holding", price) if "withheld_savings" in flows else 0.0
        return after_flows(net, share("withheld_savings"), share("recoupment"), carry(asked, price) + fees, interest)

    left, waiting = flowing("usual")
    loss, drawn = _loss(asked, left), _draws(asked, left)
    needed = metrics.percentile(loss, asked.chance)
    if not np.isfinite(needed.value):
        return Mix(flows, needed, np.nan, (), metrics.mean(waiting), UNKNOWN, (np.nan, np.nan))
    held, attachment = max(required, needed.value), _attachment(asked, loss)

    def layered(amount: float, beyond: float, price: Price = "usual") -> tuple[Layer, ...]:
        return cheapest_layers(amount, priced(asked, amount, required, beyond, price), drawn)

    def yearly(amount: float, beyond: float, price: Price = "usual") -> float:
        return sum(layer.cost for layer in layered(amount, beyond, price))

    start = attachment.value
    layers = layered(held, start)
    each_world = _drawn_cost(asked, layers, left, loss) + waiting
    if needed.value > required:
        slope = _slope(lambda amount: yearly(max(required, amount), start), needed)
        each_world = each_world + slope * _pull(loss, needed, asked.chance)
    slope = _slope(lambda beyond: yearly(held, max(0.0, beyond)), attachment)
    each_world = each_world + slope * _pull(loss, attachment, 1.0 - reached())
    flow_cost = metrics.mean(waiting)
    cost = Estimate(sum(layer.cost for layer in layers) + flow_cost.value, metrics.mean(each_world).standard_error)
    ends = tuple(yearly(held, start, price) + float(flowing(price)[1].mean()) for price in ("lowest", "highest"))
    return Mix(flows, needed, held, layers, flow_cost, cost, (ends[0], ends[1]))


def _drawn_cost(asked: Security, layers: Sequence[Layer], left: FloatArray, loss: FloatArray) -> FloatArray:
    """What each world's own draws cost a year."""
    prices = {str(choice.name): part_price(choice, "drawing", "usual") for choice in asked.instruments}
    amounts = left if asked.over == "year" else loss[:, None]
    found = np.zeros(len(left))
    for layer in layers:
        drawn = np.clip(amounts - layer.bottom, 0.0, layer.top - layer.bottom).sum(axis=1) / left.shape[1]
        found += prices[layer.instrument] * drawn
    return found


def _slope(cost: Callable[[float], float], at: Estimate) -> float:
    """How the cost moves with an estimated amount, over its own error; none where that is nought or unknown."""
    error = at.standard_error
    if not (np.isfinite(error) and error > 0):
        return 0.0
    return (cost(at.value + error) - cost(at.value - error)) / (2.0 * error)


def _pull(loss: FloatArray, quantile: Estimate, probability: float) -> FloatArray | float:
    """Each world's pull on an estimated quantile of the losses (Bahadur, Ann. Math. Stat. 1966)."""
    if not (np.isfinite(quantile.standard_error) and quantile.standard_error > 0):
        return 0.0
    scale = quantile.standard_error * np.sqrt(len(loss) / (probability * (1.0 - probability)))
    return np.asarray(scale * (probability - (loss <= quantile.value)))


def _loss(asked: Security, left: FloatArray) -> FloatArray:
    """What must be there in each world: the worst year's, or all of the agreement's."""
    return np.asarray(left.max(axis=1) if asked.over == "year" else left.sum(axis=1))


def _draws(asked: Security, left: FloatArray) -> Draws:
    """How often a year the amount held is drawn on: in every year anew, or once in the agreement."""
    return Draws(left, 1.0) if asked.over == "year" else Draws(left.sum(axis=1), 1.0 / left.shape[1])


def _attachment(asked: Security, loss: FloatArray) -> Estimate:
    """From which loss on a reinsurer pays: the scenario's dollars, or what is reached as seldom as reinsurers want."""
    own = next((choice.attachment for choice in asked.instruments if choice.attachment is not None), None)
    return metrics.percentile(loss, 1.0 - reached()) if own is None else Estimate(own, 0.0)


def _alone(asked: Security, choice: InstrumentChoice, held: float, drawn: Draws) -> tuple[float, float, float]:
    costs = (
        holding(asked, choice, price) * held + part_price(choice, "drawing", price) * drawn.drawn(0.0, held)
        for price in PRICES
    )
    lowest, usual, highest = costs
    return lowest, usual, highest
