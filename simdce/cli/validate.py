"""``simdce validate``: published results recomputed, each with its error, its verdict and why."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.evidence import Row

FOLDER = "SIMDCE_DATA"
"""The variable that names a folder of CMS's files."""


@click.command()
@click.option("--table", "tables", multiple=True, metavar="NAME", help="Only this table (again for more).")
@click.option(
    "--data",
    "folder",
    type=click.Path(path_type=Path),
    help=f"Folder of CMS's files; default: ${FOLDER}. Without it the rows that need them say so.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead of tables.")
def command(tables: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Recompute published results and say which lie within their rounding and our error, which do not, and why.

    A row outside is a finding, not a failure: the exit code is 0. By exact law where there is one, else by
    simulation from a fixed seed.
    """
    if folder is not None and not folder.is_dir():
        raise InputError("is not a folder", where="--data", value=str(folder))
    from simdce.evidence import validate

    given = os.environ.get(FOLDER)
    with _progress() as progress:
        rows = validate(tables, folder or (Path(given) if given else None), progress)
    if as_json:
        import json

        document = {**_counts(rows), "rows": [row.record() for row in rows]}
        click.echo(json.dumps(document, indent=1, allow_nan=False))
        return
    _print(rows)


def _counts(rows: Sequence[Row]) -> dict[str, int]:
    verdicts = [row.within for row in rows]
    return {
        "within": verdicts.count(True),
        "outside": verdicts.count(False),
        "not_computed": verdicts.count(None),
    }


@contextmanager
def _progress() -> Iterator[Callable[[str], None] | None]:
    """The table at work on standard error, when somebody is there to see it."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda title: status.update(title)


def _print(rows: Sequence[Row]) -> None:
    from simdce.cli._tables import as_note, wide_console
    from simdce.evidence import TABLES
    from simdce.evidence.row import ERRORS_ALLOWED

    console = wide_console()
    for name in dict.fromkeys(row.cell.table for row in rows):
        listed = [row for row in rows if row.cell.table == name]
        console.print(_table(f"\n{TABLES[name]} ({name})", listed))
        for note in _notes(listed):
            console.print(as_note(note))
        for source in dict.fromkeys(row.cell.about.source for row in listed):
            console.print(f"Source: {source}", style="dim")
    found = _counts(rows)
    console.print(
        f"\n{len(rows)} rows: {found['within']} within, {found['outside']} outside, "
        f"{found['not_computed']} not computed.",
        style="bold",
    )
    console.print(
        "Within: no further away than half a unit of the last digit stated (or half of a stated interval) and our own "
        f"error: the bound of an exact law, {ERRORS_ALLOWED:g} standard errors (±) or, where what was published is one "
        f"outcome, {ERRORS_ALLOWED:g} standard deviations (sd) of such outcomes. Confidence is that of the figure and, "
        "where it differs, of how it was read."
    )


def _notes(rows: Sequence[Row]) -> list[str]:
    """What was said of groups of rows and of single ones, each once."""
    groups: dict[str, list[str]] = {}
    for row in rows:
        about = groups.setdefault(row.cell.about.note, [])
        group = row.cell.group.replace("_", " ")
        if group not in about:
            about.append(group)
    found = [f"{', '.join(about)}: {note}." for note, about in groups.items() if note]
    return [*found, *(f"{row.cell.name}: {row.cell.note}." for row in rows if row.cell.note)]


def _table(title: str, rows: Sequence[Row]) -> Any:
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", box=None, header_style="bold", pad_edge=False)
    published = all(row.is_published for row in rows)
    table.add_column("cell", overflow="fold", ratio=5)
    table.add_column("published" if published else "not published", justify="right", no_wrap=True)
    for heading in ("computed", "error"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    table.add_column("confidence", overflow="fold", ratio=3)
    table.add_column("note", overflow="fold", ratio=8)
    verdicts = {True: ("within", ""), False: ("outside", "yellow"), None: ("not computed", "dim")}
    for row in rows:
        verdict, style = verdicts[row.within]
        relation = "at least " if row.cell.at_least else ""
        table.add_row(
            row.cell.name,
            f"{relation}{_figure(row.cell.figure)}",
            _figure(row.computed.value),
            _error(row),
            verdict,
            row.confidence,
            row.computed.note,
            style=style,
        )
    return table


def _figure(value: float | None) -> str:
    from simdce.wording import MINUS, UNKNOWN

    if value is None:
        return UNKNOWN
    text = f"{value:,.0f}" if abs(value) >= 1000 or value == round(value) else f"{value:.4g}"
    return text.replace("-", MINUS)


def _error(row: Row) -> str:
    computed = row.computed
    if computed.value is None:
        return ""
    if computed.error == 0.0:
        return "exact"
    sign = {"bound": "bound ", "standard error": "± ", "spread of outcomes": "sd "}[computed.kind]
    return f"{sign}{computed.error:.1g}" if computed.kind == "bound" else f"{sign}{computed.error:.2g}"
