"""A results file as lines of cells, plain or gzipped, with or without a byte order mark; damaged lines set apart."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import zlib
from collections.abc import Iterator
from pathlib import Path

from simdce.errors import InputError

Line = tuple[int, list[str]]
"""The number of a line in its file, from one, and its cells as written."""

_WORDS_OF_A_NOTE = 4


def lines_of(path: Path) -> tuple[list[Line], list[InputError]]:
    """Every line that is not blank, the header first, and a complaint for each below it that is not CSV.

    Raises InputError for what is not CSV at all. A quote that is never closed costs its own line, not all below.
    """
    lines: list[Line] = []
    problems = []
    for number, cells in _records(list(io.StringIO(_text(path), newline=""))):
        if isinstance(cells, csv.Error):
            problem = InputError(f"is not CSV: {cells}", where=f"{path.name}: row {number}")
            if not lines:
                raise problem
            problems.append(problem)
        elif any(cell.strip() for cell in cells):
            lines.append((number, cells))
    return lines, problems


def without_margins(lines: list[Line]) -> tuple[list[Line], int]:
    """The lines without blank columns to the right of the table and notes below it, and how many notes there were.

    A note is a line with a sentence in one cell and nothing else: a row cut short has no sentence.
    """
    written = len(lines[0][1])
    width = _width(lines[0][1])
    cut = [(number, cells[: max(width, _width(cells))] if len(cells) <= written else cells) for number, cells in lines]
    last = len(cut)
    while last > 1 and _is_note(cut[last - 1][1]):
        last -= 1
    return cut[:last], len(cut) - last


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"cannot be read: {reason}", where=str(path)) from error
    if content[:2] == b"PK":
        raise InputError("is a zip or a workbook: unpack it, or save the sheet as CSV", where=path.name)
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")  # names with accents in files saved by a spreadsheet
    if "\0" in text:
        raise InputError("is not a text file", where=path.name)
    return text


def _records(lines: list[str]) -> Iterator[tuple[int, list[str] | csv.Error]]:
    """Records with the numbers of their first lines, or what the csv module says against the line."""
    start = width = 0
    while start < len(lines):
        reader = csv.reader(itertools.islice(lines, start, None), strict=True)
        read = 0
        while True:
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield start + read + 1, error
                break
            swallowed = lines[start + read + 1 : start + reader.line_num]
            if width and any(len(next(csv.reader([line]), [])) >= width for line in swallowed):
                yield start + read + 1, csv.Error("a quote opens here that closes in another row")
                break
            yield start + read + 1, cells
            width = width or len(cells)
            read = reader.line_num
        start += read + 1


def _width(cells: list[str]) -> int:
    return max((place + 1 for place, cell in enumerate(cells) if cell.strip()), default=0)


def _is_note(cells: list[str]) -> bool:
    said = [cell for cell in cells if cell.strip()]
    return len(said) == 1 and len(said[0].split()) >= _WORDS_OF_A_NOTE
