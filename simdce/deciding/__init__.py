"""The answer on one printed page, for whoever has to sign: verdict first, at most 350 words, nothing beside it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import unescape
from importlib.metadata import version
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from simdce import report
from simdce.deciding import words
from simdce.deciding.findings import Findings, findings
from simdce.deciding.flip_words import flip_sentences
from simdce.deciding.picture import line_of_years
from simdce.files import write_whole
from simdce.scenario import Scenario

__all__ = ["MOST_WORDS", "Card", "Page", "answer_page", "findings", "page_of", "visible_words", "write_answer"]

MOST_WORDS = 350

_ROOM = Path(__file__).parent


@dataclass(frozen=True)
class Card:
    """One of the three years: its name, dollars, what lies beyond, and "paid", "owes" or nothing."""

    when: str
    dollars: str
    beyond: str
    side: str


@dataclass(frozen=True)
class Page:
    """Every text of the page, in the order in which it stands."""

    title: str
    facts: str
    headline: str
    reason: str
    cards: tuple[Card, ...]
    picture: Markup
    average: str
    timing: str
    aside: str
    flips: tuple[str, ...]
    sizes: str
    rule: str
    assumed: tuple[str, ...]
    unknown: tuple[str, ...]
    foot: str


def write_answer(found: Findings, path: str | Path) -> None:
    """The page at ``path``, whole or not at all; raises InputError where it cannot be written."""
    write_whole(Path(path), answer_page(found).encode("utf-8"))


def answer_page(found: Findings) -> str:
    """One HTML page that needs nothing beside it; equal findings give equal pages."""
    page = page_of(found)
    for shorter in _SHORTER:
        if len(visible_words(_rendered(page))) <= MOST_WORDS:
            break
        page = shorter(page)
    return _rendered(page)


def visible_words(html: str) -> list[str]:
    """The words that a reader of a page sees."""
    body = re.sub(r"<(style|head|svg)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", body)).split()


def page_of(found: Findings) -> Page:
    """The texts of the page, none left out for want of room."""
    called = words.Names.of(found.scenario)
    judged = found.judged
    years = words.year_words(found.option)
    cards = tuple(
        Card(when, words.amount(figure), beyond if figure.value else "no money moves" if not beyond else "",
             "owes" if figure.value < 0 else "paid" if figure.value > 0 else "")
        for when, figure, beyond in years
    )  # fmt: skip
    told = "; ".join(f"{card.when}: {card.dollars}" for card in cards)
    worst, typical, good = (figure for _, figure, _ in years)
    drawing = line_of_years(worst, typical, good, told=str(escape(told)))
    return Page(
        title=found.scenario.title,
        facts=_facts(found, called),
        headline=words.headline(judged, called),
        reason=words.reason(judged, called),
        cards=cards,
        picture=Markup(drawing),
        average=words.average(found),
        timing=words.timing(found),
        aside=words.aside(found),
        flips=tuple(flip_sentences(found, called)),
        sizes=words.sizes(found, called),
        rule=words.rule(found),
        assumed=tuple(_assumed(found)),
        unknown=tuple(_unknown(found)),
        foot=_foot(found.scenario),
    )


def _facts(found: Findings, called: words.Names) -> str:
    years = found.scenario.years.performance_years
    when = f"{years[0]} to {years[-1]}" if len(years) > 1 else f"{years[0]}"
    people = f"{found.judged.people:,} people"
    option = called(found.option.key)
    if found.option.tier is not None:
        people = f"{found.judged.people:,} of {found.scenario.panel.sizes[-1]:,} people"
        option = f"{option}, {called.called[found.option.arrangement]}"
    if found.judged.verdict == "stay_out":
        option = f"if you joined under {option}" if found.option.tier is None else f"if you signed {option}"
    return f"{people}; {when}. Figures below: {option}."


def _assumed(found: Findings) -> list[str]:
    scenario = found.scenario
    savings = [words.share(saved) for saved in found.savings]
    ramp = savings[0] if len(set(savings)) == 1 else f"{savings[0]} in the first year, {savings[-1]} in the last"
    told = [f"Care management truly saves {ramp}."]
    if scenario.panel.mix is None and not scenario.cost.model_fields_set:
        told.append(f"People and costs are like those of ACOs in {scenario.panel.price_year}.")
    else:
        told.append("People and costs are as the scenario has them.")
    practice = scenario.practice
    if practice is not None and practice.others is None:
        told.append("All other practices sign the same tier.")
    return told


def _unknown(found: Findings) -> list[str]:
    told = ["How far your own people are from average; practices leaving together; new rules."]
    if found.scenario.practice is not None:
        told.append("Your entity’s real terms: the tiers here are illustrations.")
    if found.doubtful:
        several = found.doubtful > 1
        count = f"{found.doubtful} of the contract’s numbers rest" if several else "One number of the contract rests"
        told.append(f"{count} on memory or secondary notes.")
    return told


def _foot(scenario: Scenario) -> str:
    return (
        f"From {scenario.worlds:,} simulated futures, seed {scenario.seed}, simdce {version('simdce')}; figures are "
        "rounded to their simulation error (±). Everything else: simdce run."
    )


_SHORTER: tuple[Callable[[Page], Page], ...] = (
    lambda page: replace(page, foot=page.foot.partition(" Everything else")[0]),
    lambda page: replace(page, unknown=page.unknown[:2]),
    lambda page: replace(page, assumed=page.assumed[:1]),
    lambda page: replace(page, sizes=""),
    lambda page: replace(page, facts=page.facts.partition(" Figures below:")[0]),
    lambda page: replace(page, flips=page.flips[:2]),
    lambda page: replace(page, unknown=page.unknown[:1]),
    lambda page: replace(page, title="The answer", flips=page.flips[:1]),
)
"""What is given up, in this order, where names and titles are long."""


def _rendered(page: Page) -> str:
    rooms = Environment(
        loader=FileSystemLoader(_ROOM), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    style = "".join(
        path.read_text(encoding="utf-8") for path in (Path(report.__file__).parent / "style.css", _ROOM / "page.css")
    )
    return rooms.get_template("page.html").render(page=page, style=Markup(style), version=version("simdce"))
