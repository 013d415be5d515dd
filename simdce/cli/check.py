"""``simdce check``: read a scenario without running it, and show what it assumes."""

from __future__ import annotations

import click


@click.command()
@click.argument("scenario", type=click.Path())
@click.option("--json", "as_json", is_flag=True, help="Print the assumptions register as JSON.")
@click.option("--slots", is_flag=True, help="Also freeze the slot, show what it achieves against its "
              "targets, and tell the time of a run on this machine.")  # fmt: skip
def command(scenario: str, as_json: bool, slots: bool) -> None:
    """Validate SCENARIO and list every assumption behind it: value, unit, source, confidence, who set it."""
    from dataclasses import asdict

    from simdce.assumptions import assumptions, cautions, shared
    from simdce.cli._needs import needed_here
    from simdce.resources import memory, size_text
    from simdce.scenario import read_scenario

    read = read_scenario(scenario)
    register = assumptions(read)
    needed = needed_here(read) if slots else None  # which loads the kernel
    peak = memory(read)
    figures = []
    if slots:
        from simdce.studies.achieved import achieved

        figures = achieved(read)
    if as_json:
        import json

        found = {"scenario": read.title, "digest": read.digest, "cautions": cautions(read)}
        click.echo(
            json.dumps(
                {
                    **found,
                    "needs": {"memory": peak, "seconds": None if needed is None else needed.time},
                    "assumptions": [asdict(line) for line in register],
                    "slots": [asdict(line) for line in figures],
                },
                indent=2,
            )
        )
        return
    from rich.table import Table

    from simdce.cli._tables import as_note, wide_console

    console = wide_console()
    years = read.years
    console.print(read.title, style="bold")
    console.print(
        f"{len(read.panel.sizes)} panel sizes from {read.panel.sizes[0]:,} to {read.panel.sizes[-1]:,} people; "
        f"{', '.join(years.labels)}; first performance year {years.first_performance_year}; "
        f"{len(read.arrangements)} arrangements; {read.worlds:,} worlds, seed {read.seed}",
        highlight=False,
    )
    console.print(
        f"A run takes {needed.text}." if needed else f"A run takes about {size_text(peak)} of memory.", highlight=False
    )
    for caution in cautions(read):
        console.print(as_note(caution))
    table = Table(box=None, header_style="bold", pad_edge=False, expand=True)
    for heading, share in (("assumption", 4), ("value", 5), ("confidence", 2), ("set by", 2), ("source", 6)):
        table.add_column(heading, overflow="fold", ratio=share)
    for line, users in shared(register):
        name = line.name if not users else f"{line.name} ({_users(users, len(read.arrangements))})"
        table.add_row(name, _short(line.value), line.confidence, line.set_by, line.source)
    console.print(table)
    if figures:
        achieved_table = Table(
            box=None, header_style="bold", pad_edge=False, title="\nThe frozen slot", title_style="bold"
        )
        for heading in ("figure", "category", "achieved", "target", "source of the target"):
            achieved_table.add_column(heading, justify="right" if heading in ("achieved", "target") else "left")
        for figure in figures:
            target = "" if figure.target is None else f"{figure.target:,.5g}"
            achieved_table.add_row(figure.name, figure.category, f"{figure.achieved:,.5g}", target, figure.source)
        console.print(achieved_table)
    console.print(f"{scenario}: valid.")


def _users(keys: tuple[str, ...], arrangements: int) -> str:
    return "every arrangement" if len(keys) == arrangements > 1 else ", ".join(keys)


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_short(part)}" for key, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_short(part) for part in value)
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
