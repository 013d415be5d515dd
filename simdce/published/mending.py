"""The file of 2013, whose heading for total expenditures is missing, so that later headings stand one column too early.

Found by arithmetic and told to the reader, never assumed: in the right place every row's benchmark less expenditure is
the difference that the row itself states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdce.errors import InputError
from simdce.published.columns import located
from simdce.published.values import amount

_WITHIN = 2.0
"""Dollars: three figures, each rounded to a dollar, may differ by this."""


def mended(
    headings: Sequence[str], body: Sequence[tuple[int, list[str]]], wanted: Mapping[str, tuple[str, ...]], name: str
) -> tuple[list[str], tuple[str, ...]]:
    """The headings, a missing one for total expenditures put in its place, and a sentence that says so.

    Raises InputError where rows have one cell more than there are headings and no single place explains it.
    """
    written = list(headings)
    last_is_blank = bool(written) and not written[-1].strip()
    widths = {len(cells) for _, cells in body}
    short = written[:-1] if last_is_blank else written
    if "expenditure" in located(written, wanted) or widths != {len(short) + 1}:
        return written, ()
    places = [
        place for place in range(len(short) + 1) if _explains([*short[:place], _NEW, *short[place:]], body, wanted)
    ]
    if len(places) != 1:
        raise InputError(
            f"rows have {len(short) + 1} cells under {len(short)} headings, and no one place for a missing heading "
            "makes benchmark less expenditure the difference stated",
            where=name,
        )
    place = places[0]
    note = (
        f"{name}: the heading of total expenditures is missing; from column {place + 1} on headings were moved one to "
        f"the right, by which benchmark less expenditure is the difference stated in all {len(body)} rows"
    )
    return [*short[:place], _NEW, *short[place:]], (note,)


_NEW = "Total Expenditures"


def _explains(
    headings: Sequence[str], body: Sequence[tuple[int, list[str]]], wanted: Mapping[str, tuple[str, ...]]
) -> bool:
    columns = located(headings, wanted)
    if not {"benchmark", "expenditure", "savings"} <= columns.keys():
        return False
    for _, cells in body:
        benchmark, expenditure, savings = (
            amount(cells[columns[quantity]]) for quantity in ("benchmark", "expenditure", "savings")
        )
        if benchmark is None or expenditure is None or savings is None:
            return False
        # a place further the two would change roles: a year's savings are less than its cost
        if expenditure <= abs(savings) or abs(benchmark - expenditure - savings) > _WITHIN:
            return False
    return True
