"""Results files as CMS publishes them, read strictly: one line of complaint that names file, row and column.

Shared Savings Program public-use files of any year, GPDC and ACO REACH files, and tidy tables of several years. A row
that cannot be read is complained of and left out; a file that cannot be read is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simdce.errors import InputError
from simdce.published.columns import RATES, RISK_CORRIDORS, SHARED_SAVINGS, located, plain, track_flags
from simdce.published.lines import Line, lines_of, without_margins
from simdce.published.mending import mended
from simdce.published.row import PublishedRow
from simdce.published.rows import RowReader
from simdce.published.values import PublishedRates

_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_DAY = re.compile(r"(?<!\d)20\d\d([ ._-])\d\d\1\d\d(?!\d)")


@dataclass(frozen=True)
class Publication:
    """A file's rows in its order, what was mended, told in sentences, and complaints of rows left out.

    ``cells`` has the text of each row as it stands, in the order of ``rows``, under ``headings``.
    """

    rows: tuple[PublishedRow, ...]
    notes: tuple[str, ...]
    problems: tuple[InputError, ...]
    headings: tuple[str, ...]
    cells: tuple[tuple[str, ...], ...]


def read(path: Path) -> Publication:
    """The rows of a results file, plain or gzipped; raises InputError for a file that is not read at all."""
    name = path.name
    lines, problems = lines_of(path)
    if not lines:
        raise InputError("is empty", where=name)
    lines, below = without_margins(lines)
    (_, headings), body = lines[0], lines[1:]
    wanted = RISK_CORRIDORS if "tot_cost_care_net" in {h.strip().lower() for h in headings} else SHARED_SAVINGS
    headings, notes = mended(headings, body, wanted, name)
    _refuse_twins(headings, wanted, name)
    columns = located(headings, wanted)
    flags = {} if "track" in columns else track_flags(headings)
    _refuse_other_files(columns, flags, headings, wanted, name)
    if not body and not problems:
        raise InputError("has a header and no rows", where=name)
    year_of_file = _year_of(name)
    if year_of_file is None and "year" not in columns:
        raise InputError(
            "performance year stands neither in a column nor, once, in the file's name",
            where=name,
            allowed="a name such as PY2022.csv",
        )
    reader = RowReader(name, columns, flags, headings, wanted is RISK_CORRIDORS, year_of_file)
    rows, unread = _rows(reader, body)
    if below:
        notes = (*notes, f"{name}: {below:,} lines below the table are notes, not rows")
    problems = sorted([*problems, *unread], key=_row_of)
    text = dict(body)
    cells = tuple(tuple(text[row.line]) for row in rows)
    return Publication(tuple(rows), notes, tuple(problems), tuple(headings), cells)


def without_repeats(rows: Iterable[PublishedRow]) -> tuple[list[PublishedRow], list[InputError]]:
    """The rows, and a complaint for each that stands twice, which is left out, naming the first.

    An ACO that began a new agreement on July 1, 2019 has a row for either half of that year.
    """
    seen: dict[tuple[str, int], list[PublishedRow]] = {}
    kept, problems = [], []
    for row in rows:
        own, year, start = row.figures.aco, row.figures.year, row.figures.agreement_start
        others = seen.setdefault((own, year), [])
        first = next((each for each in others if start is None or each.figures.agreement_start in (start, None)), None)
        if first is None:
            others.append(row)
            kept.append(row)
            continue
        problem = f"performance year {year} stands already in {first.file}, row {first.line}"
        problems.append(InputError(problem, where=f"{row.file}: row {row.line}", value=own))
    return kept, problems


def _rows(reader: RowReader, body: Sequence[Line]) -> tuple[list[PublishedRow], list[InputError]]:
    """What can be read, and a complaint for each line that cannot."""
    problems, dated = [], []
    for number, cells in body:
        try:
            dated.append((number, cells, reader.year(number, cells)))
        except InputError as problem:
            problems.append(problem)
    rates = {
        (quantity, year): PublishedRates.of(
            quantity, [cells[place] for _, cells, own in dated if own == year and place < len(cells)]
        )
        for quantity, place in reader.columns.items()
        if quantity in RATES
        for year in {year for *_, year in dated}
    }
    rows = []
    for number, cells, year in dated:
        try:
            rows.append(reader.row(number, cells, year, rates))
        except InputError as problem:
            problems.append(problem)
    rows, repeated = without_repeats(rows)
    return rows, [*problems, *repeated]


def _row_of(problem: InputError) -> int:
    return int(problem.where.rpartition(" ")[2])


def _refuse_twins(headings: Sequence[str], wanted: Mapping[str, tuple[str, ...]], name: str) -> None:
    """Raises InputError where two columns that are read have the same heading, but for case and signs."""
    known = {plain(alias) for aliases in wanted.values() for alias in aliases}
    known |= {plain(headings[place]) for place in track_flags(headings)}
    seen: set[str] = set()
    for heading in headings:
        if plain(heading) in seen & known:
            raise InputError("two columns have this heading", where=name, value=heading.strip())
        seen.add(plain(heading))


def _refuse_other_files(
    columns: Mapping[str, int],
    flags: Mapping[int, str],
    headings: Sequence[str],
    wanted: Mapping[str, tuple[str, ...]],
    name: str,
) -> None:
    corridors = wanted is RISK_CORRIDORS
    needed = ["aco", "payment", *(["savings"] if corridors else ["assigned_beneficiaries", "benchmark"])]
    missing = [quantity for quantity in needed if quantity not in columns]
    if "payment" in missing and "earned" in columns:
        missing.remove("payment")
    if "expenditure" not in columns and ("savings" not in columns or corridors):
        missing.append("expenditure")
    if "track" not in columns and not flags:
        missing.append("track")
    if not missing:
        return
    if len(missing) > len(needed) // 2:
        raise InputError(
            "is not a results file of the Shared Savings Program, GPDC or ACO REACH",
            where=name,
            value=", ".join(heading.strip() for heading in headings[:4]),
        )
    raise InputError(
        f"has no column for {missing[0].replace('_', ' ')}",
        where=name,
        allowed=" or ".join(wanted[missing[0]]),
    )


def _year_of(name: str) -> int | None:
    """The year that a file's name says once, days apart, on which it was revised; or, with no other, of that day."""
    years = {int(found) for found in _YEAR.findall(_DAY.sub("", name)) or _YEAR.findall(name)}
    return years.pop() if len(years) == 1 else None
