"""One arrangement: its numbers, the mechanism that uses them, and the settlement they give."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from simdce.sourced import Sourced, Term

if TYPE_CHECKING:
    from simdce.arrangements.elections import Elections
    from simdce.arrangements.headline import Headline
    from simdce.arrangements.in_force import InForce, Timeline
    from simdce.arrangements.settlement import Outcome, Settlement, Step

DOUBTFUL = ("recalled", "uncertain")
"""Confidences that a report must show."""


@dataclass(frozen=True)
class Arrangement:
    """A contract between CMS and an ACO as numbers, read from the TOML file that bears its name.

    ``terms`` settle, ``benchmark`` say how CMS sets the expectation, ``repayment`` what must be set aside, and
    ``elections`` what the ACO may choose (each value a table of default and allowed choices). ``last_year`` is None
    while in force; ``caution`` is what every reader of its results must know, if anything.
    """

    name: str
    title: str
    programme: str
    mechanism: str
    summary: str
    citation: str
    first_year: int
    last_year: int | None
    two_sided: bool
    agreement_years: int
    terms: Mapping[str, Term]
    benchmark: Mapping[str, Term]
    repayment: Mapping[str, Term]
    elections: Mapping[str, Term]
    caution: str = ""

    def in_force(self, performance_years: Sequence[int], elections: Elections | None = None) -> InForce:
        """Every number of the arrangement as it stands in the given rising performance years, overrides applied.

        Raises InputError for years out of order and for elections or overrides the arrangement does not know.
        """
        from simdce.arrangements.elections import Elections
        from simdce.arrangements.in_force import InForce, timeline

        chosen = Elections() if elections is None else elections
        known = MappingProxyType({**self.terms, **self.benchmark, **self.repayment})
        when = timeline(performance_years, chosen, self.first_year, self.last_year)
        return InForce(self.name, known, self.elections, when, chosen)

    def resolve(self, performance_years: Sequence[int], elections: Elections | None = None) -> Any:
        """The mechanism's Terms: arrays of shape (years,) with every date and election already applied."""
        return self._room("terms").resolve(self.in_force(performance_years, elections), self.agreement_years)

    def settle(
        self, outcome: Outcome, performance_years: Sequence[int], elections: Elections | None = None
    ) -> Settlement:
        """The settlement of each performance year of an outcome; every step's sentence cites its rule.

        Raises InputError where years, elections or the outcome's last axis do not fit.
        """
        settler = self.settler(performance_years, elections)
        settlement = settler.settle(outcome)
        steps = tuple(_citing(step, settler.numbers) for step in settlement.steps)
        return replace(settlement, steps=(*_outside(settler.numbers.timeline), *steps))

    def settler(self, performance_years: Sequence[int], elections: Elections | None = None) -> Settler:
        """The arrangement with every date and election applied; errors as ``settle``."""
        numbers = self.in_force(performance_years, elections)
        terms = self._room("terms").resolve(numbers, self.agreement_years)
        return Settler(numbers, terms, self._room("rule").settle)

    def numbers(self) -> Iterator[tuple[str, str, Sourced]]:
        """Every number: its section (terms, benchmark, repayment, elections), its name, and one of its entries."""
        for section in ("terms", "benchmark", "repayment", "elections"):
            for name, term in getattr(self, section).items():
                for entry in term.entries:
                    yield section, name, entry

    def headline(self) -> Headline:
        """The arrangement in one line: share, payment limit, loss rate, loss limit."""
        found: Headline = self._room("headline").headline(self.terms)
        return found

    def uncertain(
        self, performance_years: Sequence[int] | None = None, elections: Elections | None = None
    ) -> tuple[tuple[str, Sourced], ...]:
        """Names and entries of the numbers whose confidence is recalled or uncertain, or that the scenario set.

        Over all years, or only those in force in the given performance years.
        """
        if performance_years is None:
            found = [(name, entry) for section, name, entry in self.numbers() if section != "elections"]
        else:
            held = self.in_force(performance_years, elections)
            found = []
            for name, term in held.known.items():
                if name in held.elections.overrides:
                    entries = held.sourced(name)
                else:
                    known = (term.known_at(date) for date in held.timeline.dates(term.by))
                    entries = tuple(entry for entry in known if entry is not None)
                found += [(name, entry) for entry in entries if (name, entry) not in found]
        return tuple((name, entry) for name, entry in found if entry.confidence in DOUBTFUL)

    def _room(self, module: str) -> Any:
        return import_module(f"simdce.arrangements.{self.mechanism}.{module}")


@dataclass(frozen=True)
class Settler:
    """An arrangement in given performance years under given elections, resolved once to settle any number of outcomes.

    ``numbers``: those in force; ``terms``: the mechanism's, arrays of shape (years,), which ``rule`` settles by.
    """

    numbers: InForce
    terms: Any
    rule: Callable[[Outcome, Any], Settlement]

    def settle(self, outcome: Outcome) -> Settlement:
        """The settlement, whose steps do not yet cite; raises InputError where the outcome's last axis does not fit."""
        years = len(self.numbers.timeline.performance_years)
        if outcome.benchmark.shape[-1] != years:
            from simdce.errors import InputError

            raise InputError(
                "the last axis of the outcome is the performance year",
                value=outcome.benchmark.shape,
                allowed=f"{years} years",
            )
        return self.rule(outcome, self.terms)


def _citing(step: Step, numbers: InForce) -> Step:
    """The step with the rules of its numbers named at the end of its sentence."""
    sources = [entry.source.split(";")[0] for name in step.terms if name in numbers for entry in numbers.sourced(name)]
    cited = "; ".join(dict.fromkeys(sources))
    return replace(step, sentence=step.sentence + (f" ({cited})." if cited else "."))


def _outside(when: Timeline) -> tuple[Step, ...]:
    """A first step that says so when years lie outside those in which the arrangement was in force."""
    if not when.outside:
        return ()
    import numpy as np

    from simdce.arrangements.settlement import Step

    years = ", ".join(str(year) for year in when.outside)
    window = f"{when.first_year}–{when.last_year or ''}"
    sentence = f"Not in force in {years} (in force {window}): judged by the rules of the nearest year."
    judged = np.array(when.dates("calendar_year"), dtype=np.float64)
    return (Step("rules of", sentence, judged, "calendar year"),)
