"""The exact chances against the size of the panel: tables, sentences, JSON and a figure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simdce.scenario import Scenario
    from simdce.studies.by_size import ChancesBySize

SHOWN = (300, 1_000, 3_000, 5_000, 7_500, 15_000, 30_000, 100_000, 1_000_000)
"""Sizes of the table, or the nearest computed."""


def show_curves(scenario: Scenario, figure: str | None, *, as_json: bool) -> None:
    """Print the curves of a scenario's arrangements and draw them to an SVG file; raises InputError where it cannot."""
    from simdce.studies.by_size import chances_by_size, document

    found = chances_by_size(scenario)
    if figure is not None:
        from simdce import plots
        from simdce.files import write_whole

        drawn = plots.svg(plots.chances_by_panel_size(found), f"{scenario.title}: chances by panel size")
        write_whole(Path(figure), drawn.encode())
    if as_json:
        click.echo(json.dumps({"scenario": scenario.title, "digest": scenario.digest, **document(found)}, indent=1))
        return
    _print(scenario, found)


def _print(scenario: Scenario, found: Sequence[ChancesBySize]) -> None:
    from rich.table import Table

    from simdce.cli._tables import as_note, wide_console
    from simdce.studies.by_size import OUTCOMES, anecdote, is_demonstration, sentences
    from simdce.wording import percent

    console = wide_console()
    console.print(f"\n{scenario.title}", style="bold")
    console.print(
        "Performance year 1, exact: no simulation, hence no standard error; the lasting mismatch of the benchmark is "
        "off, since true savings are stated; sizes under an arrangement's minimum are shown as if admitted"
    )
    for each in found:
        sizes = sorted({min(each.sizes, key=lambda size: abs(size - wanted)) for wanted in SHOWN})
        table = Table(title=f"\n{each.arrangement}: chances by people on the panel", box=None, pad_edge=False)
        table.title_style, table.title_justify, table.header_style = "bold", "left", "bold"
        for number, heading in enumerate(("", "saves", *(f"{size:,}" for size in sizes))):
            table.add_column(heading, justify="left" if number == 0 else "right")
        for shocks, chances in (("", each.with_shocks), (", no shocks", each.without)):
            for at, outcome in enumerate(OUTCOMES):
                if not chances[at].any():
                    continue
                for row, saved in enumerate(each.savings):
                    values = (percent(float(chances[at, row, each.sizes.index(size)])) for size in sizes)
                    table.add_row(f"{outcome}{shocks}" if row == 0 else "", percent(saved, digits=0), *values)
        console.print(table)
        for told in (*sentences(each), *([anecdote(each)] if is_demonstration(each) else [])):
            console.print(told)
        for text in each.left_out:
            console.print(as_note(f"{each.arrangement}: left out of the exact law: {text}"))
    known = [(size, max(float(each.approximate[number]) for each in found))
             for number, size in enumerate(found[0].sizes) if size in (found[0].sizes[0], 1_000, 5_000)]  # fmt: skip
    told = ", ".join(f"{percent(error, digits=2)} at {size:,}" for size, error in known)
    console.print(as_note(f"small panels have a handful of people in a category; chances are known to about {told}"))
