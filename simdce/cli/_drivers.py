"""What drives the answer, as compact tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from rich.table import Table

from simdce.wording import UNKNOWN, with_error

if TYPE_CHECKING:
    from simdce.metrics import Estimate
    from simdce.studies.tornadoes import Tornado


def driver_tables(found: Sequence[Tornado]) -> Iterator[Table]:
    """One table for each payment: its inputs, the one that moves it most first."""
    for tornado in found:
        yield _table(tornado)


def _table(tornado: Tornado) -> Table:
    base = tornado.drivers[0]
    name = tornado.arrangement if tornado.tier is None else f"{tornado.tier} under {tornado.arrangement}"
    title = f"\nWhat drives the answer, {name}, {tornado.people:,} people: {_told(base.at_base)} in an average year, "
    title += f"{_told(base.worst_base)} in the worst year of 20; changed by one input at a time"
    style = {"title_justify": "left", "title_style": "bold", "header_style": "bold"}
    table = Table(title=title, box=None, pad_edge=False, **style)  # type: ignore[arg-type]
    headings = (
        "input",
        "assumed",
        "low",
        "average",
        "worst of 20",
        "high",
        "average",
        "worst of 20",
        "nothing left at",
    )
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="left" if number == 0 else "right", overflow="fold")
    for driver in tornado.drivers:
        low, assumed, high = driver.told
        table.add_row(
            driver.spoken,
            assumed,
            *_end(low, assumed, driver.change_low, driver.worst_change_low),
            *_end(high, assumed, driver.change_high, driver.worst_change_high),
            driver.flips_text or UNKNOWN,
        )
    return table


def _end(told: str, assumed: str, change: Estimate, worst: Estimate) -> tuple[str, str, str]:
    return (UNKNOWN, UNKNOWN, UNKNOWN) if told == assumed else (told, _told(change), _told(worst))


def _told(estimate: Estimate) -> str:
    return with_error(estimate, "dollars").replace(" ", "\N{NO-BREAK SPACE}")
