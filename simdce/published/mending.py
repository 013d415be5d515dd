"""The file of 2013, whose heading for total expenditures is missing, so that later headings stand one column too early.

Found by arithmetic and told to the reader, never assumed: in the right place a row's benchmark less expenditure is the
difference that the row itself states.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from simdce.errors import InputError
from simdce.published.columns import located
from simdce.published.lines import Line
from simdce.published.values import amount

_WITHIN = 2.0
"""Dollars: three figures, each rounded to a dollar, may differ by this."""
_MOST = 0.9
"""Of the rows that state all three, this share has to agree: what is then left are damaged rows, not another header."""
_NEW = "Total Expenditures"


def mended(
    headings: Sequence[str], body: Sequence[Line], wanted: Mapping[str, tuple[str, ...]], name: str
) -> tuple[list[str], tuple[str, ...]]:
    """The headings, a missing one for total expenditures put in its place, and a sentence that says so.

    Where rows are as long as the header, it has a heading too many further on, and the last is left out. Raises
    InputError where most rows have one cell more than there are headings and no single place explains it.
    """
    written = list(headings)
    if "expenditure" in located(written, wanted) or not body:
        return written, ()
    longer = 2 * sum(len(cells) == len(written) + 1 for _, cells in body) > len(body)
    agreeing = {
        place: rows
        for place in range(len(written) + 1)
        if (rows := _agreeing([*written[:place], _NEW, *written[place:]], body, wanted))
    }
    if len(agreeing) != 1:
        if longer:
            raise InputError(
                f"rows have {len(written) + 1} cells under {len(written)} headings, and no one place for a missing "
                "heading makes benchmark less expenditure the difference stated",
                where=name,
            )
        return written, ()
    ((place, rows),) = agreeing.items()
    note = (
        f"{name}: the heading of total expenditures is missing; from column {place + 1} on headings were moved one to "
        f"the right, by which benchmark less expenditure is the difference stated in {rows:,} of {len(body):,} rows"
    )
    moved = [*written[:place], _NEW, *written[place:]]
    return moved if longer else moved[:-1], (note,)


def _agreeing(headings: Sequence[str], body: Sequence[Line], wanted: Mapping[str, tuple[str, ...]]) -> int:
    """How many rows state a difference that agrees, nought where too few do."""
    columns = located(headings, wanted)
    if not {"benchmark", "expenditure", "savings"} <= columns.keys():
        return 0
    places = [columns[quantity] for quantity in ("benchmark", "expenditure", "savings")]
    agree = differ = 0
    for _, cells in body:
        benchmark, expenditure, savings = (amount(cells[at]) if at < len(cells) else None for at in places)
        if benchmark is None or expenditure is None or savings is None:
            continue
        # a place further the two would change roles: a year's savings are less than its cost
        if expenditure > abs(savings) and abs(benchmark - expenditure - savings) <= _WITHIN:
            agree += 1
        else:
            differ += 1
        if differ > (1.0 - _MOST) * len(body):
            return 0
    return agree if agree >= _MOST * (agree + differ) else 0
