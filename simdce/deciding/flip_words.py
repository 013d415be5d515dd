"""What would turn the verdict, in words: the number, what is assumed now, what to do then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import isfinite, log

from simdce.deciding.findings import Findings
from simdce.deciding.words import Names, share
from simdce.metrics import Estimate
from simdce.scenario.decision import LIMITS
from simdce.studies.decision import SELDOM
from simdce.studies.flips import SAVINGS_TRIED, Flip
from simdce.wording import money

MOST = 3
_MONTHS = 12
_SPOKEN = {"regional_to_own_cost": ("Your region’s cost", " of your people’s")}
"""Inputs that are shorter said in two parts, before and after the number."""


def flip_sentences(found: Findings, called: Names) -> Iterator[str]:
    """At most three: those that turn the verdict, then those that do not however they move."""
    told = [_told(flip, found, called) for flip in _chosen(found.flips)]
    yield from (told + list(_firm(found)))[:MOST]


def _chosen(flips: Sequence[Flip]) -> list[Flip]:
    """What one could learn or change first, then inputs that could well lie there, then what the rule itself says."""
    inputs = [flip for flip in flips if flip.given is not None]
    near = [flip for flip in inputs if flip.plausible]
    own = [flip for flip in flips if flip.given is None]
    first = [flip for flip in own if flip.name in ("true_savings", "care_cost")]
    rest = [flip for flip in own if flip not in first]
    return [*first, *near[:1], *rest, *near[1:], *(flip for flip in inputs if not flip.plausible)]


def _told(flip: Flip, found: Findings, called: Names) -> str:
    then = _then(flip, found, called)
    side = "below" if flip.below else "above"
    if flip.given is not None:
        at, now = flip.given.told(flip.at.value), flip.given.told(flip.now)
        spoken, of = _SPOKEN.get(flip.name, (f"{flip.given.spoken[:1].upper()}{flip.given.spoken[1:]}", ""))
        what = f"{spoken} {side} {at}{of} (assumed: {now})"
    elif flip.name == "true_savings":
        what = f"True savings {side} {_share(flip.at)} (assumed: {share(flip.now)})"
    elif flip.name == "care_cost":
        price = f"${flip.at.value:,.{2 if flip.at.standard_error < 0.5 else 0}f}"
        yearly = _MONTHS * found.option.people
        a_year = money(flip.at.value * yearly, flip.at.standard_error * yearly)
        now = f"assumed: ${flip.now:,.2f}" if found.scenario.cash is not None else "assumed: none"
        what = f"Care management {side} {price} a person and month, {a_year} a year ({now})"
    elif flip.name == "risk_tolerance":
        times = log(1.0 / SELDOM)
        at, now = (money(times * value, times * value / 50) for value in (flip.at.value, flip.now))
        what = f"Willing to risk {'only ' if flip.below else ''}{at} in 1 year of 20 (now {now})"
    elif flip.name == "largest_chance_of_owing":
        what = f"A limit {side} {_share(flip.at)} of years owing (yours: {share(flip.now)})"
    else:
        of = "loss" if flip.name == "largest_loss" else "money to be financed"
        what = f"A limit on {of} {side} {money(flip.at.value, flip.at.standard_error)} (yours: {money(flip.now)})"
    return f"{what}: {then}."


def _then(flip: Flip, found: Findings, called: Names) -> str:
    if flip.then is None:
        return "do not join"
    word = "sign" if flip.then[1] is not None else "join under"
    joined = found.judged.verdict == "join"
    return f"{word} {called(flip.then)}{' instead' if joined else ''}"


def _share(estimate: Estimate) -> str:
    error = estimate.standard_error
    return share(estimate.value, error if isfinite(error) else 0.01)


def _firm(found: Findings) -> Iterator[str]:
    turned = {flip.name for flip in found.flips}
    now = sum(found.savings) / len(found.savings)
    if "true_savings" not in turned:
        yield f"No true savings from 0% to {share(now + SAVINGS_TRIED)} change it."
    if "care_cost" not in turned:
        yield "No cost of care management changes it."
    tolerance = found.judged.rule.basis != "limits"
    if tolerance and "risk_tolerance" not in turned:
        yield "Bearing more risk or less does not change it."
    if not tolerance and not turned & set(LIMITS):
        yield "Other limits do not change it."
