"""The published tables as files: beside this one, a TOML file a table, in it groups of cells that share a source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from simdce.errors import InputError
from simdce.evidence.row import Cell
from simdce.sourced import CONFIDENCES, Sourced, read_terms, read_toml

_ROOM = Path(__file__).parent
_ABOUT_A_CELL = {"cell", "figure", "at_least", "half_width", "reading", "note"}


def cells(table: str, room: Path = _ROOM) -> list[Cell]:
    """The cells of a table in its file's order; raises InputError where one has no name, figure or rounding."""
    path = room / f"{table}.toml"
    found = []
    for group, term in read_terms(read_toml(path), path.name).items():
        for about in term.entries:
            found += list(_cells(table, group, about))
    return found


def _cells(table: str, group: str, about: Sourced) -> Iterator[Cell]:
    for written in about.value:
        if not isinstance(written, Mapping) or "cell" not in written or "half_width" not in written:
            raise InputError("a cell has 'cell', 'figure' and 'half_width'", where=table, key=group, value=written)
        if ("figure" in written) == ("at_least" in written):
            raise InputError("a cell has 'figure' or 'at_least'", where=table, key=group, value=written["cell"])
        reading = written.get("reading", "")
        if reading not in ("", *CONFIDENCES):
            raise InputError(
                "unknown confidence", where=table, key=f"{group}.reading", value=reading, allowed=", ".join(CONFIDENCES)
            )
        at_least = "at_least" in written
        inputs: dict[str, Any] = {key: value for key, value in written.items() if key not in _ABOUT_A_CELL}
        yield Cell(
            table=table,
            group=group,
            name=written["cell"],
            figure=float(written["at_least" if at_least else "figure"]),
            half_width=float(written["half_width"]),
            at_least=at_least,
            reading=reading,
            inputs=inputs,
            about=about,
            note=written.get("note", ""),
        )
