"""What the practice would sign: tier by tier and size by size, in plain words and one table a contract."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from simdce import tiers
from simdce.metrics import Estimate
from simdce.report.exhibits import Cell, Exhibit, cell
from simdce.report.names import listed
from simdce.report.register import value_text
from simdce.results import AGREEMENT
from simdce.run import Answers
from simdce.scenario import PracticeInPool
from simdce.studies.comparison import distinguishable
from simdce.studies.practice import BestTier, InsulationPrice, PracticeAnswers
from simdce.wording import UNKNOWN, money, with_error

MONTHS = 12
_HEADINGS = (
    "",
    "average a year",
    "a person and year",
    "owes",
    "worst year in 20",
    "typical year",
    "good year in 20",
    "against {first}",
    "for each $ of loss spared",
    "the entity keeps",
)
_NOTE = (
    "What a year brings the practice beyond fee-for-service; minus is lost. Average, difference and what the entity "
    "keeps of the whole pool: a year of the agreement; the chance of owing and the worst, typical and good year: of "
    "the last performance year. All other practices are on {others}. “For each $ of loss spared”: what a tier gives up "
    "of the expected amount against full risk, over the 95% value at risk that it spares, both over the agreement."
)


@dataclass(frozen=True)
class PracticePassage:
    """The section: what each tier says, sentences for the contract that the report leads with, a table for each."""

    tiers: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    exhibits: tuple[Exhibit, ...]


def practice_passage(answers: Answers, arrangement: str, called: dict[str, str]) -> PracticePassage | None:
    """The section under the arrangement of the given key; None where the scenario has no practice."""
    found, practice = answers.practice, answers.scenario.practice
    if found is None or practice is None:
        return None
    years = answers.scenario.years.performance
    keys = dict.fromkeys(row.arrangement for row in found.rows)
    return PracticePassage(
        tuple(_spelled(practice)),
        tuple(_sentences(found, practice, arrangement, years)),
        tuple(_exhibit(found, practice, key, called[key], years) for key in keys),
    )


def _spelled(practice: PracticeInPool) -> Iterator[tuple[str, str]]:
    for choice in practice.tiers:
        changed = listed(f"{name.replace('_', ' ')} {value_text(value)}" for name, value in choice.overrides.items())
        summary = tiers.load(choice.name).summary
        yield choice.key, f"{summary} Changed by the scenario: {changed}." if changed else summary


def _a_year(estimate: Estimate, count: float) -> Estimate:
    return Estimate(estimate.value / count, estimate.standard_error / count)


def _sentences(found: PracticeAnswers, practice: PracticeInPool, arrangement: str, years: int) -> Iterator[str]:
    for best in found.best:
        if best.arrangement == arrangement:
            yield _of_size(found, practice, best, years) + _of_insulation(found, best, years)


def _of_size(found: PracticeAnswers, practice: PracticeInPool, best: BestTier, years: int) -> str:
    told = f"With {best.people:,} of the {found.pool:,} people"
    bound = practice.bearable_loss
    beyond = f"{100 * (bound or 0.0):g}% of the practice's benchmark in one year of twenty"
    if best.best is None:
        return f"{told}, every tier loses more than {beyond}: none of them can be borne."

    def figure(metric: str, year: str = AGREEMENT, tier: str = best.best) -> Estimate:
        return found.estimate(best.arrangement, tier, best.people, metric, year)

    mean = _a_year(figure("mean_amount"), years)
    person = _a_year(mean, best.people)
    told += f", {best.best} brings the most"
    told += f" of what can be borne: {_amount(mean)} a year" if best.unbearable else f": {_amount(mean)} a year"
    told += f" on average, {money(person.value, person.standard_error)} a person."
    worst = figure("amount_p5", f"PY{years}")
    told += f" In the worst year of twenty it {_brings(worst)}."
    cash = figure("mean_capitation")
    if cash.value > 0:
        monthly = cash.value / years / best.people / MONTHS
        told += f" Every month {money(monthly)} a person comes in place of primary care claims."
    if best.ties:
        told += f" {listed(best.ties)} cannot be told from it."
    if best.unbearable:
        told += f" {listed(best.unbearable)} would lose more than {beyond}."
    kept = _a_year(figure("mean_kept_by_entity"), years)
    if kept.value < 0 and distinguishable(kept):
        others = "on it" if practice.others is None else f"else on {practice.others}"
        told += f" With every practice {others}, the entity would pay {money(-kept.value, kept.standard_error)} a year "
        told += "from its own pocket: expect it to be offered to few, or not for long."
    return told


def _of_insulation(found: PracticeAnswers, best: BestTier, years: int) -> str:
    price = None if best.best is None else found.price(best.arrangement, best.best, best.people)
    return "" if price is None else f" Against full risk it {_cost(price, years)}."


def _cost(price: InsulationPrice, years: int) -> str:
    spared = f"the loss of one agreement in twenty is {_amount(price.avoided)} smaller"
    given_up = _a_year(price.given_up, years)
    if not distinguishable(given_up):
        return f"gives up nothing that this run can tell from zero, and {spared}"
    if given_up.value < 0:
        return f"even brings {_amount(Estimate(-given_up.value, given_up.standard_error))} a year more, and {spared}"
    cents = with_error(price.per_dollar, "dollars")
    return f"gives up {_amount(given_up)} a year, and {spared}: {cents} for each dollar of loss spared"


def _amount(estimate: Estimate) -> str:
    return money(estimate.value, estimate.standard_error)


def _brings(worst: Estimate) -> str:
    if abs(worst.value) < 1.0:
        return "brings nothing and costs nothing"
    return f"loses {money(-worst.value, worst.standard_error)}" if worst.value < 0 else f"still brings {_amount(worst)}"


def _exhibit(found: PracticeAnswers, practice: PracticeInPool, key: str, called: str, years: int) -> Exhibit:
    note = _NOTE.format(others=practice.others or "the same tier")
    sections = tuple(
        (
            f"{best.people:,} people",
            tuple((_marked(best, tier), _cells(found, key, tier, best.people, years)) for tier in found.tiers),
        )
        for best in found.best
        if best.arrangement == key
    )
    headings = tuple(heading.format(first=found.first) for heading in _HEADINGS)
    return Exhibit(f"Tiers under {called}", note, headings, sections)


def _marked(best: BestTier, tier: str) -> str:
    if tier == best.best:
        return f"{tier} (best)"
    return f"{tier} (tie)" if tier in best.ties else f"{tier} (too much to lose)" if tier in best.unbearable else tier


def _cells(found: PracticeAnswers, key: str, tier: str, people: int, years: int) -> tuple[Cell, ...]:
    def figure(metric: str, year: str = AGREEMENT) -> Estimate:
        return found.estimate(key, tier, people, metric, year)

    last, price = f"PY{years}", found.price(key, tier, people)
    mean, against = _a_year(figure("mean_amount"), years), _a_year(figure("mean_difference"), years)
    difference = cell(against, "dollars")
    if not distinguishable(against):
        difference = Cell(difference.value, f"{difference.error}: not distinguishable")
    return (
        cell(mean, "dollars"),
        cell(_a_year(mean, people), "dollars"),
        cell(figure("chance_owing", last), "probability"),
        *(cell(figure(f"amount_p{percentile}", last), "dollars") for percentile in (5, 50, 95)),
        Cell(UNKNOWN) if tier == found.first else difference,
        Cell(UNKNOWN) if price is None else cell(price.per_dollar, "dollars"),
        cell(_a_year(figure("mean_kept_by_entity"), years), "dollars"),
    )
