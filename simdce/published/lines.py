"""A results file as lines of cells, plain or gzipped, with or without a byte order mark."""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Sequence
from pathlib import Path

from simdce.errors import InputError
from simdce.published.columns import plain


def lines_of(path: Path) -> list[tuple[int, list[str]]]:
    """Every line that is not blank, with its number, cells as written; raises InputError for what is not CSV."""
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
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    lines = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                lines.append((reader.line_num, cells))
    except csv.Error as error:
        raise InputError(f"is not CSV: {error}", where=f"{path.name}: row {reader.line_num}") from error
    return lines


def refuse_twins(headings: Sequence[str], name: str) -> None:
    """Raises InputError where two columns have the same heading, but for case and signs."""
    seen: set[str] = set()
    for heading in headings:
        if plain(heading) in seen:
            raise InputError("two columns have this heading", where=name, value=heading.strip())
        seen.add(plain(heading))
