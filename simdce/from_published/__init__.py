"""A real ACO's published row becomes a scenario: what a year could have brought it, beside what the year brought."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

from simdce.errors import InputError, nearest_name
from simdce.from_published.own_history import own_history, saved_by_all
from simdce.from_published.text import scenario_text
from simdce.published.history import histories
from simdce.published.reading import read
from simdce.published.row import PublishedRow
from simdce.scenario import build_scenario

__all__ = ["imported"]


def imported(files: Sequence[Path], aco: str, year: int, true_savings: float = 0.0) -> str:
    """The scenario of an ACO's performance year as commented TOML.

    Where several files hold a row, the first counts. The year after stands beside the law where a file has its row in
    the same agreement. Raises InputError for an ACO or year that no file holds, a column that is missing, a figure
    that is masked, and a row that makes no scenario (a panel too small).
    """
    publications = [read(path) for path in files]
    rows = [row for publication in publications for row in publication.rows]
    unread = [problem for publication in publications for problem in publication.problems]
    row = _row_of(rows, unread, aco, year)
    if row.figures.arrangement.startswith("reach"):
        raise InputError("is not a results file of the Shared Savings Program", where=row.file)
    (publication,) = [each for each in publications if any(one is row for one in each.rows)]
    everybody = histories(publication)
    (history,) = [each for each in everybody if each.row is row]
    name = row.figures.aco
    after = next((each for each in rows if (each.figures.aco, each.figures.year) == (name, year + 1)), None)
    own = own_history(history, everybody)
    text = scenario_text(history, own, after, true_savings, saved_by_all(everybody))
    build_scenario(tomllib.loads(text), where=f"{row.file}: row {row.line}: as a scenario")
    return text


def _row_of(rows: Sequence[PublishedRow], unread: Sequence[InputError], aco: str, year: int) -> PublishedRow:
    wanted = aco.strip().lower()
    own = [row for row in rows if row.figures.aco.lower() == wanted]
    if not own:
        known = {row.figures.aco.lower(): row.figures.aco for row in rows}
        nearest = nearest_name(wanted, known)
        problem = "no row of this ACO in the files"
        if unread:
            problem = f"no row of this ACO among those that can be read; one of {len(unread)} that cannot: {unread[0]}"
        raise InputError(problem, key="--aco", value=aco, nearest=known[nearest] if nearest else None)
    found = next((row for row in own if row.figures.year == year), None)
    if found is None:
        years = sorted({row.figures.year for row in own})
        raise InputError(
            f"no row of {own[0].figures.aco} for this year",
            key="--year",
            value=year,
            allowed=", ".join(map(str, years)),
            nearest=str(min(years, key=lambda each: abs(each - year))),
        )
    return found
