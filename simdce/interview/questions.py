"""The questions that lead to a scenario: about ten, each with a default, help and what it allows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import floor, fsum, log, log10

from simdce import calibration
from simdce.errors import InputError
from simdce.interview.offers import Offer, contracts, tiers_offered
from simdce.interview.reading import Reader, between, number, one_of, shares, some_of, written
from simdce.scenario.tables import LARGEST_PANEL
from simdce.studies.cash_defaults import DEFAULT_COST, cash_terms
from simdce.studies.decision import SELDOM, decision_terms
from simdce.tiers import load as load_tier

Answers = Mapping[str, str]
"""What was answered so far, by the key of the question, as it is kept."""

FEWEST = 100
_POOL = 20_000
_FIRST, _LAST_START = 2024, 2032
_PRICE_YEAR = 2024
_MONTHS = 12


@dataclass(frozen=True)
class Question:
    """One question; ``default`` and ``reader`` may look at what was answered before.

    ``listed``: what may be chosen by number, else nothing. ``only``: who is asked, None for everybody.
    """

    key: str
    text: str
    help: str
    default: Callable[[Answers], str]
    reader: Callable[[Answers], Reader]
    listed: Callable[[Answers], list[Offer]] = lambda answers: []
    only: str | None = None


def questions(answers: Answers) -> list[Question]:
    """The questions of whoever answers, in order."""
    return [each for each in _ALL if each.only is None or each.only == answers.get("who", "practice")]


def amount(answers: Answers, key: str) -> float:
    """An answer that is a number; KeyError where it was not given, InputError where it is none."""
    found = number(answers[key])
    if found is None:
        raise InputError("not a number", key=key, value=answers[key])
    return found


def calendar_years(answers: Answers) -> tuple[int, ...]:
    """The performance years."""
    first = int(amount(answers, "first_year"))
    return tuple(range(first, first + int(amount(answers, "years"))))


def offered(answers: Answers) -> list[Offer]:
    """What may be on the table: tiers of a practice, contracts of an ACO in the years asked for."""
    return tiers_offered() if answers["who"] == "practice" else contracts(calendar_years(answers))


def chosen(answers: Answers) -> list[Offer]:
    """What is on the table."""
    listed = offered(answers)
    return [listed[int(place) - 1] for place in answers["offers"].split() if int(place) <= len(listed)]


def cost_of_a_person() -> float:
    """What one of the people usually costs Medicare a year, dollars."""
    mix, means = calibration.default("mix", _PRICE_YEAR), calibration.default("truncated_mean", _PRICE_YEAR)
    return fsum(share * means[name] for name, share in mix.items())


def _usual_savings(answers: Answers) -> str:
    ramp = calibration.default("true_savings")
    years = [ramp[min(year, len(ramp) - 1)] for year in range(len(calendar_years(answers)))]
    return written(round(100 * fsum(years) / len(years), 1))


def _usual_cost(answers: Answers) -> str:
    by_year = cash_terms()[f"cost_{DEFAULT_COST}"].at().value["per_person_month"]
    return _rounded(by_year[-1] * _MONTHS * amount(answers, "people"))


def _usual_loss(answers: Answers) -> str:
    terms = decision_terms()
    share = float(terms["participant_revenue_share"].at().value)
    if answers["who"] == "practice":
        share = float(load_tier("full").terms["primary_care_share"].at().value)
    revenue = share * cost_of_a_person() * amount(answers, "people")
    return _rounded(float(terms["risk_tolerance_share"].at().value) * revenue * log(1.0 / SELDOM))


def _rounded(dollars: float) -> str:
    return written(round(dollars, 1 - floor(log10(dollars))))


def _pool(answers: Answers) -> Reader:
    return between(amount(answers, "people") + FEWEST, LARGEST_PANEL, whole=True)


_ALL = (
    Question(
        "who",
        "Are you a practice that would join an entity, or the ACO itself? (practice or aco)",
        "A practice signs a tier with an ACO or Direct Contracting Entity; an ACO signs a contract with Medicare.",
        lambda answers: "practice",
        lambda answers: one_of(("practice", "aco")),
    ),
    Question(
        "people",
        "How many Medicare people are yours?",
        "Those whom Medicare would align to you by the visits of a year, not everybody you see.",
        lambda answers: "1,500" if answers["who"] == "practice" else "10,000",
        lambda answers: between(FEWEST, LARGEST_PANEL // 2, whole=True),
    ),
    Question(
        "pool",
        "How many people has the whole entity, yours included?",
        "Medicare settles on all of them together: a larger pool has smaller ups and downs.",
        lambda answers: written(max(_POOL, 2 * amount(answers, "people"))),
        _pool,
        only="practice",
    ),
    Question(
        "mix",
        "Who are they? typical, or percent with kidney failure, disabled, and over 65 with Medicaid",
        "Typical: as in the ACOs of the last published year. Else three numbers, as in: 1 12 8. The rest is over 65.",
        lambda answers: "typical",
        lambda answers: shares,
    ),
    Question(
        "first_year",
        "In which year would it begin?",
        "January of that year. It decides which contracts and which of their numbers are in force.",
        lambda answers: "2027",
        lambda answers: between(_FIRST, _LAST_START, whole=True, year=True),
    ),
    Question(
        "years",
        "For how many years would you sign?",
        "Losses and gains are counted over all of them.",
        lambda answers: "3",
        lambda answers: between(1, 5, whole=True),
    ),
    Question(
        "offers",
        "Which of these are on the table? Numbers, or all",
        "All are tried in the same simulated years; not to join is always compared with them.",
        lambda answers: "all",
        lambda answers: some_of(len(offered(answers))),
        offered,
    ),
    Question(
        "savings",
        "By how many percent would you really lower cost?",
        "What better care saves of all that Medicare pays for your people, average of the years. The default is what "
        "ACOs have been found to save. The page says at which number its answer turns.",
        _usual_savings,
        lambda answers: between(-5, 25),
    ),
    Question(
        "cost",
        "What does that cost you a year, in dollars?",
        "Nurses, data, outreach: all that is spent because of the contract. The default is what St. John's spent, by "
        "the person; others spent far more.",
        _usual_cost,
        lambda answers: between(0, 1e9),
    ),
    Question(
        "loss",
        "How much could you bear to lose in one bad year of twenty, in dollars?",
        "Costs included. Whatever loses more is not recommended, however much it may bring. The default follows a "
        "guideline: a fifth of what Medicare pays you for these people.",
        _usual_loss,
        lambda answers: between(0, 1e9),
    ),
    Question(
        "reserves",
        "How much can you advance until the first money comes, in dollars? (or enough)",
        "Reserves and credit together; the first settlement comes about 18 months after the start. Enough: no limit.",
        lambda answers: "enough",
        lambda answers: between(0, 1e9, word="enough"),
    ),
    Question(
        "growth",
        "By how many percent a year will your number of people grow?",
        "The page also gives the verdict for the size that you will have reached in the last year.",
        lambda answers: "0",
        lambda answers: between(-30, 100),
    ),
)
