"""What would turn the verdict, and the number at which it does: one quantity moved, everything else as it is.

On the same worlds the rule is applied again for each value tried; where what it takes changes, the value is closed in
on. A cost that is the same in every world moves every option alike. The error of a value is that of the margin there
over its slope (delta method).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from simdce import metrics
from simdce.metrics import Estimate, FloatArray
from simdce.studies.decision import Judgement, Rule, best_of, judge, pulls_of
from simdce.studies.drivers.elections import inputs_of
from simdce.studies.drivers.flips import searched
from simdce.studies.drivers.inputs import Asked, Input
from simdce.studies.drivers.worlds import same_people
from simdce.studies.options import Offers, Option, savings_assumed

Key = tuple[str, str | None] | None
"""What the rule takes: arrangement and tier, None for staying out."""

SAVINGS_TRIED = 0.08
"""How far true savings are raised, fraction of cost."""
_SAVINGS, _SAVINGS_SLOPE = np.linspace(0.005, SAVINGS_TRIED, 16), 0.005
"""Changes of true savings that are tried, fractions of cost; and over how much the slope is taken."""
_COSTS, _COST_SLOPE = np.asarray(np.geomspace(0.05, 100.0, 40), np.float64), 0.05
"""The same for care management, dollars a person and month."""
_TOLERANCES = np.geomspace(1.02, 1000.0, 60)
_HALVINGS = 14
_STEPS = 6
_APART = ("true_savings", "practice_true_savings", "panel_size")
"""Inputs that are moved here already, or by simulating other people."""
Tried = Callable[[float], Sequence[Option]]
"""The options at a changed value."""


@dataclass(frozen=True)
class Flip:
    """A value of one quantity beyond which the rule takes something else.

    ``name``: "true_savings" (fraction, average of the years), "care_cost" (dollars a person and month), a key of the
    decision table, or an input of the drivers (``given``); ``now``: the value assumed, in the same unit; ``then``: what
    is taken beyond ``at``.
    """

    name: str
    now: float
    at: Estimate
    then: Key
    given: Input | None = None

    @property
    def below(self) -> bool:
        """Whether the verdict turns below the value, not above."""
        return self.at.value < self.now

    @property
    def plausible(self) -> bool:
        """Whether an input could well lie there: between the ends that are known of it."""
        return self.given is not None and self.given.ends[0] <= self.at.value <= self.given.ends[1]  # type: ignore[operator]


def flips(offers: Offers, judged: Judgement) -> tuple[Flip, ...]:
    """The nearest turning value of each quantity; none for a quantity that turns nothing within what was tried."""
    return tuple(flip for flip in _found(offers, judged) if flip is not None)


def _found(offers: Offers, judged: Judgement) -> Iterator[Flip | None]:
    rule, taken = judged.rule, best_of(offers.options, judged.rule)
    yield _savings(offers, rule, taken)
    yield _care_cost(offers, rule, taken)
    if np.isfinite(rule.tolerance):
        yield _tolerance(offers, rule, taken)
    else:
        yield from _limits(offers, rule, taken)
    yield from _inputs(offers, judged, taken)


def _inputs(offers: Offers, judged: Judgement, taken: Key) -> Iterator[Flip]:
    """Inputs of the drivers that make no other people, nearest first as how far each could plausibly lie goes."""
    arrangement, tier = judged.first.option.key
    asked = Asked(offers.scenario, arrangement, offers.people, tier)
    found = []
    for given in inputs_of(asked):
        ends, base = given.ends, given.base
        if given.options or given.name in _APART or not same_people(given.changed(ends[1]).scenario, offers.scenario):
            continue
        assert isinstance(base, float | int)
        low, high = float(ends[0]) - base, float(ends[1]) - base
        most = searched(base, (base + low, base + high), given.bounds, simulates=False)

        def tried(more: float, given: Input = given, base: float = base) -> Sequence[Option]:
            changed = given.changed(base + more).scenario if more else offers.scenario
            return Offers(changed, offers.panels, offers.people).options

        sides = tuple(np.linspace(0.0, end - base, _STEPS + 1)[1:] for end in most if end != base)
        turned = _nearest(tried, judged.rule, taken, sides)
        if turned is not None:
            more, then = turned
            far = abs(more) / max(abs(high if more > 0 else low), 1e-12)
            error = _error(tried, judged.rule, more, 0.2 * max(-low, high), taken, then)
            found.append((far, Flip(given.name, base, Estimate(base + more, error), then, given)))
    yield from (flip for _, flip in sorted(found, key=lambda each: each[0]))


def _savings(offers: Offers, rule: Rule, taken: Key) -> Flip | None:
    now = float(np.mean(savings_assumed(offers.scenario)))
    return _turning("true_savings", now, offers.saving, rule, taken, _SAVINGS, _SAVINGS_SLOPE)


def _care_cost(offers: Offers, rule: Rule, taken: Key) -> Flip | None:
    return _turning("care_cost", cost_assumed(offers), offers.costing, rule, taken, _COSTS, _COST_SLOPE)


def _turning(
    name: str, now: float, tried: Tried, rule: Rule, taken: Key, steps: FloatArray, slope_over: float
) -> Flip | None:
    """The nearest turning value, first of those from ``now`` down to nought, then of those above."""
    down = np.append(-steps[steps < now], -now) if now > 0 else steps[:0]
    found = _nearest(tried, rule, taken, (down, steps))
    if found is None:
        return None
    more, then = found
    return Flip(name, now, Estimate(now + more, _error(tried, rule, more, slope_over, taken, then)), then)


def cost_assumed(offers: Offers) -> float:
    """Care management as the scenario has it, dollars a person and month, average of the years; nought without cash."""
    from simdce.studies.cash import plan_of

    if offers.scenario.cash is None:
        return 0.0
    plan = plan_of(offers.scenario, offers.people)
    by_year = np.array(plan.cost_per_person_month) + np.array(plan.cost) / (12 * offers.people)
    return float(by_year.mean())


def _tolerance(offers: Offers, rule: Rule, taken: Key) -> Flip | None:
    for sign in (-1, 1):
        before = 1.0
        for factor in _TOLERANCES**sign:
            if _taken(offers.options, rule, float(factor)) != taken:
                low, high = before, float(factor)
                for _ in range(_HALVINGS):
                    middle = float(np.sqrt(low * high))
                    low, high = (middle, high) if _taken(offers.options, rule, middle) == taken else (low, middle)
                then = _taken(offers.options, rule, high)
                return Flip("risk_tolerance", rule.tolerance, Estimate(rule.tolerance * high, 0.0), then)
            before = float(factor)
    return None


def _taken(options: Sequence[Option], rule: Rule, factor: float) -> Key:
    return best_of(options, replace(rule, tolerance=rule.tolerance * factor))


def _limits(offers: Offers, rule: Rule, taken: Key) -> Iterator[Flip]:
    """Each limit at the value that lets in what it keeps out, or shuts out what is taken."""
    for name in ("largest_loss", "largest_chance_of_owing", "largest_financed"):
        allowed = getattr(rule.asked, name)
        if allowed is None:
            continue
        marks = {
            limit.found
            for option in offers.options
            for limit in judge(option, rule).limits
            if limit.name == name and limit.found.value > 0
        }
        for mark in sorted(marks, key=lambda found: abs(found.value - allowed)):
            edge = mark.value if mark.value > allowed else np.nextafter(mark.value, 0.0)
            moved = replace(rule, asked=rule.asked.model_copy(update={name: float(edge)}))
            then = best_of(offers.options, moved)
            if then != taken:
                yield Flip(name, allowed, mark, then)
                break


def _nearest(tried: Tried, rule: Rule, taken: Key, sides: Sequence[FloatArray]) -> tuple[float, Key] | None:
    """The change nearest to none at which the rule takes something else, first on the first side, then on the other."""
    for steps in sides:
        before = 0.0
        for step in steps:
            if best_of(tried(float(step)), rule) != taken:
                low, high = before, float(step)
                for _ in range(_HALVINGS):
                    middle = (low + high) / 2.0
                    low, high = (middle, high) if best_of(tried(middle), rule) == taken else (low, middle)
                return high, best_of(tried(high), rule)
            before = float(step)
    return None


def _error(tried: Tried, rule: Rule, at: float, step: float, taken: Key, then: Key) -> float:
    """Error of a turning value: that of the margin between what is taken on its two sides, over its slope."""

    def margin(change: float) -> Estimate:
        pulls = {option.key: pulls_of(option, rule) for option in tried(change)}
        nothing = np.zeros(len(next(iter(pulls.values()))))
        one, other = (nothing if key is None else pulls[key] for key in (taken, then))
        return metrics.mean(one - other)

    slope = (margin(at + step / 2.0).value - margin(at - step / 2.0).value) / step
    return margin(at).standard_error / abs(slope) if slope else float("nan")
