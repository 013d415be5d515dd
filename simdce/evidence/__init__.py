"""Published results recomputed: each table in a TOML file with its sources, beside it what the model makes of it.

Nothing here was tuned to come out: where model and table disagree, the row says so and why.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from simdce.errors import InputError, nearest_name
from simdce.evidence import (
    contract_values,
    false_rewards,
    group_practices,
    minimum_savings_rate,
    real_change,
    run_out,
    spending,
    worked_examples,
)
from simdce.evidence.row import Cell, Computed, Row
from simdce.evidence.tables import cells

__all__ = ["TABLES", "Row", "validate"]

TABLES: Mapping[str, str] = {
    "minimum_savings_rate": "CMS's minimum savings rates as a one-sided test of chance",
    "delia_2012": "DeLia, Hoover and Cantor 2012: rewards, penalties and denials by chance",
    "size_statements": "Round words on size: Gorman 2012, Caravan 2018",
    "buckhead_2018": "Buckhead FMV 2018: what shared savings are worth",
    "friedberg_2013": "Friedberg and others 2013: option prices",
    "worked_examples": "Worked examples: Axene, the 2011 proposal, Aledade",
    "concentration": "Concentration of cost: Wallis 2021, CBO 2005, Kury 2016",
    "real_change": "Real year-to-year change, Shared Savings Program 2013-2024",
    "group_practices": "Physician Group Practice demonstration 2005-2010: the chance of what happened",
    "run_out": "Claims run-out",
}
"""Every table by name, with its title, in the order they are told."""


def validate(
    tables: Sequence[str] = (), folder: Path | None = None, progress: Callable[[str], None] | None = None
) -> list[Row]:
    """The rows of some tables, or of all. ``folder`` holds CMS's files, None where there are none.

    ``progress`` is told the title of each table as it begins. Raises InputError for a table that there is not.
    """
    for name in tables:
        if name not in TABLES:
            raise InputError("no such table", value=name, allowed=", ".join(TABLES), nearest=nearest_name(name, TABLES))
    rows = []
    for name in tables or TABLES:
        if progress is not None:
            progress(TABLES[name])
        groups = _groups(name, folder)
        rows += [Row(cell, groups[cell.group](cell)) for cell in cells(name)]
    return rows


def _groups(table: str, folder: Path | None) -> Mapping[str, Callable[[Cell], Computed]]:
    """How the groups of a table are computed."""
    if table == "real_change":
        return real_change.groups(folder)
    return {
        "minimum_savings_rate": minimum_savings_rate.GROUPS,
        "delia_2012": false_rewards.GROUPS,
        "size_statements": false_rewards.GROUPS,
        "buckhead_2018": contract_values.GROUPS,
        "friedberg_2013": contract_values.GROUPS,
        "worked_examples": worked_examples.GROUPS,
        "concentration": spending.GROUPS,
        "group_practices": group_practices.GROUPS,
        "run_out": run_out.GROUPS,
    }[table]
