"""``simdce replay``: results files as CMS published them, each payment recomputed from the rules and compared."""

from __future__ import annotations

import csv
import io
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from simdce.cli import EXIT_BAD_INPUT
from simdce.errors import InputError

if TYPE_CHECKING:
    from simdce.published.row import PublishedRate, PublishedRow
    from simdce.published.verdict import Judged

_HEADINGS = {
    "reproduced": "reproduced",
    "within_published_rounding": "within published rounding",
    "not_recomputable": "not recomputable",
    "unexplained": "unexplained",
}
_MOST_LISTED = 20
_MOST_PROBLEMS = 100


@click.command()
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@click.option(
    "--rows", "rows_file", metavar="OUT.csv", type=click.Path(path_type=Path), help="Write every row, judged."
)
def command(files: tuple[Path, ...], as_json: bool, rows_file: Path | None) -> None:
    """Recompute published results: Shared Savings Program files of any year, GPDC and ACO REACH files, as CMS has them.

    A payment is reproduced within 0.1% or one dollar, or lies within the rounding of a published rate (settled at both
    ends of it), or cannot be recomputed from what is published, or is unexplained. Files and rows that cannot be read
    are named, one a line, on standard error; the others are reported all the same, and the exit code is 2.
    """
    from simdce.files import refuse_to_replace, write_whole
    from simdce.published.verdict import judge

    refuse_to_replace(rows_file, files)
    rows, notes, problems = _read(files)
    judged = []
    for row in rows:
        try:
            judged.append(judge(row))
        except InputError as refused:
            problems.append(refused.within(f"{row.file}: row {row.line}"))
    if judged and rows_file is not None:
        write_whole(rows_file, _rows(judged))
    if as_json:
        click.echo(json.dumps(_document(judged, notes, problems), indent=1, allow_nan=False))
    elif judged:
        _print(judged, notes)
    for problem in problems[:_MOST_PROBLEMS]:
        click.echo(f"simdce: {problem}", err=True)
    if len(problems) > _MOST_PROBLEMS:
        click.echo(f"simdce: and {len(problems) - _MOST_PROBLEMS:,} more; --json lists all", err=True)
    if problems:
        sys.exit(EXIT_BAD_INPUT)


def _read(files: Sequence[Path]) -> tuple[list[PublishedRow], list[str], list[InputError]]:
    """Rows and notes of the files that can be read, and complaints of those and of rows that cannot."""
    from simdce.published.reading import read, without_repeats

    found: list[PublishedRow] = []
    notes: list[str] = []
    problems: list[InputError] = []
    for path in files:
        try:
            publication = read(path)
        except InputError as refused:
            problems.append(refused)
            continue
        found += publication.rows
        notes += publication.notes
        problems += publication.problems
    rows, repeated = without_repeats(found)
    return rows, notes, [*problems, *repeated]


def _by_year(judged: Sequence[Judged]) -> list[dict[str, int]]:
    from simdce.published.verdict import counts

    years = sorted({each.row.figures.year for each in judged})
    return [{"year": year, **counts([e for e in judged if e.row.figures.year == year])} for year in years]


def _document(judged: Sequence[Judged], notes: Sequence[str], problems: Sequence[InputError]) -> dict[str, Any]:
    from simdce.published.verdict import counts

    listed = [each for each in judged if each.verdict in ("not_recomputable", "unexplained")]
    return {
        **counts(judged),
        "by_year": _by_year(judged),
        "not_reproduced": [
            {
                "aco": each.row.figures.aco,
                "year": each.row.figures.year,
                "arrangement": each.row.figures.arrangement,
                "published": each.row.payment,
                "recomputed": _finite(each.recomputation.amount),
                "verdict": each.verdict,
                "reason": each.reason,
            }
            for each in listed
        ],
        "notes": list(notes),
        "problems": [
            {
                "where": problem.where,
                "column": problem.key,
                "value": None if problem.value is None else str(problem.value),
                "message": str(problem),
            }
            for problem in problems
        ],
    }


def _finite(value: float) -> float | None:
    return value + 0.0 if math.isfinite(value) else None


def _rows(judged: Sequence[Judged]) -> bytes:
    """Every row as CSV, rates as fractions, dollars to the cent; empty where the file or the rules say nothing."""

    def dollars(value: float) -> str:
        return f"{value + 0.0:.2f}" if math.isfinite(value) else ""

    def fraction(value: float) -> str:
        return f"{value:.8g}" if math.isfinite(value) else ""

    def printed(rate: PublishedRate | None) -> str:
        return "" if rate is None else fraction(rate.value)

    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    names = ("minimum_savings_rate", "final_sharing_rate", "final_loss_rate")
    writer.writerow(
        ["file", "row", "aco", "year", "arrangement", "benchmark", "expenditure", "savings", "assigned_beneficiaries"]
        + [f"{kind}_{name}" for name in names for kind in ("published", "recomputed")]
        + ["published", "advance_recouped", "recomputed", "recomputed_low", "recomputed_high", "verdict", "reason"]
    )
    for each in judged:
        figures, found = each.row.figures, each.recomputation
        writer.writerow(
            [each.row.file, each.row.line, figures.aco, figures.year, figures.arrangement]
            + [dollars(value) for value in (figures.benchmark, figures.expenditure, figures.savings)]
            + [fraction(figures.assigned_beneficiaries)]
            + [printed(figures.minimum_savings_rate), fraction(found.minimum_savings_rate)]
            + [printed(figures.final_sharing_rate), fraction(found.sharing_rate)]
            + [printed(figures.final_loss_rate), fraction(found.loss_rate)]
            + [dollars(value) for value in (each.row.payment, figures.advance_recouped)]
            + [dollars(value) for value in (found.amount, found.low, found.high)]
            + [each.verdict, each.reason]
        )
    return text.getvalue().encode()


def _print(judged: Sequence[Judged], notes: Sequence[str]) -> None:
    from rich.table import Table

    from simdce.cli._tables import as_note, wide_console
    from simdce.published.verdict import counts

    console = wide_console()
    table = Table(box=None, header_style="bold", pad_edge=False)
    for heading in ("year", "rows", *_HEADINGS.values()):
        table.add_column(heading, justify="left" if heading == "year" else "right")
    for year in _by_year(judged):
        table.add_row(*(str(year["year"]), f"{year['rows']:,}", *(f"{year[verdict]:,}" for verdict in _HEADINGS)))
    total = counts(judged)
    table.add_section()
    table.add_row("all", f"{total['rows']:,}", *(f"{total[verdict]:,}" for verdict in _HEADINGS), style="bold")
    console.print(table)
    for verdict in ("unexplained", "not_recomputable"):
        listed = [each for each in judged if each.verdict == verdict and math.isfinite(each.recomputation.amount)]
        if listed:
            console.print(_listing(_HEADINGS[verdict].capitalize(), listed))
        if len(listed) > _MOST_LISTED:
            console.print(as_note(f"{len(listed) - _MOST_LISTED:,} more of these; --rows writes all."))
    unknown = [each for each in judged if each.recomputation.missing]
    for reason in dict.fromkeys(each.reason for each in unknown):
        console.print(as_note(f"{sum(each.reason == reason for each in unknown):,} rows: {reason}."))
    for note in notes:
        console.print(as_note(f"{note}."))


def _listing(title: str, listed: Sequence[Judged]) -> Any:
    from rich.table import Table

    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for heading in ("ACO", "year", "arrangement", "published", "recomputed", "reason"):
        table.add_column(heading, justify="right" if heading in ("published", "recomputed") else "left")
    for each in listed[:_MOST_LISTED]:
        figures = each.row.figures
        amounts = (_dollars(each.row.payment), _dollars(each.recomputation.amount))
        table.add_row(figures.aco, str(figures.year), figures.arrangement, *amounts, each.reason)
    return table


def _dollars(value: float) -> str:
    return f"{'-' if value < 0 else ''}${abs(value):,.0f}"
