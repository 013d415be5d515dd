"""What an arrangement lets its holder choose, and its quality, as inputs; and which inputs an arrangement reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

import numpy as np

from simdce import arrangements
from simdce.arrangements.in_force import InForce
from simdce.benchmarking.chain import kept
from simdce.scenario import ArrangementChoice, Scenario
from simdce.studies.drivers.inputs import Asked, Input, Value, moved_ends, numbers, ranges
from simdce.studies.drivers.words import choice as in_words
from simdce.studies.drivers.words import share
from simdce.studies.practice import terms_of

CHOICES: Mapping[str, str] = {
    "minimum_savings_rate": "gate that savings or losses must reach",
    "gross_cap": "elected cap on savings and losses",
    "stop_loss": "stop-loss for catastrophic claims",
    "retention_withhold": "retention withhold of the first year",
    "quality_standard": "quality standard",
}
"""Elections that are moved to every choice there is, in plain words."""

_OF_THE_ACO = ("quality_score", "quality_standard")
"""What is the ACO's own, whatever it signs: changed under every arrangement that asks for it."""


def inputs_of(asked: Asked, against: str | None = None) -> tuple[Input, ...]:
    """The inputs read by the arrangement (or tier) asked for, or by the other one (``against``) that it is held to."""
    others = [] if against is None or asked.tier is not None else [replace(asked, arrangement=against)]
    return tuple(each for each in all_inputs(asked) if any(reads(one, each) for one in (asked, *others)))


def all_inputs(asked: Asked) -> Iterator[Input]:
    """Every input of the scenario and every election offered, read or not."""
    yield from numbers(asked)
    held = _held(asked.scenario, asked.choice)
    elected = held.elected("quality_score")
    if elected[0] is not None:
        yield _quality(asked, np.array(elected, float))
    for name, spoken in CHOICES.items():
        if name in held.offered:
            yield from _choice(asked, held, name, spoken)


def reads(asked: Asked, given: Input) -> bool:
    """Whether the payment asked for hangs on an input at all, by the rules alone."""
    held = _held(asked.scenario, asked.choice)
    if given.name in CHOICES or given.name == "quality_score":
        tried = given.options or given.ends
        found = [_settles_by(given.changed(value).scenario, asked.arrangement) for value in (given.base, *tried)]
        return any(other != found[0] for other in found[1:])
    if given.name == "practice_quality_score":
        practice = asked.scenario.practice
        tiers = () if practice is None else practice.tiers
        return any(terms_of(t, asked.scenario).quality_bonus.any() for t in tiers if t.key == asked.tier)
    if given.name == "regional_to_own_cost":
        return _reads_region(asked.scenario, held)
    if given.name == "trend_error_sd":
        weighed = held.numbers("prospective_trend_weight", absent=0.0).any()
        return bool(weighed) or "prospective" in held.values("trend")
    if given.name == "coding_growth":
        scored = "risk_adjustment" in held and held.values("risk_adjustment")[0] != "none"
        return scored and asked.scenario.benchmark.risk_adjustment is not False
    return True


def _reads_region(scenario: Scenario, held: InForce) -> bool:
    own = scenario.benchmark.regional_weight
    weights = ["regional_weight_positive", "regional_weight_negative"]
    weights = weights if "regional_weight_positive" in held else ["regional_weight"]
    usual = own if own is not None else max(held.numbers(name, absent=0.0).max() for name in weights)
    voluntary = scenario.panel.voluntary_share and held.numbers("regional_weight_voluntary", absent=0.0).any()
    return bool(usual or voluntary)


def _held(scenario: Scenario, choice: ArrangementChoice) -> InForce:
    return arrangements.load(choice.name).in_force(scenario.years.performance_years, choice.elections)


def _settles_by(scenario: Scenario, arrangement: str) -> str:
    """All numbers that the elections of an arrangement decide: its terms, what is left of the benchmark, stop-loss."""
    choice = next(choice for choice in scenario.arrangements if choice.key == arrangement)
    years, held = scenario.years.performance_years, _held(scenario, choice)
    terms = arrangements.load(choice.name).resolve(years, choice.elections)
    stopped = held.elected("stop_loss") if not held.values("truncated")[0] else ()
    return repr((_written_out(terms), kept(held, scenario.benchmark, len(years)).tolist(), stopped))


def _written_out(terms: Any) -> Any:
    """Terms with every number of their arrays."""
    if is_dataclass(terms):
        return [_written_out(getattr(terms, field.name)) for field in fields(terms)]
    return terms.tolist() if isinstance(terms, np.ndarray) else terms


def _electing(asked: Asked, name: str) -> Callable[[Any], Asked]:
    """What elects otherwise; what is the ACO's own under every arrangement that knows it."""

    def elected(choice: ArrangementChoice, value: Any) -> ArrangementChoice:
        if choice.key != asked.arrangement and not (
            name in _OF_THE_ACO and name in _held(asked.scenario, choice).offered
        ):
            return choice
        return choice.model_copy(update={"elections": choice.elections.model_copy(update={name: value})})

    def changed(value: Any) -> Asked:
        choices = tuple(elected(choice, value) for choice in asked.scenario.arrangements)
        return replace(asked, scenario=asked.scenario.model_copy(update={"arrangements": choices}))

    return changed


def _quality(asked: Asked, score: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Input:
    """The score of all performance years moved alike."""
    term, average = ranges()["quality_score"].at(), float(score.mean())
    elect = _electing(asked, "quality_score")
    return Input(
        "quality_score",
        "quality score",
        "quality score, fraction",
        average,
        moved_ends("quality_score", average, (0.0, 1.0)),
        lambda value: elect(tuple(float(each) for each in np.clip(score + (value - average), 0.0, 1.0))),
        share,
        term.source,
        term.confidence,
        asked.choice.elections.quality_score is not None,
        (0.0, 1.0),
    )


def _choice(asked: Asked, held: InForce, name: str, spoken: str) -> Iterator[Input]:
    offer = held.offered[name].at(held.timeline.dates(held.offered[name].by)[0])
    options: tuple[Value, ...] = tuple(offer.value.get("allowed", ()))
    base = held.elected(name)[0]
    if len(options) < 2 or base is None:
        return
    yield Input(
        name,
        spoken,
        "choice",
        base,
        (options[0], options[-1]),
        _electing(asked, name),
        in_words,
        offer.source,
        offer.confidence,
        getattr(asked.choice.elections, name) is not None,
        options=options,
    )
