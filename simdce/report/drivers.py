"""What drives the answer: the inputs that move the payment most, where each turns it, where their ends come from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from simdce import plots
from simdce.metrics import Estimate
from simdce.report.exhibits import Cell, Exhibit, cell
from simdce.report.figures import Figure
from simdce.report.names import listed
from simdce.run import Answers
from simdce.studies.drivers import Driver, flips
from simdce.studies.tornadoes import Tornado
from simdce.wording import UNKNOWN, money

_MOST = 3
_HEADINGS = (
    "", "as assumed", "low end", "changes the average year", "the worst year in 20", "high end",
    "changes the average year", "the worst year in 20", "nothing left on average at", "searched between",
)  # fmt: skip
_NOTE = (
    "Dollars a performance year, on the same simulated worlds: what changes when one input moves and all others stay. "
    "Errors are those of the changes, in which most of the luck cancels. Nothing left at: the value nearest to what is "
    "assumed at which the expected payment is nought, sought between the two values at the right."
)


@dataclass(frozen=True)
class DriversPassage:
    """Sentences and a figure for each payment that the report leads with, and the tables."""

    sentences: tuple[str, ...]
    figures: tuple[Figure, ...]
    exhibits: tuple[Exhibit, ...]


def drivers_passage(answers: Answers, arrangement: str, called: dict[str, str]) -> DriversPassage | None:
    """The section; in words and pictures the arrangement of the given key. None where nobody asked."""
    leads = [each for each in answers.drivers if each.arrangement == arrangement]
    if not leads:
        return None
    return DriversPassage(
        tuple(_sentence(each, called) for each in leads),
        tuple(_figure(each, called) for each in leads),
        (_moves(answers.drivers, called), _ends(answers.drivers)),
    )


def _name(tornado: Tornado, called: dict[str, str]) -> str:
    name = called[tornado.arrangement]
    return name if tornado.tier is None else f"{tornado.tier} under {name}"


def _amount(estimate: Estimate) -> str:
    return money(estimate.value, estimate.standard_error)


def _sentence(tornado: Tornado, called: dict[str, str]) -> str:
    base = tornado.drivers[0].at_base
    told = f"{_name(tornado, called)}, {tornado.people:,} people: {_amount(base)} in an average year as assumed. "
    told += f"Most hangs on {listed(_moved(driver) for driver in tornado.drivers[:_MOST])}. "
    turning = flips(tornado.drivers, _MOST)
    if not turning:
        return told + "No input alone, within what was searched, turns that to the other side of nought."
    return told + f"Nothing would be left of it {listed((_turned(driver) for driver in turning), 'or')}."


def _moved(driver: Driver) -> str:
    low, assumed, high = driver.told
    ends = [
        f"{_amount(at)} at {told}" for told, at in ((low, driver.at_low), (high, driver.at_high)) if told != assumed
    ]
    return f"{driver.spoken} ({listed(ends)}; {assumed} is assumed)"


def _turned(driver: Driver) -> str:
    return f"if {driver.spoken} were {driver.flips_text} ({driver.told[1]} is assumed)"


def _figure(tornado: Tornado, called: dict[str, str]) -> Figure:
    found = tornado.drivers
    drawn = plots.new_figure(11.0, 0.9 + 0.42 * len(found))
    edges = {"top": 1 - 0.4 / drawn.get_figheight(), "bottom": 0.35 / drawn.get_figheight()}
    drawn.subplots_adjust(left=0.335, right=0.99, wspace=0.06, **edges)
    for number, measure in enumerate(("mean", "worst")):
        ax = drawn.add_subplot(1, 2, number + 1)
        plots.tornado(found, measure=measure, named=number == 0, ax=ax)  # type: ignore[arg-type]
    title = f"What moves the payment most: {_name(tornado, called)}, {tornado.people:,} people"
    caption = (
        "Each input moves alone, to its plausible low end (upper bar) and high end (lower bar), which stand beside the "
        "bars; what is assumed stands in brackets. Blue is better, striped is worse than the black line, the payment "
        "as assumed. Whiskers are two standard errors of the change."
    )
    told = "; ".join(
        f"{each.spoken} {each.told[0]} {_amount(each.change_low)}, {each.told[2]} {_amount(each.change_high)}"
        for each in found
    )
    return Figure(title, caption, plots.svg(drawn, f"{title}: {told}"))


def _moves(found: Sequence[Tornado], called: dict[str, str]) -> Exhibit:
    sections = tuple(
        (
            f"{_name(each, called)}, {each.people:,} people",
            tuple((driver.spoken, tuple(_cells(driver))) for driver in each.drivers),
        )
        for each in found
    )
    return Exhibit("One input at a time", _NOTE, _HEADINGS, sections)


def _cells(driver: Driver) -> Iterator[Cell]:
    assumed = driver.told[1]
    yield Cell(assumed)
    for told, change, worst in (
        (driver.told[0], driver.change_low, driver.worst_change_low),
        (driver.told[2], driver.change_high, driver.worst_change_high),
    ):
        if told == assumed:
            yield from (Cell(UNKNOWN),) * 3
        else:
            yield Cell(told)
            yield cell(change, "dollars")
            yield cell(worst, "dollars")
    flip, _, error = (driver.flips_text or UNKNOWN).partition(" ± ")
    yield Cell(flip, error)
    yield Cell("every choice" if driver.searched_told is None else " and ".join(driver.searched_told))


def _ends(found: Sequence[Tornado]) -> Exhibit:
    drivers = {driver.name: driver for tornado in found for driver in tornado.drivers}
    rows = tuple(
        (
            driver.spoken,
            (
                Cell(driver.unit),
                Cell("the user" if driver.stated else "default"),
                Cell(driver.confidence),
                Cell(driver.source),
            ),
        )
        for driver in drivers.values()
    )
    note = (
        "What the scenario states itself is moved by as much as what it leaves to defaults. Choices are moved to "
        "everything that the contract offers."
    )
    return Exhibit("Where the ends come from", note, ("", "in", "base set by", "confidence", "source"), (("", rows),))
