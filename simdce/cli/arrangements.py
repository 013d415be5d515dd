"""``simdce arrangements``: which contracts there are, and every number of one with its source."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simdce.arrangements import Arrangement
    from simdce.sourced import Sourced

_LIST_WIDTH = 150
"""Columns of the list when the output is not a terminal; a terminal has the columns it has."""
_FULL_WIDTH = 120
"""Columns below which the list leaves out titles."""


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
def command(name: str | None, as_json: bool) -> None:
    """List the arrangements, or every number of one: value, unit, years, confidence, source."""
    from simdce.arrangements import load, names

    if name is None:
        listed = [_in_one_line(load(each)) for each in names()]
        click.echo(json.dumps(listed, indent=2)) if as_json else _print_list(listed)
    else:
        arrangement = load(name)
        click.echo(json.dumps(_in_full(arrangement), indent=2) if as_json else "\n".join(_lines(arrangement)))


def _in_one_line(arrangement: Arrangement) -> dict[str, str]:
    from simdce.sourced import weakest

    headline = arrangement.headline()
    return {
        "programme": arrangement.programme,
        "name": arrangement.name,
        "title": arrangement.title,
        "years": _years(arrangement),
        "risk": "two-sided" if arrangement.two_sided else "one-sided",
        "max_share": headline.max_share,
        "savings_cap": headline.savings_cap,
        "loss_rate": headline.loss_rate,
        "loss_limit": headline.loss_limit,
        "lowest_confidence": weakest(e.confidence for term in arrangement.terms.values() for e in term.entries),
    }


def _in_full(arrangement: Arrangement) -> dict[str, object]:
    return {
        **_in_one_line(arrangement),
        "mechanism": arrangement.mechanism,
        "summary": arrangement.summary,
        "citation": arrangement.citation,
        "first_year": arrangement.first_year,
        "last_year": arrangement.last_year,
        "agreement_years": arrangement.agreement_years,
        "numbers": [
            {"section": section, "name": name, **entry.record()} for section, name, entry in arrangement.numbers()
        ],
    }


def _print_list(listed: list[dict[str, str]]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _LIST_WIDTH)
    headings = {
        "name": "Name",
        "title": "Title",
        "years": "Years",
        "risk": "Risk",
        "max_share": "Share",
        "savings_cap": "Cap",
        "loss_rate": "Loss rate",
        "loss_limit": "Loss limit",
        "lowest_confidence": "Confidence",
    }
    if console.width < _FULL_WIDTH:  # the name and the loss rate tell as much
        del headings["title"], headings["risk"]
    for programme in dict.fromkeys(each["programme"] for each in listed):
        rows = [each for each in listed if each["programme"] == programme]
        console.print(f"\n{programme}", style="bold", markup=False)
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
        for key, heading in headings.items():
            table.add_column(heading, no_wrap=key in ("name", "years", "risk", "lowest_confidence"), overflow="fold")
        for each in rows:
            table.add_row(*(each[key] for key in headings))
        console.print(table)
    click.echo("\nCap: of benchmark. Confidence: the lowest of the numbers that settle.")
    click.echo("Every number of one, with its source: simdce arrangements NAME")


def _lines(arrangement: Arrangement) -> Iterator[str]:
    """Every number of an arrangement: its name and unit, and below it a line for each value it has had."""
    width = shutil.get_terminal_size((100, 0)).columns
    yield f"{arrangement.title} ({arrangement.name})"
    yield f"{arrangement.programme}, {_years(arrangement)}; {arrangement.citation}"
    yield from textwrap.wrap(arrangement.summary, width)
    previous = ("", "")
    for section, name, entry in arrangement.numbers():
        if section != previous[0]:
            yield f"\n{section.upper()}"
        if (section, name) != previous:
            yield from textwrap.wrap(f"{name}: {entry.unit}", width, subsequent_indent="  ")
            previous = (section, name)
        yield from _entry_lines(entry, width)


def _entry_lines(entry: Sourced, width: int) -> Iterator[str]:
    told = f"{entry.years}, {entry.confidence}: {entry.source}" + (f" ({entry.note})" if entry.note else "")
    rows = _rows(entry.value)
    if len(rows) > 1:
        yield from (f"    {row}" for row in rows)
        yield from textwrap.wrap(told, width, initial_indent="    ", subsequent_indent="      ")
    else:
        yield from textwrap.wrap(f"{rows[0]}  {told}", width, initial_indent="    ", subsequent_indent="      ")


def _years(arrangement: Arrangement) -> str:
    return f"{arrangement.first_year}–{arrangement.last_year or ''}"


def _rows(value: object) -> list[str]:
    """A value as lines: one, or a line for each row of a table."""
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return [", ".join(f"{key} {_shown(part)}" for key, part in row.items()) for row in value]
    if isinstance(value, dict):
        return ["; ".join(f"{key} {_shown(part)}" for key, part in value.items()) or "no default"]
    return [_shown(value)]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(part) for part in value) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
