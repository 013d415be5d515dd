"""Answers as a commented scenario file, with the answers themselves on top so that they can be taken up again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from simdce import arrangements
from simdce.errors import InputError
from simdce.interview.offers import base_years_before, contract_of_entity, label
from simdce.interview.questions import FEWEST, Answers, amount, calendar_years, chosen, questions
from simdce.studies.drivers.inputs import ranges

_MARK = "#? "
_UNFINISHED = "# Not finished: go on with `simdce ask` and the name of this file."
_WORLDS = 4000


def missing(answers: Answers) -> str | None:
    """The key of the first question without an answer; None where all are answered."""
    return next((each.key for each in questions(answers) if each.key not in answers), None)


def text_of(answers: Answers) -> str:
    """The file: the answers alone while some are missing, else a scenario that can be run."""
    kept = [f"{_MARK}{each.key} = {answers[each.key]}" for each in questions(answers) if each.key in answers]
    if missing(answers) is not None:
        return "\n".join((_UNFINISHED, *kept, ""))
    head = "# Written by `simdce ask`, which reads these answers again. To change more than they say, copy the file."
    return "\n".join((head, *kept, "", *_scenario(answers), ""))


def answers_in(path: Path) -> dict[str, str]:
    """The answers that a file holds, none where it does not exist.

    Raises InputError for a file that was not written by the questions, that was changed since, or cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", where=str(path)) from error
    lines = [line[len(_MARK) :].partition(" = ") for line in text.splitlines() if line.startswith(_MARK)]
    found = {key: value for key, _, value in lines}
    try:
        if found and text_of(checked(found)) == text:
            return found
    except (KeyError, ValueError):
        pass
    problem = "was changed since its questions were answered" if found else "was not written by simdce ask"
    raise InputError(f"{problem}; it is left as it is", where=str(path), allowed="the name of another file")


def checked(answers: Mapping[str, str]) -> dict[str, str]:
    """The answers that still fit, in order, up to the first that does not: one may rest on another that was changed."""
    found: dict[str, str] = {}
    for question in questions(answers):
        if question.key not in answers:
            continue
        try:
            found[question.key] = question.reader(found)(answers[question.key])
        except (InputError, KeyError):
            continue
    return found


def sizes_of(answers: Answers) -> list[int]:
    """People now and in the last year, fewest first; the same once."""
    now, grown = amount(answers, "people"), 1.0 + amount(answers, "growth") / 100.0
    then = max(float(FEWEST), now * grown ** (len(calendar_years(answers)) - 1))
    if answers["who"] == "practice":
        then = min(then, amount(answers, "pool") - FEWEST)
    return sorted({int(now), round(then)})


def _scenario(answers: Answers) -> Iterator[str]:
    practice = answers["who"] == "practice"
    years, sizes, people = calendar_years(answers), sizes_of(answers), int(amount(answers, "people"))
    pool = [int(amount(answers, "pool"))] if practice else []
    signed = [contract_of_entity(years)] if practice else chosen(answers)
    who = "practice" if practice else "ACO"
    yield f'title = "Should our {who} of {people:,} people join from {years[0]}?"'
    yield f"worlds = {_WORLDS}                         # simulated futures; more give finer figures"
    yield "seed = 1"
    yield from ("", "[panel]")
    yield f"sizes = {[*sizes, *pool]}                  # {'yours, and the whole entity' if practice else 'yours'}"
    yield "price_year = 2024"
    if answers["mix"] != "typical":
        shares = [float(share) / 100.0 for share in answers["mix"].split()]
        names = ("esrd", "disabled", "aged_dual")
        told = [f"{name} = {share:.6g}" for name, share in zip(names, shares, strict=True)]
        yield f"mix = {{ {', '.join(told)}, aged_non_dual = {1.0 - sum(shares):.6g} }}"
    gap = min(base_years_before(name, years[0]) for _, name in signed)
    yield from ("", "[years]", f"first_performance_year = {years[0]}", f"performance = {len(years)}")
    yield from [f"gap = {gap}                          # ACO REACH keeps its base years"] if gap else []
    saved = amount(answers, "savings") / 100.0
    yield from ("", "[savings]", f"true = {saved:.6g}                     # what better care saves of all cost")
    for said, name in signed:
        yield from ("", "[[arrangements]]", f'name = "{name}"', f'label = "{label(said)}"')
        yield from _elections(name, years)
    if practice:
        yield from ("", "[practice]", f"people = {sizes}")
        for _, name in chosen(answers):
            yield from (
                "",
                "[[practice.tiers]]              # terms are illustrations: put in your contract's",
                f'name = "{name}"',
            )
    yield from (
        "",
        "[cash]",
        f"cost = {amount(answers, 'cost'):.0f}                     # care management, dollars a year",
    )
    yield from ("", "[security]                         # what to hold, to be 95% sure of being able to pay")
    yield from ("", "[decision]                         # the largest average among what keeps these limits")
    yield 'rule = "limits"'
    yield f"largest_loss = {amount(answers, 'loss'):.0f}               # dollars, in one year of twenty"
    if answers["reserves"] != "enough":
        yield f"largest_financed = {amount(answers, 'reserves'):.0f}           # dollars, in one case of twenty"


def _elections(name: str, years: Sequence[int]) -> Iterator[str]:
    if "quality_score" in arrangements.load(name).elections:
        score = ranges()["quality_score"].at().value[1]
        yield f"elections.quality_score = {score}    # the middle of Shared Savings Program ACOs in 2024"
