"""What to hold against losses: the rule beside the worlds, the cheapest way to be sure enough, and its yearly cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from simdce.report.exhibits import Cell, Exhibit, cell, chance_cell
from simdce.report.names import listed
from simdce.run import Answers
from simdce.studies.security import Mix, SecurityAnswer
from simdce.wording import UNKNOWN, money

_HEADINGS = (
    "", "the rule asks for", "confidence of the rule", "falls short, worst year", "falls short, all years",
    "to be held", "cost a year", "at low to high prices",
)  # fmt: skip


@dataclass(frozen=True)
class SecurityPassage:
    """Sentences on the arrangement that the report leads with, and the tables."""

    sentences: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]


def security_passage(answers: Answers, arrangement: str, size: int, called: dict[str, str]) -> SecurityPassage | None:
    """What to hold under the arrangement of the given key, at a panel size; None where the scenario does not ask."""
    if not answers.security:
        return None
    contract = [each for each in answers.security if each.tier is None and each.people == size]
    leads = [each for each in contract if each.arrangement == arrangement] or contract
    sentences = [_sentence(each, called) for each in leads]
    for best in answers.practice.best if answers.practice is not None else ():
        if best.arrangement == arrangement and best.best is not None:
            own = [each for each in answers.security if (each.tier, each.people) == (best.best, best.people)]
            own = [each for each in own if each.arrangement == arrangement]
            nothing = (
                f"{best.best}, {best.people:,} people: nothing is owed in any world, so nothing need be set aside."
            )
            sentences.append(_sentence(own[0], called) if own else nothing)
    return SecurityPassage(tuple(sentences), (_exhibit(answers, called), _alone(answers, called)))


def _name(answer: SecurityAnswer, called: dict[str, str]) -> str:
    return called[answer.arrangement] if answer.tier is None else answer.tier


def _sentence(answer: SecurityAnswer, called: dict[str, str]) -> str:
    told = f"{_name(answer, called)}, {answer.people:,} people: "
    mix, sure = answer.cheapest, f"{100 * answer.chance:g}%"
    if answer.tier is None:
        short = chance_cell(answer.falls_short_agreement).value
        told += f"the rule asks for {money(answer.required)}, and in {short} of worlds the losses of the agreement are "
        told += "more than that. "
    if not isfinite(mix.held):
        return told + f"This run has too few worlds to say what {sure} certainty takes."
    if mix.held <= answer.required:
        told += f"That is enough to be {sure} sure of being able to pay."
    else:
        told += f"To be {sure} sure of being able to pay, {_held(mix)} must be at hand."
    if mix.layers:
        cost = money(mix.cost.value, mix.cost.standard_error)
        told += f" Held most cheaply ({_by(mix)}) it costs {cost} a year, {_range(mix)} as prices are low or high."
    return told


def _held(mix: Mix) -> str:
    return money(mix.held, mix.needed.standard_error if mix.held <= mix.needed.value else 0.0)


def _range(mix: Mix) -> str:
    low, high = mix.cost_at
    return f"{money(low)} to {money(high)}" if isfinite(low) else UNKNOWN


def _by(mix: Mix) -> str:
    layers = [
        f"{layer.instrument.replace('_', ' ')} from {money(layer.bottom)} to {money(layer.top)}" for layer in mix.layers
    ]
    return listed([*(name.replace("_", " ") for name in mix.flows), *layers]) or UNKNOWN


def _exhibit(answers: Answers, called: dict[str, str]) -> Exhibit:
    asked = answers.scenario.security
    over = "all losses of the agreement" if asked is None or asked.over == "agreement" else "the losses of any one year"
    note = (
        "Falls short: chance that losses are more than the rule asks for. To be held: what covers "
        f"{over} in {100 * answers.security[0].chance:g}% of worlds, and at least what the rule asks for. Each layer "
        "stands with the instrument that is cheapest for it; what the rule asks for only with those that the programme "
        "takes. Cost a year: of holding and, as often as it happens, of drawing; not the losses themselves, which stay "
        "the holder's own except where reinsurance pays, for which the premium beyond expected recoveries is counted."
    )
    used = dict.fromkeys(name for each in answers.security for name in _ways(each.cheapest))
    headings = (*_HEADINGS, *(f"by {name.replace('_', ' ')}" for name in used))
    return Exhibit("What to hold, and what that costs", note, headings, tuple(_sections(answers, called, tuple(used))))


def _ways(mix: Mix) -> dict[str, str]:
    """What each instrument of a mix holds, in words."""
    found = dict.fromkeys(mix.flows, "first")
    for layer in mix.layers:
        beyond = f" beyond {money(layer.bottom)}" if layer.bottom > 0 else ""
        found[layer.instrument] = f"{money(layer.top - layer.bottom)}{beyond}"
    return found


def _sections(
    answers: Answers, called: dict[str, str], used: tuple[str, ...]
) -> Iterator[tuple[str, tuple[tuple[str, tuple[Cell, ...]], ...]]]:
    for people in dict.fromkeys(each.people for each in answers.security):
        found = [each for each in answers.security if each.people == people]
        yield f"{people:,} people", tuple((_name(each, called), _cells(each, used)) for each in found)


def _cells(answer: SecurityAnswer, used: tuple[str, ...]) -> tuple[Cell, ...]:
    mix, nothing = answer.cheapest, Cell(UNKNOWN)
    ways = _ways(mix)
    contract = answer.tier is None
    return (
        Cell(money(answer.required)) if contract else nothing,
        Cell(answer.confidence or UNKNOWN),
        cell(answer.falls_short, "probability") if contract else nothing,
        cell(answer.falls_short_agreement, "probability") if contract else nothing,
        cell(mix.needed, "dollars") if not mix.held > mix.needed.value else Cell(_held(mix)),
        cell(mix.cost, "dollars"),
        Cell(_range(mix)),
        *(Cell(ways.get(name, UNKNOWN)) for name in used),
    )


def _alone(answers: Answers, called: dict[str, str]) -> Exhibit:
    names = list(dict.fromkeys(name for each in answers.security for name, _ in each.alone))
    sections = []
    for people in dict.fromkeys(each.people for each in answers.security):
        rows = []
        for each in answers.security:
            if each.people == people:
                prices = dict(each.alone)
                cells = (_priced(prices[name]) if name in prices else Cell(UNKNOWN) for name in names)
                rows.append((_name(each, called), tuple(cells)))
        sections.append((f"{people:,} people", tuple(rows)))
    note = "Dollars a year if all that is to be held stood in one instrument: usual price, and lowest to highest."
    headings = ("", *(name.replace("_", " ") for name in names))
    return Exhibit("One instrument alone", note, headings, tuple(sections))


def _priced(costs: tuple[float, float, float]) -> Cell:
    low, usual, high = (money(cost) for cost in costs)
    return Cell(f"{usual} ({low} to {high})")
